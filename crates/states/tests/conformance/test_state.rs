//! Repeats recorded calls of TestState.

use std::sync::Arc;

use mlpp_states::{
    Mock, StateConfiguration, TaskAnswer, TestStateError, TestStateOptions, TestStateRequest,
    TestStateResponse, Timestamp, test_state,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::compare::Tokens;
use crate::results::Results;

#[test]
fn recorded_test_states() {
    let Some(results) = results("recorded_test_states") else { return };
    println!("TestState: {} of {}", results.passed, results.all());
    results.assert_exceptions();
}

/// Every recorded call, made again.
pub(crate) fn results(test: &str) -> Option<Results> {
    let mut results = Results::new("TestState");
    for vector in crate::vectors("test_state.json", test)? {
        results.add(&vector, difference(&vector).into_iter().collect(), &[]);
    }
    Some(results)
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
