//! What a user's mistakes get: what is wrong, where, what to do; an exit code; nothing started, nothing left running.

#![allow(clippy::unwrap_used)]

mod util;

use util::Project;

/// Runs the project and compares what is shown with the snapshot `name`; nothing may have been written.
#[track_caller]
fn refused(project: &Project, name: &str) {
    let output = project.expect(3, ["run"]);
    assert!(!project.path().join(".mlpp").exists(), "something was written");
    insta::assert_snapshot!(name, project.stderr(&output));
}

/// Runs the project, which fails in its workflow, and checks that the reason is told.
#[track_caller]
fn fails(project: &Project, reasons: &[&str]) {
    let output = project.expect(4, ["run"]);
    // Long lines are broken at any blank.
    let shown =
        project.stderr(&output).split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    for reason in reasons {
        assert!(shown.contains(reason), "no {reason:?} in:\n{}", project.stderr(&output));
    }
}

#[test]
fn a_document_that_is_absent() {
    let project = Project::titanic();
    project.remove("hyperparameters.json");
    refused(&project, "document_absent");
}

#[test]
fn a_document_that_is_not_json() {
    let project = Project::titanic();
    project.replace(
        "ml-parameters.json",
        "\"maxParallelTrainingJobs\": 3,",
        "\"maxParallelTrainingJobs\": 3",
    );
    refused(&project, "document_not_json");
}

#[test]
fn a_document_with_a_key_twice() {
    let project = Project::titanic();
    project.replace("ml-parameters.json", "\"endpointName\"", "\"tuningJobName\": \"x\", \"endpointName\"");
    refused(&project, "document_duplicate_key");
}

#[test]
fn a_key_that_cannot_be_a_name() {
    let project = Project::titanic();
    project.replace("ml-parameters.json", "\"endpointName\"", "\"endpoint name\"");
    refused(&project, "key_not_a_name");
}

#[test]
fn a_name_that_is_too_long_once_stamped() {
    let project = Project::titanic();
    project.replace("ml-parameters.json", "\"survival-tuning\"", "\"survival-tuning-of-titanic\"");
    refused(&project, "name_too_long");
}

#[test]
fn a_manifest_that_is_absent() {
    let project = Project::titanic();
    project.remove("manifest.json");
    refused(&project, "manifest_absent");
}

#[test]
fn a_manifest_without_channels() {
    let project = Project::titanic();
    project.write("manifest.json", "{\"channel\": []}");
    refused(&project, "manifest_without_channels");
}

#[test]
fn a_channel_whose_data_is_absent() {
    let project = Project::titanic();
    project.replace("manifest.json", "validation/validation.csv", "validation/absent.csv");
    refused(&project, "channel_absent");
}

#[test]
fn a_data_file_that_is_absent() {
    let project = Project::titanic();
    project.remove("data/train.csv");
    refused(&project, "data_file_absent");
}

#[test]
fn an_option_that_is_none() {
    let project = Project::titanic();
    project.replace("mlpp.toml", "environment =", "enviroment =");
    refused(&project, "option_unknown");
}

#[test]
fn a_path_that_is_none() {
    let project = Project::titanic();
    project.replace("mlpp.toml", "\"/ml-project\"", "\"ml-project/\"");
    refused(&project, "path_not_valid");
}

#[test]
fn an_algorithm_that_is_not_valid() {
    let project = Project::titanic();
    project.replace("algorithm.toml", "[training]", "[trainning]");
    refused(&project, "algorithm_not_valid");
}

#[test]
fn a_state_machine_that_is_not_valid() {
    let project = Project::titanic();
    project.write("own.asl.json", r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}"#);
    project.write("mlpp.toml", project.read("mlpp.toml") + "\n[state_machines]\nown = \"own.asl.json\"\n");
    refused(&project, "state_machine_not_valid");
}

#[test]
fn a_target_that_is_not_there() {
    let project = Project::titanic();
    project.replace("mlpp.toml", "\"model-tuning-with-endpoint-deployment\"", "\"model-tunning\"");
    refused(&project, "target_absent");
}

#[test]
fn a_target_column_that_is_not_there() {
    let project = Project::titanic();
    project.replace("hyperparameters.json", "'target': 'survived'", "'target': 'surviced'");
    fails(&project, &["surviced", "survived", "AlgorithmError"]);
}

#[test]
fn a_training_program_that_fails() {
    let project = Project::titanic();
    project.replace(
        "algorithm.toml",
        r#"command = ["mlpp", "algorithm", "gbm", "train"]"#,
        r#"command = ["/bin/sh", "-c", "echo out of luck >&2; exit 3"]"#,
    );
    fails(&project, &["out of luck", "3"]);
}

#[test]
fn a_training_program_that_prints_no_metric() {
    let project = Project::titanic();
    project.replace(
        "algorithm.toml",
        r#"command = ["mlpp", "algorithm", "gbm", "train"]"#,
        r#"command = ["/bin/sh", "-c", "echo done > \"$SM_MODEL_DIR/model\""]"#,
    );
    fails(&project, &["validation:auc"]);
}

#[test]
fn a_serving_program_that_does_not_start() {
    let project = Project::titanic();
    project.replace(
        "algorithm.toml",
        r#"command = ["mlpp", "algorithm", "gbm", "serve"]"#,
        r#"command = ["/bin/sh", "-c", "echo no model today >&2; exit 1"]"#,
    );
    fails(&project, &["EndpointNotInService", "no model today"]);
}

#[test]
fn a_port_in_use() {
    let project = Project::titanic();
    project.expect(0, ["run"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let model = model_of(&project);
    let output = project
        .command(["algorithm", "gbm", "serve"])
        .env("SM_MODEL_DIR", model)
        .env("SAGEMAKER_BIND_TO_PORT", port.to_string())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", project.stderr(&output));
    assert!(project.stderr(&output).contains(&format!("{port}")), "{}", project.stderr(&output));
}

/// The model folder that one of the trials wrote.
fn model_of(project: &Project) -> std::path::PathBuf {
    let jobs = project.path().join(".mlpp/sagemaker/training-jobs");
    let job = std::fs::read_dir(jobs).unwrap().next().unwrap().unwrap();
    job.path().join("model")
}
