//! What the documents must hold to before anything is written or started.

use crate::json::{Node, Pointer, Value};
use crate::{Content, Diagnostic, Documents, StorePath, encode};

/// The members that the launch adds at the top of the execution input.
pub(crate) const RESERVED: [&str; 3] = ["channels", "provenance", "release"];

/// A name to which a launch appends `-` and the 14 characters of a stamp, and the longest it may be before that.
struct StampedName {
    pointer: [&'static str; 2],
    depth: usize,
    max: usize,
    source: &'static str,
}

/// `tuningJobName`, `model.name` and `endpointName` (whose endpoint configuration is stamped).
const STAMPED: [StampedName; 3] = [
    StampedName {
        pointer: ["tuningJobName", ""],
        depth: 1,
        max: 32 - 15,
        source: "HyperParameterTuningJobName: at most 32",
    },
    StampedName { pointer: ["model", "name"], depth: 2, max: 63 - 15, source: "ModelName: at most 63" },
    StampedName {
        pointer: ["endpointName", ""],
        depth: 1,
        max: 63 - 15,
        source: "EndpointConfigName: at most 63",
    },
];

/// Checks the documents and lays them out as the content of a release below `path`.
///
/// # Errors
/// Every finding: those of [`encode`], `document/reserved-name`, `name/too-long-once-stamped`.
pub fn validate(documents: &Documents, path: &StorePath) -> Result<Content, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    reserved_names(&documents.root, &mut findings);
    for rule in &STAMPED {
        stamped_name(&documents.root, rule, &mut findings);
    }
    match encode(&documents.root, path) {
        Ok(content) if findings.is_empty() => Ok(content),
        Ok(_) => Err(findings),
        Err(mut errors) => {
            errors.extend(findings);
            Err(errors)
        }
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

fn stamped_name(root: &Node, rule: &StampedName, findings: &mut Vec<Diagnostic>) {
    let mut node = root;
    let mut pointer = Pointer::default();
    for level in &rule.pointer[..rule.depth] {
        let Some(next) = node.value.get(level) else { return };
        node = next;
        pointer = pointer.child(level);
    }
    let Some(name) = node.value.as_str() else { return };
    let length = name.chars().count();
    if length > rule.max {
        // The place is the first character too many: behind the opening quote, plain characters are one byte each.
        let mut span = node.span;
        let over = span.start + 1 + u32::try_from(rule.max).unwrap_or_default();
        if over < span.end {
            span.start = over;
        }
        findings.push(
            Diagnostic::error(
                "name/too-long-once-stamped",
                span,
                format!("\"{name}\" has {length} characters; at most {} leave room for the stamp", rule.max),
            )
            .at(pointer)
            .label("too long from here")
            .help(format!("a launch appends \"-\" and 14 characters ({})", rule.source)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<(&'static str, String, u32)> {
        let documents = Documents::merge([("ml-parameters.json", text)]).unwrap();
        validate(&documents, &"/ml-project".parse().unwrap())
            .unwrap_err()
            .into_iter()
            .map(|finding| (finding.code, finding.pointer, finding.span.start))
            .collect()
    }

    #[test]
    fn a_name_too_long_once_stamped_is_pointed_at_where_it_is_too_long() {
        let text = format!(r#"{{"tuningJobName":"{}"}}"#, "a".repeat(18));
        assert_eq!(findings(&text), [("name/too-long-once-stamped", "/tuningJobName".to_owned(), 18 + 17)]);
        let text = format!(r#"{{"model":{{"name":"{}"}}}}"#, "m".repeat(49));
        assert_eq!(findings(&text)[0].1, "/model/name");
        let text = format!(r#"{{"tuningJobName":"{}"}}"#, "a".repeat(17));
        let documents = Documents::merge([("ml-parameters.json", text)]).unwrap();
        assert!(validate(&documents, &"/ml-project".parse().unwrap()).is_ok());
    }

    #[test]
    fn names_that_the_launch_adds_are_reserved() {
        assert_eq!(findings(r#"{"channels":[]}"#)[0].0, "document/reserved-name");
    }
}
