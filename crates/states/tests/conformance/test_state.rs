//! Repeats recorded calls of TestState.

use std::sync::Arc;

use mlpp_states::{
    Mock, StateConfiguration, TaskAnswer, TestStateError, TestStateOptions, TestStateRequest,
    TestStateResponse, Timestamp, test_state,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::compare::Tokens;

/// How many of the recorded calls are answered as recorded at least.
const PASSING: usize = 115;

#[test]
fn recorded_test_states() {
    let Some(vectors) = crate::vectors("test_state.json", "recorded_test_states") else { return };
    let mut failed = Vec::new();
    for vector in &vectors {
        if let Some(difference) = difference(vector) {
            failed.push(vector["id"].as_str().unwrap());
            if std::env::var_os("MLPP_CONFORMANCE_VERBOSE").is_some() {
                println!("{}\n    {difference}", vector["id"]);
            }
        }
    }
    let passed = vectors.len() - failed.len();
    println!("TestState: {passed}/{}", vectors.len());
    assert!(passed >= PASSING, "{passed} pass, {PASSING} did before; these fail: {failed:#?}");
}

fn difference(vector: &Value) -> Option<String> {
    let expect = &vector["expect"];
    let tokens = Tokens::of(vector);
    match call(vector) {
        Ok(response) => {
            let mut actual = serde_json::to_value(&response).unwrap();
            actual["raised"] = json!(false);
            (!tokens.equal(&actual, expect)).then(|| format!("{actual}\n    instead of {expect}"))
        }
        Err(error) => {
            let recorded = expect["message"].as_str().unwrap_or_default();
            // Some calls were recorded with what the client puts before the service's text.
            let (_, text) =
                recorded.split_once("calling the TestState operation: ").unwrap_or(("", recorded));
            let same =
                expect["raised"] == true && expect["error_code"] == error.code() && error.to_string() == text;
            (!same).then(|| format!("{}: {error}\n    instead of {expect}", error.code()))
        }
    }
}

fn call(vector: &Value) -> Result<TestStateResponse, TestStateError> {
    let text = |name: &str| vector.get(name).map(Value::to_string);
    let request = TestStateRequest {
        definition: vector["definition"].to_string(),
        state_name: vector["stateName"].as_str().map(String::from),
        role_arn: (vector["roleArn_given"] == true)
            .then(|| String::from("arn:aws:iam::111111111111:role/states")),
        input: text("input"),
        inspection_level: read(&vector["inspectionLevel"]),
        reveal_secrets: false,
        variables: text("variables"),
        context: text("context"),
        mock: vector.get("mock").map(read::<Mock>),
        state_configuration: vector
            .get("stateConfiguration")
            .map(read::<StateConfiguration>)
            .unwrap_or_default(),
    };
    let mut options = TestStateOptions { now: Timestamp(1_764_000_000_000), ..TestStateOptions::default() };
    match test_state(&request, &options) {
        // Functions were called for these; what they answered is what was recorded of the result.
        Err(TestStateError::TaskNeeded(_)) => {
            let expect = &vector["expect"];
            let result = expect.pointer("/inspectionData/result").unwrap_or(&expect["output"]);
            options.answer = Some(TaskAnswer::Result(Arc::new(result.clone())));
            test_state(&request, &options)
        }
        done => done,
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}
