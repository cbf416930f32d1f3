//! Endpoints: into service, invocations, updates, failures, ends.
#![cfg(target_os = "linux")]

mod support;

use mlpp_sagemaker::{InvokeEndpoint, InvokeEndpointOutput, SageMaker, Service, ServiceError};
use serde_json::{Value, json};
use support::{Lab, eventually, runs};

async fn invoke(
    platform: &SageMaker,
    body: &str,
    target: Option<&str>,
) -> Result<InvokeEndpointOutput, ServiceError> {
    let request = InvokeEndpoint {
        endpoint_name: "e".to_owned(),
        content_type: Some("text/csv".to_owned()),
        accept: None,
        target_variant: target.map(str::to_owned),
        body: body.as_bytes().to_vec().into(),
    };
    platform.invoke_endpoint(request).await
}

fn create(config: &str) -> Value {
    json!({"EndpointName": "e", "EndpointConfigName": config})
}

/// A lab with an endpoint `e` that serves the model `one`.
async fn served() -> Lab {
    let lab = Lab::new("unused");
    lab.model("one", "first", json!({})).await;
    lab.config("c1", &[("one", 1.0)]).await;
    lab.must("CreateEndpoint", create("c1")).await;
    let endpoint = lab.settled("e").await;
    assert_eq!(endpoint["EndpointStatus"], "InService", "{endpoint:#}");
    lab
}

/// The processes of the endpoint's programs and their supervisors, by the paths in their variables.
fn supervised(lab: &Lab) -> Vec<String> {
    let folder = lab.path("platform/endpoints").display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = std::fs::read_to_string(entry.path().join("environ")).unwrap_or_default();
        let pid = entry.file_name().to_string_lossy().into_owned();
        if line.contains(&folder) && runs(&pid) {
            found.push(pid);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn into_service_and_out() {
    let lab = served().await;
    let endpoint = lab.must("DescribeEndpoint", json!({"EndpointName": "e"})).await;
    assert_eq!(endpoint["EndpointConfigName"], "c1");
    assert_eq!(endpoint["ProductionVariants"][0]["CurrentInstanceCount"], 1);
    assert_eq!(endpoint["ProductionVariants"][0]["CurrentWeight"], 1.0);

    let answer = invoke(&lab.platform, "1,2", None).await.unwrap();
    assert_eq!(answer.body, "one first text/csv 1,2");
    assert_eq!(
        (answer.content_type.as_deref(), answer.invoked_production_variant.as_str()),
        (Some("text/plain"), "one")
    );
    // Another opener asks the programs of this one.
    let other = lab.open_again();
    assert_eq!(invoke(&other, "3", None).await.unwrap().body, "one first text/csv 3");

    let refused = invoke(&lab.platform, "bad", None).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.http_status), ("ModelError", 424));
    assert!(
        refused
            .message
            .starts_with("Received client error (415) from primary with message \"not that\". See /")
    );
    let failure = refused.model.unwrap();
    assert_eq!((failure.original_status_code, failure.original_message.as_str()), (415, "not that"));

    let twice = lab.call("CreateEndpoint", create("c1")).await.unwrap_err();
    assert_eq!(
        twice.message,
        "Cannot create already existing endpoint \"arn:aws:sagemaker:us-east-1:000000000000:endpoint/e\"."
    );
    let processes = supervised(&lab);
    assert!(!processes.is_empty());
    lab.must("DeleteEndpoint", json!({"EndpointName": "e"})).await;
    for pid in processes {
        eventually("the program has ended", || !runs(&pid)).await;
    }
    eventually("the folder is gone", || !lab.path("platform/endpoints/e").exists()).await;
    let gone = async || lab.call("DescribeEndpoint", json!({"EndpointName": "e"})).await.is_err();
    while !gone().await {
        tokio::task::yield_now().await;
    }
    let error = lab.call("DescribeEndpoint", json!({"EndpointName": "e"})).await.unwrap_err();
    assert_eq!(error.code, "ValidationException");
    assert_eq!(
        error.message,
        "Could not find endpoint \"arn:aws:sagemaker:us-east-1:000000000000:endpoint/e\"."
    );
    let error = invoke(&lab.platform, "1", None).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("ValidationError", "Endpoint e of account 000000000000 not found.")
    );
}

