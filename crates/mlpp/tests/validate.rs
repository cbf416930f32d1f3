//! `mlpp validate`: what is right and what is wrong, for people and as data.

#![allow(clippy::unwrap_used)]

mod util;

use std::process::Output;

use serde_json::Value;
use util::Project;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_valid_project_is_valid_and_nothing_is_written() {
    let project = Project::titanic();
    let output = project.expect(0, ["validate"]);
    assert_eq!(stdout(&output), "2 documents, 56 parameters, 2 channels: valid\n");
    assert_eq!(project.stderr(&output), "");
    assert!(!project.path().join(".mlpp").exists());
}

#[test]
fn findings_of_documents_manifest_and_settings_are_all_told() {
    let project = Project::titanic();
    project.replace("ml-parameters.json", "\"Bayesian\"", "\"Baysian\"");
    project.replace("manifest.json", "\"training\"", "\"validation\"");
    project.replace("mlpp.toml", "\"model-tuning-with-endpoint-deployment\"", "\"model-tunning\"");
    let output = project.expect(3, ["validate"]);
    assert_eq!(stdout(&output), "");
    insta::assert_snapshot!(project.stderr(&output));
}

#[test]
fn findings_are_given_as_json() {
    let project = Project::titanic();
    project.replace("ml-parameters.json", "\"Bayesian\"", "\"Baysian\"");
    project.remove("manifest.json");
    let output = project.expect(3, ["validate", "--format", "json"]);
    assert_eq!(project.stderr(&output), "");
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn a_project_without_a_finding_is_data_as_well() {
    let project = Project::titanic();
    let output = json(&project.expect(0, ["validate", "--format", "json"]));
    assert_eq!(output, serde_json::json!({"findings": [], "errors": 0, "warnings": 0}));
    let output = json(&project.expect(0, ["validate", "--format", "sarif"]));
    assert_eq!(output["runs"][0]["results"], serde_json::json!([]));
}

#[test]
fn sarif_names_files_within_the_project_wherever_it_is_called_from() {
    let project = Project::titanic();
    project.replace("ml-parameters.json", "\"Bayesian\"", "\"Baysian\"");
    let folder = project.path().to_str().unwrap().to_owned();
    let output = project.expect(3, ["-C", &folder, "validate", "--format", "sarif"]);
    let log = json(&output);
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "value/enum");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "ml-parameters.json");
    assert_eq!(
        place["region"],
        serde_json::json!({"startLine": 3, "startColumn": 21, "endLine": 3, "endColumn": 30})
    );
    assert!(
        run["tool"]["driver"]["rules"][0]["help"]["markdown"].as_str().unwrap().starts_with("# value/enum")
    );
}

#[test]
fn a_warning_is_refused_when_that_is_asked_for() {
    let project = Project::titanic();
    project.replace(
        "ml-parameters.json",
        "\"enableManagedSpotTraining\": true",
        "\"enableManagedSpotTraining\": false",
    );
    let output = project.expect(0, ["validate"]);
    assert_eq!(stdout(&output), "2 documents, 56 parameters, 2 channels: valid, 1 warning\n");
    assert!(project.stderr(&output).contains("spot/checkpoint-unused"), "{}", project.stderr(&output));
    let output = project.expect(3, ["validate", "--strict"]);
    assert_eq!(stdout(&output), "2 documents, 56 parameters, 2 channels: refused by --strict, 1 warning\n");
}

#[test]
fn a_manifest_may_be_absent_unless_a_setting_names_it() {
    let project = Project::titanic();
    project.remove("manifest.json");
    let output = project.expect(3, ["validate"]);
    assert!(project.stderr(&output).contains("project/file-absent"), "{}", project.stderr(&output));
    project.replace("mlpp.toml", "manifest = \"manifest.json\"\n", "");
    let output = project.expect(0, ["validate"]);
    assert_eq!(stdout(&output), "2 documents, 56 parameters, no manifest: valid\n");
}

#[test]
fn settings_that_are_wrong_are_data_as_well() {
    let project = Project::titanic();
    project.replace("mlpp.toml", "environment =", "enviroment =");
    let output = json(&project.expect(3, ["validate", "--format", "json"]));
    let finding = &output["findings"][0];
    assert_eq!(finding["code"], "config/unknown-key");
    assert_eq!((&finding["file"], &finding["line"]), (&"mlpp.toml".into(), &2.into()));
}
