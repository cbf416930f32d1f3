//! State machines run on this machine's services, and what the store keeps of them.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use mlpp_local::{Local, LocalOptions, StateMachines, state_machine_arn};
use mlpp_provider::{
    ExecutionDescription, ExecutionStatus, StartExecution, Started, Workflows, WorkflowsError, contract,
};
use serde_json::{Value, json};

/// A project with one state machine of its own, `own`, and those that are shipped.
struct Project {
    local: Local,
    folder: tempfile::TempDir,
}

impl Project {
    fn new(states: &Value, start_at: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let definition = json!({"QueryLanguage": "JSONata", "StartAt": start_at, "States": states});
        let nested = json!({"QueryLanguage": "JSONata", "StartAt": "End", "States": {
            "End": {"Type": "Choice", "Choices": [
                {"Condition": "{% $states.input.fail %}", "Next": "Fail"}], "Default": "Succeed"},
            "Fail": {"Type": "Fail", "Error": "Own", "Cause": "as asked"},
            "Succeed": {"Type": "Succeed", "Output": {"twice": "{% $states.input.n * 2 %}"}},
        }});
        let own = BTreeMap::from([
            ("own".to_owned(), definition.to_string()),
            ("nested".to_owned(), nested.to_string()),
        ]);
        let state_machines = StateMachines::compile(&own, &BTreeMap::new()).unwrap();
        let options = LocalOptions::new(folder.path().join(".mlpp"), "/bin/false".into(), state_machines);
        Self { local: Local::open(options).unwrap(), folder }
    }

    async fn start(&self, name: &str, input: &Value) -> Result<Started, WorkflowsError> {
        let request = StartExecution {
            state_machine_arn: state_machine_arn("own"),
            name: name.to_owned(),
            input: input.to_string(),
        };
        self.local.workflows().start(request).await
    }

    async fn run(&self, input: &Value) -> ExecutionDescription {
        let started = self.start("e", input).await.unwrap();
        self.local.workflows().wait(&started.execution_arn).await.unwrap()
    }
}

fn task(resource: &str, arguments: &Value) -> Value {
    json!({"Task": {
        "Type": "Task", "Resource": resource, "Arguments": arguments, "End": true,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Caught"}],
    }, "Caught": {"Type": "Succeed"}})
}

fn output(end: &ExecutionDescription) -> Value {
    assert_eq!(end.status, ExecutionStatus::Succeeded, "{end:?}");
    serde_json::from_str(end.output.as_deref().unwrap()).unwrap()
}

