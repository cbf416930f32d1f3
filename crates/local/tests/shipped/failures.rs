//! Whatever fails in a shipped workflow, the failure is published and the execution fails with it: error and cause are those
//! of the task that failed. The cases are generated from the definitions.

use std::collections::BTreeSet;

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::simulated::{Answer, FAILURES, MACHINES, Services, full_input, names, tasks};

/// The task whose failure is told in the output and fails nothing: the results are there.
const HARMLESS: (&str, &str) = ("batch-inference", "Notify of the results");

/// Inputs and endpoints that together lead through every task of the workflow.
fn ways(machine: &str) -> Vec<(Value, Option<Value>)> {
    let full = full_input(machine);
    let without = |input: &Value, pointer: &str, member: &str| {
        let mut input = input.clone();
        input.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(member);
        input
    };
    if machine == "batch-inference" {
        let trained = without(&full, "/transform", "modelName");
        let newest = without(&trained, "/transform", "trainingJobName");
        return [full, trained, newest].map(|input| (input, None)).into();
    }
    let once = without(&full, "", "parameterRanges");
    vec![(full, None), (once, Some(running()))]
}

/// An endpoint that can be updated.
fn running() -> Value {
    json!({"EndpointStatus": "InService", "EndpointArn": "arn", "EndpointConfigName": "before"})
}

fn services<'a>(
    endpoint: Option<&Value>,
    instead: impl FnMut(&crate::simulated::Asked) -> Option<Answer> + 'a,
) -> Services<'a> {
    let mut services = Services::answering(instead);
    services.endpoint = endpoint.cloned();
    services
}

/// The errors that the tasks with that resource can end with: those of the engine, and the service's by the name that its
/// integration gives them. `States.DataLimitExceeded` and `States.Runtime` are not among them: nothing catches these.
fn errors(resource: &str) -> Vec<&'static str> {
    let service: &[&str] = match resource {
        _ if resource.contains(":aws-sdk:sagemaker:") => {
            &["SageMaker.SageMakerException", "SageMaker.SdkClientException"]
        }
        _ if resource.contains(":aws-sdk:applicationautoscaling:") => &[
            "ApplicationAutoScaling.ApplicationAutoScalingException",
            "ApplicationAutoScaling.ValidationException",
        ],
        _ if resource.contains(":::sagemaker:") => {
            &["SageMaker.AmazonSageMakerException", "SageMaker.ResourceLimitExceededException"]
        }
        _ if resource.contains(":::sns:") => {
            &["SNS.InvalidParameterException", "SNS.AuthorizationErrorException"]
        }
        _ if resource.contains(":::states:") => &[
            "StepFunctions.ExecutionAlreadyExistsException",
            "StepFunctions.StateMachineDoesNotExistException",
        ],
        _ => panic!("{resource} is the resource of a service that has no errors here"),
    };
    [&["States.TaskFailed", "States.Permissions"], service].concat()
}

/// What a failing task answers, and the cause that is to be told.
fn failing(resource: &str) -> Vec<(&'static str, Answer, &'static str)> {
    let mut answers = Vec::new();
    for error in errors(resource) {
        for cause in [
            "",
            "quota \"of 2\" reached: größer geht es nicht",
            "Rate exceeded (Service: SageMaker, Status Code: 400, Request ID: 1)",
            "{\"FailureReason\": \"not JSON",
            "{}",
            "null",
        ] {
            answers.push((error, Answer::failure(error, cause), cause));
        }
        answers.push((error, Answer::Failure { error: error.to_owned(), cause: None }, ""));
    }
    answers.push(("States.Timeout", Answer::Nothing, ""));
    answers
}

/// The execution failed with that error and cause, which the machine's own notification told.
pub(crate) fn assert_told(
    machine: &str,
    what: &str,
    services: &Services<'_>,
    outcome: &Outcome,
    error: &str,
    cause: &str,
) {
    let Outcome::Failed { error: Some(failed), cause: Some(because) } = outcome else {
        panic!("{what}: {outcome:?}")
    };
    assert_eq!((failed.as_ref(), because.as_ref()), (error, cause), "{what}");
    let published: Vec<_> = services
        .asked
        .iter()
        .filter(|asked| asked.action == "Publish" && asked.machine == machine)
        .map(|asked| &asked.parameters)
        .collect();
    let [published] = published[..] else { panic!("{what}: {published:?}") };
    assert_eq!(published["TopicArn"], FAILURES, "{what}");
    // Plain text: SNS takes a structure only by the name `json`.
    assert_eq!(published.get("MessageStructure"), None, "{what}");
    let message: Value = serde_json::from_str(published["Message"].as_str().unwrap()).unwrap();
    assert_eq!((&message["error"], &message["cause"]), (&json!(error), &json!(cause)), "{what}");
    let execution = message["execution"].as_str().unwrap();
    assert!(execution.contains(machine) && execution.contains("0tp2l41v5macto"), "{what}: {execution}");
    let subject = published["Subject"].as_str().unwrap();
    assert!(subject.ends_with(" failed") && subject.len() <= 100, "{what}: {subject}");
}

