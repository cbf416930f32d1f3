//! The documented use of the replaced system, step by step, with the command line of AWS: documents are uploaded, the stack
//! is made, changed and removed as CloudFormation does it, and manifests arrive.

use std::path::Path;

use serde_json::{Value, json};

use super::support::{Account, CloudFormation, IMPORT, LAUNCH, NOTIFICATION, golden};

fn copy(account: &Account, file: &Path, key: &str) {
    let file = file.to_str().unwrap();
    account.aws(&["s3", "cp", "--only-show-errors", file, &format!("s3://{}/{key}", account.name)]);
}

/// Names, types and values below the path.
fn parameters(account: &Account) -> Vec<(String, String, String)> {
    let path = account.path();
    let listed = account.aws(&["ssm", "get-parameters-by-path", "--recursive", "--path", &path]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let text = |parameter: &Value, member: &str| parameter[member].as_str().unwrap().to_owned();
    let mut listed: Vec<_> = listed["Parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "Name"), text(one, "Type"), text(one, "Value")))
        .collect();
    listed.sort();
    listed
}

fn properties(account: &Account, revision: &str) -> Value {
    json!({
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "ParameterStorePath": account.path(),
        "Parameters": {"Bucket": account.name, "Key": "ml-parameters.json", "Version": ""},
        "Hyperparameters": {"Bucket": account.name, "Key": "hyperparameters.json", "Version": ""},
        "Adopt": "false", "KeepReleases": "20", "Revision": revision,
    })
}

/// What the replaced system stored for the same documents, at this path.
fn golden_parameters(golden: &Path, path: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(golden.join("golden-parameters.json")).unwrap();
    let stored: Value = serde_json::from_str(&text).unwrap();
    let mut rows: Vec<_> = stored["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |member: &str| row[member].as_str().unwrap();
            let name = text("Name").replacen("/ml-project", path, 1);
            let value = match text("Value") {
                // Booleans are stored as JSON writes them.
                "True" if !name.contains("/staticHyperParameters/") => "true",
                value => value,
            };
            (name, text("Type").to_owned(), value.to_owned())
        })
        .collect();
    rows.sort();
    rows
}

// DEFECTS A1, A2, A4, A5, A17, A19, A22
#[tokio::test(flavor = "multi_thread")]
async fn the_import_is_made_changed_and_removed_as_cloudformation_does_it() {
    let (Some(account), Some(golden)) = (Account::new("readme-import"), golden()) else { return };
    account.aws(&["s3", "mb", &format!("s3://{}", account.name)]);
    let inputs = golden.join("golden-inputs");
    for document in ["ml-parameters.json", "hyperparameters.json"] {
        copy(&account, &inputs.join(document), document);
    }
    let path = account.path();
    let foreign = format!("{path}/owned-by-another-stack");
    let neighbour = format!("{path}2/mine");
    for name in [&foreign, &neighbour] {
        account.aws(&["ssm", "put-parameter", "--name", name, "--type", "String", "--value", "theirs"]);
    }
    let foreign = (foreign, "String".to_owned(), "theirs".to_owned());

    let stack = CloudFormation::new("readme").await;
    let import = account.function(IMPORT, &[]).await;
    let created = stack.ask(&import, "Create", None, &properties(&account, "")).await;
    assert_eq!(created["Status"], "SUCCESS", "{created}");
    assert_eq!(created["Data"], json!({"PARAM_STORE_PATH": path, "Release": "1"}));
    let id = created["PhysicalResourceId"].as_str().unwrap().to_owned();
    let mut expected = golden_parameters(&golden, &path);
    assert_eq!(expected.len(), 56);
    expected.push(foreign.clone());
    expected.sort();
    assert_eq!(parameters(&account), expected);

    // An update with a changed document, in another container: a value is changed, one removed, one added.
    drop(import);
    let import = account.function(IMPORT, &[]).await;
    let text = std::fs::read_to_string(inputs.join("hyperparameters.json")).unwrap();
    let mut changed: Value = serde_json::from_str(&text).unwrap();
    let hyperparameters = changed["staticHyperParameters"].as_object_mut().unwrap();
    hyperparameters.insert("seed".to_owned(), json!("7"));
    hyperparameters.remove("stopping_rounds").unwrap();
    hyperparameters.insert("added".to_owned(), json!("yes"));
    let file = std::env::temp_dir().join(format!("mlpp-readme-{}.json", std::process::id()));
    std::fs::write(&file, changed.to_string()).unwrap();
    copy(&account, &file, "hyperparameters.json");
    std::fs::remove_file(&file).unwrap();
    let updated = stack.ask(&import, "Update", Some(&id), &properties(&account, "2")).await;
    assert_eq!(updated["Status"], "SUCCESS", "{updated}");
    assert_eq!(updated["PhysicalResourceId"], json!(id), "an update is no replacement");
    assert_eq!(updated["Data"], json!({"PARAM_STORE_PATH": path, "Release": "2"}));
    let hyperparameter = |name: &str| format!("{path}/staticHyperParameters/{name}");
    expected.retain(|(name, ..)| *name != hyperparameter("stopping_rounds"));
    for row in &mut expected {
        if row.0 == hyperparameter("seed") {
            "7".clone_into(&mut row.2);
        }
    }
    expected.push((hyperparameter("added"), "String".to_owned(), "yes".to_owned()));
    expected.sort();
    assert_eq!(parameters(&account), expected);

    // The id of the system that this stack had before: CloudFormation deletes it after the update.
    let superseded = "2020/07/17/[$LATEST]0123456789abcdef";
    let deleted = stack.ask(&import, "Delete", Some(superseded), &properties(&account, "")).await;
    assert_eq!((&deleted["Status"], &deleted["PhysicalResourceId"]), (&json!("SUCCESS"), &json!(superseded)));
    assert_eq!(parameters(&account), expected);

    // Another stack that wants the same path gets nothing, and its rollback takes nothing.
    let other = CloudFormation::new("other").await;
    let refused = other.ask(&import, "Create", None, &properties(&account, "")).await;
    assert_eq!(refused["Status"], "FAILED");
    let reason = refused["Reason"].as_str().unwrap();
    assert!(reason.contains(&stack.stack_id()), "{reason}");
    let rolled_back =
        other.ask(&import, "Delete", refused["PhysicalResourceId"].as_str(), &properties(&account, "")).await;
    assert_eq!(rolled_back["Status"], "SUCCESS");
    assert_eq!(parameters(&account), expected);

    let deleted = stack.ask(&import, "Delete", Some(&id), &properties(&account, "2")).await;
    assert_eq!(deleted["Status"], "SUCCESS", "{deleted}");
    assert_eq!(parameters(&account), [foreign]);
    let kept = account.aws(&["ssm", "get-parameter", "--name", &neighbour, "--query", "Parameter.Value"]);
    assert_eq!(kept.trim(), "\"theirs\"");
    CloudFormation::assert_not_shown(&import.log());
}

fn notifications(account: &Account) -> Value {
    let told = account.aws(&["s3api", "get-bucket-notification-configuration", "--bucket", &account.name]);
    if told.trim().is_empty() { json!({}) } else { serde_json::from_str(&told).unwrap() }
}

// DEFECTS B1, B2, B3, B4
#[tokio::test(flavor = "multi_thread")]
async fn the_notification_comes_and_goes_and_those_of_others_stay() {
    let Some(account) = Account::new("readme-notification") else { return };
    account.aws(&["s3", "mb", &format!("s3://{}", account.name)]);
    account.make_queue().await;
    let theirs = json!({
        "LambdaFunctionConfigurations": [{
            "Id": "theirs", "LambdaFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:other",
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "images/"}]}},
        }],
        "QueueConfigurations": [{
            "Id": "theirs too", "QueueArn": format!("arn:aws:sqs:us-east-1:123456789012:{}", account.name),
            "Events": ["s3:ObjectRemoved:*"],
        }],
    });
    account.aws(&[
        "s3api",
        "put-bucket-notification-configuration",
        "--bucket",
        &account.name,
        "--notification-configuration",
        &theirs.to_string(),
    ]);
    let before = notifications(&account);
    assert_eq!(before["LambdaFunctionConfigurations"].as_array().unwrap().len(), 1);
    assert_eq!(before["QueueConfigurations"].as_array().unwrap().len(), 1);

    let stack = CloudFormation::new("readme").await;
    let function = account.function(NOTIFICATION, &[]).await;
    let properties = |prefix: &str| {
        json!({
            "Bucket": account.name, "Prefix": prefix, "Suffix": ".json",
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:launch-workflow",
        })
    };
    let created = stack.ask(&function, "Create", None, &properties("manifests/")).await;
    assert_eq!(created["Status"], "SUCCESS", "{created}");
    let id = created["PhysicalResourceId"].as_str().unwrap().to_owned();
    let own = created["Data"]["NotificationId"].as_str().unwrap().to_owned();
    let ours = |told: &Value| {
        let all = told["LambdaFunctionConfigurations"].as_array().unwrap();
        all.iter().find(|one| one["Id"] == json!(own)).cloned()
    };
    let told = notifications(&account);
    assert_eq!(told["LambdaFunctionConfigurations"].as_array().unwrap().len(), 2);
    assert_eq!(told["QueueConfigurations"], before["QueueConfigurations"]);
    let rules = &ours(&told).unwrap()["Filter"]["Key"]["FilterRules"];
    assert!(rules.to_string().contains("manifests/"), "{rules}");

    let updated = stack.ask(&function, "Update", Some(&id), &properties("runs/")).await;
    assert_eq!((&updated["Status"], &updated["PhysicalResourceId"]), (&json!("SUCCESS"), &json!(id)));
    let told = notifications(&account);
    assert_eq!(told["LambdaFunctionConfigurations"].as_array().unwrap().len(), 2);
    assert!(ours(&told).unwrap().to_string().contains("runs/"), "{told}");
    // CloudFormation's delete of an id that is superseded.
    let superseded = stack.ask(&function, "Delete", Some("another-id"), &properties("manifests/")).await;
    assert_eq!(superseded["Status"], "SUCCESS");
    assert_eq!(notifications(&account), told);

    let deleted = stack.ask(&function, "Delete", Some(&id), &properties("runs/")).await;
    assert_eq!(deleted["Status"], "SUCCESS", "{deleted}");
    assert_eq!(notifications(&account), before);
    // The bucket is gone: so is what was in it.
    account.aws(&["s3", "rb", "--force", &format!("s3://{}", account.name)]);
    let deleted = stack.ask(&function, "Delete", Some(&id), &properties("runs/")).await;
    assert_eq!(deleted["Status"], "SUCCESS", "{deleted}");
    CloudFormation::assert_not_shown(&function.log());
}

