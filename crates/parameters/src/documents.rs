use std::collections::HashMap;

use crate::json::{Member, Node, Pointer, Value};
use crate::{Diagnostic, Digest, Sources};

/// The documents of a project, joined into one.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The texts, for diagnostics.
    pub sources: Sources,
    /// All of their members in one object; each value knows its place.
    pub root: Node,
    /// Name and digest of each text, in order.
    pub digests: Vec<(String, Digest)>,
}

impl Documents {
    /// Reads and joins documents given as (name, bytes). Objects of the same name are joined member by member.
    ///
    /// # Errors
    /// Every finding of every document: what is not UTF-8 or JSON, duplicate keys, a root that is no object, and
    /// `document/collision` for a value that two documents give. With them come the sources they point into.
    pub fn merge<N, T>(
        documents: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, (Vec<Diagnostic>, Sources)>
    where
        N: Into<String>,
        T: AsRef<[u8]>,
    {
        let mut sources = Sources::default();
        let mut findings = Vec::new();
        let mut digests = Vec::new();
        let mut members = Vec::new();
        for (name, bytes) in documents {
            let (name, bytes) = (name.into(), bytes.as_ref());
            digests.push((name.clone(), Digest::of(bytes)));
            let source = sources.add_bytes(name, bytes);
            match source.and_then(|source| crate::json::parse(&sources, source)) {
                Err(errors) => findings.extend(errors),
                Ok(Node { value: Value::Object(more), .. }) => {
                    join(&mut members, more, &Pointer::default(), &sources, &mut findings);
                }
                Ok(other) => findings.push(
                    Diagnostic::error(
                        "document/shape",
                        other.span,
                        format!("the document is {}, not an object", other.value.type_name()),
                    )
                    .help("a document is one JSON object"),
                ),
            }
        }
        if findings.is_empty() {
            Ok(Self { sources, root: Value::Object(members).into(), digests })
        } else {
            Err((findings, sources))
        }
    }
}

fn join(
    members: &mut Vec<Member>,
    more: Vec<Member>,
    pointer: &Pointer,
    sources: &Sources,
    findings: &mut Vec<Diagnostic>,
) {
    // Members of one document are unique: only those that were there before can collide.
    let before: HashMap<String, usize> =
        members.iter().enumerate().map(|(index, member)| (member.name.clone(), index)).collect();
    for member in more {
        let Some(&index) = before.get(&member.name) else {
            members.push(member);
            continue;
        };
        let pointer = pointer.child(&member.name);
        let name_span = members[index].name_span;
        if let (Value::Object(ours), Value::Object(theirs)) =
            (&mut members[index].node.value, member.node.value)
        {
            join(ours, theirs, &pointer, sources, findings);
            continue;
        }
        let file = sources.get(name_span.source).map_or("another document", |source| &source.name);
        let line = sources.line_column(name_span).map_or(0, |(line, _)| line);
        findings.push(
            Diagnostic::error(
                "document/collision",
                member.name_span,
                format!("\"{}\" is given by two documents", member.name),
            )
            .at(pointer)
            .label("the second one")
            .help(format!("{file} gives it in line {line}: keep one of the two")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_joined_and_a_value_given_twice_is_refused() {
        let joined =
            Documents::merge([("a.json", r#"{"a":1,"o":{"x":1}}"#), ("b.json", r#"{"o":{"y":2},"b":3}"#)])
                .unwrap();
        assert_eq!(joined.root.to_string(), r#"{"a":1,"o":{"x":1,"y":2},"b":3}"#);

        let (findings, sources) =
            Documents::merge([("a.json", r#"{"o":{"x":1}}"#), ("b.json", "{\"o\":\n{\"x\":2}}")])
                .unwrap_err();
        assert_eq!(findings[0].code, "document/collision");
        assert_eq!(findings[0].pointer, "/o/x");
        assert_eq!(sources.line_column(findings[0].span), Some((2, 2)));
        assert_eq!(findings[0].help.as_deref(), Some("a.json gives it in line 1: keep one of the two"));
    }

    #[test]
    fn every_document_is_read_before_the_findings_are_given() {
        let (findings, _) = Documents::merge([("a.json", "{"), ("b.json", "[]")]).unwrap_err();
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["document/not-json", "document/shape"]);
    }
}
