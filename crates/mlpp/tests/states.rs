//! `mlpp states check` and `mlpp states run`, without a project.

#![allow(clippy::unwrap_used)]

mod util;

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use util::Project;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An empty folder with these files.
fn folder(files: &[(&str, Value)]) -> Project {
    let folder = Project::empty();
    for (name, value) in files {
        folder.write(name, serde_json::to_string_pretty(value).unwrap());
    }
    folder
}

/// A Task that is tried again once, and a day's wait.
fn machine() -> Value {
    json!({
        "StartAt": "Train",
        "States": {
            "Train": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
                "Parameters": {"TrainingJobName.$": "$.name"},
                "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1}],
                "Next": "Rest",
            },
            "Rest": {"Type": "Wait", "Seconds": 86_400, "End": true},
        },
    })
}

fn results() -> Value {
    json!([
        {"state": "Train", "result": {"error": "SageMaker.AmazonSageMakerException", "cause": "quota"}},
        {"state": "Train", "attempt": 1, "submitted": {"TrainingJobArn": "arn"}, "result": {"output": {"auc": 0.9}}},
    ])
}

#[test]
fn valid_definitions_are_valid() {
    let folder = folder(&[("a.asl.json", machine()), ("b.asl.json", machine())]);
    let output = folder.expect(0, ["states", "check", "a.asl.json", "b.asl.json"]);
    assert_eq!(stdout(&output), "2 definitions: valid\n");
    assert_eq!(folder.stderr(&output), "");
}

#[test]
fn findings_have_the_codes_of_the_service_and_places_in_files() {
    let mut wrong = machine();
    wrong["States"]["Train"]["Next"] = json!("Rset");
    let folder = folder(&[("good.json", machine()), ("wrong.json", wrong)]);
    let output = folder.expect(3, ["states", "check", "good.json", "wrong.json"]);
    assert_eq!(stdout(&output), "");
    insta::assert_snapshot!(folder.stderr(&output));
    let validation = folder.json(3, ["states", "check", "good.json", "wrong.json", "--format", "json"]);
    assert_eq!(validation["result"], "FAIL");
    let first = &validation["diagnostics"][0];
    assert_eq!(first["code"], "MISSING_TRANSITION_TARGET");
    assert_eq!(first["location"], "/States/Train/Next");
    assert_eq!(
        (&first["file"], &first["line"], &first["column"]),
        (&json!("wrong.json"), &json!(18), &json!(15))
    );
    assert_eq!(validation["files"][0]["result"], "OK");
    let sarif = folder.json(3, ["states", "check", "wrong.json", "--format", "sarif"]);
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "MISSING_TRANSITION_TARGET");
}

#[test]
fn variables_are_listed_and_express_has_its_own_rules() {
    let mut definition = machine();
    definition["States"]["Rest"]["SecondsPath"] = json!("$pause");
    definition["States"]["Rest"].as_object_mut().unwrap().remove("Seconds");
    let folder = folder(&[("a.json", definition)]);
    let validation = folder.json(0, ["states", "check", "a.json", "--format", "json"]);
    assert_eq!(validation["files"][0]["variableReferences"], json!({"Rest": ["pause"]}));
    let output = folder.expect(3, ["states", "check", "a.json", "--express"]);
    assert!(folder.stderr(&output).contains("Express state machine does not support '.sync'"));
}

#[test]
fn a_text_that_is_no_json_is_shown_where_it_ends_to_be() {
    let folder = Project::empty();
    folder.write("a.json", "{\"StartAt\": \"A\",\n \"States\": {,}}\n");
    let told = folder.refused(3, "INVALID_JSON_DESCRIPTION", ["states", "check", "a.json"]);
    assert!(told.contains("a.json:2:13"), "{told}");
    let told = folder.refused(3, "states/file-absent", ["states", "check", "b.json"]);
    assert!(told.contains("there is no file b.json"), "{told}");
}

#[test]
fn recorded_results_are_replayed_in_virtual_time() {
    let folder =
        folder(&[("a.json", machine()), ("tasks.json", results()), ("input.json", json!({"name": "n"}))]);
    let run = ["states", "run", "a.json", "--input", "input.json", "--tasks", "tasks.json"];
    let ended = folder.json(0, run.into_iter().chain(["--json", "--history"]));
    assert_eq!(ended["status"], "SUCCEEDED");
    assert_eq!(ended["output"], json!({"auc": 0.9}));
    assert_eq!((&ended["error"], &ended["cause"]), (&Value::Null, &Value::Null));
    let types: Vec<_> =
        ended["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "WaitStateEntered",
            "WaitStateExited",
            "ExecutionSucceeded"
        ]
    );
    // As the service gives it: details of their own, data as text, and a day that has passed.
    let at = ["--json", "--history=service", "--start-time", "2026-01-01T00:00:00Z"];
    let events = folder.json(0, run.into_iter().chain(at))["events"].clone();
    assert_eq!(events[1]["stateEnteredEventDetails"]["input"], "{\"name\":\"n\"}");
    let seconds = |index: usize| events[index]["timestamp"].as_f64().unwrap();
    assert!((seconds(0) - 1_767_225_600.0).abs() < 1e-6);
    assert!((seconds(11) - seconds(10) - 86_400.0).abs() < 1e-6);
    // The same call, the same bytes.
    let bytes = || stdout(&folder.expect(0, run.into_iter().chain(at)));
    assert_eq!(bytes(), bytes());
    let output = folder.expect(0, run.into_iter().chain(["--history"]));
    assert_eq!(stdout(&output), "{\n  \"auc\": 0.9\n}\n");
    insta::assert_snapshot!(folder.stderr(&output));
}