// DEFECTS C4, C5, C6, C8, C9, E10
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_uploaded_starts_one_execution_with_the_golden_input() {
    let (Some(account), Some(golden)) = (Account::new("readme-launch"), golden()) else { return };
    account.make_bucket().await;
    let inputs = golden.join("golden-inputs");
    for document in ["ml-parameters.json", "hyperparameters.json"] {
        copy(&account, &inputs.join(document), document);
    }
    let stack = CloudFormation::new("readme").await;
    let import = account.function(IMPORT, &[]).await;
    let created = stack.ask(&import, "Create", None, &properties(&account, "")).await;
    assert_eq!(created["Status"], "SUCCESS", "{created}");

    let (state_machine, queue) = (account.make_state_machine().await, account.make_queue().await);
    let path = account.path();
    let launch = account
        .function(
            LAUNCH,
            &[
                ("PARAM_STORE_PATH", &path),
                ("TARGET_STATE_MACHINE_ARN", &state_machine),
                ("MANIFEST_S3_BUCKET_KEY_PREFIX", "manifests/"),
                ("FAILURE_QUEUE_URL", &queue),
                ("DRIFT", "use"),
            ],
        )
        .await;
    copy(&account, &inputs.join("manifest.json"), "manifests/manifest.json");
    let record = |key: &str| {
        let head = account.aws(&["s3api", "head-object", "--bucket", &account.name, "--key", key]);
        let head: Value = serde_json::from_str(&head).unwrap();
        let text = std::fs::read_to_string(inputs.join("s3-event.json")).unwrap();
        let mut event: Value = serde_json::from_str(&text).unwrap();
        let s3 = &mut event["Records"][0]["s3"];
        s3["bucket"]["name"] = json!(account.name);
        s3["object"]["key"] = json!(key);
        s3["object"]["eTag"] = json!(head["ETag"].as_str().unwrap().trim_matches('"'));
        s3["object"]["versionId"] = head["VersionId"].clone();
        event["Records"][0].take()
    };
    let first = record("manifests/manifest.json");
    // Written again before the event of the first writing comes; both come twice, the later one first.
    copy(&account, &inputs.join("manifest.json"), "manifests/manifest.json");
    let second = record("manifests/manifest.json");
    assert_ne!(first["s3"]["object"]["versionId"], second["s3"]["object"]["versionId"]);
    let counts = |started: u64, already: u64| json!({"Started": started, "Already": already, "Skipped": 0, "Failed": 0, "Retried": 0});
    let deliver = async |records: &[&Value]| launch.invoke(&json!({"Records": records})).await.unwrap();
    assert_eq!(deliver(&[&second]).await, counts(1, 0));
    assert_eq!(deliver(&[&first, &second]).await, counts(1, 1));
    assert_eq!(deliver(&[&first]).await, counts(0, 1));
    assert_eq!(deliver(&[&second, &first]).await, counts(0, 2));

    let executions = account.executions(&state_machine).await;
    assert_eq!(executions.len(), 2, "one for each version of the manifest");
    for (name, mut input) in executions {
        let text = std::fs::read_to_string(golden.join("golden-execution-input.canonical.json")).unwrap();
        let mut expected: Value = serde_json::from_str(&text).unwrap();
        let stamp = name.rsplit('-').next().unwrap().to_owned();
        for (pointer, base) in [("/tuningJobName", "survival-tuning"), ("/model/name", "survival-model")] {
            let theirs = expected.pointer_mut(pointer).unwrap().take();
            assert_eq!(theirs, json!(format!("{base}-20200717102030")));
            let named = input.pointer_mut(pointer).unwrap().take();
            let named = named.as_str().unwrap();
            assert!(named.starts_with(base) && named.ends_with(&stamp), "{named} of {name}");
        }
        // A whole number is one.
        let target = "/targetTrackingScalingPolicyConfiguration/TargetValue";
        assert_eq!(expected.pointer_mut(target).unwrap().take(), json!(5000.0));
        assert_eq!(input.pointer_mut(target).unwrap().take(), json!(5000));
        let provenance = input.as_object_mut().unwrap().remove("provenance").unwrap();
        assert_eq!(provenance["release"], 1);
        assert_eq!(provenance["manifest"]["bucket"], json!(account.name));
        assert_eq!(input, expected);
    }
    assert_eq!(account.failures(&queue).await, [json!(null); 0]);
    let log = launch.log();
    let metrics: Vec<_> = log.iter().filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(metrics.len(), 4);
    assert_eq!((&metrics[0]["Project"], &metrics[0]["Started"]), (&json!(path), &json!(1)));
}
