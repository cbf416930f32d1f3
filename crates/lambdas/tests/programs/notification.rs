//! What moto does not keep of a bucket's notification configuration, or never refuses.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::support::http::{answer, serve};
use super::support::{CloudFormation, Function, NOTIFICATION};

const THEIRS: &str = "<TopicConfiguration><Id>topic</Id><Topic>arn:aws:sns:us-east-1:123456789012:t</Topic>\
    <Event>s3:ObjectRemoved:*</Event></TopicConfiguration>\
    <QueueConfiguration><Id>queue</Id><Queue>arn:aws:sqs:us-east-1:123456789012:q</Queue>\
    <Event>s3:ObjectTagging:*</Event></QueueConfiguration>";
const EVENT_BRIDGE: &str = "<EventBridgeConfiguration>";

/// A bucket that keeps its configuration, and refuses the first so many writes with an error.
#[derive(Default)]
struct Bucket {
    configuration: String,
    refusals: Vec<(u16, &'static str, &'static str)>,
    writes: usize,
}

async fn start(bucket: Bucket) -> (Arc<Mutex<Bucket>>, Function) {
    let bucket = Arc::new(Mutex::new(bucket));
    let kept = Arc::clone(&bucket);
    let s3 = serve(move |request| {
        let kept = Arc::clone(&kept);
        async move {
            let mut bucket = kept.lock().unwrap();
            if request.method() == "GET" {
                let configuration = &bucket.configuration;
                return answer(
                    200,
                    format!("<NotificationConfiguration>{configuration}</NotificationConfiguration>"),
                );
            }
            bucket.writes += 1;
            if let Some((status, code, message)) = bucket.refusals.pop() {
                return answer(
                    status,
                    format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
                );
            }
            let text = String::from_utf8(request.into_body().to_vec()).unwrap();
            let inner = text.split_once("<NotificationConfiguration").unwrap().1.split_once('>').unwrap().1;
            bucket.configuration = inner.replace("</NotificationConfiguration>", "");
            answer(200, "")
        }
    })
    .await;
    let endpoint = format!("http://{s3}");
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "any"),
        ("AWS_SECRET_ACCESS_KEY", "any"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
    ];
    (bucket, Function::start(NOTIFICATION, &variables).await)
}

fn properties() -> Value {
    json!({
        "Bucket": "b", "Prefix": "manifests/", "Suffix": ".json",
        "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:launch-workflow",
    })
}

// DEFECTS B1, B2
#[tokio::test(flavor = "multi_thread")]
async fn topics_queues_and_event_bridge_are_written_back() {
    let configuration = format!("{THEIRS}{EVENT_BRIDGE}</EventBridgeConfiguration>");
    let (bucket, function) = start(Bucket { configuration, ..Bucket::default() }).await;
    let stack = CloudFormation::new("s").await;
    let whole = |own: bool| {
        let bucket = bucket.lock().unwrap();
        let text = &bucket.configuration;
        assert!(
            text.contains("<Id>topic</Id>")
                && text.contains("<Topic>arn:aws:sns:us-east-1:123456789012:t</Topic>")
        );
        assert!(
            text.contains("<Id>queue</Id>") && text.contains("<Event>s3:ObjectTagging:*</Event>"),
            "{text}"
        );
        assert!(text.contains(EVENT_BRIDGE) || text.contains("<EventBridgeConfiguration/>"), "{text}");
        assert_eq!(text.contains("<CloudFunctionConfiguration>"), own, "{text}");
    };
    let made = stack.ask(&function, "Create", None, &properties()).await;
    assert_eq!(made["Status"], "SUCCESS", "{made}");
    whole(true);
    let id = made["PhysicalResourceId"].as_str();
    let removed = stack.ask(&function, "Delete", id, &properties()).await;
    assert_eq!(removed["Status"], "SUCCESS", "{removed}");
    whole(false);
}

// DEFECTS B5, B6
#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_and_an_overlap_is_told_at_once() {
    let busy = (409, "OperationAborted", "A conflicting conditional operation is currently in progress.");
    let refusals =
        vec![busy, (400, "InvalidArgument", "Unable to validate the following destination configurations")];
    let (bucket, function) = start(Bucket { refusals, ..Bucket::default() }).await;
    let stack = CloudFormation::new("s").await;
    let made = stack.ask(&function, "Create", None, &properties()).await;
    assert_eq!(made["Status"], "SUCCESS", "{made}");
    assert!(bucket.lock().unwrap().configuration.contains("manifests/"));

    for overlap in [
        "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
        "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules.",
    ] {
        let refusals = vec![(400, "InvalidArgument", overlap)];
        let (bucket, function) = start(Bucket { refusals, ..Bucket::default() }).await;
        let refused = stack.ask(&function, "Create", None, &properties()).await;
        assert_eq!(refused["Status"], "FAILED");
        let reason = refused["Reason"].as_str().unwrap();
        assert!(reason.starts_with("b tells another of the same objects already"), "{reason}");
        assert_eq!(bucket.lock().unwrap().writes, 1);
    }
}