#[test]
fn whatever_task_fails_the_failure_is_published_and_is_the_executions() {
    let mut cases = 0;
    for machine in &names() {
        let ways = ways(machine);
        let mut unreached: BTreeSet<String> =
            tasks(&MACHINES[machine].outline()).into_iter().map(|(state, _)| state).collect();
        for (state, resource) in tasks(&MACHINES[machine].outline()) {
            if state == "Notify of the failure" {
                unreached.remove(&state);
                continue;
            }
            for (input, endpoint) in &ways {
                for (error, answer, cause) in failing(&resource) {
                    let mut services = services(endpoint.as_ref(), |asked| {
                        (asked.machine == *machine && asked.state == state).then(|| answer.clone())
                    });
                    let outcome = services.run(machine, input);
                    if !services.asked.iter().any(|asked| asked.machine == *machine && asked.state == state) {
                        assert!(matches!(outcome, Outcome::Succeeded { .. }), "{machine}: {outcome:?}");
                        break;
                    }
                    unreached.remove(&state);
                    cases += 1;
                    let what = format!("{machine}: \"{state}\" ends with {error}: {cause}");
                    if (machine.as_str(), state.as_str()) == HARMLESS {
                        let Outcome::Succeeded { output } = outcome else { panic!("{what}: {outcome:?}") };
                        assert_eq!(
                            output["notificationFailure"],
                            json!({"Error": error, "Cause": cause}),
                            "{what}"
                        );
                        assert_eq!(output["transformJobs"].as_array().map(Vec::len), Some(2), "{what}");
                        continue;
                    }
                    assert_told(machine, &what, &services, &outcome, error, cause);
                }
            }
        }
        assert_eq!(unreached, BTreeSet::new(), "{machine}");
    }
    assert!(cases > 500, "{cases}");
}

#[test]
fn what_fails_in_a_nested_execution_is_told_as_it_was() {
    let combined = "model-tuning-with-endpoint-deployment";
    let mut cases = 0;
    for machine in ["model-tuning", "endpoint-deployment"] {
        for (state, resource) in tasks(&MACHINES[machine].outline()) {
            if state == "Notify of the failure" {
                continue;
            }
            for (input, endpoint) in ways(combined) {
                for (error, answer, cause) in failing(&resource) {
                    let mut services = services(endpoint.as_ref(), |asked| {
                        (asked.machine == machine && asked.state == state).then(|| answer.clone())
                    });
                    let outcome = services.run(combined, &input);
                    if !services.asked.iter().any(|asked| asked.machine == machine && asked.state == state) {
                        break;
                    }
                    cases += 1;
                    let what = format!("{combined}: \"{state}\" ends with {error}: {cause}");
                    assert_told(combined, &what, &services, &outcome, error, cause);
                    assert_told(machine, &what, &services, &outcome, error, cause);
                }
            }
        }
    }
    assert!(cases > 300, "{cases}");
}

#[test]
fn a_nested_execution_that_ends_without_an_error_of_its_own_is_told_by_its_description() {
    let machine = "model-tuning-with-endpoint-deployment";
    let aborted = json!({"Status": "ABORTED", "Name": "e"}).to_string();
    let odd = json!({"Status": "FAILED", "Error": null, "Cause": {"not": "a text"}}).to_string();
    let half = json!({"Status": "FAILED", "Error": "Own"}).to_string();
    for (cause, error) in [(&aborted, "States.TaskFailed"), (&odd, "States.TaskFailed"), (&half, "Own")] {
        let answer = Answer::failure("States.TaskFailed", cause);
        let mut services = services(None, |asked| (asked.state == "Tune the model").then(|| answer.clone()));
        let outcome = services.run(machine, &full_input(machine));
        assert_told(machine, cause, &services, &outcome, error, cause);
    }
}

#[test]
fn a_notification_that_fails_hides_nothing() {
    for machine in &names() {
        let first = tasks(&MACHINES[machine].outline())
            .into_iter()
            .find(|(state, _)| !state.starts_with("Notify"))
            .unwrap()
            .0;
        for (input, endpoint) in ways(machine) {
            for (notified, attempts) in [
                (Answer::failure("SNS.NotFoundException", "no topic"), 3),
                (Answer::failure("States.TaskFailed", ""), 3),
                (Answer::Nothing, 1),
            ] {
                let mut services = services(endpoint.as_ref(), |asked| match asked.state.as_str() {
                    "Notify of the failure" => Some(notified.clone()),
                    state if state == first && asked.machine == *machine => {
                        Some(Answer::failure("Own.Error", "own cause"))
                    }
                    _ => None,
                });
                let outcome = services.run(machine, &input);
                if !services.asked.iter().any(|asked| asked.state == first) {
                    continue;
                }
                let Outcome::Failed { error, cause } = &outcome else { panic!("{machine}: {outcome:?}") };
                assert_eq!(
                    (error.as_deref(), cause.as_deref()),
                    (Some("Own.Error"), Some("own cause")),
                    "{machine}"
                );
                let asked = services.requests("Publish").len();
                assert_eq!(asked, attempts, "{machine}: {notified:?}");
            }
        }
    }
}

#[test]
fn what_changes_something_is_not_asked_for_again() {
    let changes = [":create", ":update", ":registerScalableTarget", ":putScalingPolicy", ":startExecution"];
    for machine in &names() {
        let mut tried = BTreeSet::new();
        let tasks = tasks(&MACHINES[machine].outline());
        let changing: BTreeSet<_> = tasks
            .iter()
            .filter(|(_, resource)| changes.iter().any(|action| resource.contains(action)))
            .map(|(state, _)| state.clone())
            .collect();
        for state in &changing {
            for (input, endpoint) in ways(machine) {
                let refused = Answer::failure("SageMaker.AmazonSageMakerException", "already there");
                let mut services =
                    services(endpoint.as_ref(), |asked| (asked.state == *state).then(|| refused.clone()));
                services.run(machine, &input);
                let asked = services.asked.iter().filter(|asked| asked.state == *state);
                let asked: Vec<_> = asked.map(|asked| asked.parameters.to_string()).collect();
                let different: BTreeSet<_> = asked.iter().collect();
                assert_eq!(asked.len(), different.len(), "{machine}, \"{state}\": {asked:?}");
                if !asked.is_empty() {
                    tried.insert(state.clone());
                }
            }
        }
        assert_eq!(tried, changing, "{machine}");
    }
}
