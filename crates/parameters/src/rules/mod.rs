//! What the documents must hold to before anything is written or started.
//!
//! Every rule has a stable id, a page that explains it ([`explain`]), and samples in `tests/samples`. A finding carries the
//! rule's id, the place, what is allowed and what to do. A rule about one value is told once for that value; rules about
//! several values are asked only of values that are right by themselves.
//!
//! What a service takes comes from its model (`constraints`); the rest from its documentation, named beside each rule.

mod constraints;
mod hosting;
mod leaf;
mod number;
mod pattern;
mod place;
mod ranges;
mod registry;
mod text;
mod training;
mod tuning;
mod value;

use std::collections::HashSet;

pub use registry::{Rule, all, explain, similar};

use self::place::Place;
use self::value::Checker;
use crate::codec::encode_with_warnings;
use crate::json::{Node, Pointer, Value};
use crate::{Content, Diagnostic, Documents, Severity, StorePath};

/// The members that the launch adds at the top of the execution input.
pub(crate) const RESERVED: [&str; 3] = ["channels", "provenance", "release"];

/// Documents without an error.
#[derive(Debug, Clone)]
pub struct Valid {
    /// What they say, as the content of a release.
    pub content: Content,
    /// What is worth a look, in the order of the documents.
    pub warnings: Vec<Diagnostic>,
}

/// Checks the documents by every rule and lays them out as the content of a release below `path`.
///
/// # Errors
/// Every finding, warnings as well, in the order of the documents, when one of them is an error.
pub fn validate(documents: &Documents, path: &StorePath) -> Result<Valid, Vec<Diagnostic>> {
    let root = &documents.root;
    let (content, encoding) = encode_with_warnings(root, path);
    let mut checker = Checker { sources: &documents.sources, findings: Vec::new() };
    if matches!(root.value, Value::Object(_)) {
        checker.check(root, constraints::known(), &Place::Root);
    }
    let mut findings = checker.findings;
    reserved_names(root, &mut findings);
    ranges::check(root, &mut findings);
    tuning::check(root, &mut findings);
    training::check(root, &mut findings);
    hosting::check(root, &mut findings);
    // A value that is too long for its member need not be told to be large as well.
    let told: HashSet<_> = findings.iter().map(|finding| finding.pointer.clone()).collect();
    let about_size = |finding: &Diagnostic| matches!(finding.code, "value/size" | "value/advanced-tier");
    findings.extend(
        encoding.into_iter().filter(|finding| !(about_size(finding) && told.contains(&finding.pointer))),
    );

    findings.sort_by_key(|finding| (finding.span.source, finding.span.start));
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        Err(findings)
    } else {
        Ok(Valid { content, warnings: findings })
    }
}

fn reserved_names(root: &Node, findings: &mut Vec<Diagnostic>) {
    let Value::Object(members) = &root.value else { return };
    for member in members.iter().filter(|member| RESERVED.contains(&member.name.as_str())) {
        findings.push(
            Diagnostic::error(
                "document/reserved-name",
                member.name_span,
                format!("\"{}\" is added to the execution input by the launch", member.name),
            )
            .at(Pointer::default().child(&member.name))
            .label("reserved at the top of a document")
            .help("choose another name"),
        );
    }
}

/// The value at `path`, if there is one.
fn find<'a>(root: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(root, |node, name| node.value.get(name))
}

/// The JSON pointer of the value at `path`.
fn pointer(path: &[&str]) -> Pointer {
    path.iter().fold(Pointer::default(), |pointer, name| pointer.child(name))
}

#[cfg(test)]
mod tests;
