//! `mlpp states test`: one state, as TestState.

#![allow(clippy::unwrap_used)]

mod util;

use serde_json::{Value, json};
use util::Project;

const TASK: &str = r#"{
  "StartAt": "Publish",
  "States": {
    "Publish": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sns:publish",
      "Parameters": {"TopicArn.$": "$topic", "Message.$": "$.text"},
      "ResultPath": "$.published",
      "Retry": [{"ErrorEquals": ["SNS.Throttled"], "IntervalSeconds": 4}],
      "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Sorry"}],
      "Next": "Done"
    },
    "Sorry": {"Type": "Fail"},
    "Done": {"Type": "Succeed"}
  }
}"#;

fn project() -> Project {
    let project = Project::empty();
    project.write("machine.json", TASK);
    project.write("pass.json", r#"{"Type": "Pass", "Parameters": {"b.$": "$.a"}, "Next": "Anything"}"#);
    project
}

#[test]
fn a_state_by_itself_is_tested() {
    let project = project();
    project.write("input.json", r#"{"a": 1}"#);
    let args = ["states", "test", "pass.json", "--input", "input.json", "--json"];
    assert_eq!(
        project.json(0, args),
        json!({"output": {"b": 1}, "nextState": "Anything", "status": "SUCCEEDED"})
    );
    let output = project.expect(0, ["states", "test", "pass.json", "--input", r#"{"a": 2}"#]);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), json!({"b": 2}));
    assert_eq!(project.stderr(&output), "SUCCEEDED, next: Anything\n");
}

#[test]
fn a_state_of_a_machine_is_tested_with_a_mock() {
    let project = project();
    let args = [
        "states",
        "test",
        "machine.json",
        "--state",
        "Publish",
        "--json",
        "--inspection-level",
        "DEBUG",
        "--input",
        r#"{"text": "x"}"#,
        "--variables",
        r#"{"topic": "t"}"#,
        "--mock",
        r#"{"result": {"MessageId": "m"}}"#,
    ];
    let input = json!({"text": "x"});
    let output = json!({"text": "x", "published": {"MessageId": "m"}});
    assert_eq!(
        project.json(0, args),
        json!({
            "output": output,
            "nextState": "Done",
            "status": "SUCCEEDED",
            "inspectionData": {
                "input": input,
                "afterInputPath": input,
                "afterParameters": {"TopicArn": "t", "Message": "x"},
                "result": {"MessageId": "m"},
                "afterResultSelector": {"MessageId": "m"},
                "afterResultPath": output,
                "variables": {"topic": "t"},
            }
        })
    );
}

#[test]
fn errors_are_retried_or_caught() {
    let project = project();
    project.write("mock.json", r#"{"errorOutput": {"error": "SNS.Throttled", "cause": "slow"}}"#);
    let args = [
        "states",
        "test",
        "machine.json",
        "--state",
        "Publish",
        "--input",
        r#"{"text": "x"}"#,
        "--variables",
        r#"{"topic": "t"}"#,
        "--mock",
        "mock.json",
    ];
    let output = project.expect(4, args.iter().chain(&["--inspection-level", "debug"]));
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), "");
    let told = project.stderr(&output);
    assert!(told.starts_with("RETRIABLE\n  error: SNS.Throttled\n  cause: slow\n  input  "), "{told}");
    assert!(told.contains(r#"errorDetails     {"retryIndex":0,"retryBackoffIntervalSeconds":4}"#), "{told}");
    let used_up = ["--configuration", r#"{"retrierRetryCount": 3}"#, "--json"];
    assert_eq!(
        project.json(4, args.iter().chain(&used_up)),
        json!({
            "output": {"Error": "SNS.Throttled", "Cause": "slow"},
            "error": "SNS.Throttled",
            "cause": "slow",
            "nextState": "Sorry",
            "status": "CAUGHT_ERROR"
        })
    );
    assert_eq!(
        project.json(4, ["states", "test", "machine.json", "--state", "Sorry", "--json"]),
        json!({"status": "FAILED"})
    );
}

#[test]
fn a_map_gets_its_situation_and_its_context_object() {
    let project = project();
    project.write(
        "map.json",
        r#"{
          "Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input %}", "ToleratedFailureCount": 1, "End": true,
          "ItemSelector": {"by": "{% $states.context.Execution.Name %}", "at": "{% $states.context.Map.Item.Index %}"},
          "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "In", "States": {"In": {"Type": "Pass", "End": true}}
          }
        }"#,
    );
    let args = [
        "states",
        "test",
        "map.json",
        "--json",
        "--inspection-level",
        "trace",
        "--input",
        "[1, 2, 3]",
        "--context",
        r#"{"Execution": {"Name": "e"}}"#,
        "--mock",
        r#"{"result": [1, 2, 3]}"#,
    ];
    let response = project.json(0, args);
    let selected = json!([{"by": "e", "at": 0}, {"by": "e", "at": 1}, {"by": "e", "at": 2}]);
    assert_eq!(response["inspectionData"]["afterItemSelector"], selected);
    assert_eq!(response["inspectionData"]["toleratedFailureCount"], 1);
    let failures = ["--configuration", r#"{"mapIterationFailureCount": 2}"#];
    let response = project.json(4, args.iter().chain(&failures));
    assert_eq!(response["error"], "States.ExceedToleratedFailureThreshold");
}

#[test]
fn what_the_service_refuses_is_refused_with_its_code() {
    let project = project();
    let test = |args: &[&str]| {
        let all: Vec<&str> = ["states", "test"].iter().chain(args).copied().collect();
        project.json(3, all.into_iter().chain(["--json"]))
    };
    let refusal = |code: &str, message: &str| json!({"code": code, "message": message});
    let publish = ["machine.json", "--state", "Publish"];
    assert_eq!(
        test(&publish),
        refusal("ValidationException", "RoleArn must be specified when testing a Task state")
    );
    assert_eq!(
        test(&["machine.json", "--state", "Publish", "--mock", r#"{"result": {"MessageId": 1}}"#]),
        refusal(
            "ValidationException",
            "Mock result schema validation error: Field 'MessageId' must be a string"
        )
    );
    assert_eq!(
        test(&["machine.json", "--state", "Publish", "--mock", r#"{"result": "no JSON"}"#]),
        refusal("ValidationException", "Mocked result must be valid JSON")
    );
    assert_eq!(test(&["machine.json"])["code"], "InvalidDefinition");
    assert_eq!(test(&["pass.json", "--input", "{"])["code"], "InvalidExecutionInput");
}

#[test]
fn a_refused_request_is_told_to_people_with_what_to_do() {
    let project = project();
    let refused = |name: &str, args: &[&str]| {
        let all: Vec<&str> = ["states", "test"].iter().chain(args).copied().collect();
        project.refused(3, name, all)
    };
    let told = refused("states/not-testable", &["machine.json"]);
    assert!(told.contains("name one of these with --state: Publish, Sorry, Done"), "{told}");
    let told = refused("states/not-testable", &["machine.json", "--state", "Nowhere"]);
    assert!(told.contains("State not found") && told.contains("Publish, Sorry, Done"), "{told}");
    let asked = ["--state", "Publish", "--role-arn", "arn", "--input", r#"{"text": "x"}"#];
    let asked = ["machine.json"].iter().chain(&asked).chain(&["--variables", r#"{"topic": "t"}"#]);
    let told = refused("states/not-testable", &asked.copied().collect::<Vec<_>>());
    assert!(told.contains("--mock") && told.contains(r#"{"TopicArn":"t","Message":"x"}"#), "{told}");
    let told = refused("states/not-json", &["pass.json", "--input", "{\"a\": }"]);
    assert!(told.contains("--input:1:7"), "{told}");
    refused("states/not-valid", &["pass.json", "--mock", r#"{"reslt": 1}"#]);
    let told = refused("states/not-valid", &["-", "--input", "-"]);
    assert!(told.contains("standard input is named more than once"), "{told}");
    refused("states/file-absent", &["pass.json", "--mock", "nowhere.json"]);
    project.write("wrong.json", r#"{"Type": "Pass", "Nxt": "A"}"#);
    refused("SCHEMA_VALIDATION_FAILED", &["wrong.json"]);
}
