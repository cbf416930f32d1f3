//! A machine of one state, which runs at once: the public way to the query languages.

use std::sync::Arc;

use mlpp_states::{Event, Execution, JsonataLimits, Outcome, StartParameters, StateMachine, Timestamp};
use serde_json::{Value, json};

/// Bounds of a fuzzed expression: low, so that a run reaches them in milliseconds. The time is there to end endless tail calls.
pub(crate) const JSONATA: JsonataLimits =
    JsonataLimits { depth: 500, sequence_length: 10_000, size: 200_000, milliseconds: 300 };

/// Runs the Pass state `fields` with `input`; `None` where the definition is refused.
pub(crate) fn run(mut fields: Value, input: &Value) -> Option<Outcome> {
    fields["Type"] = json!("Pass");
    fields["End"] = json!(true);
    let definition = json!({"StartAt": "S", "States": {"S": fields}}).to_string();
    let machine = StateMachine::parse(&definition).ok()?;
    let mut parameters = StartParameters::named("m", "e", Arc::new(input.clone()));
    parameters.limits.jsonata = JSONATA;
    let mut execution = Execution::new(parameters);
    execution.step(&machine, Event::Started, Timestamp(1_700_000_000_000));
    let outcome = execution.outcome().cloned();
    assert!(outcome.is_some(), "a Pass state waits for nothing");
    outcome
}

/// The output of an execution that succeeded.
pub(crate) fn output(outcome: &Outcome) -> Option<&Value> {
    match outcome {
        Outcome::Succeeded { output } => Some(output),
        _ => None,
    }
}
