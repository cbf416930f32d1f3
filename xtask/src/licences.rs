//! `cargo xtask licences`: every dependency comes under a licence that we accept.
//!
//! Expressions are read as SPDX 2.3, annex D defines them; `/` between licences, as old manifests have it, counts
//! as `OR`. A crate without an expression needs a `clarify` entry in `xtask/licences.toml`, tied to the digest of
//! its licence file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::digest::sha256;
use crate::error::{Error, count};
use crate::graph::{Graph, Package};
use crate::workspace::Workspace;

/// The policy's file, relative to the root.
const POLICY: &str = "xtask/licences.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    allow: Vec<String>,
    #[serde(default)]
    clarify: Vec<Clarification>,
}

/// What a licence file says, for a crate that has no expression.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clarification {
    name: String,
    version: String,
    /// The file that was read, relative to the crate.
    file: PathBuf,
    /// The file's SHA-256, in lower-case hexadecimal digits.
    sha256: String,
    /// The SPDX expression that the file amounts to.
    expression: String,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Violation {
    #[error("{package}: {expression} is not allowed (needed by {})", .dependents.join(", "))]
    NotAllowed { package: String, expression: String, dependents: Vec<String> },
    #[error("{package}: {expression:?} is not an SPDX expression: {reason} (needed by {})", .dependents.join(", "))]
    NotSpdx { package: String, expression: String, reason: String, dependents: Vec<String> },
    #[error("{package}: no `license` field and no `clarify` entry in {POLICY} (needed by {})", .dependents.join(", "))]
    Unstated { package: String, dependents: Vec<String> },
    #[error(
        "{package}: {file} has the SHA-256 {found}, and its `clarify` entry says {stated}: read it again"
    )]
    FileChanged { package: String, file: PathBuf, found: String, stated: String },
    #[error("{package}: failed to read {file}: {reason}")]
    FileUnreadable { package: String, file: PathBuf, reason: String },
    #[error("{package}: its `clarify` entry in {POLICY} clarifies nothing: remove it")]
    Needless { package: String },
}

/// Checks every package of the lock file and prints what is wrong with each.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let policy: Policy = workspace.table(POLICY)?;
    let graph = Graph::new(&workspace.metadata()?)?;
    let allowed = allowed(&policy, &workspace.root.join(POLICY))?;
    let violations = check(&graph, &policy, &allowed, |path| fs::read(path));
    for violation in &violations {
        eprintln!("{violation}");
    }
    if violations.is_empty() {
        println!("licences: {} accepted", count(graph.packages.len(), "package"));
        Ok(())
    } else {
        Err(Error::Violations { chore: "licences", findings: violations.len() })
    }
}

fn allowed(policy: &Policy, path: &Path) -> Result<Vec<Licensee>, Error> {
    let parse = |licence: &String| {
        Licensee::parse(licence).map_err(|error| Error::AllowList {
            path: path.to_owned(),
            licence: licence.clone(),
            reason: error.reason.to_string(),
        })
    };
    policy.allow.iter().map(parse).collect()
}

fn check(
    graph: &Graph,
    policy: &Policy,
    allowed: &[Licensee],
    read: impl Fn(&Path) -> io::Result<Vec<u8>>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut used = vec![false; policy.clarify.len()];
    for (place, package) in graph.packages.iter().enumerate() {
        let clarification = || policy.clarify.iter().position(|entry| entry.is_for(package));
        let expression = if let Some(expression) = &package.licence {
            expression
        } else if let Some(entry) = clarification() {
            used[entry] = true;
            violations.extend(policy.clarify[entry].verify(package, &read));
            &policy.clarify[entry].expression
        } else {
            let dependents = graph.dependents(place);
            violations.push(Violation::Unstated { package: title(package), dependents });
            continue;
        };
        violations.extend(judge(graph, place, expression, allowed));
    }
    let needless = policy.clarify.iter().zip(used).filter(|(_, used)| !used);
    violations.extend(needless.map(|(entry, _)| Violation::Needless { package: entry.title() }));
    violations
}

/// Whether the allowed licences satisfy one package's expression.
fn judge(graph: &Graph, place: usize, expression: &str, allowed: &[Licensee]) -> Option<Violation> {
    let mode = ParseMode { allow_slash_as_or_operator: true, ..ParseMode::STRICT };
    let (package, dependents) = (title(&graph.packages[place]), graph.dependents(place));
    match Expression::parse_mode(expression, mode) {
        Err(error) => Some(Violation::NotSpdx {
            package,
            expression: expression.to_owned(),
            reason: error.reason.to_string(),
            dependents,
        }),
        Ok(parsed) if parsed.evaluate(|need| allowed.iter().any(|licence| licence.satisfies(need))) => None,
        Ok(_) => Some(Violation::NotAllowed { package, expression: expression.to_owned(), dependents }),
    }
}

impl Clarification {
    fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    fn is_for(&self, package: &Package) -> bool {
        self.name == package.name && self.version == package.version
    }

