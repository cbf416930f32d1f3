//! What no recorded call reaches.

use serde_json::{Value, json};

use super::*;

fn request(definition: &Value) -> TestStateRequest {
    TestStateRequest {
        definition: definition.to_string(),
        inspection_level: InspectionLevel::Trace,
        ..TestStateRequest::default()
    }
}

fn mocked(definition: &Value, mock: &Value) -> TestStateRequest {
    let mock = Mock { result: Some(mock.to_string()), ..Mock::default() };
    TestStateRequest { mock: Some(mock), ..request(definition) }
}

fn failing(definition: &Value, error: &str) -> TestStateRequest {
    let output = MockErrorOutput { error: error.into(), cause: None };
    TestStateRequest {
        mock: Some(Mock { error_output: Some(output), ..Mock::default() }),
        ..request(definition)
    }
}

#[track_caller]
fn done(request: &TestStateRequest) -> Value {
    serde_json::to_value(test_state(request, &TestStateOptions::default()).unwrap()).unwrap()
}

#[track_caller]
fn refused(request: &TestStateRequest) -> (&'static str, String) {
    let error = test_state(request, &TestStateOptions::default()).unwrap_err();
    (error.code(), error.to_string())
}

fn inline_map() -> Value {
    json!({
        "Type": "Map",
        "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Task", "Resource": "arn:aws:lambda:::function:f", "End": true}}},
        "End": true
    })
}

#[test]
fn waits_take_no_time() {
    let response = done(&request(&json!({"Type": "Wait", "Seconds": 3_000_000, "Next": "N"})));
    assert_eq!(response["status"], "SUCCEEDED");
    assert_eq!(response["nextState"], "N");
    assert_eq!(response["inspectionData"], json!({"input": {}, "afterInputPath": {}}));
}

#[test]
fn items_are_selected_and_batched_for_every_iteration() {
    let mut map = inline_map();
    map["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    map["ItemsPath"] = json!("$.list");
    map["MaxConcurrency"] = json!(1);
    map["ItemSelector"] =
        json!({"n.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "e.$": "$$.Execution.Name"});
    map["ItemBatcher"] = json!({"MaxItemsPerBatch": 2});
    let mut request = mocked(&map, &json!([1, 2]));
    request.input = Some(json!({"list": ["a", "b", "c"]}).to_string());
    request.context = Some(json!({"Execution": {"Name": "x"}}).to_string());
    let data = &done(&request)["inspectionData"];
    let item = |n: usize, v: &str| json!({"n": n, "v": v, "e": "x"});
    assert_eq!(data["afterItemSelector"], json!([item(0, "a"), item(1, "b"), item(2, "c")]));
    assert_eq!(
        data["afterItemBatcher"],
        json!([{"Items": [item(0, "a"), item(1, "b")]}, {"Items": [item(2, "c")]}])
    );
    request.state_configuration.map_iteration_failure_count = Some(3);
    assert_eq!(refused(&request).0, "ValidationException");
}

#[test]
fn items_come_from_the_reader_and_its_pointer() {
    let mut map = inline_map();
    map["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    map["ItemReader"] = json!({
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/0"},
        "Parameters": {"Bucket": "b", "Key": "k"}
    });
    let mut request = mocked(&map, &json!([1]));
    request.state_configuration.map_item_reader_data = Some(json!({"a": [[7, 8]]}).to_string());
    let response = done(&request);
    assert_eq!(response["inspectionData"]["afterItemsPointer"], json!([7, 8]));
    assert_eq!(response["output"], json!([1]));
    request.state_configuration.map_item_reader_data = Some("no JSON".into());
    let response = done(&request);
    assert_eq!(
        (&response["status"], &response["error"]),
        (&json!("FAILED"), &json!("States.ItemReaderFailed"))
    );
}

#[test]
fn what_a_listing_reads_is_a_list_or_the_whole_answer() {
    let mut map = inline_map();
    map["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    map["ItemReader"] =
        json!({"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}});
    map["ItemSelector"] = json!({"k.$": "$$.Map.Item.Value.Key"});
    for data in [json!([{"Key": "x"}]), json!({"Contents": [{"Key": "x"}]})] {
        let mut request = mocked(&map, &json!([1]));
        request.state_configuration.map_item_reader_data = Some(data.to_string());
        assert_eq!(done(&request)["inspectionData"]["afterItemSelector"], json!([{"k": "x"}]));
    }
}

#[test]
fn a_retry_is_used_up_and_then_the_error_is_caught() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
        "Retry": [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["E"], "MaxAttempts": 2, "IntervalSeconds": 3, "MaxDelaySeconds": 5}],
        "Catch": [{"ErrorEquals": ["E"], "Next": "C", "ResultPath": "$.e", "Assign": {"v.$": "$.Error"}}]
    });
    let mut request = failing(&task, "E");
    let details = |request: &TestStateRequest| done(request)["inspectionData"]["errorDetails"].clone();
    assert_eq!(details(&request), json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 3}));
    request.state_configuration.retrier_retry_count = Some(1);
    assert_eq!(details(&request), json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 5}));
    request.state_configuration.retrier_retry_count = Some(2);
    request.variables = Some(json!({"w": 1}).to_string());
    let response = done(&request);
    assert_eq!(response["status"], "CAUGHT_ERROR");
    assert_eq!(response["inspectionData"]["errorDetails"], json!({"catchIndex": 0}));
    assert_eq!(response["inspectionData"]["variables"], json!({"v": "E", "w": 1}));
    assert_eq!(response["output"], json!({"e": {"Error": "E", "Cause": null}}));
}

