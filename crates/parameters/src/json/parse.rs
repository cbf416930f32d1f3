use jsonc_parser::ast::{self, ObjectPropName};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde::de::IgnoredAny;

use super::{Member, Node, Pointer, Span, Value};
use crate::{Diagnostic, Sources};

/// Strict JSON: none of the liberties that the span-keeping parser can take.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads the JSON text that `sources` holds under the number `source`.
///
/// `serde_json` decides whether it is JSON (RFC 8259, nesting at most 127 levels); the places come from a parser that
/// keeps them. Numbers keep their text.
///
/// # Errors
/// `document/not-json` with the place of the first fault, or one `document/duplicate-key` for each name that stands
/// twice in one object.
pub fn parse(sources: &Sources, source: u16) -> Result<Node, Vec<Diagnostic>> {
    let text = sources.get(source).map_or("", |source| &*source.text);
    if text.starts_with('\u{feff}') {
        return Err(vec![
            not_json(source, 0, 3, "the file starts with a byte order mark".to_owned())
                .help("save it as UTF-8 without a byte order mark"),
        ]);
    }
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let at = offset(text, error.line(), error.column());
        return Err(vec![not_json(source, at, at + 1, without_place(&error))]);
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let range = error.range();
        vec![not_json(source, range.start, range.end, error.kind().to_string())]
    })?;
    let Some(root) = parsed.value else {
        return Err(vec![not_json(source, 0, 0, "the file is empty".to_owned())]);
    };
    let mut builder = Builder { source, duplicates: Vec::new() };
    let node = builder.node(root, &Pointer::default());
    if builder.duplicates.is_empty() { Ok(node) } else { Err(builder.duplicates) }
}

fn not_json(source: u16, start: usize, end: usize, message: String) -> Diagnostic {
    Diagnostic::error("document/not-json", span(source, Range { start, end }), message)
        .help("the document must be one JSON value (RFC 8259), in UTF-8")
}

/// `serde_json` appends " at line 1 column 2"; the place is shown by the span.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// The byte offset of a line and column (in bytes, from 1) as `serde_json` counts them.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn span(source: u16, range: Range) -> Span {
    let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(source, clamp(range.start), clamp(range.end))
}

struct Builder {
    source: u16,
    duplicates: Vec<Diagnostic>,
}

impl Builder {
    fn node(&mut self, value: ast::Value<'_>, pointer: &Pointer) -> Node {
        let span = span(self.source, value.range());
        let value = match value {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Boolean(literal.value),
            ast::Value::NumberLit(literal) => Value::Number(literal.value.to_owned()),
            ast::Value::StringLit(literal) => Value::String(literal.value.into_owned()),
            ast::Value::Array(array) => Value::Array(
                array
                    .elements
                    .into_iter()
                    .enumerate()
                    .map(|(index, element)| self.node(element, &pointer.child(index)))
                    .collect(),
            ),
            ast::Value::Object(object) => self.object(object, pointer),
        };
        Node { value, span }
    }

    fn object(&mut self, object: ast::Object<'_>, pointer: &Pointer) -> Value {
        let mut members = Vec::with_capacity(object.properties.len());
        let mut seen = std::collections::HashSet::with_capacity(object.properties.len());
        for property in object.properties {
            let name_span = span(self.source, property.name.range());
            let name = match property.name {
                ObjectPropName::String(literal) => literal.value.into_owned(),
                ObjectPropName::Word(literal) => literal.value.to_owned(),
            };
            let pointer = pointer.child(&name);
            if !seen.insert(name.clone()) {
                self.duplicates.push(
                    Diagnostic::error(
                        "document/duplicate-key",
                        name_span,
                        format!("the name \"{name}\" stands twice in one object"),
                    )
                    .at(pointer.clone())
                    .label("the second one")
                    .help("keep one of the two; JSON readers would silently take the last"),
                );
            }
            let node = self.node(property.value, &pointer);
            members.push(Member { name, name_span, node });
        }
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Node, Vec<Diagnostic>> {
        let mut sources = Sources::default();
        let source = sources.add("test.json", text);
        parse(&sources, source)
    }

    #[test]
    fn numbers_keep_their_text_and_members_their_order() {
        let text = r#"{"b":1e-9,"a":[5000.0,1e400,-0],"c":{"é\n":"\u00e9"}}"#;
        let node = parse_text(text).unwrap();
        assert_eq!(node.to_string(), "{\"b\":1e-9,\"a\":[5000.0,1e400,-0],\"c\":{\"é\\n\":\"é\"}}");
    }

    #[test]
    fn spans_cover_the_values() {
        let text = r#"{"a": [true, "x"]}"#;
        let node = parse_text(text).unwrap();
        let list = node.value.get("a").unwrap();
        assert_eq!(&text[list.span.start as usize..list.span.end as usize], r#"[true, "x"]"#);
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        for (text, start, message) in [
            ("", 0, "EOF while parsing a value"),
            ("\u{feff}{}", 0, "the file starts with a byte order mark"),
            ("{\"a\": 1,}", 8, "key must be a string"),
            ("{\"a\": NaN}", 6, "expected value"),
            ("{\"a\": 01}", 7, "invalid number"),
            ("[\"\u{1}\"]", 2, "control character (\\u0000-\\u001F) found while parsing a string"),
        ] {
            let errors = parse_text(text).unwrap_err();
            assert_eq!(errors[0].code, "document/not-json", "{text:?}");
            assert_eq!(errors[0].message, message, "{text:?}");
            assert!(
                (i64::from(errors[0].span.start) - start).abs() <= 1,
                "{text:?}: {} is not near {start}",
                errors[0].span.start
            );
        }
    }

    #[test]
    fn every_duplicate_is_named() {
        let errors = parse_text(r#"{"a":1,"b":{"c":1,"c":2},"a":3}"#).unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/b/c", "/a"]);
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let errors = parse_text(&"[".repeat(100_000)).unwrap_err();
        assert_eq!(errors[0].code, "document/not-json");
    }
}
