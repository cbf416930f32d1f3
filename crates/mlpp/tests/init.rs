//! `mlpp init` makes a project that is valid, or nothing.

#![allow(clippy::unwrap_used)]

mod util;

use std::path::Path;

use serde_json::Value;
use util::Project;

const FILES: [&str; 4] = ["hyperparameters.json", "manifest.json", "ml-parameters.json", "mlpp.toml"];

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn document(project: &Project, name: &str) -> Value {
    serde_json::from_str(&project.read(name)).unwrap()
}

#[test]
fn the_defaults_make_a_project_without_a_finding() {
    let project = Project::empty();
    let output = project.expect(0, ["init", "--yes"]);
    assert_eq!(names(project.path()), FILES);
    insta::assert_snapshot!("init_settings", project.read("mlpp.toml"));
    insta::assert_snapshot!("init_next", project.stderr(&output));
    let output = project.expect(0, ["validate", "--strict"]);
    assert_eq!(project.stderr(&output), "");
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("2 channels: valid"), "{output}");
    project.expect(0, ["apply", "--quiet"]);
}

#[test]
fn every_flag_has_its_place() {
    let project = Project::empty();
    project.expect(
        0,
        [
            "init",
            "new/project",
            "--account=210987654321",
            "--region=cn-north-1",
            "--bucket=my-bucket",
            "--training-sg=sg-1",
            "--training-subnets=subnet-a,subnet-b",
            "--training-subnets=subnet-c",
            "--hosting-sg=sg-2, sg-3",
            "--hosting-subnets=subnet-d",
        ],
    );
    let parameters = document(&project, "new/project/ml-parameters.json");
    assert_eq!(
        parameters["algorithmARN"],
        "arn:aws-cn:sagemaker:cn-north-1:210987654321:algorithm/my-algorithm"
    );
    let model = &parameters["model"];
    assert_eq!(model["trainingSecurityGroupIds"], serde_json::json!(["sg-1"]));
    assert_eq!(model["trainingSubnets"], serde_json::json!(["subnet-a", "subnet-b", "subnet-c"]));
    assert_eq!(model["hosting"]["securityGroupIds"], serde_json::json!(["sg-2", "sg-3"]));
    assert_eq!(model["hosting"]["subnets"], serde_json::json!(["subnet-d"]));
    let channel = &document(&project, "new/project/manifest.json")["channels"][0];
    assert_eq!(channel["s3DataSource"]["S3Uri"], "s3://my-bucket/training/");
    project.expect(0, ["-C", "new/project", "validate", "--strict"]);
}

#[test]
fn nothing_is_written_when_a_value_is_wrong() {
    let project = Project::empty();
    let output = project.expect(
        3,
        [
            "init",
            "--yes",
            "--account=12",
            "--region=here",
            "--bucket=x\" | .model.name |= \"injected",
            "--training-sg=group",
            "--hosting-subnets=subnet-a",
        ],
    );
    insta::assert_snapshot!("init_wrong_values", project.stderr(&output));
    assert_eq!(names(project.path()), [""; 0]);
}

#[test]
fn what_is_missing_is_named_when_nobody_can_be_asked() {
    let project = Project::empty();
    let output = project.expect(3, ["init", "--region=us-east-1"]);
    insta::assert_snapshot!("init_missing", project.stderr(&output));
    assert_eq!(names(project.path()), [""; 0]);
}

#[test]
fn no_file_is_overwritten_without_being_asked_to() {
    let project = Project::empty();
    project.write("manifest.json", "mine");
    let output = project.expect(3, ["init", "--yes"]);
    assert!(project.stderr(&output).contains("init/exists"), "{}", project.stderr(&output));
    assert_eq!(
        (names(project.path()), project.read("manifest.json")),
        (vec!["manifest.json".into()], "mine".into())
    );
    project.expect(0, ["init", "--yes", "--force"]);
    assert_eq!(names(project.path()), FILES);
    assert!(document(&project, "manifest.json")["channels"].is_array());
}

#[test]
fn there_are_completions_for_every_shell() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = String::from_utf8(project.expect(0, ["completions", shell]).stdout).unwrap();
        assert!(script.contains("validate") && script.contains("mlpp"), "{shell}");
    }
}