#[test]
fn an_error_is_a_tasks_where_a_task_caused_it() {
    let mut map = inline_map();
    map["Catch"] = json!([{"ErrorEquals": ["States.TaskFailed"], "Next": "C"}]);
    let mut request = failing(&map, "E");
    request.input = Some("[1]".into());
    assert_eq!(done(&request)["status"], "FAILED");
    request.state_configuration.error_caused_by_state = Some("In".into());
    assert_eq!(done(&request)["status"], "CAUGHT_ERROR");
    request.state_configuration.error_caused_by_state = Some("C".into());
    assert_eq!(refused(&request).0, "ValidationException");
}

#[test]
fn problems_are_told_without_the_state() {
    let response = done(&request(&json!({"Type": "Pass", "InputPath": "$.a", "End": true})));
    assert_eq!(response["error"], "States.Runtime");
    assert!(response["cause"].as_str().unwrap().starts_with("Invalid path '$.a'"), "{response}");
    let query = json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $a.b.c %}", "End": true});
    let response = done(&request(&query));
    assert_eq!(response["error"], "States.QueryEvaluationError");
    assert!(response["cause"].as_str().unwrap().starts_with("The JSONata expression"), "{response}");
}

#[test]
fn a_task_is_done_by_the_caller_where_nothing_is_mocked() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:lambda:::function:f", "Parameters": {"a": 1}, "End": true});
    let request = TestStateRequest { role_arn: Some("arn:aws:iam::1:role/r".into()), ..request(&task) };
    let Err(TestStateError::TaskNeeded(needed)) = test_state(&request, &TestStateOptions::default()) else {
        panic!("the task is not asked for");
    };
    assert_eq!(*needed.parameters, json!({"a": 1}));
    let answered = |answer: TaskAnswer| {
        let options = TestStateOptions { answer: Some(answer), ..TestStateOptions::default() };
        test_state(&request, &options).unwrap()
    };
    assert_eq!(answered(TaskAnswer::Result(Arc::new(json!(2)))).output, Some(Arc::new(json!(2))));
    let failed = answered(TaskAnswer::Error { error: Some("E".into()), cause: None });
    assert_eq!((failed.status, failed.error.as_deref()), (TestStateStatus::Failed, Some("E")));
}

#[test]
fn tokens_are_in_the_context_object_of_tasks_that_end_by_one() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"MessageBody.$": "$$.Task.Token"}, "End": true
    });
    let mut request = mocked(&task, &json!(1));
    assert!(done(&request)["inspectionData"]["afterParameters"]["MessageBody"].is_string());
    request.context = Some(json!({"Task": {"Token": "t"}}).to_string());
    assert_eq!(done(&request)["inspectionData"]["afterParameters"]["MessageBody"], "t");
    request.mock = None;
    request.context = None;
    request.role_arn = Some("arn:aws:iam::1:role/r".into());
    assert_eq!(refused(&request).0, "InvalidDefinition");
}

