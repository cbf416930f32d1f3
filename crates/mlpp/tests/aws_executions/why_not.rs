use serde_json::{Value, json};

use crate::support::OnMoto;

/// The messages of the findings, and whether all were good.
fn messages(found: &Value) -> (Vec<String>, bool) {
    let findings = found["findings"].as_array().unwrap();
    let messages = findings.iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect();
    (messages, findings.iter().all(|one| one["good"] == true))
}

fn tell(aws: &OnMoto, prefix: &str) {
    aws.boto3(&format!(
        "
boto3.client('s3').put_bucket_notification_configuration(Bucket='{}', NotificationConfiguration={{
    'LambdaFunctionConfigurations': [{{'LambdaFunctionArn': 'arn:aws:lambda:us-east-1:123456789012:function:launch',
        'Events': ['s3:ObjectCreated:*'],
        'Filter': {{'Key': {{'FilterRules': [{{'Name': 'prefix', 'Value': '{prefix}'}}, {{'Name': 'suffix', 'Value': '.json'}}]}}}}}}]}})",
        aws.bucket
    ));
}

#[test]
fn everything_between_a_manifest_and_its_execution_is_looked_at() {
    let Some(aws) = OnMoto::new("everything_between_a_manifest_and_its_execution_is_looked_at") else {
        return;
    };
    aws.expect(0, ["apply"]);
    let found = aws.json(3, ["why-not", "manifest.json", "--json"]);
    assert_eq!(
        messages(&found).0,
        [format!("there is no object s3://{}/manifests/manifest.json", aws.bucket)]
    );

    let uri = format!("s3://{}/manifests/manifest.json", aws.bucket);
    aws.expect(0, ["put", "manifest.json", &uri]);
    // Where nothing at all is told, moto answers with no text, which S3 does not.
    aws.boto3(&format!(
        "
boto3.client('s3').put_bucket_notification_configuration(Bucket='{}', NotificationConfiguration={{
    'QueueConfigurations': [{{'QueueArn': 'arn:aws:sqs:us-east-1:123456789012:theirs', 'Events': ['s3:ObjectRemoved:*']}}]}})",
        aws.bucket
    ));
    let (told, good) = messages(&aws.json(3, ["why-not", "manifest.json", "--json"]));
    assert!(!good && told.iter().any(|one| one.contains("tells no function of new objects")), "{told:?}");

    tell(&aws, "other/");
    let (told, good) = messages(&aws.json(3, ["why-not", &uri, "--json"]));
    assert!(!good && told.iter().any(|one| one.contains("keys like other/*.json")), "{told:?}");

    tell(&aws, "manifests/");
    let (told, good) = messages(&aws.json(0, ["why-not", &uri, "--json"]));
    assert!(good, "{told:?}");
    assert!(told.iter().any(|one| one.contains("function:launch")), "{told:?}");
    assert!(told.iter().any(|one| one.starts_with("it can be launched")), "{told:?}");

    let launched = aws.json(0, ["launch", &uri, "--quiet", "--json"]);
    let found = aws.json(0, ["why-not", "manifest.json", "--json"]);
    assert_eq!(found["execution"]["name"], launched["execution"]["name"], "{found:#}");
}

#[test]
fn what_the_function_wrote_of_a_manifest_is_told() {
    let Some(aws) = OnMoto::new("what_the_function_wrote_of_a_manifest_is_told") else { return };
    aws.expect(0, ["apply"]);
    let uri = format!("s3://{}/manifests/manifest.json", aws.bucket);
    aws.expect(0, ["put", "manifest.json", &uri]);
    tell(&aws, "manifests/");
    let line = json!({"level": "ERROR", "message": "can never succeed: put into the failure queue",
        "reason": format!("{uri}: the key is not valid")});
    aws.boto3(&format!(
        "
import time
logs = boto3.client('logs')
group = '/aws/lambda/{}/launch-workflow'
logs.create_log_group(logGroupName=group)
logs.create_log_stream(logGroupName=group, logStreamName='one')
logs.put_log_events(logGroupName=group, logStreamName='one',
    logEvents=[{{'timestamp': int(time.time() * 1000) + 1000, 'message': '''{line}'''}}])",
        aws.bucket
    ));
    let (told, good) = messages(&aws.json(3, ["why-not", &uri, "--json"]));
    assert!(!good && told.iter().any(|one| one.contains("the key is not valid")), "{told:?}");
}

#[test]
fn a_manifest_that_cannot_be_launched_is_told_as_what_is_wrong_with_it() {
    let Some(aws) = OnMoto::new("a_manifest_that_cannot_be_launched_is_told_as_what_is_wrong_with_it") else {
        return;
    };
    aws.expect(0, ["apply"]);
    aws.project.write("broken.json", "{\"channels\": []}");
    let uri = format!("s3://{}/manifests/broken.json", aws.bucket);
    aws.expect(0, ["put", "broken.json", &uri]);
    tell(&aws, "manifests/");
    let stderr = aws.stderr(3, ["why-not", &uri]);
    assert!(stderr.contains("manifest/"), "{stderr}");
    let named = aws.stderr(3, ["why-not"]);
    assert!(named.contains("backend/not-here"), "{named}");
}