/// The files of a name in the endpoint's model folders.
fn in_model_folders(lab: &Lab, name: &str) -> Vec<std::path::PathBuf> {
    let read = |folder: std::path::PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let deployments = read(lab.path("platform/endpoints/e"));
    let instances = deployments.flat_map(|deployment| read(deployment.path()));
    instances.map(|instance| instance.path().join("model").join(name)).filter(|path| path.exists()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_switches_and_drains() {
    let lab = Lab::with(|config| config.grace = std::time::Duration::from_mins(1));
    lab.model("one", "first", json!({})).await;
    lab.config("c1", &[("one", 1.0)]).await;
    lab.must("CreateEndpoint", create("c1")).await;
    lab.settled("e").await;
    lab.model("two", "second", json!({})).await;
    lab.config("c2", &[("two", 1.0)]).await;
    let old = supervised(&lab);
    let platform = lab.platform.clone();
    let slow = tokio::spawn(async move { invoke(&platform, "slow", None).await });
    eventually("the slow invocation is under way", || !in_model_folders(&lab, "busy").is_empty()).await;
    lab.must("UpdateEndpoint", create("c2")).await;
    let busy = lab.call("UpdateEndpoint", create("c1")).await.unwrap_err();
    assert!(busy.message.starts_with("Cannot update in-progress endpoint"), "{busy}");
    // Invocations are answered throughout, first by the old programs and then by the new ones.
    while invoke(&lab.platform, "1", None).await.unwrap().invoked_production_variant == "one" {}
    assert_eq!(invoke(&lab.platform, "1", None).await.unwrap().body, "two second text/csv 1");
    let endpoint = lab.settled("e").await;
    assert_eq!(
        (&endpoint["EndpointStatus"], &endpoint["EndpointConfigName"]),
        (&json!("InService"), &json!("c2"))
    );

    // The old program stays for the invocation under way, and ends after it.
    assert!(old.iter().all(|pid| runs(pid)));
    let busy = in_model_folders(&lab, "busy").remove(0);
    std::fs::write(busy.with_file_name("go"), "").unwrap();
    assert_eq!(slow.await.unwrap().unwrap().body, "one first text/csv slow");
    for pid in old {
        eventually("the old program has ended", || !runs(&pid)).await;
    }
    lab.platform.shutdown().await;
    assert_eq!(supervised(&lab), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_replaced() {
    let lab = Lab::with_algorithm(&support::algorithm("unused").replace("\"serve\"", "\"lose-port\""));
    lab.model("one", "first", json!({})).await;
    lab.config("c", &[("one", 1.0)]).await;
    lab.must("CreateEndpoint", create("c")).await;
    let endpoint = lab.settled("e").await;
    assert_eq!(endpoint["EndpointStatus"], "InService", "{endpoint:#}");
    assert_eq!(invoke(&lab.platform, "1", None).await.unwrap().body, "one first text/csv 1");
    let squatter = in_model_folders(&lab, "../squatter").remove(0);
    let pid = std::fs::read_to_string(squatter).unwrap();
    assert!(std::process::Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
    lab.platform.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_fails_goes_back() {
    let lab = served().await;
    // Its model folder lacks a variable that the program needs only to answer; the program itself ends at once.
    lab.model("broken", "x", json!({"SAGEMAKER_BIND_TO_PORT": "none"})).await;
    lab.config("c2", &[("one", 1.0), ("broken", 1.0)]).await;
    lab.must("UpdateEndpoint", create("c2")).await;
    let endpoint = lab.settled("e").await;
    assert_eq!(
        (&endpoint["EndpointStatus"], &endpoint["EndpointConfigName"]),
        (&json!("InService"), &json!("c1"))
    );
    let reason = endpoint["FailureReason"].as_str().unwrap();
    assert_eq!(
        reason,
        "The primary container for production variant broken ended before it was healthy, exit code: 1. \
         Its log ends with: invalid digit found in string"
    );
    assert_eq!(invoke(&lab.platform, "1", None).await.unwrap().body, "one first text/csv 1");
    assert_eq!(endpoint["ProductionVariants"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_gets_healthy_fails() {
    let lab = Lab::with(|config| config.startup_timeout = std::time::Duration::from_millis(300));
    lab.model("sick", "x", json!({"PING_STATUS": "503"})).await;
    lab.config("c", &[("sick", 1.0)]).await;
    lab.must("CreateEndpoint", create("c")).await;
    let endpoint = lab.settled("e").await;
    assert_eq!(endpoint["EndpointStatus"], "Failed");
    let reason = endpoint["FailureReason"].as_str().unwrap();
    assert!(
        reason.contains("variant sick did not pass the ping health check within 0.3 seconds"),
        "{reason}"
    );
    assert_eq!(supervised(&lab), Vec::<String>::new());
    let error = lab.call("UpdateEndpoint", create("c")).await.unwrap_err();
    assert!(error.message.contains("its status is Failed"), "{error}");
    let error = invoke(&lab.platform, "1", None).await.unwrap_err();
    assert_eq!(error.code, "ServiceUnavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_no_archive_or_not_there() {
    let lab = Lab::new("unused");
    lab.model("text", "x", json!({})).await;
    std::fs::write(lab.path("buckets/artifacts/text.tar.gz"), "no archive").unwrap();
    lab.model("none", "x", json!({})).await;
    std::fs::remove_file(lab.path("buckets/artifacts/none.tar.gz")).unwrap();
    for (name, message) in [
        (
            "text",
            "Failed to extract the model data archive for production variant text: not a readable tar.gz",
        ),
        ("none", "Could not find model data at s3://artifacts/none.tar.gz for production variant none"),
    ] {
        lab.config(name, &[(name, 1.0)]).await;
        let request = json!({"EndpointName": name, "EndpointConfigName": name});
        lab.must("CreateEndpoint", request).await;
        let endpoint = lab.settled(name).await;
        assert_eq!(endpoint["EndpointStatus"], "Failed");
        assert!(endpoint["FailureReason"].as_str().unwrap().starts_with(message), "{endpoint:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_goes_by_weight_or_to_the_target() {
    let lab = Lab::new("unused");
    lab.model("one", "first", json!({})).await;
    lab.model("two", "second", json!({})).await;
    lab.config("c", &[("one", 3.0), ("two", 1.0)]).await;
    lab.must("CreateEndpoint", create("c")).await;
    lab.settled("e").await;
    let mut counts = (0, 0);
    for _ in 0..40 {
        match invoke(&lab.platform, "1", None).await.unwrap().invoked_production_variant.as_str() {
            "one" => counts.0 += 1,
            _ => counts.1 += 1,
        }
    }
    assert!((28..=32).contains(&counts.0), "{counts:?}");
    let answer = invoke(&lab.platform, "1", Some("two")).await.unwrap();
    assert_eq!(answer.invoked_production_variant, "two");
    let error = invoke(&lab.platform, "1", Some("three")).await.unwrap_err();
    assert_eq!(error.code, "ValidationError");

    // A program that dies counts no more; the other variant goes on.
    let died = invoke(&lab.platform, "die", Some("two")).await.unwrap_err();
    assert_eq!(died.code, "ModelError");
    while invoke(&lab.platform, "1", Some("two")).await.unwrap_err().code != "ServiceUnavailable" {}
    assert_eq!(invoke(&lab.platform, "1", None).await.unwrap().invoked_production_variant, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_ends_is_started_again() {
    let lab = Lab::with(|config| config.restart_delay = std::time::Duration::from_millis(10));
    lab.model("one", "first", json!({})).await;
    lab.config("c1", &[("one", 1.0)]).await;
    lab.must("CreateEndpoint", create("c1")).await;
    lab.settled("e").await;
    for _ in 0..3 {
        let died = invoke(&lab.platform, "die", None).await.unwrap_err();
        assert_eq!(died.code, "ModelError");
        let answer = loop {
            match invoke(&lab.platform, "1", None).await {
                Ok(answer) => break answer,
                Err(error) => {
                    assert!(["ServiceUnavailable", "ModelError"].contains(&error.code.as_str()), "{error}");
                }
            }
        };
        assert_eq!(answer.body, "one first text/csv 1");
    }
    let count = async || {
        let endpoint = lab.must("DescribeEndpoint", json!({"EndpointName": "e"})).await;
        endpoint["ProductionVariants"][0]["CurrentInstanceCount"].clone()
    };
    while count().await != 1 {
        tokio::task::yield_now().await;
    }
    lab.must("DeleteEndpoint", json!({"EndpointName": "e"})).await;
    eventually("all programs have ended", || supervised(&lab).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_come_and_go_with_the_traffic() {
    let lab = Lab::with(|config| {
        config.restart_delay = std::time::Duration::from_millis(1);
        config.scaling_period = std::time::Duration::from_millis(100);
    });
    lab.model("one", "first", json!({})).await;
    lab.config("c1", &[("one", 1.0)]).await;
    lab.must("CreateEndpoint", create("c1")).await;
    lab.settled("e").await;
    let scaling = async |action: &str, mut request: Value| {
        request["ServiceNamespace"] = json!("sagemaker");
        request["ResourceId"] = json!("endpoint/e/variant/one");
        request["ScalableDimension"] = json!("sagemaker:variant:DesiredInstanceCount");
        lab.platform.call(Service::ApplicationAutoScaling, action, request).await.unwrap()
    };
    scaling("RegisterScalableTarget", json!({"MinCapacity": 1, "MaxCapacity": 3})).await;
    let tracking = json!({
        "TargetValue": 600.0, "ScaleInCooldown": 0, "ScaleOutCooldown": 0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    });
    let policy = json!({"PolicyName": "p", "PolicyType": "TargetTrackingScaling",
                        "TargetTrackingScalingPolicyConfiguration": tracking});
    scaling("PutScalingPolicy", policy).await;
    let count = async || {
        let endpoint = lab.must("DescribeEndpoint", json!({"EndpointName": "e"})).await;
        endpoint["ProductionVariants"][0]["CurrentInstanceCount"].as_u64().unwrap()
    };
    // Every invocation is answered, also while instances come and go.
    let mut most = 0;
    while most < 3 {
        assert_eq!(invoke(&lab.platform, "1", None).await.unwrap().body, "one first text/csv 1");
        most = most.max(count().await);
        assert!(most <= 3);
    }
    while count().await != 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(invoke(&lab.platform, "1", None).await.unwrap().body, "one first text/csv 1");
    let activities = scaling("DescribeScalingActivities", json!({})).await;
    let last = activities["ScalingActivities"][0]["Description"].as_str().unwrap();
    assert!(last.starts_with("Setting desired instance count to "), "{activities:#}");
    lab.platform.shutdown().await;
    assert_eq!(supervised(&lab), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_restored_after_its_process_is_gone() {
    let lab = served().await;
    lab.platform.shutdown().await;
    assert_eq!(supervised(&lab), Vec::<String>::new());
    let again = lab.open_again();
    let describe = async || {
        again.call(Service::SageMaker, "DescribeEndpoint", json!({"EndpointName": "e"})).await.unwrap()
    };
    let endpoint = describe().await;
    assert_eq!(
        (&endpoint["EndpointStatus"], &endpoint["EndpointConfigName"]),
        (&json!("InService"), &json!("c1"))
    );
    assert_eq!(endpoint["ProductionVariants"][0]["CurrentInstanceCount"], 0);
    assert_eq!(invoke(&again, "1", None).await.unwrap_err().code, "ServiceUnavailable");
    again.restore_endpoints().await.unwrap();
    while describe().await["ProductionVariants"][0]["CurrentInstanceCount"] != 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(invoke(&again, "1", None).await.unwrap().body, "one first text/csv 1");
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_cut_off_is_gone_on_with() {
    let lab = Lab::new("unused");
    lab.model("sick", "x", json!({"PING_STATUS": "503"})).await;
    lab.config("c", &[("sick", 1.0)]).await;
    lab.must("CreateEndpoint", create("c")).await;
    eventually("a program runs", || !supervised(&lab).is_empty()).await;
    lab.platform.shutdown().await;
    assert_eq!(supervised(&lab), Vec::<String>::new());
    let endpoint = lab.must("DescribeEndpoint", json!({"EndpointName": "e"})).await;
    assert_eq!(endpoint["EndpointStatus"], "Creating");
    let again = lab.open_again();
    assert_eq!(again.resume_endpoints().await.unwrap(), ["e"]);
    assert_eq!(again.resume_endpoints().await.unwrap(), Vec::<String>::new());
    eventually("a program runs again", || !supervised(&lab).is_empty()).await;
    again.shutdown().await;
    assert_eq!(supervised(&lab), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_configurations_are_checked() {
    let lab = Lab::new("unused");
    let model = |image: &str| json!({"ModelName": "m", "PrimaryContainer": {"Image": image}});
    let error = lab.call("CreateModel", model("somewhere/xgboost:1")).await.unwrap_err();
    assert!(error.message.contains("The images known are: mlpp.local/sh"), "{error}");
    let package = json!({"ModelName": "m", "PrimaryContainer": {"ModelPackageName": "p"}});
    let error = lab.call("CreateModel", package).await.unwrap_err();
    assert!(error.message.contains("Model packages are not supported"), "{error}");
    let arn = "arn:aws:sagemaker:us-east-1:000000000000";
    assert_eq!(
        lab.must("CreateModel", model("mlpp.local/sh")).await,
        json!({"ModelArn": format!("{arn}:model/m")})
    );
    let error = lab.call("CreateModel", model("mlpp.local/sh")).await.unwrap_err();
    assert_eq!(error.message, format!("Cannot create already existing model \"{arn}:model/m\"."));

    let variants = json!([{"VariantName": "v", "ModelName": "none", "InitialInstanceCount": 1}]);
    let config = json!({"EndpointConfigName": "c", "ProductionVariants": variants});
    let error = lab.call("CreateEndpointConfig", config).await.unwrap_err();
    assert_eq!(error.message, format!("Could not find model \"{arn}:model/none\"."));
    lab.config("c", &[("m", 1.0)]).await;
    let described = lab.must("DescribeEndpointConfig", json!({"EndpointConfigName": "c"})).await;
    assert_eq!(described["ProductionVariants"][0]["ModelName"], "m");
    let error = lab.call("CreateEndpoint", create("d")).await.unwrap_err();
    assert_eq!(error.message, format!("Could not find endpoint configuration \"{arn}:endpoint-config/d\"."));

    let algorithm =
        lab.must("DescribeAlgorithm", json!({"AlgorithmName": format!("{arn}:algorithm/sh")})).await;
    assert_eq!(algorithm["InferenceSpecification"]["Containers"][0]["Image"], "mlpp.local/sh");
    assert_eq!(algorithm["TrainingSpecification"]["SupportedHyperParameters"][0]["Name"], "x");
    lab.must("DeleteModel", json!({"ModelName": "m"})).await;
    lab.must("DeleteEndpointConfig", json!({"EndpointConfigName": "c"})).await;
    for (action, member) in [("DescribeModel", "ModelName"), ("DeleteEndpointConfig", "EndpointConfigName")] {
        let error = lab.call(action, json!({member: "m"})).await.unwrap_err();
        assert!(error.message.starts_with("Could not find"), "{error}");
    }
    assert_eq!(lab.must("ListModels", json!({})).await, json!({"Models": []}));
}
