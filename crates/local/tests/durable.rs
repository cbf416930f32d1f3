//! Executions outlive the process that runs them: whatever was recorded last, they go on from there, and do nothing twice.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use mlpp_local::{
    DATABASE, Local, LocalOptions, QueuedWorkflows, ResumeError, StateMachines, state_machine_arn,
};
use mlpp_provider::{ExecutionStatus, StartExecution, Workflows as _};
use mlpp_sagemaker::{Algorithm, Service};
use rusqlite::Connection;
use serde_json::{Value, json};

fn machines_of(machines: &[(&str, &Value)]) -> StateMachines {
    let own: BTreeMap<_, _> =
        machines.iter().map(|(name, definition)| ((*name).to_owned(), definition.to_string())).collect();
    StateMachines::compile(&own, &BTreeMap::new()).unwrap()
}

fn open(root: &Path, machines: &[(&str, &Value)]) -> Local {
    let mut options = LocalOptions::new(root.to_owned(), "/bin/false".into(), machines_of(machines));
    options.algorithms = vec![Algorithm::parse(ALGORITHM, &root.join("algorithm.toml")).unwrap()];
    Local::open(options).unwrap()
}

/// Models name its image; nothing is trained here.
const ALGORITHM: &str = r#"
name = "never-trained"
[training]
command = ["false"]
[inference]
command = ["false"]
"#;

fn request(machine: &str, name: &str) -> StartExecution {
    StartExecution {
        state_machine_arn: state_machine_arn(machine),
        name: name.to_owned(),
        input: r#"{"value": 5.0667582070215176e-6}"#.to_owned(),
    }
}

fn task(resource: &str, arguments: &Value, next: &str) -> Value {
    json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "Arguments": arguments,
           "Assign": {"last": "{% $states.result %}"}, "Next": next})
}

fn model(name: &str) -> Value {
    json!({"ModelName": name, "ExecutionRoleArn": "arn:aws:iam::000000000000:role/model",
           "PrimaryContainer": {"Image": "mlpp.local/never-trained", "ModelDataUrl": "s3://b/model.tar.gz"}})
}

