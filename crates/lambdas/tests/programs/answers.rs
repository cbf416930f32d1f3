//! CloudFormation is answered in every case.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::http::serve;
use super::support::{Account, CloudFormation, Function, IMPORT, NOTIFICATION};

fn properties(account: &Account) -> Value {
    json!({
        "ParameterStorePath": account.path(),
        "Parameters": {"Bucket": account.name, "Key": "ml-parameters.json"},
        "Hyperparameters": {"Bucket": account.name, "Key": "hyperparameters.json"},
    })
}

/// How often something stands in the log.
fn count(log: &[Value], text: &str) -> usize {
    log.iter().filter(|line| line.to_string().contains(text)).count()
}

// DEFECTS A13, A17, A20, A22
#[tokio::test(flavor = "multi_thread")]
async fn documents_that_are_not_valid_are_told_with_their_places_and_without_their_values() {
    let Some(account) = Account::new("answers-invalid") else { return };
    account.make_bucket().await;
    account.put("ml-parameters.json", "{\n  \"a\": 1,\n  \"a\": \"hunter2-the-value\"\n}").await;
    account.put("hyperparameters.json", "{}").await;
    let stack = CloudFormation::new("s").await;
    let import = account.function(IMPORT, &[]).await;
    let told = stack.ask(&import, "Create", None, &properties(&account)).await;
    assert_eq!(told["Status"], "FAILED");
    let reason = told["Reason"].as_str().unwrap();
    assert!(reason.contains("s3://answers-invalid/ml-parameters.json:3:3"), "{reason}");
    // What failed is removed again; it wrote nothing.
    let id = told["PhysicalResourceId"].as_str().unwrap();
    let removed = stack.ask(&import, "Delete", Some(id), &properties(&account)).await;
    assert_eq!(removed["Status"], "SUCCESS", "{removed}");
    let log = import.log();
    assert_eq!(count(&log, "hunter2"), 0);
    CloudFormation::assert_not_shown(&log);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_absent_is_named() {
    let Some(account) = Account::new("answers-absent") else { return };
    account.make_bucket().await;
    let stack = CloudFormation::new("s").await;
    let import = account.function(IMPORT, &[]).await;
    let told = stack.ask(&import, "Create", None, &properties(&account)).await;
    assert_eq!(told["Status"], "FAILED");
    assert_eq!(told["Reason"], "there is no object s3://answers-absent/ml-parameters.json");
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_that_are_not_valid_are_named_and_their_delete_succeeds() {
    let stack = CloudFormation::new("s").await;
    let variables =
        [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "any"), ("AWS_SECRET_ACCESS_KEY", "any")];
    for (program, named) in [(IMPORT, "ParameterStorePath"), (NOTIFICATION, "Bucket")] {
        let function = Function::start(program, &variables).await;
        let told = stack.ask(&function, "Create", None, &json!({})).await;
        assert_eq!(told["Status"], "FAILED");
        let reason = told["Reason"].as_str().unwrap();
        assert!(reason.contains(named), "{reason}");
        let id = told["PhysicalResourceId"].as_str().unwrap();
        let removed = stack.ask(&function, "Delete", Some(id), &json!({})).await;
        assert_eq!((&removed["Status"], &removed["PhysicalResourceId"]), (&json!("SUCCESS"), &json!(id)));
    }
}

// DEFECTS A3
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_answers_is_told_before_the_function_is_killed() {
    let silent = serve(|_| std::future::pending()).await;
    let endpoint = format!("http://{silent}");
    let stack = CloudFormation::new("s").await;
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "any"),
        ("AWS_SECRET_ACCESS_KEY", "any"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
    ];
    let import = Function::start(IMPORT, &variables).await;
    let properties = json!({
        "ParameterStorePath": "/p",
        "Parameters": {"Bucket": "b", "Key": "p.json"}, "Hyperparameters": {"Bucket": "b", "Key": "h.json"},
    });
    // The answer gets the last five seconds.
    let event = stack.request("Create", None, &properties);
    import.invoke_for(&event, Duration::from_millis(5200)).await.unwrap();
    let told = stack.answer();
    assert_eq!(told["Status"], "FAILED");
    let reason = told["Reason"].as_str().unwrap();
    assert!(reason.starts_with("the function's time was up"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_credentials_says_so() {
    let stack = CloudFormation::new("s").await;
    for program in [IMPORT, NOTIFICATION] {
        let function = Function::start(program, &[("AWS_REGION", "us-east-1")]).await;
        let told = stack.ask(&function, "Create", None, &json!({})).await;
        assert_eq!(told["Status"], "FAILED");
        assert_eq!(told["Reason"], "the environment variable AWS_ACCESS_KEY_ID is not set");
    }
}
