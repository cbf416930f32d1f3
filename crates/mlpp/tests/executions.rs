//! Executions from launch to promotion, by the real binary.

#![allow(clippy::unwrap_used)]

mod util;

use std::process::{Child, Stdio};

use serde_json::Value;
use util::Project;

/// A training program that waits until somebody makes the file `go` in the project, and tells how it went on.
fn waiting(project: &Project) {
    let command = format!(
        "echo one >> '{0}/started'; until [ -e '{0}/go' ]; do sleep 0.02; done; exec '{1}' algorithm gbm train",
        project.path().display(),
        env!("CARGO_BIN_EXE_mlpp")
    );
    let line = r#"command = ["mlpp", "algorithm", "gbm", "train"]"#;
    project.replace("algorithm.toml", line, &format!("command = [\"/bin/sh\", \"-c\", {command:?}]"));
}

fn started(project: &Project) -> usize {
    std::fs::read_to_string(project.path().join("started")).unwrap_or_default().lines().count()
}

fn wait_until(child: &mut Child, what: &str, is: impl Fn() -> bool) {
    while !is() {
        assert!(child.try_wait().unwrap().is_none(), "ended before {what}");
        std::thread::yield_now();
    }
}

fn spawn(project: &Project, args: &[&str]) -> Child {
    project.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn name(execution: &Value) -> &str {
    execution["name"].as_str().unwrap()
}

#[test]
fn a_launch_is_one_execution_however_often_it_is_asked_for() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    let first = project.json(0, ["launch", "--json"]);
    assert_eq!(first["already"], false);
    assert_eq!(first["input"]["provenance"]["release"], 1);
    let second = project.json(0, ["launch", "manifest.json", "--json"]);
    assert_eq!((&second["already"], &second["execution"]), (&Value::Bool(true), &first["execution"]));
    let object = project.json(0, ["launch", "s3://demo-bucket/manifests/manifest.json", "--json"]);
    assert_eq!((&object["already"], &object["execution"]), (&Value::Bool(true), &first["execution"]));
    let again = project.json(0, ["launch", "--again", "--json"]);
    assert_eq!(again["already"], false);
    assert_eq!(again["input"]["provenance"]["attempt"], 2);
    assert_ne!(again["execution"], first["execution"]);

    let listed = project.json(0, ["executions", "--json"]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|one| one["status"] == "RUNNING" && one["release"] == 1), "{listed:#?}");

    // One by its name, the rest without. Both at once could both find that there is no endpoint yet.
    for args in [["resume", name(&first["execution"]), "--quiet", "--json"].as_slice(), &["resume", "--json"]]
    {
        let ended = project.json(0, args);
        assert_eq!(ended.as_array().unwrap().len(), 1, "{ended:#}");
        assert_eq!(ended[0]["status"], "SUCCEEDED", "{ended:#}");
    }
    assert_eq!(project.json(0, ["resume", "--json"]), serde_json::json!([]));
    let third = project.json(0, ["launch", "--again", "--wait", "--quiet", "--json"]);
    assert_eq!((&third["status"], &third["attempt"]), (&"SUCCEEDED".into(), &3.into()), "{third:#}");
}

#[test]
fn an_execution_is_described_with_its_states_its_jobs_and_what_was_not_simulated() {
    let project = Project::titanic();
    let ended = project.json(0, ["run", "--quiet", "--json"]);
    let execution = name(&ended["execution"]).to_owned();

    let described = project.json(0, ["describe", &execution, "--json"]);
    assert_eq!(described["status"], "SUCCEEDED");
    assert_eq!(described["output"], ended["execution"]["output"]);
    let states = described["states"].as_array().unwrap();
    assert!(states.len() >= 2 && states.iter().all(|state| state["status"] == "succeeded"), "{states:#?}");
    let resources = described["resources"].as_array().unwrap();
    let types: Vec<_> = resources.iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["HyperParameterTuningJob", "Model", "EndpointConfig", "Endpoint"]);
    let not_simulated = resources[0]["not_simulated"].to_string();
    assert!(not_simulated.contains("VpcConfig"), "{not_simulated}");
    let history = described["history"].as_array().unwrap();
    assert_eq!(history[0]["type"], "ExecutionStarted");
    assert_eq!(history.last().unwrap()["type"], "ExecutionSucceeded");

    let shown = project.stdout(0, ["describe", "--history", "--graph", "graph.svg"]);
    for text in [execution.as_str(), "SUCCEEDED", "VpcConfig", "ExecutionSucceeded", "survival-endpoint"] {
        assert!(shown.contains(text), "no {text} in:\n{shown}");
    }
    let drawn = project.read("graph.svg");
    assert_eq!(drawn.matches("data-status=\"succeeded\"").count(), states.len(), "{drawn}");
    assert!(drawn.contains("data-status=\"not entered\""), "{drawn}");

    // The nested executions are described by their own names.
    let nested = project.json(0, ["executions", "--nested", "--json"]);
    assert_eq!(nested.as_array().unwrap().len(), 3, "{nested:#}");
    let inner = described["executions"][0].as_str().unwrap();
    assert_eq!(project.json(0, ["describe", inner, "--json"])["started_by"], described["arn"]);
}

