//! The endpoint's deployment: an absent endpoint is created, one that is there is updated, and every way in which the service
//! can end it is told for what it is.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::simulated::{Answer, Services, full_input};

const MACHINE: &str = "endpoint-deployment";

fn input() -> Value {
    full_input(MACHINE)
}

fn endpoint(status: &str) -> Value {
    json!({"EndpointStatus": status, "EndpointArn": "arn", "EndpointConfigName": "before"})
}

fn failure(outcome: &Outcome) -> (&str, &str) {
    match outcome {
        Outcome::Failed { error: Some(error), cause: Some(cause) } => (error, cause),
        other => panic!("{other:?}"),
    }
}

fn succeeded(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Succeeded { output } => Value::clone(&output),
        other => panic!("{other:?}"),
    }
}

/// Runs with an endpoint that is there; after the update it is described as `after`, with the new configuration's name
/// where `after` names none.
fn updated(after: &Value) -> (Outcome, usize, i64) {
    let mut new = Value::Null;
    let mut services = Services::answering(|asked| {
        if asked.action == "CreateEndpointConfig" {
            new = asked.parameters["EndpointConfigName"].clone();
        }
        (asked.state == "Describe the endpoint").then(|| {
            let mut description = after.clone();
            if description.get("EndpointConfigName").is_none() {
                description["EndpointConfigName"] = new.clone();
            }
            Answer::Output(description)
        })
    });
    services.endpoint = Some(endpoint("InService"));
    let outcome = services.run(MACHINE, &input());
    let polls = services.asked.iter().filter(|asked| asked.state == "Describe the endpoint").count();
    (outcome, polls, services.seconds)
}

#[test]
fn an_absent_endpoint_is_created_and_one_that_is_there_is_updated() {
    for (present, asked, not_asked) in [
        (None, "CreateEndpoint", "UpdateEndpoint"),
        (Some(endpoint("InService")), "UpdateEndpoint", "CreateEndpoint"),
    ] {
        let mut services = Services::new();
        services.endpoint = present;
        let output = succeeded(services.run(MACHINE, &input()));
        let config = &services.request("CreateEndpointConfig")["EndpointConfigName"];
        assert_eq!(&services.request(asked)["EndpointConfigName"], config);
        assert_eq!(services.requests(not_asked), [&Value::Null; 0]);
        assert_eq!((&output["endpointConfigName"], &output["endpointArn"]), (config, &json!("arn")));
    }
}

#[test]
fn only_an_endpoint_that_cannot_be_found_is_absent() {
    let absent = "Could not find endpoint \"arn:aws:sagemaker:us-east-1:123456789012:endpoint/e\". (Service: SageMaker, \
                  Status Code: 400, Request ID: 1)";
    let denied = "User is not authorized to perform: sagemaker:DescribeEndpoint (Service: SageMaker, Status Code: 400)";
    let throttled = "Rate exceeded (Service: SageMaker, Status Code: 400)";
    for (error, cause, created, tries) in [
        ("SageMaker.SageMakerException", absent, true, 1),
        ("SageMaker.SageMakerException", denied, false, 1),
        ("SageMaker.SageMakerException", throttled, false, 6),
        ("SageMaker.SdkClientException", "Unable to execute HTTP request", false, 6),
        ("States.TaskFailed", absent, false, 1),
        ("States.Timeout", "", false, 1),
    ] {
        let mut services = Services::answering(|asked| {
            (asked.state == "Describe the present endpoint").then(|| Answer::failure(error, cause))
        });
        let outcome = services.run(MACHINE, &input());
        let asked = services.requests("DescribeEndpoint").len() - usize::from(created);
        // 1, 2, 4, 8 and 16 seconds apart; the endpoint that is made is waited for 1 second.
        let waited = if tries == 1 { i64::from(created) } else { 31 };
        assert_eq!((asked, services.seconds), (tries, waited), "{error} {cause}");
        assert_eq!(services.requests("CreateEndpoint").len(), usize::from(created), "{error} {cause}");
        if created {
            succeeded(outcome);
        } else {
            assert_eq!(failure(&outcome), (error, cause));
        }
    }
}

#[test]
fn an_endpoint_that_does_not_come_into_service_fails_the_execution_with_the_services_reason() {
    let reason = "The primary container for production variant v did not pass the ping health check.";
    for (status, polls) in [("Failed", 1), ("OutOfService", 1), ("Deleting", 1), ("UpdateRollbackFailed", 1)]
    {
        let mut description = endpoint(status);
        for (because, cause) in [
            (Some(reason), format!("The endpoint survival-endpoint is {status}: {reason}")),
            (None, format!("The endpoint survival-endpoint is {status}.")),
        ] {
            description["FailureReason"] = json!(because);
            if because.is_none() {
                description.as_object_mut().unwrap().remove("FailureReason");
            }
            let (outcome, asked, _) = updated(&description);
            assert_eq!(failure(&outcome), ("EndpointNotInService", cause.as_str()));
            assert_eq!(asked, polls);
        }
    }
}

