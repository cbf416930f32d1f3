use std::collections::HashMap;

use crate::json::{Member, Node, Pointer, Span, Value};
use crate::overlay::overlay;
use crate::{Diagnostic, Digest, SECRET, SecretSource, Sources, secret_member};

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

/// Why a JSON pointer does not lead to a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretPointerError {
    /// It is no JSON pointer (RFC 6901), or the pointer to the whole document.
    #[error("\"{0}\" is no JSON pointer to a value; it begins with \"/\"")]
    NotAPointer(String),
    /// It leads nowhere.
    #[error("there is no object at \"{0}\"")]
    Nowhere(String),
}

impl Documents {
    /// Reads and joins documents given as (name, bytes). Objects of the same name are joined member by member.
    ///
    /// # Errors
    /// Those of [`Documents::read`].
    pub fn merge<N, T>(
        documents: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, (Vec<Diagnostic>, Sources)>
    where
        N: Into<String>,
        T: AsRef<[u8]>,
    {
        Self::read(documents, [])
    }

    /// Reads and joins documents given as (name, bytes), then lays the overlays of an environment over them, in order:
    /// objects by key, lists and scalars replaced, ranges by `Name`. Each value keeps the place where it was written.
    ///
    /// What stands where a secret's source belongs and is none is hidden in the sources: it may be the secret itself.
    ///
    /// # Errors
    /// Every finding of every document: what is not UTF-8 or JSON, duplicate keys, a root that is no object, and
    /// `document/collision` for a value that two documents give. With them come the sources they point into.
    pub fn read<N, T>(
        documents: impl IntoIterator<Item = (N, T)>,
        overlays: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, (Vec<Diagnostic>, Sources)>
    where
        N: Into<String>,
        T: AsRef<[u8]>,
    {
        let mut reader = Reader::default();
        let mut members = Vec::new();
        for (name, bytes) in documents {
            if let Some((_, more)) = reader.read(name.into(), bytes.as_ref()) {
                join(&mut members, more, &Pointer::default(), &reader.sources, &mut reader.findings);
            }
        }
        let mut root = Node::from(Value::Object(members));
        for (name, bytes) in overlays {
            if let Some((source, over)) = reader.read(name.into(), bytes.as_ref()) {
                reader.sources.mark_overlay(source);
                overlay(&mut root, Value::Object(over).into());
            }
        }
        let Reader { sources, findings, digests } = reader;
        if findings.is_empty() { Ok(Self { sources, root, digests }) } else { Err((findings, sources)) }
    }

    /// Makes the value at `pointer` a secret with that source. The object around it must be there; a value that stands
    /// there is hidden in the sources.
    ///
    /// # Errors
    /// [`SecretPointerError`].
    pub fn place_secret(&mut self, pointer: &str, source: &SecretSource) -> Result<(), SecretPointerError> {
        let Some((parent, name)) = pointer.rsplit_once('/') else {
            return Err(SecretPointerError::NotAPointer(pointer.to_owned()));
        };
        let nowhere = || SecretPointerError::Nowhere(parent.to_owned());
        let mut node = &mut self.root;
        if !parent.is_empty() && !parent.starts_with('/') {
            return Err(SecretPointerError::NotAPointer(pointer.to_owned()));
        }
        for token in parent.split('/').skip(1) {
            node = node.value.get_mut(&unescaped(token)).ok_or_else(nowhere)?;
        }
        let Value::Object(members) = &mut node.value else { return Err(nowhere()) };
        let name = unescaped(name);
        match members.iter_mut().find(|member| member.name == name) {
            Some(member) => {
                self.sources.mask(member.node.span);
                member.node.value = source.to_value();
            }
            None => members.push(Member::new(name, source.to_value())),
        }
        Ok(())
    }
}

/// A token of a JSON pointer (RFC 6901, section 4).
fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[derive(Default)]
struct Reader {
    sources: Sources,
    findings: Vec<Diagnostic>,
    digests: Vec<(String, Digest)>,
}

impl Reader {
    /// Reads one document: its number among the sources and its members, unless something is wrong with it.
    fn read(&mut self, name: String, bytes: &[u8]) -> Option<(u16, Vec<Member>)> {
        self.digests.push((name.clone(), Digest::of(bytes)));
        let read = read_json(&mut self.sources, name, bytes);
        match read {
            Err(errors) => self.findings.extend(errors),
            Ok((source, root)) => {
                hide_misplaced(&root, &mut self.sources);
                if let Value::Object(members) = root.value {
                    return Some((source, members));
                }
                self.findings.push(
                    Diagnostic::error(
                        "document/shape",
                        root.span,
                        format!("the document is {}, not an object", root.value.type_name()),
                    )
                    .help("a document is one JSON object"),
                );
            }
        }
        None
    }
}

/// Reads a text as JSON; what may be a secret in it is hidden when it is none.
fn read_json(sources: &mut Sources, name: String, bytes: &[u8]) -> Result<(u16, Node), Vec<Diagnostic>> {
    let added = sources.len();
    let read = sources.add_bytes(name, bytes).and_then(|source| {
        let root = crate::json::parse(sources, source)?;
        Ok((source, root))
    });
    if read.is_err() {
        hide_unread(sources, added);
    }
    read
}

/// Hides what follows a `"$secret"` in a text that is no JSON, to the end of its object.
pub(crate) fn hide_unread(sources: &mut Sources, source: u16) {
    let Some(text) = sources.get(source).map(|source| std::sync::Arc::clone(&source.text)) else { return };
    let name = format!("\"{SECRET}\"");
    for (at, _) in text.match_indices(&name) {
        let start = at + name.len();
        let end = text[start..].find('}').map_or(text.len(), |end| start + end);
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        sources.mask(Span::new(source, clamp(start), clamp(end)));
    }
}

/// Hides what may be a secret in the wrong place: the value of a `$secret` that is no source, and all that stands beside a
/// `$secret`.
pub(crate) fn hide_misplaced(node: &Node, sources: &mut Sources) {
    match &node.value {
        Value::Object(members) if secret_member(&node.value).is_some() => {
            let is_source = |member: &Member| {
                member.name == SECRET
                    && member.node.value.as_str().is_some_and(|text| text.parse::<SecretSource>().is_ok())
            };
            for member in members.iter().filter(|member| !is_source(member)) {
                sources.mask(member.node.span);
            }
        }
        Value::Object(members) => members.iter().for_each(|member| hide_misplaced(&member.node, sources)),
        Value::Array(elements) => elements.iter().for_each(|element| hide_misplaced(element, sources)),
        Value::Null | Value::Boolean(_) | Value::Number(_) | Value::String(_) => {}
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
    use crate::Origin;

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

    #[test]
    fn an_overlay_gives_values_with_their_own_places() {
        let documents = [("a.json", r#"{"a":1,"o":{"x":1,"y":[1,2]}}"#)];
        let overlays = [("production.json", "{\"o\":\n {\"y\":[3]}}"), ("late.json", r#"{"b":true}"#)];
        let read = Documents::read(documents, overlays).unwrap();
        assert_eq!(read.root.to_string(), r#"{"a":1,"o":{"x":1,"y":[3]},"b":true}"#);
        let origin = |path: &[&str]| {
            let node = path.iter().try_fold(&read.root, |node, name| node.value.get(name)).unwrap();
            let Origin { file, line, column, overlay } = read.sources.origin(node.span).unwrap();
            format!("{file}:{line}:{column} {overlay}")
        };
        assert_eq!(origin(&["o", "x"]), "a.json:1:17 false");
        assert_eq!(origin(&["o", "y"]), "production.json:2:7 true");
        assert_eq!(origin(&["b"]), "late.json:1:6 true");
        assert_eq!(read.digests.len(), 3);
    }

    #[test]
    fn a_pointer_makes_a_secret_where_there_is_an_object() {
        let text = r#"{"own":{"token":"hunter2","a/b":1}}"#;
        let mut read = Documents::merge([("a.json", text)]).unwrap();
        let source = "env:TOKEN".parse().unwrap();
        for pointer in ["/own/token", "/own/new", "/top", "/own/a~1b"] {
            read.place_secret(pointer, &source).unwrap();
        }
        let secret = r#"{"$secret":"env:TOKEN"}"#;
        let expected =
            format!(r#"{{"own":{{"token":{secret},"a/b":{secret},"new":{secret}}},"top":{secret}}}"#);
        assert_eq!(read.root.to_string(), expected);
        assert!(!read.sources.get(0).unwrap().text.contains("hunter2"));
        for (pointer, error) in [
            ("/absent/token", SecretPointerError::Nowhere("/absent".into())),
            ("own", SecretPointerError::NotAPointer("own".into())),
            ("own/token", SecretPointerError::NotAPointer("own/token".into())),
        ] {
            assert_eq!(read.place_secret(pointer, &source), Err(error));
        }
    }

    #[test]
    fn what_may_be_a_secret_is_hidden_in_what_cannot_be_read_as_well() {
        for text in [
            "{\"own\": {\"$secret\": \"hunter2\"} \"missing\": 1}",
            "{\"$secret\": \"hunter2\", \"$secret\": \"hunter3\"}",
            "{\"$secret\":\n\"hunter2",
        ] {
            let (findings, sources) = Documents::merge([("a.json", text)]).unwrap_err();
            let shown = &sources.get(0).unwrap().text;
            assert!(!shown.contains("hunter"), "{shown}");
            assert_eq!(shown.len(), text.len());
            assert!(findings.iter().all(|finding| !finding.message.contains("hunter")));
        }
    }

    #[test]
    fn what_may_be_a_secret_in_the_wrong_place_is_hidden() {
        let text = "{\"a\":{\"$secret\":\"hünter2\"},\"b\":[{\"$secret\":{\"x\":\n\"hunter3\"}}],\"c\":1}";
        let read = Documents::merge([("a.json", text)]).unwrap();
        let shown = &read.sources.get(0).unwrap().text;
        assert!(!shown.contains("nter"), "{shown}");
        assert_eq!(shown.len(), text.len());
        assert_eq!(read.sources.origin(read.root.value.get("c").unwrap().span).unwrap().line, 2);
    }
}
