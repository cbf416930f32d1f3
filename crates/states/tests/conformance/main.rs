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
mod replay;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use mlpp_states::Execution;
use serde_json::Value;

/// How many of the vectors that count pass at least; see the table in the crate's README.
const PASSING: usize = 677;

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
    let Some(vectors) = vectors("vectors.json", "recorded_executions") else { return };
    let mut table: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut passed = 0;
    for vector in vectors.iter().filter(|vector| counts(vector)) {
        let differences = match replay::run(vector, &mut |_| {}) {
            Ok(run) => compare::differences(vector, &run),
            Err(problem) => vec![problem],
        };
        let kinds = [
            format!("area {}", vector["area"].as_str().unwrap()),
            vector["features"]["query_language"].to_string(),
        ];
        for kind in kinds {
            let entry = table.entry(kind).or_default();
            entry.0 += usize::from(differences.is_empty());
            entry.1 += 1;
        }
        if differences.is_empty() {
            passed += 1;
        } else {
            failures.push((vector["id"].as_str().unwrap(), differences));
        }
    }
    if std::env::var_os("MLPP_CONFORMANCE_VERBOSE").is_some() {
        for (id, differences) in &failures {
            println!("{id}");
            for difference in differences {
                println!("    {difference}");
            }
        }
    }
    for (kind, (passed, all)) in &table {
        println!("{kind}: {passed}/{all}");
    }
    println!("all: {passed}/{}", passed + failures.len());
    let failed: Vec<&str> = failures.iter().map(|(id, _)| *id).collect();
    assert!(passed >= PASSING, "{passed} pass, {PASSING} did before; these fail: {failed:#?}");
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
    let Some(vectors) = vectors("variable_references.json", "variable_references") else { return };
    for vector in &vectors {
        let machine = mlpp_states::StateMachine::parse(&vector["definition"].to_string()).unwrap();
        let references = serde_json::to_value(machine.variable_references()).unwrap();
        assert_eq!(references, vector["variableReferences"], "{}", vector["id"]);
    }
}

/// What `CreateStateMachine` and `ValidateStateMachineDefinition` say of definitions.
#[test]
fn recorded_validations() {
    let Some(vectors) = vectors("validation.json", "recorded_validations") else { return };
    for vector in vectors.iter().filter(|vector| vector["about"] == "definition") {
        let workflow = if vector["type"] == "EXPRESS" {
            mlpp_states::WorkflowType::Express
        } else {
            mlpp_states::WorkflowType::Standard
        };
        let diagnostics = match mlpp_states::StateMachine::parse_as(
            vector["definition_text"].as_str().unwrap(),
            workflow,
        ) {
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
        let expected = vector["expect"]["diagnostics"].as_array().unwrap();
        assert_eq!(&found, expected, "{}", vector["id"]);
    }
}