#[test]
fn an_update_that_was_rolled_back_is_no_success() {
    let mut description = endpoint("InService");
    let (outcome, ..) = updated(&description);
    assert_eq!(
        failure(&outcome),
        ("EndpointUpdateRolledBack", "The endpoint survival-endpoint went back to before.")
    );
    description["FailureReason"] = json!("the alarm went off");
    let (outcome, ..) = updated(&description);
    let cause = "The endpoint survival-endpoint went back to before: the alarm went off";
    assert_eq!(failure(&outcome), ("EndpointUpdateRolledBack", cause));
    description.as_object_mut().unwrap().remove("EndpointConfigName");
    succeeded(updated(&description).0);
}

#[test]
fn waiting_for_the_endpoint_grows_and_ends() {
    for status in ["Creating", "Updating", "SystemUpdating", "RollingBack"] {
        let (outcome, polls, seconds) = updated(&endpoint(status));
        let cause = format!("The endpoint survival-endpoint is {status}.");
        assert_eq!(failure(&outcome), ("EndpointNotInService", cause.as_str()));
        // 1, 2, 4, 8, 16 and 32 seconds, then 60 each time.
        assert_eq!((polls, seconds), (120, 63 + 114 * 60), "{status}");
    }
}

#[test]
fn an_endpoint_that_changes_already_is_waited_for_and_the_waiting_ends() {
    for status in ["Creating", "Updating", "SystemUpdating", "RollingBack"] {
        let mut polls = 0;
        let mut services = Services::answering(|asked| {
            let present = asked.state == "Describe the present endpoint";
            polls += usize::from(present);
            (present && polls < 10).then(|| Answer::Output(endpoint(status)))
        });
        services.endpoint = Some(endpoint("InService"));
        succeeded(services.run(MACHINE, &input()));
        assert_eq!(services.seconds, 9 * 30 + 1);

        let mut services = Services::new();
        services.endpoint = Some(endpoint(status));
        let outcome = services.run(MACHINE, &input());
        let (error, cause) = failure(&outcome);
        assert_eq!(
            (error, cause.contains(&format!("is {status};"))),
            ("EndpointNotUpdatable", true),
            "{cause}"
        );
        assert_eq!((services.requests("DescribeEndpoint").len(), services.seconds), (60, 59 * 30));
        assert_eq!(services.requests("CreateEndpointConfig"), [&Value::Null; 0]);
    }
    for status in ["Failed", "OutOfService", "Deleting", "UpdateRollbackFailed"] {
        let mut services = Services::new();
        services.endpoint = Some(endpoint(status));
        services.endpoint.as_mut().unwrap()["FailureReason"] = json!("No capacity.");
        let outcome = services.run(MACHINE, &input());
        let cause = format!(
            "The endpoint survival-endpoint is {status}; it can be updated only when it is InService. No capacity."
        );
        assert_eq!(failure(&outcome), ("EndpointNotUpdatable", cause.as_str()));
        assert_eq!(services.requests("DescribeEndpoint").len(), 1);
    }
}

#[test]
fn running_instances_are_kept_by_the_variants_name_and_within_the_bounds() {
    let variants = |names: &[&str]| -> Vec<Value> {
        let variant = |name: &&str| json!({"VariantName": name, "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": "2"});
        names.iter().map(variant).collect()
    };
    let mut input = input();
    let mut serverless = json!({"VariantName": "s", "ModelName": "m"});
    serverless["ServerlessConfig"] = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5});
    input["productionVariants"] = variants(&["a", "b", "c", "d"]).into();
    input["productionVariants"].as_array_mut().unwrap().push(serverless.clone());
    let running = [("d", 9), ("c", 0), ("b", 1), ("a", 3)];
    let running: Vec<Value> = running
        .iter()
        .map(|(name, count)| json!({"VariantName": name, "CurrentInstanceCount": count}))
        .collect();
    let mut present = endpoint("InService");
    present["ProductionVariants"] = running.into();
    for (scaled, expected) in [(true, [3, 1, 2, 4]), (false, [3, 1, 2, 9])] {
        let mut input = input.clone();
        if !scaled {
            input.as_object_mut().unwrap().remove("autoscalingMaxCapacity");
        }
        let mut services = Services::new();
        services.endpoint = Some(present.clone());
        succeeded(services.run(MACHINE, &input));
        let configured = services.request("CreateEndpointConfig")["ProductionVariants"].as_array().unwrap();
        let counts: Vec<_> =
            configured.iter().filter_map(|variant| variant["InitialInstanceCount"].as_i64()).collect();
        assert_eq!(counts, expected);
        assert_eq!(configured.last(), Some(&serverless));
        let targets: Vec<_> = services
            .requests("RegisterScalableTarget")
            .iter()
            .map(|request| &request["ResourceId"])
            .collect();
        let of = |name: &str| json!(format!("endpoint/survival-endpoint/variant/{name}"));
        let all = ["a", "b", "c", "d"].map(of);
        assert_eq!(targets, if scaled { all.iter().collect() } else { Vec::new() });
    }
}
