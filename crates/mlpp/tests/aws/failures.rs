//! What a person is told when AWS does not do what is asked, and with which exit code.

use crate::support::{Account, told};
use crate::util::Project;

#[test]
fn a_project_without_a_region_is_told_where_to_give_one() {
    let test = "a_project_without_a_region_is_told_where_to_give_one";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    let mut command = account.command(&project, &["plan"]);
    let output = command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", project.report(&command, &output));
    let text = told(&project, &output, "aws/region");
    assert!(text.contains("--region"), "{text}");

    // As a flag, and in the file.
    let run = |args: &[&str]| {
        let mut command = account.command(&project, args);
        command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").output().unwrap().status.code()
    };
    assert_eq!(run(&["plan", "--region", "us-east-1"]), Some(0));
    let text = project.read("mlpp.toml");
    project.write("mlpp.toml", format!("region = \"us-east-1\"\n{text}"));
    assert_eq!(run(&["plan"]), Some(0));
}

#[test]
fn credentials_that_are_none_are_told_with_what_to_do() {
    let test = "credentials_that_are_none_are_told_with_what_to_do";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    let mut command = account.command(&project, &["plan"]);
    let output =
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", project.report(&command, &output));
    let text = told(&project, &output, "aws/credentials");
    assert!(text.contains("AWS_PROFILE"), "{text}");

    for action in ["GetParametersByPath", "GetParameters"] {
        account.refuse(action, "ExpiredTokenException", 400);
    }
    let text = account.refused(&project, 1, "aws/credentials", &["plan"]);
    assert!(text.contains("ExpiredTokenException"), "{text}");
}

#[test]
fn a_call_that_is_not_allowed_is_told_and_nothing_is_half_written() {
    let test = "a_call_that_is_not_allowed_is_told_and_nothing_is_half_written";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    account.refuse("PutParameter", "AccessDeniedException", 400);
    let text = account.refused(&project, 1, "aws/denied", &["apply"]);
    assert!(text.contains("not allowed: PutParameter"), "{text}");
    assert_eq!(account.parameters(), [""; 0]);
    account.refuse("GetParametersByPath", "AccessDeniedException", 400);
    account.refused(&project, 1, "aws/denied", &["plan"]);
}

#[test]
fn an_endpoint_where_nothing_answers_is_told() {
    let test = "an_endpoint_where_nothing_answers_is_told";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let text = account.refused(
        &project,
        1,
        "aws/unreachable",
        &["plan", "--endpoint-url", &format!("http://{free}")],
    );
    assert!(text.contains("endpoint"), "{text}");
    let text = account.refused(&project, 3, "config/url", &["plan", "--endpoint-url", "localhost:4566"]);
    assert!(text.contains("http://"), "{text}");
}

#[test]
fn a_backend_that_is_none_is_refused_with_those_that_are() {
    let project = Project::titanic();
    let text = project.refused(3, "config/choice", ["plan", "--backend", "azure"]);
    assert!(text.contains("local, aws"), "{text}");
}