#[test]
fn trials_are_listed_best_first_and_their_logs_are_there() {
    let project = Project::titanic();
    let ended = project.json(0, ["run", "--quiet", "--json"]);
    let job = ended["tuning_job"]["name"].as_str().unwrap();
    let listed = project.json(0, ["trials", "--json"]);
    assert_eq!((&listed["tuning_job"], &listed["type"]), (&ended["tuning_job"]["name"], &"Maximize".into()));
    assert_eq!(project.json(0, ["trials", job, "--json"]), listed);
    assert_eq!(project.json(0, ["trials", name(&ended["execution"]), "--json"]), listed);
    let trials = listed["trials"].as_array().unwrap();
    let values: Vec<_> = trials.iter().map(|trial| trial["value"].as_f64().unwrap()).collect();
    assert_eq!(values.len(), 3);
    assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    assert_eq!(trials[0]["training_job"], ended["tuning_job"]["best_training_job"]);

    let csv = project.stdout(0, ["trials", "--csv", "-n", "2"]);
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("trial,status,validation:auc,") && lines[0].contains(",ntrees,"), "{csv}");
    assert!(lines[1].starts_with(trials[0]["training_job"].as_str().unwrap()), "{csv}");
    let table = project.stdout(0, ["trials"]);
    assert!(table.contains("learn_rate") && table.contains(&format!("{:.4}", values[0])), "{table}");

    let best = trials[0]["training_job"].as_str().unwrap();
    let log = project.stdout(0, ["logs", best]);
    assert!(log.contains("validation:auc=") && log.ends_with('\n'), "{log}");
    assert_eq!(project.stdout(0, ["logs", "--follow", best]), log);
    project.refused(3, "logs/absent", ["logs", "nothing"]);
}

#[test]
fn the_winning_hyperparameters_become_the_static_ones() {
    let project = Project::titanic();
    let ended = project.json(0, ["run", "--quiet", "--json"]);
    let execution = name(&ended["execution"]);
    let before = project.read("hyperparameters.json");
    let plan = project.stdout(0, ["promote", execution, "--dry-run"]);
    assert!(plan.contains("staticHyperParameters/ntrees"), "{plan}");
    assert_eq!(project.read("hyperparameters.json"), before);
    // Ranges are deleted: that is asked for.
    project.refused(3, "apply/not-confirmed", ["promote", execution]);
    assert_eq!(project.read("hyperparameters.json"), before);

    let applied = project.json(0, ["promote", execution, "--yes", "--json"]);
    assert_eq!((&applied["release"], &applied["new"]), (&2.into(), &true.into()));
    let after: Value = serde_json::from_str(&project.read("hyperparameters.json")).unwrap();
    for (name, value) in ended["tuning_job"]["hyperparameters"].as_object().unwrap() {
        assert_eq!(&after["staticHyperParameters"][name], value);
    }
    assert_eq!(after["parameterRanges"]["IntegerParameterRanges"], serde_json::json!([]));
    assert_eq!(after["staticHyperParameters"]["seed"], "1");
    project.expect(0, ["plan", "--exit-code"]);
    assert_eq!(project.json(0, ["history", "--json"])[0]["release"], 2);
}

#[test]
fn what_a_killed_run_left_goes_on_and_nothing_is_done_twice() {
    let project = Project::titanic();
    waiting(&project);
    let mut child = spawn(&project, &["run", "--quiet"]);
    wait_until(&mut child, "trials start", || started(&project) >= 2);
    child.kill().unwrap();
    child.wait().unwrap();
    // The supervisors see that the process is gone, and end their programs.
    while !project.left_running().is_empty() {
        std::thread::yield_now();
    }

    let left = project.json(0, ["executions", "--json"]);
    assert_eq!((left.as_array().unwrap().len(), &left[0]["status"]), (1, &"RUNNING".into()));
    let states = project.json(0, ["describe", "--json"])["states"].clone();
    assert!(states.as_array().unwrap().iter().any(|state| state["status"] == "running"), "{states:#}");

    project.write("go", "");
    let ended = project.json(0, ["run", "--quiet", "--json"]);
    assert_eq!(name(&ended["execution"]), name(&left[0]));
    assert_eq!(ended["tuning_job"]["training_jobs"], 3);
    assert_eq!(ended["prediction"]["predictions"].as_array().unwrap().len(), 3);
    assert_eq!(project.json(0, ["executions", "--json"]).as_array().unwrap().len(), 1);
}

