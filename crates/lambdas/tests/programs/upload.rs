//! A document that is uploaded is imported when the stack wants it.

use mlpp_parameters::StorePath;
use mlpp_provider::ParameterStore as _;
use serde_json::{Value, json};

use super::support::{Account, CloudFormation, Function, IMPORT};

async fn start(account: &Account, stack: &CloudFormation, queue: &str, more: &[(&str, &str)]) -> Function {
    let (path, stack_id) = (account.path(), stack.stack_id());
    let mut variables = vec![
        ("PARAM_STORE_PATH", path.as_str()),
        ("PARAMETERS_S3_BUCKET_NAME", &account.name),
        ("PARAMETERS_S3_KEY", "ml-parameters.json"),
        ("HYPERPARAMETERS_S3_BUCKET_NAME", &account.name),
        ("HYPERPARAMETERS_S3_KEY", "hyperparameters.json"),
        ("KEEP_RELEASES", "20"),
        ("STACK_ID", &stack_id),
        ("FAILURE_QUEUE_URL", queue),
    ];
    variables.extend_from_slice(more);
    account.function(IMPORT, &variables).await
}

async fn value(account: &Account, name: &str) -> Option<String> {
    let path: StorePath = account.path().parse().unwrap();
    let listed = account.store().list(&path).await.unwrap();
    let name = format!("{}/{name}", account.path());
    listed.into_iter().find(|one| one.name.as_str() == name).map(|one| one.value)
}

fn properties(account: &Account) -> Value {
    json!({
        "ParameterStorePath": account.path(),
        "Parameters": {"Bucket": account.name, "Key": "ml-parameters.json"},
        "Hyperparameters": {"Bucket": account.name, "Key": "hyperparameters.json"},
    })
}

fn counts(name: &str) -> Value {
    let mut counts = json!({"Imported": 0, "Unchanged": 0, "Skipped": 0, "Failed": 0, "Retried": 0});
    counts[name] = json!(1);
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_document_is_imported_once_and_one_that_is_not_valid_changes_nothing() {
    let Some(account) = Account::new("upload") else { return };
    account.make_bucket().await;
    let first = account.put("ml-parameters.json", r#"{"own": "1"}"#).await;
    account.put("hyperparameters.json", r#"{"other": "a"}"#).await;
    let (stack, queue) = (CloudFormation::new("upload").await, account.make_queue().await);
    let import = start(&account, &stack, &queue, &[]).await;
    let properties = properties(&account);
    let made = stack.ask(&import, "Create", None, &properties).await;
    assert_eq!(made["Data"]["Release"], "1", "{made}");

    // The event of what the stack imported already.
    let deliver = async |record: &Value| import.invoke(&json!({"Records": [record]})).await.unwrap();
    assert_eq!(deliver(&first).await, counts("Unchanged"));
    let changed = account.put("ml-parameters.json", r#"{"own": "2"}"#).await;
    assert_eq!(deliver(&changed).await, counts("Imported"));
    assert_eq!(deliver(&changed).await, counts("Unchanged"));
    assert_eq!(value(&account, "own").await.as_deref(), Some("2"));
    let other = account.put("notes.json", "{}").await;
    assert_eq!(deliver(&other).await, counts("Skipped"));

    let broken = account.put("hyperparameters.json", r#"{"other": }"#).await;
    assert_eq!(deliver(&broken).await, counts("Failed"));
    assert_eq!(value(&account, "other").await.as_deref(), Some("a"));
    let failures = account.failures(&queue).await;
    assert_eq!(failures.len(), 1);
    let finding = &failures[0]["findings"][0];
    assert_eq!(finding["source"], "s3://upload/hyperparameters.json");
    assert_eq!((&finding["line"], &finding["column"]), (&json!(1), &json!(11)));

    // The stack owns what an upload imported.
    account.put("hyperparameters.json", r#"{"other": "a"}"#).await;
    let id = made["PhysicalResourceId"].as_str().unwrap();
    let deleted = stack.ask(&import, "Delete", Some(id), &properties).await;
    assert_eq!(deleted["Status"], "SUCCESS", "{deleted}");
    assert_eq!(value(&account, "own").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_may_succeed_later_fails_the_invocation_and_the_next_one_makes_it() {
    let Some(account) = Account::new("upload-later") else { return };
    account.make_bucket().await;
    account.put("ml-parameters.json", r#"{"own": "1"}"#).await;
    account.put("hyperparameters.json", r#"{"other": "a"}"#).await;
    let (stack, queue) = (CloudFormation::new("upload-later").await, account.make_queue().await);
    let import = start(&account, &stack, &queue, &[]).await;
    let made = stack.ask(&import, "Create", None, &properties(&account)).await;
    assert_eq!(made["Data"]["Release"], "1", "{made}");
    let changed = account.put("ml-parameters.json", r#"{"own": "2"}"#).await;
    let event = json!({"Records": [changed]});

    // Nobody answers there.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let cut_off = start(&account, &stack, &queue, &[("AWS_ENDPOINT_URL_S3", &nowhere)]).await;
    let failed = cut_off.invoke(&event).await.unwrap_err();
    assert_eq!(failed["errorType"], "InvocationFailed");
    let log = cut_off.log();
    assert_eq!(log.iter().filter(|line| line["message"] == "to be tried again").count(), 1, "{log:?}");
    assert_eq!(value(&account, "own").await.as_deref(), Some("1"));
    assert_eq!(account.failures(&queue).await, [json!(null); 0]);

    assert_eq!(import.invoke(&event).await.unwrap(), counts("Imported"));
    assert_eq!(value(&account, "own").await.as_deref(), Some("2"));
}