/// Makes things, waits for no time at all, calls another machine, deletes one thing, and then waits for a day.
fn machines() -> (Value, Value) {
    let config = |model: &str| {
        json!({"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v", "ModelName": model,
               "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}]})
    };
    let nested = json!({"Name": "fixed", "StateMachineArn": state_machine_arn("nested"), "Input": {"a": 1}});
    let unnamed = json!({"StateMachineArn": state_machine_arn("nested"), "Input": {"a": 2}});
    let delete = json!({"EndpointConfigName": "c"});
    let outer = json!({"QueryLanguage": "JSONata", "StartAt": "Model", "States": {
        "Model": task("sagemaker:createModel", &model("m"), "Other model"),
        "Other model": task("sagemaker:createModel", &model("n"), "Pause"),
        "Pause": {"Type": "Wait", "Seconds": 0, "Next": "Config"},
        "Config": task("sagemaker:createEndpointConfig", &config("m"), "Nested"),
        "Nested": task("states:startExecution.sync:2", &nested, "Unnamed"),
        "Unnamed": task("states:startExecution.sync:2", &unnamed, "Delete"),
        "Delete": task("aws-sdk:sagemaker:deleteEndpointConfig", &delete, "End"),
        "End": {"Type": "Wait", "Seconds": 86_400, "Output": "{% $last %}", "End": true},
    }});
    let inner = json!({"QueryLanguage": "JSONata", "StartAt": "Third model", "States": {
        "Third model": task("sagemaker:createModel", &json!({"ModelName": "{% 'o' & $string($states.input.a) %}",
            "ExecutionRoleArn": "arn:aws:iam::000000000000:role/model",
            "PrimaryContainer": {"Image": "mlpp.local/never-trained", "ModelDataUrl": "s3://b/model.tar.gz"}}), "Done"),
        "Done": {"Type": "Succeed"},
    }});
    (outer, inner)
}

/// The types and names of an execution's history, without times and ids of requests.
fn course(local: &Local, arn: &str) -> Vec<String> {
    let events = local.workflows().executions().history(arn).unwrap();
    let shown = |event: &String| {
        let event: Value = serde_json::from_str(event).unwrap();
        let name = event["stateEnteredEventDetails"]["name"].as_str().unwrap_or_default();
        format!("{} {name}", event["type"].as_str().unwrap())
    };
    events.iter().map(shown).collect()
}

/// Waits until the execution waits for its day.
async fn reach_the_end(local: &Local, arn: &str) {
    let reached = async {
        while course(local, arn).last().is_none_or(|event| event != "WaitStateEntered End") {
            let status = local.workflows().describe(arn).await.unwrap();
            assert_eq!(status.status, ExecutionStatus::Running, "{status:?} {:#?}", course(local, arn));
            tokio::task::yield_now().await;
        }
    };
    let within = std::time::Duration::from_mins(1);
    let end = tokio::time::timeout(within, reached).await;
    assert!(end.is_ok(), "{:#?}", course(local, arn));
}

async fn models(local: &Local) -> Vec<String> {
    let list = json!({"MaxResults": 100, "SortOrder": "Ascending"});
    let list = local.sagemaker().call(Service::SageMaker, "ListModels", list).await.unwrap();
    list["Models"].as_array().unwrap().iter().map(|model| model["ModelName"].to_string()).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Takes everything from the journal of an execution but its first `kept` steps.
fn forget_after(root: &Path, arn: &str, kept: usize) {
    let database = Connection::open(root.join(DATABASE)).unwrap();
    let kept = i64::try_from(kept).unwrap();
    let steps: i64 = database
        .query_row("SELECT count(*) FROM execution_steps WHERE execution_arn = ?1", [arn], |row| row.get(0))
        .unwrap();
    assert!(kept < steps);
    database
        .execute("DELETE FROM execution_steps WHERE execution_arn = ?1 AND number >= ?2", (arn, kept))
        .unwrap();
}

/// Takes everything from the history of an execution but its first events.
fn forget_history(root: &Path, arn: &str, events: usize) {
    let database = Connection::open(root.join(DATABASE)).unwrap();
    let events = i64::try_from(events).unwrap();
    database
        .execute("DELETE FROM execution_events WHERE execution_arn = ?1 AND id > ?2", (arn, events))
        .unwrap();
}

/// How many events the history has after each step.
fn events_after_steps(root: &Path, arn: &str, definition: &Value, parameters: &str) -> Vec<usize> {
    let database = Connection::open(root.join(DATABASE)).unwrap();
    let mut parameters: mlpp_states::StartParameters = serde_json::from_str(parameters).unwrap();
    let input: String =
        database.query_row("SELECT input FROM executions WHERE arn = ?1", [arn], |row| row.get(0)).unwrap();
    parameters.input = std::sync::Arc::new(serde_json::from_str(&input).unwrap());
    let machine = mlpp_states::StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = mlpp_states::Execution::new(parameters);
    let mut query = database
        .prepare("SELECT time_ms, event FROM execution_steps WHERE execution_arn = ?1 ORDER BY number")
        .unwrap();
    let rows = query.query_map([arn], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).unwrap();
    let mut count = 0;
    rows.map(|row| {
        let (time, event) = row.unwrap();
        let event = serde_json::from_str(&event).unwrap();
        count += execution.step(&machine, event, mlpp_states::Timestamp(time)).events.len();
        count
    })
    .collect()
}

/// The services have done everything; the journal of the outer execution knows less and less of it.
#[tokio::test]
async fn an_execution_goes_on_from_any_step_and_makes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("whole");
    let (outer, inner) = machines();
    let local = open(&root, &[("outer", &outer), ("nested", &inner)]);
    let arn = local.workflows().start(request("outer", "e")).await.unwrap().execution_arn;
    reach_the_end(&local, &arn).await;
    let whole = course(&local, &arn);
    let made = models(&local).await;
    assert_eq!(made, ["\"m\"", "\"n\"", "\"o1\"", "\"o2\""]);
    local.shutdown().await;
    drop(local);

    let parameters: String = Connection::open(root.join(DATABASE))
        .unwrap()
        .query_row("SELECT parameters FROM execution_journals WHERE execution_arn = ?1", [&arn], |row| {
            row.get(0)
        })
        .unwrap();
    let events = events_after_steps(&root, &arn, &outer, &parameters);
    for kept in 0..events.len() - 1 {
        let cut = folder.path().join(format!("cut-{kept}"));
        copy(&root, &cut);
        forget_after(&cut, &arn, kept);
        forget_history(&cut, &arn, if kept == 0 { 0 } else { events[kept - 1] });
        // The definitions of today are of no matter to an execution that has begun.
        let local = open(&cut, &[("nested", &inner)]);
        local.workflows().resume(&arn).unwrap();
        reach_the_end(&local, &arn).await;
        assert_eq!(course(&local, &arn), whole, "after {kept} steps");
        assert_eq!(models(&local).await, made, "after {kept} steps");
        assert_eq!(local.workflows().executions().list().unwrap().len(), 3, "after {kept} steps");
        local.shutdown().await;
    }
}

#[tokio::test]
async fn what_somebody_else_made_is_refused_also_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let machine = json!({"QueryLanguage": "JSONata", "StartAt": "Model", "States": {
        "Model": task("sagemaker:createModel", &model("m"), "Done"),
        "Done": {"Type": "Succeed"},
    }});
    let queued = QueuedWorkflows::open(folder.path(), machines_of(&[("own", &machine)])).unwrap();
    let arn = queued.start(request("own", "e")).await.unwrap().execution_arn;
    drop(queued);
    let local = open(folder.path(), &[]);
    local.sagemaker().call(Service::SageMaker, "CreateModel", model("m")).await.unwrap();
    assert_eq!(local.workflows().describe(&arn).await.unwrap().status, ExecutionStatus::Running);
    local.workflows().resume(&arn).unwrap();
    let end = local.workflows().wait(&arn).await.unwrap();
    assert_eq!(end.status, ExecutionStatus::Failed, "{end:?}");
    assert_eq!(end.error.as_deref(), Some("SageMaker.AmazonSageMakerException"), "{end:?}");
    assert!(end.cause.unwrap().contains("Cannot create already existing model"));
}

#[tokio::test]
async fn a_stop_that_is_asked_for_while_nobody_runs_the_execution_is_done_when_it_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let machine = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": true}}});
    let local = open(folder.path(), &[("own", &machine)]);
    let arn = local.workflows().start(request("own", "e")).await.unwrap().execution_arn;
    local.shutdown().await;
    drop(local);
    let executions = mlpp_local::LocalExecutions::open(folder.path()).unwrap();
    assert!(executions.ask_to_stop(&arn, "Stopped", "by hand").unwrap());
    let local = open(folder.path(), &[]);
    local.workflows().resume(&arn).unwrap();
    let end = local.workflows().wait(&arn).await.unwrap();
    assert_eq!((end.status, end.cause.as_deref()), (ExecutionStatus::Aborted, Some("by hand")));
    let again = local.workflows().resume(&arn);
    assert!(matches!(again, Err(ResumeError::Ended(ExecutionStatus::Aborted))), "{again:?}");
}

