//! What the documents must hold to before anything is written or started.
//!
//! Every rule has a stable id, a page that explains it ([`explain`]), and samples in `tests/samples`. A finding carries the
//! rule's id, the place, what is allowed and what to do. A rule about one value is told once for that value; rules about
//! several values are asked only of values that are right by themselves.
//!
//! What a service takes comes from its model (`constraints`); the rest from its documentation, named beside each rule.

mod buckets;
mod constraints;
mod hosting;
mod kind;
mod leaf;
mod manifest;
mod number;
mod pattern;
mod place;
mod project;
mod ranges;
mod registry;
mod secrets;
mod text;
mod training;
mod tuning;
mod value;

use std::collections::HashSet;
use std::fmt::{self, Write as _};

pub use self::manifest::check_manifest;
pub(crate) use self::manifest::check_s3_data_source;
pub use self::project::ProjectRules;
pub use self::registry::{Rule, all, explain, similar};
#[cfg(feature = "schema")]
pub(crate) use self::{
    constraints::{STAMP_LENGTH, Shape, Type, is_range, known},
    place::Place,
    text::near,
    value::quoted,
};

pub(crate) use self::kind::kind_of;
use self::value::Checker;
use crate::codec::encode_with_warnings;
use crate::json::{Member, Node, Pointer, Value};
use crate::{Content, Diagnostic, Documents, MAX_INPUT_BYTES, Severity, StorePath};

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

/// Checks the documents by every rule, those that are the project's own included, and lays them out as the content of a
/// release below `path`.
///
/// # Errors
/// Every finding, warnings as well, in the order of the documents, when one of them is an error.
pub fn validate(
    documents: &Documents,
    path: &StorePath,
    project: &ProjectRules,
) -> Result<Valid, Vec<Diagnostic>> {
    let root = &documents.root;
    let (content, encoding) = encode_with_warnings(root, path);
    let mut checker = Checker { sources: &documents.sources, project, findings: Vec::new() };
    if matches!(root.value, Value::Object(_)) {
        checker.check(root, &constraints::known().root, &place::Place::Root);
    }
    let mut findings = checker.findings;
    reserved_names(root, &mut findings);
    input_size(root, &mut findings);
    ranges::check(root, &mut findings);
    tuning::check(root, &mut findings);
    training::check(root, &mut findings);
    hosting::check(root, &mut findings);
    findings.extend(untold(encoding, &findings));
    #[cfg(feature = "schema")]
    crate::schema::check(root, &documents.sources, project, &mut findings);

    findings.sort_by_key(|finding| (finding.span.source, finding.span.start));
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        Err(findings)
    } else {
        Ok(Valid { content, warnings: findings })
    }
}

/// What shows when values are encoded, without what follows from findings that are there: a value that is too long for its
/// member need not be told to be large as well, and a secret that is not as it should be has rules of its own.
fn untold(encoding: Vec<Diagnostic>, findings: &[Diagnostic]) -> Vec<Diagnostic> {
    let told: HashSet<_> = findings.iter().map(|finding| finding.pointer.as_str()).collect();
    let secrets: HashSet<_> = findings.iter().filter_map(secrets::object).collect();
    let follows = |finding: &Diagnostic| match finding.code {
        "value/size" | "value/advanced-tier" => told.contains(finding.pointer.as_str()),
        "name/level" => {
            finding.pointer.strip_suffix("/$secret").is_some_and(|object| secrets.contains(object))
        }
        "range/shape" => secrets.contains(finding.pointer.as_str()),
        _ => false,
    };
    encoding.into_iter().filter(|finding| !follows(finding)).collect()
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

/// What the documents give to an execution's input must leave room for the channels and the provenance, let alone be more
/// than the input may have.
fn input_size(root: &Node, findings: &mut Vec<Diagnostic>) {
    let Value::Object(members) = &root.value else { return };
    // Each member stands there with its quotes, a colon and a comma.
    let bytes = |member: &Member| member.name.len() + 4 + length(&member.node);
    let whole = members.iter().map(bytes).sum::<usize>() + 1;
    let Some(largest) =
        members.iter().rev().max_by_key(|member| bytes(member)).filter(|_| whole > MAX_INPUT_BYTES)
    else {
        return;
    };
    findings.push(
        Diagnostic::error(
            "document/input-too-large",
            largest.name_span,
            format!(
                "the documents make {whole} bytes of execution input; at most {MAX_INPUT_BYTES} are allowed"
            ),
        )
        .at(Pointer::default().child(&largest.name))
        .label(format!("the largest member, with {} bytes", bytes(largest)))
        .help("keep large values in S3 and give their URIs (StartExecution, member input)"),
    );
}

/// The length of a value's JSON text.
fn length(node: &Node) -> usize {
    struct Counter(usize);
    impl fmt::Write for Counter {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Counting cannot fail.
    let _ = write!(counter, "{node}");
    counter.0
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
