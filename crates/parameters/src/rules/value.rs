//! Each value by itself: what the member that it feeds takes.

use std::collections::HashSet;

use super::ProjectRules;
use super::constraints::{Shape, Type, is_range};
use super::number::parse_double;
use super::place::Place;
use super::text::near;
use crate::json::{Member, Node, Span, Value};
use crate::name::check_level;
use crate::secret::secret_member;
use crate::{Diagnostic, Sources};

/// How the path of a project's release records ends.
pub(super) const RELEASES: &str = ".releases";

/// Walks a document along the shapes of its known keys and collects what is wrong with its values.
pub(super) struct Checker<'a> {
    pub(super) sources: &'a Sources,
    pub(super) project: &'a ProjectRules,
    pub(super) findings: Vec<Diagnostic>,
}

impl Checker<'_> {
    /// Checks a value that feeds a member of `shape`.
    pub(super) fn check(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        if secret_member(&node.value).is_some() && !matches!(place, Place::Root) {
            return self.verbatim_secret(node, shape, place);
        }
        if shape.name == "ProductionVariantAcceleratorType" {
            return self.retired(node, place);
        }
        if shape.may_be_empty && is_empty(node) {
            return;
        }
        match (shape.kind, &node.value) {
            (Type::Structure, Value::Object(members)) => self.structure(node, members, shape, place),
            (Type::Map, Value::Object(members)) => self.map(members, shape, place),
            (Type::List, Value::Array(elements)) => self.list(node, elements, shape, place),
            (Type::String, Value::String(text)) => self.string(node.span, text, shape, place),
            // Whether a bound is a number has rules of its own.
            (Type::String, Value::Number(text)) if is_bound(place) => {
                self.string(node.span, text, shape, place);
            }
            (Type::String, Value::Number(text)) if shape.name == "HyperParameterValue" => {
                self.finite(node, text, place);
                self.string(node.span, text, shape, place);
            }
            (Type::String, Value::Boolean(_)) if shape.name == "HyperParameterValue" => {}
            (Type::Integer | Type::Double, Value::Number(text)) => self.number(node, text, shape, place),
            (Type::Integer | Type::Double, Value::String(text)) => {
                if !self.left_in(node.span, text, shape, place) {
                    self.number(node, text, shape, place);
                }
            }
            (Type::Boolean, _) => self.boolean(node, place),
            // An object where a list of ranges should be, or one of its elements that is none, is told when encoded.
            (Type::List, Value::Object(members)) if is_range_list(shape) && !members.is_empty() => {}
            (Type::Structure, _) if is_range(shape) => {}
            _ => self.wrong_type(node, shape, place),
        }
    }

    fn wrong_type(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let expected = match shape.kind {
            Type::String => "a string",
            Type::Integer => "an integer, or a string that holds one",
            Type::Double => "a number, or a string that holds one",
            Type::Boolean => "true or false",
            Type::List => "a list",
            Type::Map | Type::Structure => "an object",
        };
        let message = format!("{} is {}", quoted(place), node.value.type_name());
        let finding = Diagnostic::error("value/type", node.span, message).at(place.pointer());
        let help = match shape.source.as_str() {
            "" => format!("write {expected}"),
            source => format!("write {expected} ({source})"),
        };
        self.findings.push(finding.label(format!("expected {expected}")).help(help));
    }

    fn structure(&mut self, node: &Node, members: &[Member], shape: &Shape, place: &Place<'_>) {
        // What stands beside the known key that it resembles is a key of the user's own.
        let given: HashSet<_> = members.iter().map(|member| member.name.as_str()).collect();
        let absent: Vec<_> =
            shape.members.keys().map(String::as_str).filter(|name| !given.contains(name)).collect();
        for member in members {
            let below = Place::Member(place, &member.name);
            match shape.members.get(&member.name) {
                Some(known) => self.check(&member.node, known, &below),
                None if shape.is_open() => {
                    self.near_miss(member, &absent, &below);
                    self.level(&member.name, member.name_span, &below);
                    self.unknown(&member.node, &below);
                }
                None => self.unknown_member(member, shape, &below),
            }
        }
        for name in &shape.required {
            // A range without a name is told when encoded.
            let told = name == "Name" && is_range(shape);
            if !told && !given.contains(name.as_str()) {
                let message = format!("{} has no \"{name}\"", quoted(place));
                self.findings.push(
                    Diagnostic::error("value/required", node.span, message)
                        .at(place.pointer())
                        .label(format!("\"{name}\" is missing"))
                        .help(format!("add \"{name}\": it is required ({})", shape.source)),
                );
            }
        }
    }

    fn unknown_member(&mut self, member: &Member, shape: &Shape, place: &Place<'_>) {
        let names: Vec<_> = shape.members.keys().map(String::as_str).collect();
        let (code, what) = match shape.name.as_str() {
            "ParameterRanges" => ("range/kind", "is no kind of range"),
            _ => ("key/unknown-member", "is not a member that the service takes here"),
        };
        let help = match near(&member.name, names.iter().copied()) {
            Some(meant) => format!("did you mean \"{meant}\"? Allowed are {}", names.join(", ")),
            None => format!("allowed are {} ({})", names.join(", "), shape.source),
        };
        self.findings.push(
            Diagnostic::error(code, member.name_span, format!("\"{}\" {what}", member.name))
                .at(place.pointer())
                .label("not known to the service")
                .help(help),
        );
    }

    fn near_miss(&mut self, member: &Member, absent: &[&str], place: &Place<'_>) {
        let Some(meant) = near(&member.name, absent.iter().copied()) else { return };
        // A key that cannot be part of a name is told when encoded.
        if check_level(&member.name).is_err() {
            return;
        }
        let message = format!("\"{}\" is not a known key, but nearly \"{meant}\"", member.name);
        self.findings.push(
            Diagnostic::warning("key/near-miss", member.name_span, message)
                .at(place.pointer())
                .label(format!("did you mean \"{meant}\"?"))
                .help("an unknown key goes to the workflow as it is; the workflows of this tool would not see it"),
        );
    }

    /// A key becomes a level of a parameter's name, unless a list is stored whole. The records of a project at `P` lie below
    /// `P.releases`.
    fn level(&mut self, name: &str, span: Span, place: &Place<'_>) {
        if name.ends_with(RELEASES) && !place.is_in_list() {
            self.findings.push(reserved_level(name, span).at(place.pointer()));
        }
    }

    fn map(&mut self, members: &[Member], shape: &Shape, place: &Place<'_>) {
        for member in members {
            let below = Place::Member(place, &member.name);
            if let Some(key) = &shape.key {
                self.string(member.name_span, &member.name, key, &below);
            }
            self.level(&member.name, member.name_span, &below);
            if let Some(value) = &shape.inner {
                self.check(&member.node, value, &below);
            }
        }
    }

    fn list(&mut self, node: &Node, elements: &[Node], shape: &Shape, place: &Place<'_>) {
        // Ranges are counted over all of their kinds.
        if !is_range_list(shape) {
            self.count(node, elements.len(), shape, place);
        }
        if let Some(inner) = &shape.inner {
            for (index, element) in elements.iter().enumerate() {
                self.check(element, inner, &Place::Element(place, index));
            }
        }
    }

    fn count(&mut self, node: &Node, count: usize, shape: &Shape, place: &Place<'_>) {
        if within(count, shape) {
            return;
        }
        let message = format!("{} has {count} elements", quoted(place));
        self.findings.push(
            Diagnostic::error("value/count", node.span, message)
                .at(place.pointer())
                .label(format!("{} are allowed", bounds(shape)))
                .help(format!("write {} elements ({})", bounds(shape), shape.source)),
        );
    }

    /// Checks a value that no shape is known for, and all below it.
    fn unknown(&mut self, node: &Node, place: &Place<'_>) {
        match &node.value {
            Value::Object(members) if secret_member(&node.value).is_some() => {
                self.own_secret(node, members, place);
            }
            Value::Object(members) => {
                for member in members {
                    let below = Place::Member(place, &member.name);
                    self.level(&member.name, member.name_span, &below);
                    self.unknown(&member.node, &below);
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.unknown(element, &Place::Element(place, index));
                }
            }
            Value::String(text) => {
                self.perhaps_left_in(node.span, text, place);
            }
            Value::Number(text) => self.finite(node, text, place),
            Value::Null | Value::Boolean(_) => {}
        }
    }

    fn finite(&mut self, node: &Node, text: &str, place: &Place<'_>) {
        if parse_double(text).is_none() {
            self.findings.push(
                Diagnostic::error("value/number", node.span, format!("{} is too large", clipped(text)))
                    .at(place.pointer())
                    .label("beyond a 64-bit floating-point number")
                    .help("write a number below 1.8e308, or a string"),
            );
        }
    }
}

