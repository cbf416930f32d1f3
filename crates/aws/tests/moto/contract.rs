//! The contract that every back end keeps.

use mlpp_aws::{AwsObjects, AwsWorkflows};
use mlpp_provider::{
    ExecutionStatus, Objects as _, ObjectsError, Which, WorkflowKind, Workflows as _, contract,
};
use serde_json::json;

use crate::support::Account;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_the_contract() {
    let Some(account) = Account::new("the_store_keeps_the_contract").await else { return };
    let store = account.store();
    contract::put_versions_and_create_only(&store).await;
    contract::types_change_only_by_delete_and_create(&store, &*account.clock).await;
    contract::list_is_complete_and_keeps_to_the_path(&store).await;
    contract::values_come_back_to_the_letter(&store).await;
    contract::secrets_are_revealed_and_never_listed(&store).await;
    contract::what_the_service_refuses_is_refused(&store).await;
    contract::a_hundred_versions_are_kept(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_objects_keep_the_contract() {
    let Some(account) = Account::new("the_objects_keep_the_contract").await else { return };
    for bucket in ["demo-bucket", "other-bucket"] {
        account.call("PUT", &format!("/{bucket}"), "", "").await;
    }
    let objects = AwsObjects::new(&account.clients);
    for versioned in [false, true] {
        if versioned {
            let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
            account.call("PUT", "/demo-bucket?versioning", "", on).await;
        }
        contract::objects_and_their_versions(&objects).await;
        contract::an_etag_is_a_condition(&objects).await;
        contract::objects_are_listed_by_prefix(&objects).await;
    }
    let kept = objects.put("demo-bucket", "key", b"one".to_vec()).await.unwrap();
    objects.put("demo-bucket", "key", b"two".to_vec()).await.unwrap();
    let version = kept.version.unwrap();
    let old = objects.get("demo-bucket", "key", Which::Version(&version)).await.unwrap();
    assert_eq!((old.bytes, old.version), (b"one".to_vec(), Some(version)));
    let never = objects.get("demo-bucket", "key", Which::Version("never")).await;
    assert!(matches!(never, Err(ObjectsError::Superseded { .. })), "{never:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_workflows_keep_the_contract() {
    let Some(account) = Account::new("the_workflows_keep_the_contract").await else { return };
    let definition = json!({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": true}}});
    let machine = json!({
        "name": "own",
        "definition": definition.to_string(),
        "roleArn": format!("arn:aws:iam::{}:role/any", account.id),
    });
    account.call("POST", "/", "AWSStepFunctions.CreateStateMachine", &machine.to_string()).await;
    let workflows = AwsWorkflows::new(&account.clients);
    let arn = format!("arn:aws:states:us-east-1:{}:stateMachine:own", account.id);
    contract::one_name_starts_one_execution(&workflows, &arn).await;
    contract::absent_state_machines_and_executions_are_told(&workflows).await;

    let mut express = machine;
    (express["name"], express["type"]) = (json!("express"), json!("EXPRESS"));
    account.call("POST", "/", "AWSStepFunctions.CreateStateMachine", &express.to_string()).await;
    let kind = workflows.kind(&arn.replace(":own", ":express")).await.unwrap();
    assert_eq!(kind, WorkflowKind::Express);

    let execution = format!("arn:aws:states:us-east-1:{}:execution:own:0qdlze60000001", account.id);
    assert_eq!(workflows.describe(&execution).await.unwrap().status, ExecutionStatus::Running);
    workflows.stop(&execution, "Stopped", "by a test").await.unwrap();
    assert_eq!(workflows.describe(&execution).await.unwrap().status, ExecutionStatus::Aborted);
}
