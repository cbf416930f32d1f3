use std::collections::HashMap;

use crate::codec::{NAME, is_range_list};
use crate::json::{Member, Node, Value};
use crate::secret::secret_member;

/// Lays `over` over `base`: objects member by member, the lists of ranges below `parameterRanges` element by element of one
/// `Name`, everything else — scalars, other lists, secrets — replaced. What is new comes last.
///
/// Every value and name keeps its place: that of `over` for what it gives, that of `base` for the rest. An object that both
/// have stays where `base` has it, and a list of ranges as well.
pub(crate) fn overlay(base: &mut Node, over: Node) {
    node(base, over, &mut Vec::new());
}

/// Says whether the value was replaced as a whole.
fn node(base: &mut Node, over: Node, levels: &mut Vec<String>) -> bool {
    // A secret is one value, though it is written as an object.
    let secret = secret_member(&base.value).or(secret_member(&over.value)).is_some();
    match (&mut base.value, over.value) {
        (Value::Object(ours), Value::Object(theirs)) if !secret => members(ours, theirs, levels),
        (Value::Array(ours), Value::Array(theirs)) if is_range_list(levels) => ranges(ours, theirs, levels),
        (value, other) => {
            *value = other;
            base.span = over.span;
            return true;
        }
    }
    false
}

fn members(ours: &mut Vec<Member>, theirs: Vec<Member>, levels: &mut Vec<String>) {
    let known: HashMap<String, usize> =
        ours.iter().enumerate().map(|(index, member)| (member.name.clone(), index)).collect();
    for member in theirs {
        let Some(&index) = known.get(&member.name) else {
            ours.push(member);
            continue;
        };
        let our = &mut ours[index];
        levels.push(member.name);
        if node(&mut our.node, member.node, levels) {
            our.name_span = member.name_span;
        }
        levels.pop();
    }
}

/// A range without a `Name`, or the second one of a name, is appended as it is: validation tells of it.
fn ranges(ours: &mut Vec<Node>, theirs: Vec<Node>, levels: &mut Vec<String>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    for (index, range) in ours.iter().enumerate() {
        if let Some(name) = range_name(range) {
            known.entry(name.to_owned()).or_insert(index);
        }
    }
    for mut range in theirs {
        let Some(index) = range_name(&range).and_then(|name| known.remove(name)) else {
            ours.push(range);
            continue;
        };
        // The name is the same, and stays where `base` has it.
        if let Value::Object(members) = &mut range.value {
            members.retain(|member| member.name != NAME);
        }
        levels.push(index.to_string());
        node(&mut ours[index], range, levels);
        levels.pop();
    }
}

fn range_name(range: &Node) -> Option<&str> {
    range.value.get(NAME)?.value.as_str()
}

#[cfg(test)]
mod tests;