#[test]
fn a_failure_is_told_and_can_be_redriven() {
    let failed =
        json!({"state": "Train", "result": {"event": "TaskFailed", "error": "Boom", "cause": "why"}});
    let tasks = json!([failed, {"state": "Train", "result": {"output": 1}}]);
    let folder = folder(&[("a.json", machine()), ("tasks.json", tasks), ("i.json", json!({"name": "n"}))]);
    folder.replace("a.json", "\"States.TaskFailed\"", "\"Other\"");
    let run = ["states", "run", "a.json", "--input", "i.json", "--tasks", "tasks.json", "--json"];
    let ended = folder.json(4, run);
    assert_eq!(ended, json!({"status": "FAILED", "output": null, "error": "Boom", "cause": "why"}));
    let ended = folder.json(0, run.into_iter().chain(["--redrive", "1"]));
    assert_eq!(ended["output"], 1);
}

#[test]
fn what_is_missing_or_wrong_is_told_and_nothing_is_printed() {
    let folder = folder(&[
        ("a.json", machine()),
        ("i.json", json!({"name": "n"})),
        ("none.json", json!([])),
        ("wrong.json", json!([{"state": 7}])),
        ("other.json", json!([{"state": "Train", "parameters": {"x": 1}, "result": {"output": 1}}])),
    ]);
    let run = |more: &[&str]| {
        let args: Vec<_> =
            ["states", "run", "a.json", "--input", "i.json"].iter().chain(more).copied().collect();
        args.into_iter().map(String::from).collect::<Vec<_>>()
    };
    let told = folder.refused(3, "states/no-result", run(&[]));
    assert!(told.contains("--tasks names a file") && told.contains("{\"TrainingJobName\":\"n\"}"), "{told}");
    let told = folder.refused(3, "states/no-result", run(&["--tasks", "none.json"]));
    assert!(told.contains("state \"Train\", attempt 0"), "{told}");
    let told = folder.refused(3, "states/not-valid", run(&["--tasks", "wrong.json"]));
    assert!(told.contains("wrong.json:3:"), "{told}");
    let output = folder.expect(0, run(&["--tasks", "other.json"]));
    assert!(folder.stderr(&output).contains("other parameters than were recorded"));
    folder.write("i.json", "{\"name\": }");
    let told = folder.refused(3, "states/not-json", run(&["--tasks", "none.json"]));
    assert!(told.contains("i.json:1:10"), "{told}");
}

#[test]
fn a_task_that_never_ends_leaves_the_execution_running() {
    let tasks = json!([{"state": "Train", "result": null}, {"state": "Gone", "result": {"output": 1}}]);
    let folder = folder(&[("a.json", machine()), ("tasks.json", tasks), ("i.json", json!({"name": "n"}))]);
    let run = ["states", "run", "a.json", "--input", "i.json", "--tasks", "tasks.json"];
    assert_eq!(folder.json(4, run.into_iter().chain(["--json"]))["status"], "RUNNING");
    let output = folder.expect(4, run);
    let told = folder.stderr(&output);
    assert!(told.contains("nothing is left that could happen"), "{told}");
    assert!(told.contains("no task asked for the recorded result of state \"Gone\""), "{told}");
}

#[test]
fn a_distributed_map_reads_objects_from_a_folder() {
    let definition = json!({"StartAt": "M", "States": {"M": {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "old_Bucket", "Key": "rows/a.csv"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}},
        },
        "End": true,
    }}});
    let folder = folder(&[("a.json", definition)]);
    std::fs::create_dir_all(folder.path().join("s3/old_Bucket/rows")).unwrap();
    folder.write("s3/old_Bucket/rows/a.csv", "a,b\n1,2\n3,4\n");
    let ended = folder.json(0, ["states", "run", "a.json", "--objects", "s3", "--json"]);
    assert_eq!(ended["output"], json!([{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]));
    folder.refused(3, "states/no-objects", ["states", "run", "a.json"]);
    folder.refused(3, "states/file-absent", ["states", "run", "a.json", "--objects", "nowhere"]);
    folder.replace("a.json", "rows/a.csv", "rows/b.csv");
    let ended = folder.json(4, ["states", "run", "a.json", "--objects", "s3", "--json"]);
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("States.ItemReaderFailed")));
}

#[test]
fn limits_are_the_services_and_can_be_lifted() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {
        "Type": "Pass", "Output": "{% $string([1..60000]) %}", "End": true,
    }}});
    let folder = folder(&[("a.json", definition)]);
    let ended = folder.json(4, ["states", "run", "a.json", "--json"]);
    assert_eq!(ended["error"], "States.DataLimitExceeded");
    let ended = folder.json(0, ["states", "run", "a.json", "--json", "--no-limits"]);
    assert!(ended["output"].as_str().unwrap().len() > 262_144);
}

#[test]
fn a_definition_comes_by_standard_input_as_well() {
    let folder = Project::empty();
    let mut command = folder.command(["states", "run", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 5, "End": true}}});
    child.stdin.take().unwrap().write_all(definition.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let ended: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(ended["output"], 5);
}