#[tokio::test]
async fn a_redrive_goes_on_where_it_failed_and_takes_the_nested_execution_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v",
        "ModelName": "late", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}]});
    let inner = json!({"QueryLanguage": "JSONata", "StartAt": "Model", "States": {
        "Model": task("sagemaker:createModel", &model("m"), "Config"),
        "Config": task("sagemaker:createEndpointConfig", &config, "Done"),
        "Done": {"Type": "Succeed", "Output": "{% $last %}"},
    }});
    let nested = json!({"Name": "fixed", "StateMachineArn": state_machine_arn("nested"), "Input": {}});
    let outer = json!({"QueryLanguage": "JSONata", "StartAt": "Nested", "States": {
        "Nested": task("states:startExecution.sync:2", &nested, "Done"),
        "Done": {"Type": "Succeed", "Output": "{% $last.Output %}"},
    }});
    let local = open(folder.path(), &[("outer", &outer), ("nested", &inner)]);
    let workflows = local.workflows();
    let arn = workflows.start(request("outer", "e")).await.unwrap().execution_arn;
    let end = workflows.wait(&arn).await.unwrap();
    assert_eq!(end.status, ExecutionStatus::Failed, "{end:?}");
    assert!(end.cause.as_ref().unwrap().contains("Could not find model"), "{end:?}");
    local.sagemaker().call(Service::SageMaker, "CreateModel", model("late")).await.unwrap();
    workflows.redrive(&arn).unwrap();
    let end = workflows.wait(&arn).await.unwrap();
    assert_eq!(end.status, ExecutionStatus::Succeeded, "{end:?}");
    let output: Value = serde_json::from_str(end.output.as_deref().unwrap()).unwrap();
    assert!(output["EndpointConfigArn"].is_string(), "{output}");
    let again = workflows.redrive(&arn);
    assert!(matches!(again, Err(ResumeError::NotRedrivable(_))), "{again:?}");
    let models = models(&local).await;
    assert_eq!(models, ["\"m\"", "\"late\""]);
}
