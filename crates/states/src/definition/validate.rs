//! Checks of a whole definition: states that nothing leads to, machines that cannot end, names used twice.
//!
//! They look at the JSON, not at the compiled machine, so that one wrong state does not hide them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::fields::{Findings, member};
use crate::diagnostic::Code;

/// The findings about `definition`; what is no object or has no states is reported by who reads it.
pub(super) fn check(definition: &Value, findings: &Findings) {
    let Some(states) = definition.get("States").and_then(Value::as_object) else { return };
    if states.is_empty() {
        return;
    }
    let mut names = HashSet::new();
    // Nested scopes may run forever, and a machine that cannot end is not asked what it can reach.
    if states.values().any(is_terminal) {
        reachable(definition, "", findings);
    } else {
        findings.whole(Code::MissingEndState, "Workflow has no terminal state");
    }
    inside(states, "/States", &mut names, findings);
}

/// The findings about what is inside a state by itself.
pub(super) fn check_state(state: &Value, findings: &Findings) {
    inside_state(state, "", &mut HashSet::new(), findings);
}

fn is_terminal(state: &Value) -> bool {
    matches!(state.get("Type").and_then(Value::as_str), Some("Succeed" | "Fail"))
        || state.get("End") == Some(&Value::Bool(true))
}

/// The scopes inside the states of a scope.
fn inside<'d>(
    states: &'d Map<String, Value>,
    location: &str,
    names: &mut HashSet<&'d str>,
    findings: &Findings,
) {
    for (name, state) in states {
        let location = member(location, name);
        if !names.insert(name) {
            findings.error(Code::DuplicateStateName, format!("Duplicate State name: {name}"), &location);
        }
        inside_state(state, &location, names, findings);
    }
}

/// The scopes inside a state.
fn inside_state<'d>(state: &'d Value, location: &str, names: &mut HashSet<&'d str>, findings: &Findings) {
    let processors = ["ItemProcessor", "Iterator"]
        .into_iter()
        .filter_map(|field| Some((state.get(field)?, member(location, field))));
    let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
    let branches =
        branches.enumerate().map(|(index, branch)| (branch, format!("{location}/Branches/{index}")));
    for (scope, location) in processors.chain(branches) {
        reachable(scope, &location, findings);
        if let Some(states) = scope.get("States").and_then(Value::as_object) {
            inside(states, &member(&location, "States"), names, findings);
        }
    }
}

/// A finding for each state of `scope` that no way leads to from its beginning.
fn reachable(scope: &Value, location: &str, findings: &Findings) {
    let (Some(states), Some(start)) =
        (scope.get("States").and_then(Value::as_object), scope.get("StartAt").and_then(Value::as_str))
    else {
        return;
    };
    let mut reached = HashSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        if let Some(state) = states.get(name)
            && reached.insert(name)
        {
            open.extend(targets(state));
        }
    }
    for name in states.keys().filter(|name| !reached.contains(name.as_str())) {
        let location = member(&member(location, "States"), name);
        findings.error(
            Code::MissingTransitionTarget,
            format!("State \"{name}\" is not reachable."),
            &location,
        );
    }
}

fn targets(state: &Value) -> Vec<&str> {
    let entries = ["Choices", "Catch"]
        .into_iter()
        .filter_map(|field| state.get(field)?.as_array())
        .flatten()
        .filter_map(|entry| entry.get("Next"));
    ["Next", "Default"]
        .into_iter()
        .filter_map(|field| state.get(field))
        .chain(entries)
        .filter_map(Value::as_str)
        .collect()
}
