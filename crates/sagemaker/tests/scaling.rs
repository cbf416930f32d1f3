//! Instances of a variant follow its traffic and its bounds, also over a restart. The programs are real, the clock is not.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mlpp_sagemaker::{Config, InvokeEndpoint, SageMaker, Service, ServiceError};
use serde_json::{Value, json};
use support::Lab;

const PERIOD: Duration = Duration::from_millis(50);

/// A clock in hand, and a configuration that goes by it.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn configure(&self, config: &mut Config) {
        let hand = Arc::clone(&self.0);
        config.restart_delay = Duration::from_millis(1);
        config.scaling_period = PERIOD;
        config.clock =
            Arc::new(move || Timestamp::from_second(1_700_000_000 + hand.load(Ordering::Relaxed)).unwrap());
    }
}

async fn scaling(platform: &SageMaker, action: &str, more: Value) -> Result<Value, ServiceError> {
    let mut request = json!({
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/one",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    platform.call(Service::ApplicationAutoScaling, action, request).await
}

async fn served(lab: &Lab) {
    lab.model("one", "first", json!({})).await;
    lab.config("c", &[("one", 1.0)]).await;
    lab.must("CreateEndpoint", json!({"EndpointName": "e", "EndpointConfigName": "c"})).await;
    lab.settled("e").await;
}

async fn put_policy(platform: &SageMaker, scale_in_cooldown: u64) {
    let tracking = json!({
        "TargetValue": 600.0, "ScaleInCooldown": scale_in_cooldown, "ScaleOutCooldown": 0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    });
    let policy = json!({"PolicyName": "p", "PolicyType": "TargetTrackingScaling",
                        "TargetTrackingScalingPolicyConfiguration": tracking});
    scaling(platform, "PutScalingPolicy", policy).await.unwrap();
}

/// How many instances there are to be, and how many there are.
async fn counts(platform: &SageMaker) -> (u64, u64) {
    let request = json!({"EndpointName": "e"});
    let endpoint = platform.call(Service::SageMaker, "DescribeEndpoint", request).await.unwrap();
    let count = |member: &str| endpoint["ProductionVariants"][0][member].as_u64().unwrap_or_default();
    (count("DesiredInstanceCount"), count("CurrentInstanceCount"))
}

async fn until(platform: &SageMaker, wanted: u64) {
    while counts(platform).await != (wanted, wanted) {
        tokio::task::yield_now().await;
    }
}

async fn invoke(platform: &SageMaker) {
    let request = InvokeEndpoint {
        endpoint_name: "e".to_owned(),
        body: "1".to_owned().into(),
        ..InvokeEndpoint::default()
    };
    platform.invoke_endpoint(request).await.unwrap();
}

async fn activities(platform: &SageMaker) -> Vec<Value> {
    let told = scaling(platform, "DescribeScalingActivities", json!({})).await.unwrap();
    told["ScalingActivities"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_scaled_out_comes_back_and_goes_on_cooling_down() {
    let hand = Hand::default();
    let lab = Lab::with(|config| hand.configure(config));
    served(&lab).await;
    scaling(&lab.platform, "RegisterScalableTarget", json!({"MinCapacity": 1, "MaxCapacity": 3}))
        .await
        .unwrap();
    put_policy(&lab.platform, 3_600).await;
    while counts(&lab.platform).await != (3, 3) {
        invoke(&lab.platform).await;
    }
    let before = activities(&lab.platform).await;
    assert!(!before.is_empty());
    hand.advance(1_800);
    lab.platform.shutdown().await;

    let again = lab.open_with(|config| hand.configure(config));
    again.restore_endpoints().await.unwrap();
    until(&again, 3).await;
    assert_eq!(activities(&again).await, before);
    // There is no traffic, and half of the cooldown is left.
    let start = Instant::now();
    while start.elapsed() < PERIOD * 5 {
        assert_eq!(counts(&again).await.0, 3);
    }
    hand.advance(1_800);
    until(&again, 1).await;
    let after = activities(&again).await;
    assert_eq!(after[1..], before);
    assert_eq!(after[0]["Description"], "Setting desired instance count to 1.");
    assert!(after[0]["Cause"].as_str().unwrap().contains("below the target 600"), "{after:#?}");
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_that_change_are_kept_at_once() {
    let lab = Lab::with(|config| {
        config.restart_delay = Duration::from_millis(1);
        // Nothing is decided by traffic.
        config.scaling_period = Duration::from_hours(1);
    });
    served(&lab).await;
    let register = async |more: Value| scaling(&lab.platform, "RegisterScalableTarget", more).await.unwrap();
    register(json!({"MinCapacity": 2, "MaxCapacity": 4})).await;
    until(&lab.platform, 2).await;
    // What is not given stays.
    register(json!({"MinCapacity": 3})).await;
    until(&lab.platform, 3).await;
    register(json!({"MinCapacity": 1, "MaxCapacity": 1})).await;
    until(&lab.platform, 1).await;
    let told: Vec<_> = activities(&lab.platform).await.iter().map(|one| one["Cause"].clone()).collect();
    assert_eq!(
        told,
        ["maximum capacity was set to 1", "minimum capacity was set to 3", "minimum capacity was set to 2"]
    );
    lab.platform.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_keeps_the_count_by_the_variants_name_and_a_deletion_takes_targets_along() {
    let lab = Lab::with(|config| {
        config.restart_delay = Duration::from_millis(1);
        config.scaling_period = Duration::from_hours(1);
    });
    served(&lab).await;
    scaling(&lab.platform, "RegisterScalableTarget", json!({"MinCapacity": 2, "MaxCapacity": 4}))
        .await
        .unwrap();
    put_policy(&lab.platform, 0).await;
    until(&lab.platform, 2).await;
    lab.config("d", &[("one", 1.0)]).await;
    let update = json!({"EndpointName": "e", "EndpointConfigName": "d", "RetainAllVariantProperties": true});
    lab.must("UpdateEndpoint", update).await;
    lab.settled("e").await;
    until(&lab.platform, 2).await;
    lab.must("DeleteEndpoint", json!({"EndpointName": "e"})).await;
    let all = json!({"ServiceNamespace": "sagemaker"});
    for (action, member) in
        [("DescribeScalableTargets", "ScalableTargets"), ("DescribeScalingPolicies", "ScalingPolicies")]
    {
        loop {
            let left = lab.platform.call(Service::ApplicationAutoScaling, action, all.clone()).await;
            if left.unwrap()[member] == json!([]) {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    lab.platform.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions_are_filtered_and_come_in_pages() {
    let lab = Lab::with(|config| config.scaling_period = Duration::from_hours(1));
    served(&lab).await;
    scaling(&lab.platform, "RegisterScalableTarget", json!({"MinCapacity": 1, "MaxCapacity": 1}))
        .await
        .unwrap();
    put_policy(&lab.platform, 0).await;
    let describe = async |action: &str, mut request: Value| {
        request["ServiceNamespace"] = json!("sagemaker");
        lab.platform.call(Service::ApplicationAutoScaling, action, request).await
    };
    for (resources, count) in [(json!(["endpoint/e/variant/one"]), 1), (json!(["endpoint/e/variant/two"]), 0)]
    {
        let told = describe("DescribeScalableTargets", json!({"ResourceIds": resources})).await.unwrap();
        assert_eq!(told["ScalableTargets"].as_array().unwrap().len(), count);
    }
    for (names, count) in [(json!(["p"]), 1), (json!(["q"]), 0)] {
        let told = describe("DescribeScalingPolicies", json!({"PolicyNames": names})).await.unwrap();
        assert_eq!(told["ScalingPolicies"].as_array().unwrap().len(), count);
    }
    let dimension = json!({"ScalableDimension": "sagemaker:variant:DesiredInstanceCount"});
    let alone = describe("DescribeScalableTargets", dimension).await.unwrap_err();
    assert_eq!(alone.code, "ValidationException", "{alone}");
    let token = describe("DescribeScalingPolicies", json!({"NextToken": "none"})).await.unwrap_err();
    assert_eq!(token.code, "InvalidNextTokenException", "{token}");
    for action in ["DeregisterScalableTarget", "DeleteScalingPolicy"] {
        let mut request = json!({"ResourceId": "endpoint/e/variant/two"});
        if action == "DeleteScalingPolicy" {
            request["PolicyName"] = json!("p");
        }
        let absent = scaling(&lab.platform, action, request).await.unwrap_err();
        assert_eq!(absent.code, "ObjectNotFoundException", "{absent}");
    }
    lab.platform.shutdown().await;
}