#[test]
fn requests_that_do_not_fit_together_are_refused() {
    let pass = json!({"Type": "Pass", "End": true});
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true});
    let is = |request: TestStateRequest, code: &str| assert_eq!(refused(&request).0, code, "{request:?}");
    let validation = "ValidationException";
    is(TestStateRequest { context: Some("{}".into()), ..request(&pass) }, validation);
    is(TestStateRequest { variables: Some("[]".into()), ..request(&pass) }, validation);
    is(TestStateRequest { variables: Some("{".into()), ..request(&pass) }, validation);
    is(TestStateRequest { input: Some("{".into()), ..request(&pass) }, "InvalidExecutionInput");
    is(TestStateRequest { input: Some(" ".repeat(300_000)), ..request(&pass) }, validation);
    is(TestStateRequest { state_name: Some("A".into()), ..request(&pass) }, "InvalidDefinition");
    is(TestStateRequest { reveal_secrets: true, ..mocked(&task, &json!({})) }, validation);
    is(TestStateRequest { mock: Some(Mock::default()), ..request(&task) }, validation);
    is(failing(&task, ""), validation);
    let counted =
        StateConfiguration { map_iteration_failure_count: Some(1), ..StateConfiguration::default() };
    is(TestStateRequest { state_configuration: counted, ..request(&pass) }, validation);
    let machine = json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}});
    let elsewhere = TestStateRequest { state_name: Some("B".into()), ..request(&machine) };
    assert_eq!(refused(&elsewhere), (validation, String::from("State not found")));
}

#[test]
fn definitions_are_checked_to_the_innermost_state() {
    let mut map = inline_map();
    map["ItemProcessor"]["States"]["Alone"] = json!({"Type": "Succeed"});
    let (code, message) = refused(&mocked(&map, &json!([])));
    assert_eq!(code, "InvalidDefinition");
    assert!(message.contains(" at /ItemProcessor/States/Alone"), "{message}");
    let (_, message) = refused(&request(&json!({"Type": "Pass", "Nxt": "A", "End": true})));
    assert!(
        message.starts_with("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: "),
        "{message}"
    );
}

#[test]
fn context_objects_are_checked_field_by_field() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true});
    for (context, wrong) in [
        (json!([]), "Context object must be a JSON object"),
        (json!({"State": []}), "State must be an object"),
        (json!({"State": {"RetryCount": "1"}}), "State.RetryCount must be a number"),
        (json!({"Execution": {"StartTime": 1}}), "Execution.StartTime must be a string"),
        (json!({"StateMachine": {"Arn": "a"}}), "Field 'StateMachine.Arn' is not allowed"),
    ] {
        let request = TestStateRequest { context: Some(context.to_string()), ..mocked(&task, &json!({})) };
        assert_eq!(refused(&request).1, format!("Invalid Context object provided: {wrong}"));
    }
}

#[test]
fn the_request_and_the_response_of_an_http_task_are_traced() {
    let task = json!({
        "Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true,
        "Parameters": {
            "ApiEndpoint": "https://api.example.com/a", "Method": "POST",
            "QueryParameters": {"q": ["x y", 2]}, "Headers": {"h": "v"},
            "RequestBody": {"a": {"b": "c&d"}}, "Transform": {"RequestBodyEncoding": "URL_ENCODED"}
        }
    });
    let result = json!({"StatusCode": 200, "StatusText": "OK", "Headers": {"h": ["1", "2"]}, "ResponseBody": {"r": 1}});
    let mut request = mocked(&task, &result);
    let data = done(&request)["inspectionData"].clone();
    let expected = json!({
        "protocol": "https", "method": "POST", "url": "https://api.example.com/a?q[0]=x%20y&q[1]=2", "headers": "[h: v]",
        "body": "a[b]=c%26d"
    });
    assert_eq!(data["request"], expected);
    let expected = json!({
        "protocol": "https", "statusCode": "200", "statusMessage": "OK", "headers": "[h: 1,2]", "body": "{\"r\":1}"
    });
    assert_eq!(data["response"], expected);
    request.inspection_level = InspectionLevel::Debug;
    assert_eq!(done(&request)["inspectionData"].get("request"), None);
}
