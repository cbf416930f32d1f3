//! The endpoint's deployment: an absent endpoint is created, one that is there is updated, and every way in which the service
//! can end it is told for what it is.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::failures::assert_told;
use crate::simulated::{Answer, Services, full_input};

pub(crate) const MACHINE: &str = "endpoint-deployment";

pub(crate) fn input() -> Value {
    full_input(MACHINE)
}

pub(crate) fn endpoint(status: &str) -> Value {
    json!({"EndpointStatus": status, "EndpointArn": "arn", "EndpointConfigName": "before"})
}

/// Error and cause of an execution that failed, which the notification told as well.
fn failure<'a>(services: &Services<'_>, outcome: &'a Outcome) -> (&'a str, &'a str) {
    match outcome {
        Outcome::Failed { error: Some(error), cause: Some(cause) } => {
            assert_told(MACHINE, cause, services, outcome, error, cause);
            (error, cause)
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn succeeded(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Succeeded { output } => Value::clone(&output),
        other => panic!("{other:?}"),
    }
}

/// Runs with an endpoint that is there, or with none; after the update, or the creation, it is described as `after`, with
/// the new configuration's name where `after` names none.
fn deployed(present: Option<&Value>, after: &Value) -> (Services<'static>, Outcome) {
    let mut new = Value::Null;
    let after = after.clone();
    let mut services = Services::answering(move |asked| {
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
    services.endpoint = present.cloned();
    let outcome = services.run(MACHINE, &input());
    (services, outcome)
}

fn updated(after: &Value) -> (Services<'static>, Outcome) {
    deployed(Some(&endpoint("InService")), after)
}

/// How often the endpoint was described in that state.
fn described(services: &Services<'_>, state: &str) -> usize {
    services.asked.iter().filter(|asked| asked.state == state).count()
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
    for (error, cause, created) in [
        ("SageMaker.SageMakerException", absent, true),
        ("SageMaker.SageMakerException", denied, false),
        ("SageMaker.SageMakerException", "Rate exceeded (Service: SageMaker, Status Code: 400)", false),
        ("States.TaskFailed", absent, false),
    ] {
        let mut services = Services::answering(|asked| {
            (asked.state == "Describe the present endpoint").then(|| Answer::failure(error, cause))
        });
        let outcome = services.run(MACHINE, &input());
        assert_eq!(services.requests("CreateEndpoint").len(), usize::from(created), "{error} {cause}");
        if created {
            succeeded(outcome);
        } else {
            assert_eq!(failure(&services, &outcome), (error, cause));
        }
    }
}

#[test]
fn a_question_that_is_throttled_is_asked_again_and_the_waiting_grows_and_ends() {
    let service = "SageMaker.SageMakerException";
    for (error, cause) in [
        (service, "Rate exceeded (Service: SageMaker, Status Code: 400, Request ID: 1)"),
        (service, "null (Service: SageMaker; Status Code: 400; Error Code: ThrottlingException)"),
        (service, "Too fast. (Service: SageMaker, Status Code: 429, Request ID: 1)"),
        (service, "null (Service: SageMaker, Status Code: 500, Request ID: 1)"),
        (service, "Busy. (Service: SageMaker, Status Code: 503, Request ID: 1)"),
        ("SageMaker.ThrottlingException", ""),
        ("SageMaker.TooManyRequestsException", ""),
        ("SageMaker.SdkClientException", "Unable to execute HTTP request: Read timed out"),
    ] {
        // Before the eighth answer: 1, 2, 4, 8, 16, 32 and 60 seconds.
        for (present, refusals, seconds) in
            [(None, 1, 1), (None, 7, 123), (Some(endpoint("InService")), 7, 123)]
        {
            let mut asked_for = 0;
            let mut services = Services::answering(|asked| {
                let this = asked.state == "Describe the present endpoint";
                asked_for += usize::from(this);
                (this && asked_for <= refusals).then(|| Answer::failure(error, cause))
            });
            services.endpoint = present.clone();
            succeeded(services.run(MACHINE, &input()));
            assert_eq!(described(&services, "Describe the present endpoint"), refusals + 1, "{cause}");
            assert_eq!(services.requests("CreateEndpoint").len(), usize::from(present.is_none()));
            assert_eq!(services.requests("UpdateEndpoint").len(), usize::from(present.is_some()));
            // One second more until the endpoint is in service.
            assert_eq!(services.seconds, seconds + 1, "{cause}");
        }
        let mut services = Services::answering(|asked| {
            (asked.state == "Describe the present endpoint").then(|| Answer::failure(error, cause))
        });
        let outcome = services.run(MACHINE, &input());
        assert_eq!(failure(&services, &outcome), (error, cause));
        assert_eq!((described(&services, "Describe the present endpoint"), services.seconds), (8, 123));
        assert_eq!(services.requests("CreateEndpointConfig"), [&Value::Null; 0]);
    }
}

#[test]
fn what_will_not_pass_is_not_asked_again() {
    let service = "SageMaker.SageMakerException";
    for (error, cause) in [
        (
            service,
            "User is not authorized to perform: sagemaker:DescribeEndpoint (Service: SageMaker, Status Code: 400)",
        ),
        (service, "No. (Service: SageMaker, Status Code: 403, Request ID: 500)"),
        (service, ""),
        ("States.TaskFailed", "Rate exceeded"),
        ("States.Permissions", "Throttling"),
        ("Other.ThrottlingException", "Rate exceeded"),
    ] {
        let mut services = Services::answering(|asked| {
            (asked.state == "Describe the present endpoint").then(|| Answer::failure(error, cause))
        });
        let outcome = services.run(MACHINE, &input());
        assert_eq!(failure(&services, &outcome), (error, cause));
        assert_eq!(
            (services.requests("DescribeEndpoint").len(), services.seconds),
            (1, 0),
            "{error} {cause}"
        );
    }
}

#[test]
fn an_endpoint_that_is_deleted_while_it_is_waited_for_is_created_anew() {
    let mut changing = endpoint("Updating");
    changing["ProductionVariants"] = json!([{"VariantName": "v", "CurrentInstanceCount": 3}]);
    let mut polls = 0;
    let mut services = Services::answering(|asked| {
        let this = asked.state == "Describe the present endpoint";
        polls += usize::from(this);
        (this && polls == 1).then(|| Answer::Output(changing.clone()))
    });
    succeeded(services.run(MACHINE, &input()));
    assert_eq!(services.requests("UpdateEndpoint"), [&Value::Null; 0]);
    assert_eq!(services.requests("CreateEndpoint").len(), 1);
    // Nothing of it runs any more.
    let variants = &services.request("CreateEndpointConfig")["ProductionVariants"];
    assert_eq!(variants[0]["InitialInstanceCount"], 1);
}

#[test]
fn an_endpoint_that_does_not_come_into_service_fails_the_execution_with_the_services_reason() {
    let reason = "The primary container for production variant v did not pass the ping health check.";
    for status in ["Failed", "OutOfService", "Deleting", "UpdateRollbackFailed", "SomethingNew"] {
        for present in [Some(endpoint("InService")), None] {
            let mut description = endpoint(status);
            for (because, cause) in [
                (Some(reason), format!("The endpoint survival-endpoint is {status}: {reason}")),
                (None, format!("The endpoint survival-endpoint is {status}.")),
            ] {
                description.as_object_mut().unwrap().remove("FailureReason");
                if let Some(because) = because {
                    description["FailureReason"] = because.into();
                }
                let (services, outcome) = deployed(present.as_ref(), &description);
                assert_eq!(failure(&services, &outcome), ("EndpointNotInService", cause.as_str()));
                assert_eq!(described(&services, "Describe the endpoint"), 1);
                assert_eq!(services.requests("RegisterScalableTarget"), [&Value::Null; 0]);
            }
        }
    }
}

#[test]
fn an_update_that_was_rolled_back_is_no_success() {
    let mut description = endpoint("InService");
    let (services, outcome) = updated(&description);
    assert_eq!(
        failure(&services, &outcome),
        ("EndpointUpdateRolledBack", "The endpoint survival-endpoint went back to before.")
    );
    assert_eq!(services.requests("RegisterScalableTarget"), [&Value::Null; 0]);
    description["FailureReason"] = json!("the alarm went off");
    let (services, outcome) = updated(&description);
    let cause = "The endpoint survival-endpoint went back to before: the alarm went off";
    assert_eq!(failure(&services, &outcome), ("EndpointUpdateRolledBack", cause));
    description.as_object_mut().unwrap().remove("EndpointConfigName");
    succeeded(updated(&description).1);
}

#[test]
fn an_update_that_is_rolled_back_step_by_step_is_told_at_its_end() {
    for (last, error, cause) in [
        (
            "InService",
            "EndpointUpdateRolledBack",
            "The endpoint survival-endpoint went back to before: no capacity",
        ),
        (
            "UpdateRollbackFailed",
            "EndpointNotInService",
            "The endpoint survival-endpoint is UpdateRollbackFailed: no capacity",
        ),
        ("Failed", "EndpointNotInService", "The endpoint survival-endpoint is Failed: no capacity"),
    ] {
        let mut steps = ["Updating", "Updating", "RollingBack", "RollingBack", last].into_iter();
        let mut services = Services::answering(|asked| {
            (asked.state == "Describe the endpoint").then(|| {
                let mut description = endpoint(steps.next().unwrap());
                description["FailureReason"] = json!("no capacity");
                Answer::Output(description)
            })
        });
        services.endpoint = Some(endpoint("InService"));
        let outcome = services.run(MACHINE, &input());
        assert_eq!(failure(&services, &outcome), (error, cause));
        assert_eq!(
            (described(&services, "Describe the endpoint"), services.seconds),
            (5, 1 + 2 + 4 + 8 + 16)
        );
    }
}

#[test]
fn waiting_for_the_endpoint_grows_and_ends() {
    for status in ["Creating", "Updating", "SystemUpdating", "RollingBack"] {
        for present in [Some(endpoint("InService")), None] {
            let (services, outcome) = deployed(present.as_ref(), &endpoint(status));
            // 1, 2, 4, 8, 16 and 32 seconds, then 60 each time.
            let seconds = 63 + 114 * 60;
            let cause = format!("The endpoint survival-endpoint is still {status} after {seconds} seconds.");
            assert_eq!(failure(&services, &outcome), ("EndpointNotInService", cause.as_str()));
            assert_eq!((described(&services, "Describe the endpoint"), services.seconds), (120, seconds));
        }
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
        let cause = format!(
            "The endpoint survival-endpoint is still {status} after 1770 seconds; it can be updated only when it is InService."
        );
        assert_eq!(failure(&services, &outcome), ("EndpointNotUpdatable", cause.as_str()));
        assert_eq!((services.requests("DescribeEndpoint").len(), services.seconds), (60, 59 * 30));
        assert_eq!(services.requests("CreateEndpointConfig"), [&Value::Null; 0]);
    }
    for status in ["Failed", "OutOfService", "Deleting", "UpdateRollbackFailed", "SomethingNew"] {
        let mut services = Services::new();
        services.endpoint = Some(endpoint(status));
        services.endpoint.as_mut().unwrap()["FailureReason"] = json!("No capacity.");
        let outcome = services.run(MACHINE, &input());
        let cause = format!(
            "The endpoint survival-endpoint is {status}; it can be updated only when it is InService. No capacity."
        );
        assert_eq!(failure(&services, &outcome), ("EndpointNotUpdatable", cause.as_str()));
        assert_eq!(services.requests("DescribeEndpoint").len(), 1);
    }
}
