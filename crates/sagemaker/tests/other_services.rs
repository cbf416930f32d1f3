//! Application Auto Scaling and SNS.
#![cfg(target_os = "linux")]

mod support;

use mlpp_sagemaker::{JobEvent, Service, ServiceError};
use serde_json::{Value, json};
use support::Lab;

fn target(change: &Value) -> Value {
    let mut request = json!({
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/one",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    });
    for (name, value) in change.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_and_policies_are_kept() {
    let lab = Lab::new("unused");
    lab.model("one", "first", json!({})).await;
    lab.config("c", &[("one", 1.0)]).await;
    let call = async |action: &str, request: Value| -> Result<Value, ServiceError> {
        lab.platform.call(Service::ApplicationAutoScaling, action, request).await
    };
    let capacity = json!({"MinCapacity": 1, "MaxCapacity": 4});
    let error = call("RegisterScalableTarget", target(&capacity)).await.unwrap_err();
    assert_eq!(error.message, "Endpoint variant does not exist: endpoint/e/variant/one");
    lab.must("CreateEndpoint", json!({"EndpointName": "e", "EndpointConfigName": "c"})).await;
    lab.settled("e").await;

    let policy = json!({
        "PolicyName": "p",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 5000.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            "ScaleInCooldown": 300,
        },
    });
    let error = call("PutScalingPolicy", target(&policy)).await.unwrap_err();
    assert_eq!(error.code, "ObjectNotFoundException");
    let reversed = json!({"MinCapacity": 4, "MaxCapacity": 1});
    assert_eq!(
        call("RegisterScalableTarget", target(&reversed)).await.unwrap_err().code,
        "ValidationException"
    );
    call("RegisterScalableTarget", target(&capacity)).await.unwrap();
    // Registering again changes what is given and keeps the rest.
    call("RegisterScalableTarget", target(&json!({"MaxCapacity": 6}))).await.unwrap();
    let targets = call("DescribeScalableTargets", json!({"ServiceNamespace": "sagemaker"})).await.unwrap();
    assert_eq!(targets["ScalableTargets"].as_array().unwrap().len(), 1);
    let kept = &targets["ScalableTargets"][0];
    assert_eq!((&kept["MinCapacity"], &kept["MaxCapacity"]), (&json!(1), &json!(6)));

    let put = call("PutScalingPolicy", target(&policy)).await.unwrap();
    assert_eq!(put["Alarms"], json!([]));
    let wanted = json!({"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/one"});
    let policies = call("DescribeScalingPolicies", wanted.clone()).await.unwrap();
    assert_eq!(policies["ScalingPolicies"][0]["PolicyARN"], put["PolicyARN"]);
    let step = json!({"PolicyName": "s", "PolicyType": "StepScaling"});
    assert!(
        call("PutScalingPolicy", target(&step)).await.unwrap_err().message.contains("TargetTrackingScaling")
    );

    call("DeregisterScalableTarget", target(&json!({}))).await.unwrap();
    assert_eq!(call("DescribeScalingPolicies", wanted).await.unwrap()["ScalingPolicies"], json!([]));
    let gone = call("DeleteScalingPolicy", target(&json!({"PolicyName": "p"}))).await.unwrap_err();
    assert_eq!(gone.code, "ObjectNotFoundException");
    lab.platform.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_told() {
    let lab = Lab::new("unused");
    let mut events = lab.platform.subscribe();
    let publish = async |request: Value| lab.platform.call(Service::Sns, "Publish", request).await;
    let answer = publish(json!({"TopicArn": "t", "Subject": "s", "Message": "m"})).await.unwrap();
    assert_eq!(answer["MessageId"].as_str().unwrap().len(), 36);
    let told =
        JobEvent::Notification { topic_arn: "t".into(), subject: Some("s".into()), message: "m".into() };
    assert_eq!(events.try_recv().unwrap(), told);
    let structured = r#"{"default": "d", "email": "e"}"#;
    publish(json!({"TopicArn": "t", "MessageStructure": "json", "Message": structured})).await.unwrap();
    let told = JobEvent::Notification { topic_arn: "t".into(), subject: None, message: "d".into() };
    assert_eq!(events.try_recv().unwrap(), told);
    for request in [
        json!({"TopicArn": "t", "Message": ""}),
        json!({"Message": "m"}),
        json!({"TopicArn": "t", "Message": "m", "MessageStructure": "xml"}),
        json!({"TopicArn": "t", "Message": "{}", "MessageStructure": "json"}),
        json!({"TopicArn": "t", "Message": "m", "Subject": "s".repeat(101)}),
    ] {
        assert_eq!(publish(request).await.unwrap_err().code, "InvalidParameter");
    }
}