#[tokio::test]
async fn an_execution_starts_once_and_its_history_is_kept() {
    let project =
        Project::new(&json!({"Pass": {"Type": "Pass", "Output": {"n": 5000}, "End": true}}), "Pass");
    let first = project.start("e", &json!({})).await.unwrap();
    let again = project.start("e", &json!({"other": 1})).await.unwrap();
    assert_eq!((first.already, again.already), (false, true));
    assert_eq!(first.execution_arn, again.execution_arn);
    let end = project.local.workflows().wait(&first.execution_arn).await.unwrap();
    assert_eq!(end.output.as_deref(), Some(r#"{"n":5000}"#));
    let history = project.local.workflows().executions().history(&first.execution_arn).unwrap();
    let types: Vec<String> = history
        .iter()
        .map(|event| serde_json::from_str::<Value>(event).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
}

#[tokio::test]
async fn the_workflows_keep_the_contract() {
    let project = Project::new(&json!({"Pass": {"Type": "Pass", "End": true}}), "Pass");
    let workflows = project.local.workflows();
    contract::one_name_starts_one_execution(workflows, &state_machine_arn("own")).await;
    contract::absent_state_machines_and_executions_are_told(workflows).await;
    project.local.shutdown().await;
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let project = Project::new(&json!({"Pass": {"Type": "Pass", "End": true}}), "Pass");
    let request = StartExecution { state_machine_arn: "absent".into(), name: "e".into(), input: "{}".into() };
    let started = project.local.workflows().start(request).await;
    assert!(matches!(started, Err(WorkflowsError::StateMachineDoesNotExist(_))), "{started:?}");
    let described = project.local.workflows().describe("arn:absent").await;
    assert!(matches!(described, Err(WorkflowsError::ExecutionDoesNotExist(_))), "{described:?}");
}

#[tokio::test]
async fn an_sdk_integration_names_the_services_exception() {
    let resource = "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint";
    let project = Project::new(&task(resource, &json!({"EndpointName": "absent"})), "Task");
    let error = output(&project.run(&json!({})).await);
    assert_eq!(error["Error"], "SageMaker.SageMakerException");
    let cause = error["Cause"].as_str().unwrap();
    assert!(cause.starts_with("Could not find endpoint"), "{cause}");
    assert!(cause.contains("(Service: SageMaker, Status Code: 400, Request ID: "), "{cause}");
}

#[tokio::test]
async fn an_optimised_integration_has_the_services_one_error() {
    let resource = "arn:aws:states:::sagemaker:createEndpoint";
    let arguments = json!({"EndpointName": "e", "EndpointConfigName": "absent"});
    let project = Project::new(&task(resource, &arguments), "Task");
    let error = output(&project.run(&json!({})).await);
    assert_eq!(error["Error"], "SageMaker.AmazonSageMakerException");
    assert!(error["Cause"].as_str().unwrap().contains("; Error Code: ValidationException; "), "{error}");
}

#[tokio::test]
async fn a_notification_is_published() {
    let arguments = json!({"TopicArn": "arn:aws:sns:us-east-1:000000000000:failures", "Message": "m"});
    let project = Project::new(&task("arn:aws:states:::sns:publish", &arguments), "Task");
    let mut events = project.local.sagemaker().subscribe();
    let published = output(&project.run(&json!({})).await);
    assert!(published["MessageId"].is_string(), "{published}");
    let event = events.recv().await.unwrap();
    assert!(
        matches!(&event, mlpp_sagemaker::JobEvent::Notification { message, .. } if message == "m"),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_nested_execution_gives_its_output_as_json_and_its_failure_with_error_and_cause() {
    let nested = |resource: &str| {
        let arguments =
            json!({"StateMachineArn": state_machine_arn("nested"), "Input": "{% $states.input %}"});
        Project::new(&task(resource, &arguments), "Task")
    };
    let project = nested("arn:aws:states:::states:startExecution.sync:2");
    let result = output(&project.run(&json!({"n": 21, "fail": false})).await);
    assert_eq!((&result["Status"], &result["Output"]), (&json!("SUCCEEDED"), &json!({"twice": 42})));

    let project = nested("arn:aws:states:::states:startExecution.sync");
    let result = output(&project.run(&json!({"n": 21, "fail": false})).await);
    assert_eq!(result["Output"], r#"{"twice":42}"#);

    let project = nested("arn:aws:states:::states:startExecution.sync:2");
    let error = output(&project.run(&json!({"fail": true})).await);
    assert_eq!(error["Error"], "States.TaskFailed");
    let cause: Value = serde_json::from_str(error["Cause"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&cause["Status"], &cause["Error"], &cause["Cause"]),
        (&json!("FAILED"), &json!("Own"), &json!("as asked"))
    );
}

#[tokio::test]
async fn a_resource_that_this_machine_does_not_have_is_named() {
    let resource = "arn:aws:states:::dynamodb:getItem";
    let project = Project::new(&task(resource, &json!({})), "Task");
    let end = project.run(&json!({})).await;
    let told = format!("{end:?}");
    assert!(told.contains(resource) && told.contains("not available on this machine"), "{told}");
}

#[tokio::test]
async fn an_execution_that_waits_can_be_stopped() {
    let states = json!({"Wait": {"Type": "Wait", "Seconds": 86_400, "End": true}});
    let project = Project::new(&states, "Wait");
    let stopped = project.start("stopped", &json!({})).await.unwrap().execution_arn;
    let workflows = project.local.workflows();
    workflows.stop(&stopped, "Stopped", "by hand").await.unwrap();
    let end = workflows.wait(&stopped).await.unwrap();
    assert_eq!((end.status, end.cause.as_deref()), (ExecutionStatus::Aborted, Some("by hand")));
    workflows.stop(&stopped, "Stopped", "again").await.unwrap();
    assert_eq!(workflows.describe(&stopped).await.unwrap().cause.as_deref(), Some("by hand"));
}

#[tokio::test]
async fn one_process_at_a_time_has_thefolder_open() {
    let project = Project::new(&json!({"Pass": {"Type": "Pass", "End": true}}), "Pass");
    let root = project.folder.path().join(".mlpp");
    let machines = StateMachines::compile(&BTreeMap::new(), &BTreeMap::new()).unwrap();
    let second = Local::open(LocalOptions::new(root, "/bin/false".into(), machines));
    assert!(matches!(second, Err(mlpp_local::LocalError::Busy { process: Some(_) })));
}
