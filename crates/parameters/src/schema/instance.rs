//! Documents as the values that schemas are checked against.

use jsonschema::paths::{Location, LocationSegment};
use serde_json::{Map, Number, Value as Json};

use crate::SECRET;
use crate::json::{Node, Value};
use crate::rules::Place;
use crate::secret::secret_member;

/// The value itself.
pub(super) fn plain(node: &Node) -> Json {
    json(node, &|_| None)
}

/// The value as an execution's input carries it: a secret is the name and version of a `SecureString`.
pub(super) fn with_references(root: &Node) -> Json {
    json(root, &|node| secret_member(&node.value).map(|_| serde_json::json!({SECRET: "/name", "version": 1})))
}

fn json(node: &Node, replace: &impl Fn(&Node) -> Option<Json>) -> Json {
    if let Some(json) = replace(node) {
        return json;
    }
    match &node.value {
        Value::Null => Json::Null,
        Value::Boolean(value) => Json::Bool(*value),
        Value::Number(text) => Json::Number(number(text)),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(elements) => elements.iter().map(|element| json(element, replace)).collect(),
        Value::Object(members) => Json::Object(
            members
                .iter()
                .map(|member| (member.name.clone(), json(&member.node, replace)))
                .collect::<Map<_, _>>(),
        ),
    }
}

/// The number that a text is; the greatest there is for one that is not finite, which a rule of its own refuses.
fn number(text: &str) -> Number {
    let greatest = if text.starts_with('-') { f64::MIN } else { f64::MAX };
    text.parse().ok().or_else(|| Number::from_f64(greatest)).unwrap_or_else(|| 0.into())
}

/// Calls `found` with what is at `path` in the document, and its place; with the last on the way when the way ends before.
pub(super) fn locate<R>(root: &Node, path: &Location, found: impl FnOnce(&Node, &Place<'_>) -> R) -> R {
    descend(root, &Place::Root, &mut path.segments(), found)
}

fn descend<'a, R>(
    node: &Node,
    place: &Place<'_>,
    path: &mut impl Iterator<Item = LocationSegment<'a>>,
    found: impl FnOnce(&Node, &Place<'_>) -> R,
) -> R {
    let Some(segment) = path.next() else { return found(node, place) };
    let below = match &segment {
        LocationSegment::Property(name) => Place::Member(place, name),
        LocationSegment::Index(index) => Place::Element(place, *index),
    };
    match step(node, &segment) {
        Some(node) => descend(node, &below, path, found),
        None => found(node, place),
    }
}

/// What a segment of a path leads to.
fn step<'a>(node: &'a Node, segment: &LocationSegment<'_>) -> Option<&'a Node> {
    match (segment, &node.value) {
        (LocationSegment::Property(name), value) => value.get(name),
        (LocationSegment::Index(index), Value::Array(elements)) => elements.get(*index),
        (LocationSegment::Index(_), _) => None,
    }
}

/// Whether `path` leads to a secret of the document, or into one.
pub(super) fn is_in_secret(root: &Node, path: &Location) -> bool {
    let mut node = root;
    for segment in path.segments() {
        let Some(below) = step(node, &segment) else { return false };
        if secret_member(&below.value).is_some() {
            return true;
        }
        node = below;
    }
    false
}
