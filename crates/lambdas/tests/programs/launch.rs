//! What goes wrong with a launch, and where it is told.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::support::http::{answer, serve};
use super::support::{Account, CloudFormation, Function, IMPORT, LAUNCH, TRACE};

/// A stack whose documents are imported.
struct Stack {
    account: Account,
    state_machine: String,
    queue: String,
    launch: Function,
}

impl Stack {
    async fn new(name: &str) -> Option<Self> {
        let account = Account::new(name)?;
        account.make_bucket().await;
        account.put("ml-parameters.json", r#"{"own": 1}"#).await;
        account.put("hyperparameters.json", r#"{"other": "a"}"#).await;
        let cloudformation = CloudFormation::new(name).await;
        let properties = json!({
            "ParameterStorePath": account.path(),
            "Parameters": {"Bucket": account.name, "Key": "ml-parameters.json"},
            "Hyperparameters": {"Bucket": account.name, "Key": "hyperparameters.json"},
        });
        let import = account.function(IMPORT, &[]).await;
        let made = cloudformation.ask(&import, "Create", None, &properties).await;
        assert_eq!(made["Status"], "SUCCESS", "{made}");
        let (state_machine, queue) = (account.make_state_machine().await, account.make_queue().await);
        let launch = start(&account, &state_machine, &queue, &[]).await;
        Some(Self { account, state_machine, queue, launch })
    }
}

async fn start(account: &Account, state_machine: &str, queue: &str, more: &[(&str, &str)]) -> Function {
    let path = account.path();
    let mut variables = vec![
        ("PARAM_STORE_PATH", path.as_str()),
        ("TARGET_STATE_MACHINE_ARN", state_machine),
        ("MANIFEST_S3_BUCKET_KEY_PREFIX", "manifests/"),
        ("FAILURE_QUEUE_URL", queue),
    ];
    variables.extend_from_slice(more);
    account.function(LAUNCH, &variables).await
}

fn manifest(account: &Account) -> String {
    json!({"channels": [{"channelName": "train", "s3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": format!("s3://{}/data/", account.name),
        "S3DataDistributionType": "FullyReplicated", "AttributeNames": [],
    }}]})
    .to_string()
}

// DEFECTS C18, C19
#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_launched_is_in_the_failure_queue_and_the_rest_starts() {
    let Some(stack) = Stack::new("launch-failures").await else { return };
    let Stack { account, state_machine, queue, launch } = stack;
    let broken = account.put("manifests/broken.json", "{\"channels\": [").await;
    let good = account.put("manifests/good.json", &manifest(&account)).await;
    let other = account.put("manifests/readme.txt", "no manifest").await;
    let told = launch.invoke(&json!({"Records": [broken, good, other]})).await.unwrap();
    assert_eq!(told, json!({"Started": 1, "Already": 0, "Skipped": 1, "Failed": 1, "Retried": 0}));
    assert_eq!(account.executions(&state_machine).await.len(), 1);
    let failures = account.failures(&queue).await;
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0]["record"], broken);
    let source = &failures[0]["findings"][0]["source"];
    assert_eq!(*source, json!(format!("s3://{}/manifests/broken.json", account.name)));

    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": account.name});
    let none = json!({"Started": 0, "Already": 0, "Skipped": 0, "Failed": 0, "Retried": 0});
    assert_eq!(launch.invoke(&test).await.unwrap(), none);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_succeed_later_fails_the_invocation_and_the_next_one_starts_it() {
    let Some(stack) = Stack::new("launch-later").await else { return };
    let Stack { account, state_machine, queue, launch } = stack;
    drop(launch);
    let record = account.put("manifests/a.json", &manifest(&account)).await;
    // Nobody answers there.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let launch = start(&account, &state_machine, &queue, &[("AWS_ENDPOINT_URL_SFN", &nowhere)]).await;
    let event = json!({"Records": [record]});
    let failed = launch.invoke(&event).await.unwrap_err();
    let message = failed["errorMessage"].as_str().unwrap();
    assert!(message.contains("manifests/a.json"), "{message}");
    let log = launch.log();
    assert_eq!(log.iter().filter(|line| line["message"] == "to be tried again").count(), 1, "{log:?}");
    assert_eq!(account.failures(&queue).await, [json!(null); 0]);

    let launch = start(&account, &state_machine, &queue, &[]).await;
    let told = launch.invoke(&event).await.unwrap();
    assert_eq!(told["Started"], 1, "{told}");
    assert_eq!(account.executions(&state_machine).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_execution_is_part_of_the_invocations_trace() {
    let Some(stack) = Stack::new("launch-trace").await else { return };
    let Stack { account, state_machine, queue, launch } = stack;
    drop(launch);
    let record = account.put("manifests/a.json", &manifest(&account)).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let states = serve(move |request| {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let action = header("x-amz-target").unwrap();
        kept.lock().unwrap().push((action.clone(), header("x-amzn-trace-id")));
        async move {
            if action.ends_with("DescribeExecution") {
                return answer(400, r#"{"__type": "ExecutionDoesNotExist", "message": "none"}"#);
            }
            let arn = "arn:aws:states:us-east-1:123456789012:execution:m:n";
            answer(200, json!({"executionArn": arn, "startDate": 1.0}).to_string())
        }
    })
    .await;
    let states = format!("http://{states}");
    let launch = start(&account, &state_machine, &queue, &[("AWS_ENDPOINT_URL_SFN", &states)]).await;
    let told = launch.invoke(&json!({"Records": [record]})).await.unwrap();
    assert_eq!(told["Started"], 1, "{told}");
    let seen = seen.lock().unwrap();
    let start = seen.iter().find(|(action, _)| action == "AWSStepFunctions.StartExecution").unwrap();
    let trace = start.1.as_deref().unwrap();
    assert!(trace.starts_with(TRACE.split(';').next().unwrap()), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_without_its_settings_ends_and_names_the_first_that_is_lacking() {
    let output = std::process::Command::new(LAUNCH)
        .env_clear()
        .env("PARAM_STORE_PATH", "/p")
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["reason"], "the environment variable TARGET_STATE_MACHINE_ARN is not set");
}