#[test]
fn an_execution_is_stopped_by_whoever_runs_it_and_redriven() {
    let project = Project::titanic();
    waiting(&project);
    let mut child = spawn(&project, &["run", "--quiet"]);
    wait_until(&mut child, "trials start", || started(&project) >= 2);
    let listed = project.json_beside(["executions", "--json"]);
    let execution = name(&listed[0]).to_owned();
    let stopped = project.json_beside(["stop", &execution, "--cause", "enough", "--json"]);
    assert_eq!(stopped["status"], "ABORTED");
    assert_eq!(child.wait().unwrap().code(), Some(4));
    project.expect_nothing_left_running();
    let described = project.json(0, ["describe", "--json"]);
    assert_eq!((&described["status"], &described["cause"]), (&"ABORTED".into(), &"enough".into()));
    project.refused(3, "execution/status", ["stop", &execution]);
    project.refused(3, "execution/status", ["resume", &execution]);

    project.write("go", "");
    let launched = project.json(0, ["launch", "--again", "--json"]);
    let queued = launched["execution"]["name"].as_str().unwrap();
    // Nobody runs it: it is stopped here.
    assert_eq!(project.json(0, ["stop", queued, "--json"])["status"], "ABORTED");
    let ended = project.json(0, ["resume", "--redrive", queued, "--json", "--quiet"]);
    assert_eq!(ended[0]["status"], "SUCCEEDED", "{ended:#}");
}

/// The documents and the manifest of a batch inference with the model that a run made.
fn batch(project: &Project) {
    let mut parameters: Value = serde_json::from_str(&project.read("ml-parameters.json")).unwrap();
    parameters["transform"] = serde_json::json!({
        "jobName": "survival-batch", "s3OutputPath": "s3://demo-bucket/predictions/", "instanceType": "ml.m5.large",
        "contentType": "text/csv", "splitType": "Line", "accept": "text/csv", "assembleWith": "Line",
    });
    project.write("ml-parameters.json", parameters.to_string());
    let channel = serde_json::json!({"channels": [{"channelName": "passengers", "s3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://demo-bucket/titanic/rows/",
        "S3DataDistributionType": "FullyReplicated", "AttributeNames": [],
    }}]});
    project.write("batch.json", channel.to_string());
    let rows = "[data]\n\"s3://demo-bucket/titanic/rows/rows.csv\" = \"data/rows.csv\"\n";
    project.replace("mlpp.toml", "[data]\n", rows);
    project.replace("mlpp.toml", "\"model-tuning-with-endpoint-deployment\"", "\"batch-inference\"");
}

#[test]
fn a_batch_is_transformed_with_the_newest_model() {
    let project = Project::titanic();
    project.expect(0, ["run", "--quiet"]);
    batch(&project);
    project.expect(0, ["apply", "--quiet"]);
    let ended = project.json(0, ["launch", "batch.json", "--wait", "--quiet", "--json"]);
    assert_eq!(ended["status"], "SUCCEEDED", "{ended:#}");
    let place = ended["output"]["transformJobs"][0]["s3OutputPath"].as_str().unwrap();
    let file =
        project.path().join(".mlpp/buckets").join(place.trim_start_matches("s3://")).join("rows.csv.out");
    let predictions = std::fs::read_to_string(&file).unwrap();
    assert_eq!(predictions.lines().count(), 3, "{predictions}");
    let described = project.json(0, ["describe", "--json"]);
    assert_eq!(described["resources"][0]["type"], "TransformJob", "{:#}", described["resources"]);
}

#[test]
fn names_that_mean_nothing_are_told() {
    let project = Project::titanic();
    project.refused(3, "execution/absent", ["describe"]);
    project.refused(3, "execution/no-trials", ["trials"]);
    assert_eq!(project.stdout(0, ["executions"]), "");
    assert!(!project.path().join(".mlpp").exists(), "something was written");
    project.refused(3, "launch/manifest-absent", ["launch", "s3://demo-bucket/nothing.json"]);
    project.refused(3, "project/file-absent", ["launch", "nothing.json"]);
    project.refused(3, "release/absent", ["launch"]);
    project.expect(0, ["apply"]);
    project.expect(0, ["launch"]);
    project.refused(3, "execution/absent", ["describe", "nothing"]);
    project.refused(3, "execution/no-trials", ["trials"]);
    project.refused(3, "execution/absent", ["promote", "nothing"]);
}
