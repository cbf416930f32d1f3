//! Any text is a machine, or is refused with findings that point into it.

use std::collections::BTreeMap;

use mlpp_states::{Diagnostic, Severity, StateMachine, WorkflowType, substitute};

pub(crate) fn run(text: &str) {
    for workflow in [WorkflowType::Standard, WorkflowType::Express] {
        match StateMachine::parse_as(text, workflow) {
            Ok(machine) => {
                machine.warnings().iter().for_each(|finding| check(finding, text));
                assert!(machine.warnings().iter().all(|finding| finding.severity == Severity::Warning));
                assert!(machine.states().next().is_some(), "a machine without states");
            }
            Err(error) => {
                error.diagnostics.iter().for_each(|finding| check(finding, text));
                assert!(
                    error.diagnostics.iter().any(|finding| finding.severity == Severity::Error),
                    "refused without an error"
                );
                assert!(!error.to_string().is_empty());
            }
        }
    }
    substitutions(text);
}

/// A finding says something, and its span is text.
fn check(finding: &Diagnostic, text: &str) {
    assert!(!finding.message.is_empty());
    let pointer = &finding.pointer;
    assert!(pointer.is_empty() || pointer.starts_with('/'), "no JSON pointer: {pointer}");
    if let Some(span) = &finding.span {
        assert!(text.get(span.clone()).is_some(), "{span:?} of {} bytes: {finding}", text.len());
    }
}

/// Placeholders are found one after the other; with a value for each, none is missing.
fn substitutions(text: &str) {
    let mut values = BTreeMap::new();
    while let Err(error) = substitute(text, &values) {
        assert!(text.get(error.offset..).is_some_and(|rest| rest.starts_with("${")));
        let known = values.insert(error.name, String::from("${x}"));
        assert!(known.is_none(), "a placeholder that has a value is missing");
    }
}
