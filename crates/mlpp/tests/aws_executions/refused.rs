//! What a person is told when AWS refuses, and what is of this machine alone.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::stub::Stub;
use crate::support;
use crate::util::Project;

fn refusing(code: &'static str, status: u16) -> Stub {
    Stub::new(move |_: &str, _: &Value| (status, json!({"__type": code, "message": "no"}).to_string()))
}

#[test]
fn credentials_and_permissions_are_named_by_every_command() {
    let project = Project::titanic();
    for (code, told) in
        [("UnrecognizedClientException", "aws/credentials"), ("AccessDeniedException", "aws/denied")]
    {
        let stub = refusing(code, 400);
        for args in [
            ["executions"].as_slice(),
            &["describe"],
            &["stop", "any"],
            &["trials", "any"],
            &["endpoints"],
            &["logs", "any"],
            &["predict", "any"],
        ] {
            let said = stub.stderr(&project, 1, args);
            assert!(said.contains(told), "{args:?}: {said}");
        }
    }
}

#[test]
fn an_endpoint_where_nobody_listens_is_unreachable() {
    let project = Project::titanic();
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let mut command = project.command(["predict", "any", "--backend", "aws"]);
    support::account(&mut command, &format!("http://{free}"));
    let output = command.output().unwrap();
    let said = support::words(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("aws/unreachable"), "{said}");
}

#[test]
fn what_is_of_this_machine_is_refused_with_what_to_do_instead() {
    let (project, stub) = (Project::titanic(), refusing("AccessDeniedException", 400));
    let said = stub.stderr(&project, 3, &["up"]);
    assert!(said.contains("backend/not-here") && said.contains("mlpp put"), "{said}");
    let said = stub.stderr(&project, 3, &["run"]);
    assert!(said.contains("backend/not-here") && said.contains("mlpp launch --wait"), "{said}");
    assert_eq!(stub.calls(), []);
}

#[test]
fn the_target_must_be_an_arn() {
    let project = Project::titanic();
    let mut command = project.command(["executions", "--backend", "aws"]);
    support::account(&mut command, "http://127.0.0.1:1");
    let output = command.output().unwrap();
    let said = support::words(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("config/target-arn"), "{said}");
}

#[test]
fn a_redrive_is_asked_for_once_and_refused_for_what_succeeded() {
    let project = Project::titanic();
    let describe = |status: &str| {
        json!({"executionArn": "arn:aws:states:us-east-1:111122223333:execution:own:e", "name": "e", "status": status,
            "stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:own", "startDate": 1.0, "input": "{}"})
    };
    let redriven = std::sync::atomic::AtomicBool::new(false);
    let stub = Stub::new(move |action: &str, _: &Value| {
        let redriven = &redriven;
        let answer = match action {
            "AWSStepFunctions.RedriveExecution" => {
                redriven.store(true, std::sync::atomic::Ordering::Relaxed);
                json!({"redriveDate": 2.0})
            }
            "AWSStepFunctions.DescribeExecution" => {
                let is_redriven = redriven.load(std::sync::atomic::Ordering::Relaxed);
                describe(if is_redriven { "SUCCEEDED" } else { "FAILED" })
            }
            // An empty page with one that follows.
            _ => json!({"events": [], "nextToken": "again"}),
        };
        (200, answer.to_string())
    });
    let ended: Value =
        serde_json::from_str(&stub.stdout(&project, 0, &["resume", "e", "--redrive", "--quiet", "--json"]))
            .unwrap();
    assert_eq!(ended[0]["status"], "SUCCEEDED", "{ended:#}");
    let redrives = stub.calls().into_iter().filter(|(action, _)| action.ends_with("RedriveExecution"));
    assert_eq!(redrives.count(), 1);
    let said = stub.stderr(&project, 3, &["resume", "e", "--redrive"]);
    assert!(said.contains("execution/status"), "{said}");
}
