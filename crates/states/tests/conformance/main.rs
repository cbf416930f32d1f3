//! Replays recorded executions of AWS Step Functions and compares status, output, error, cause and history.
//!
//! The vectors lie beside the project, in `../shared/asl` or the folder that `MLPP_SHARED` names; a machine without them reports the
//! tests as skipped. With `MLPP_CONFORMANCE_VERBOSE` set, each difference is printed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests say what is wrong by panicking"
)]

mod compare;
mod readme;
mod replay;
mod results;
mod test_state;

use std::io::Write as _;
use std::path::PathBuf;

use mlpp_states::{Execution, WorkflowType};
use results::Results;
use serde_json::{Value, json};

fn shared() -> PathBuf {
    match std::env::var_os("MLPP_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    }
}

/// The vectors of a file, or `None` where the machine has none; then the test is reported as skipped.
fn vectors(file: &str, test: &str) -> Option<Vec<Value>> {
    let path = shared().join("asl").join(file);
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Some(serde_json::from_str(&text).unwrap());
    }
    println!("skipped: {test}: {} is not there", path.display());
    if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
        let mut list = std::fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
        writeln!(list, "asl vectors: {test}").unwrap();
    }
    None
}

/// Recorded on AWS, to the end, and not a matter of when it was recorded.
fn counts(vector: &Value) -> bool {
    vector["provenance"]["trust"] == "aws"
        && vector.get("history_incomplete").is_none()
        && vector.get("time_dependent_input").is_none()
        && !matches!(vector["expect"]["status"].as_str(), Some("RUNNING" | "ABORTED"))
}

#[test]
fn recorded_executions() {
    let Some(results) = executions("recorded_executions") else { return };
    results.assert_exceptions();
}

/// Every vector that counts, run.
fn executions(test: &str) -> Option<Results> {
    let mut results = Results::new("executions");
    for vector in vectors("vectors.json", test)?.iter().filter(|vector| counts(vector)) {
        let differences = match replay::run(vector, &mut |_| {}) {
            Ok(run) => compare::differences(vector, &run),
            Err(problem) => vec![problem],
        };
        let language = vector["features"]["query_language"].as_str().unwrap();
        results.add(vector, differences, &[&format!("area {}", vector["area"].as_str().unwrap()), language]);
    }
    Some(results)
}

/// Same machine, input, results and seed: the same bytes of history.
#[test]
fn the_same_execution_has_the_same_history() {
    let Some(vectors) = vectors("vectors.json", "the_same_execution_has_the_same_history") else { return };
    let mut compared = 0;
    for vector in &vectors {
        let bytes = || {
            let run = replay::run(vector, &mut |_| {}).ok()?;
            let events: Vec<Value> = run.events.iter().map(mlpp_states::HistoryEvent::to_json).collect();
            Some(serde_json::to_string(&events).unwrap())
        };
        let first = bytes();
        compared += usize::from(first.is_some());
        assert_eq!(first, bytes(), "{}", vector["id"]);
    }
    assert!(compared > vectors.len() * 9 / 10, "{compared} of {}", vectors.len());
}

/// An execution that is written out and read back after every step goes on as if nothing had happened.
#[test]
fn stopped_and_resumed_after_every_step() {
    let Some(vectors) = vectors("vectors.json", "stopped_and_resumed_after_every_step") else { return };
    for vector in &vectors {
        let straight = replay::run(vector, &mut |_| {});
        let resumed = replay::run(vector, &mut |execution: &mut Execution| {
            let text = serde_json::to_string(execution).unwrap();
            *execution = serde_json::from_str(&text).unwrap();
        });
        match (straight, resumed) {
            (Ok(straight), Ok(resumed)) => {
                assert_eq!(straight.outcome, resumed.outcome, "{}", vector["id"]);
                assert_eq!(straight.events, resumed.events, "{}", vector["id"]);
            }
            (Err(straight), Err(resumed)) => assert_eq!(straight, resumed),
            (straight, resumed) => panic!("{}: {} {}", vector["id"], straight.is_ok(), resumed.is_ok()),
        }
    }
}

#[test]
fn variable_references() {
    let Some(results) = references("variable_references") else { return };
    results.assert_exceptions();
}

fn references(test: &str) -> Option<Results> {
    let mut results = Results::new("variable references");
    for vector in vectors("variable_references.json", test)? {
        let machine = mlpp_states::StateMachine::parse(&vector["definition"].to_string()).unwrap();
        let found = serde_json::to_value(machine.variable_references()).unwrap();
        let expected = &vector["variableReferences"];
        let differences = (found != *expected).then(|| format!("{found} instead of {expected}"));
        results.add(&vector, differences.into_iter().collect(), &[]);
    }
    Some(results)
}

/// What `CreateStateMachine` and `ValidateStateMachineDefinition` say of definitions.
#[test]
fn recorded_validations() {
    let Some(results) = validations("recorded_validations") else { return };
    results.assert_exceptions();
}

fn validations(test: &str) -> Option<Results> {
    let mut results = Results::new("validations");
    for vector in vectors("validation.json", test)? {
        let differences = match vector["about"].as_str().unwrap() {
            "definition" => definition_differences(&vector),
            "request" => request_differences(&vector),
            about => vec![format!("about the {about} of a state machine that is not there")],
        };
        results.add(&vector, differences, &[]);
    }
    Some(results)
}

fn request_differences(vector: &Value) -> Vec<String> {
    let mut request = vector["request"].clone();
    if let Some(name) = request.get_mut("name") {
        // The recorder's token is no part of a name.
        *name = Value::from(name.as_str().unwrap().replace(['<', '>', ':'], ""));
    }
    // The recorder had deleted the log groups that the requests name.
    let found = match mlpp_states::check_request(&request, |_| false) {
        Ok(()) => json!({"accepted": true}),
        Err(error) => {
            json!({"accepted": false, "error_code": error.code(), "message": error.to_string()})
        }
    };
    let expected = &vector["expect"];
    (found != *expected).then(|| format!("{found} instead of {expected}")).into_iter().collect()
}

fn definition_differences(vector: &Value) -> Vec<String> {
    let workflow = if vector["type"] == "EXPRESS" { WorkflowType::Express } else { WorkflowType::Standard };
    let text = vector["definition_text"].as_str().unwrap();
    let diagnostics = match mlpp_states::StateMachine::parse_as(text, workflow) {
        Ok(machine) => machine.warnings().to_vec(),
        Err(error) => error.diagnostics,
    };
    let found: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let mut value = serde_json::to_value(diagnostic).unwrap();
            assert!(value.as_object_mut().unwrap().remove("span").is_some(), "{}", vector["id"]);
            value
        })
        .collect();
    let expected = &vector["expect"]["diagnostics"];
    let found = Value::from(found);
    (found != *expected).then(|| format!("{found} instead of {expected}")).into_iter().collect()
}

/// The table in the crate's README is what the vectors give; `cargo xtask conformance` writes it.
#[test]
fn the_readme_tells_what_passes() {
    let test = "the_readme_tells_what_passes";
    let (Some(executions), Some(validations), Some(references), Some(test_states)) =
        (executions(test), validations(test), references(test), test_state::results(test))
    else {
        return;
    };
    readme::check(&[executions, validations, references, test_states]);
}