/// The finding, still without its pointer, that a level ends as a path of release records does.
pub(super) fn reserved_level(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "name/releases",
        span,
        format!("\"{}\" ends with \"{RELEASES}\", as the names of release records do", clipped(name)),
    )
    .label("a reserved ending")
    .help("choose another name: what lies below it would be taken for the records of another project")
}

fn is_range_list(shape: &Shape) -> bool {
    shape.name.ends_with("ParameterRanges") && shape.kind == Type::List
}

/// Whether this is a bound of a range.
pub(super) fn is_bound(place: &Place<'_>) -> bool {
    matches!(place.name(), "MinValue" | "MaxValue") && matches!(place, Place::Member(Place::Element(..), _))
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    }
}

pub(super) fn within(count: usize, shape: &Shape) -> bool {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    shape.min.is_none_or(|min| count >= min) && shape.max.is_none_or(|max| count <= max)
}

pub(super) fn bounds(shape: &Shape) -> String {
    match (shape.min, shape.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("{min} or more"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "anything".to_owned(),
    }
}

/// The name of what is at a place, for messages.
pub(crate) fn quoted(place: &Place<'_>) -> String {
    match place {
        Place::Root => "the document".to_owned(),
        Place::Member(_, name) => format!("\"{}\"", clipped(name)),
        Place::Element(_, index) => format!("element {index} of \"{}\"", clipped(place.name())),
    }
}

/// A value as a message shows it: strings in quotes, lists and objects by their kind.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", clipped(text)),
        Value::Number(text) => clipped(text),
        Value::Boolean(value) => value.to_string(),
        other => other.type_name().to_owned(),
    }
}

/// A text as a message quotes it: its beginning, when it is long.
pub(super) fn clipped(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
