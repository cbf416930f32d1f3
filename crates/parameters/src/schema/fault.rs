//! What is wrong with a schema itself.

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ReferencingError, ValidationError};

use super::cause::causes;
use super::instance::locate;
use crate::Diagnostic;
use crate::json::{Node, Pointer, Value};
use crate::rules::{Place, quoted};

const NOT_VALID: &str = "schema/not-valid";

/// The finding that the schema `root` cannot be used.
pub(super) fn not_valid(root: &Node, error: &ValidationError<'_>) -> Diagnostic {
    if let Kind::Referencing(reference) = error.kind() {
        return wrong_reference(root, reference);
    }
    let cause = causes(error).into_iter().next().unwrap_or(error);
    locate(root, cause.instance_path(), |node, place| {
        let what = if matches!(place, Place::Root) { "the schema".to_owned() } else { quoted(place) };
        Diagnostic::error(NOT_VALID, node.span, cause.masked_with(what).to_string()).at(place.pointer())
    })
    .label("not as JSON Schema has it")
    .help("see the keyword at json-schema.org, in the draft that \"$schema\" names (2020-12 without it)")
}

fn wrong_reference(root: &Node, error: &ReferencingError) -> Diagnostic {
    let (text, message, help) = match error {
        ReferencingError::Unretrievable { uri, .. } => (
            uri.clone(),
            format!("the schema refers to \"{uri}\", which is not part of it"),
            "a schema stands alone: copy what it refers to below \"$defs\"",
        ),
        ReferencingError::PointerToNowhere { pointer } => (
            format!("#{pointer}"),
            format!("the schema refers to \"#{pointer}\", where nothing is"),
            "correct the reference, or add what it refers to below \"$defs\"",
        ),
        ReferencingError::NoSuchAnchor { anchor } | ReferencingError::InvalidAnchor { anchor } => (
            format!("#{anchor}"),
            format!("the schema refers to \"#{anchor}\", which is no \"$anchor\" in it"),
            "correct the reference, or give the part that is meant this anchor",
        ),
        ReferencingError::UnknownSpecification { specification } => (
            specification.clone(),
            format!("the schema's dialect \"{specification}\" is not known"),
            "write \"https://json-schema.org/draft/2020-12/schema\", or leave \"$schema\" out",
        ),
        other => (String::new(), format!("the schema has a reference that is none: {other}"), "correct it"),
    };
    let place = if text.is_empty() { None } else { reference(root, &Pointer::default(), &text) };
    let (pointer, node) = place.unwrap_or((Pointer::default(), root));
    Diagnostic::error(NOT_VALID, node.span, message).at(pointer).label("cannot be followed").help(help)
}

/// The keyword that refers to `text`, with its pointer.
fn reference<'a>(node: &'a Node, pointer: &Pointer, text: &str) -> Option<(Pointer, &'a Node)> {
    match &node.value {
        Value::Object(members) => members.iter().find_map(|member| {
            let below = pointer.child(&member.name);
            let refers = matches!(member.name.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef" | "$schema");
            match member.node.value.as_str() {
                // A relative reference is told as what it was resolved to.
                Some(written) if refers && (written.ends_with(text) || text.ends_with(written)) => {
                    Some((below, &member.node))
                }
                _ => reference(&member.node, &below, text),
            }
        }),
        Value::Array(elements) => {
            let mut below = elements.iter().enumerate();
            below.find_map(|(index, element)| reference(element, &pointer.child(index), text))
        }
        _ => None,
    }
}