    /// Compares the licence file with the one that was read when the entry was written.
    fn verify(&self, package: &Package, read: impl Fn(&Path) -> io::Result<Vec<u8>>) -> Option<Violation> {
        let (package, file) = (title(package), package.directory.join(&self.file));
        match read(&file) {
            Err(error) => Some(Violation::FileUnreadable { package, file, reason: error.to_string() }),
            Ok(content) => {
                let found = sha256(&content);
                (found != self.sha256).then(|| Violation::FileChanged {
                    package,
                    file,
                    found,
                    stated: self.sha256.clone(),
                })
            }
        }
    }
}

fn title(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Clarification, Policy, Violation, allowed, check};
    use crate::digest::sha256;
    use crate::error::Error;
    use crate::graph::sample::{Sample, graph};

    const TEXT: &[u8] = b"Do what is right.";

    fn policy(clarify: Vec<Clarification>) -> Policy {
        let allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        Policy { allow: allow.map(str::to_owned).to_vec(), clarify }
    }

    fn clarified(sha256: String, expression: &str) -> Clarification {
        Clarification {
            name: "dependency".to_owned(),
            version: "1.0.0".to_owned(),
            file: "LICENSE".into(),
            sha256,
            expression: expression.to_owned(),
        }
    }

    /// The violations of a workspace whose one dependency states this licence.
    fn violations(licence: Option<&'static str>, clarify: Vec<Clarification>) -> Vec<Violation> {
        let ours = Sample {
            name: "ours",
            ours: true,
            licence: Some("MIT"),
            needs: &["dependency"],
            ..Sample::default()
        };
        let graph = graph(&[ours, Sample { name: "dependency", licence, ..Sample::default() }]);
        let policy = policy(clarify);
        let allowed = allowed(&policy, "licences.toml".as_ref()).unwrap();
        check(&graph, &policy, &allowed, |path| {
            if path == "/sources/dependency/LICENSE" {
                Ok(TEXT.to_vec())
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        })
    }

    #[test]
    fn what_the_allowed_licences_satisfy_passes() {
        for expression in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "(GPL-2.0-only OR MIT) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(violations(Some(expression), vec![]), [], "{expression}");
        }
    }

    #[test]
    fn what_they_do_not_satisfy_fails_and_says_who_needs_it() {
        for expression in ["AGPL-3.0-only", "MIT AND GPL-3.0-only", "MIT WITH Classpath-exception-2.0"] {
            let expected = Violation::NotAllowed {
                package: "dependency 1.0.0".to_owned(),
                expression: expression.to_owned(),
                dependents: vec!["ours 1.0.0".to_owned()],
            };
            assert_eq!(
                expected.to_string(),
                format!("dependency 1.0.0: {expression} is not allowed (needed by ours 1.0.0)")
            );
            assert_eq!(violations(Some(expression), vec![]), [expected]);
        }
    }

    #[test]
    fn text_that_is_no_expression_fails() {
        let found = violations(Some("see LICENSE"), vec![]);
        assert!(matches!(&found[..], [Violation::NotSpdx { expression, .. }] if expression == "see LICENSE"));
    }

    #[test]
    fn a_crate_that_states_nothing_needs_a_clarification() {
        assert!(matches!(&violations(None, vec![])[..], [Violation::Unstated { .. }]));
        assert_eq!(violations(None, vec![clarified(sha256(TEXT), "MIT")]), []);
        let other_version = Clarification { version: "2.0.0".to_owned(), ..clarified(sha256(TEXT), "MIT") };
        assert!(matches!(
            &violations(None, vec![other_version])[..],
            [Violation::Unstated { .. }, Violation::Needless { .. }]
        ));
    }

    #[test]
    fn a_clarification_holds_for_the_file_that_was_read_only() {
        let found = violations(None, vec![clarified(sha256(b"Another text."), "MIT")]);
        assert!(matches!(&found[..], [Violation::FileChanged { found, .. }] if *found == sha256(TEXT)));
        let absent = Clarification { file: "COPYING".into(), ..clarified(sha256(TEXT), "MIT") };
        assert!(matches!(&violations(None, vec![absent])[..], [Violation::FileUnreadable { .. }]));
    }

    #[test]
    fn a_clarification_is_judged_like_any_expression_and_must_be_needed() {
        let found = violations(None, vec![clarified(sha256(TEXT), "AGPL-3.0-only")]);
        assert!(matches!(&found[..], [Violation::NotAllowed { .. }]));
        let found = violations(Some("MIT"), vec![clarified(sha256(TEXT), "MIT")]);
        assert!(matches!(&found[..], [Violation::Needless { .. }]));
    }

    #[test]
    fn an_allowed_licence_must_be_one_that_spdx_knows() {
        let policy = Policy { allow: vec!["Apache 2".to_owned()], clarify: vec![] };
        let error = allowed(&policy, "licences.toml".as_ref()).unwrap_err();
        assert!(matches!(error, Error::AllowList { licence, .. } if licence == "Apache 2"));
    }
}
