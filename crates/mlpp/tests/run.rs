//! `mlpp run` from the documents to a prediction, by the real binary.

#![allow(clippy::unwrap_used)]

mod util;

use serde_json::Value;
use util::Project;

fn stdout_json(project: &Project) -> Value {
    let output = project.expect(0, ["run", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_example_ends_with_a_prediction_and_the_second_run_does_not_repeat_the_release() {
    let project = Project::titanic();
    let first = stdout_json(&project);
    assert_eq!(first["release"]["number"], 1);
    assert_eq!(first["release"]["new"], true);
    assert_eq!(first["tuning_job"]["training_jobs"], 3);
    assert_eq!(first["tuning_job"]["metric"], "validation:auc");
    let auc = first["tuning_job"]["value"].as_f64().unwrap();
    assert!((0.7..1.0).contains(&auc), "{first:#}");
    assert_eq!(first["endpoint"], "survival-endpoint");
    // Every trial is a job that left its record, and the best of them is the model that answers.
    let best = first["tuning_job"]["best_training_job"].as_str().unwrap();
    assert_eq!(first["execution"]["output"]["bestTrainingJob"], best);
    let trials: Vec<_> =
        std::fs::read_dir(project.path().join(".mlpp/sagemaker/training-jobs")).unwrap().collect();
    assert_eq!(trials.len(), 3);
    let predictions = first["prediction"]["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 3, "{first:#}");
    for prediction in predictions {
        let probabilities = prediction["probabilities"].as_object().unwrap();
        let sum: f64 = probabilities.values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{prediction}");
    }

    let second = stdout_json(&project);
    assert_eq!(second["release"]["number"], 1);
    assert_eq!(second["release"]["new"], false);
    assert_ne!(second["execution"]["name"], first["execution"]["name"]);
    assert_eq!(second["endpoint"], "survival-endpoint");

    project.replace("ml-parameters.json", "\"autoscalingMaxCapacity\": 4", "\"autoscalingMaxCapacity\": 2");
    let third = stdout_json(&project);
    assert_eq!(third["release"]["number"], 2);
}

#[test]
fn progress_goes_to_standard_error_and_the_result_to_standard_output() {
    let project = Project::titanic();
    let output = project.expect(0, ["run"]);
    let stderr = project.stderr(&output);
    for stage in ["validate", "apply", "data", "manifest", "launch", "tune", "deploy", "predict"] {
        assert!(stderr.lines().any(|line| line.trim_start().starts_with(stage)), "{stage}:\n{stderr}");
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("best trial") && stdout.contains("probabilities"), "{stdout}");
    for line in ["exec \"$0\" run | true", "exec \"$0\" run --json 2>&- | true"] {
        let shell = format!("set -o pipefail; {line}");
        let status = std::process::Command::new("bash")
            .args(["-c", &shell, env!("CARGO_BIN_EXE_mlpp")])
            .current_dir(project.path())
            .stderr(std::process::Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{line}");
    }
    let quiet = project.expect(0, ["run", "--quiet"]);
    assert_eq!(project.stderr(&quiet), "");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    use std::io::{BufRead as _, BufReader};

    let project = Project::titanic();
    project.replace(
        "algorithm.toml",
        r#"command = ["mlpp", "algorithm", "gbm", "train"]"#,
        r#"command = ["/bin/sh", "-c", "while :; do sleep 600; done"]"#,
    );
    for signal in ["-INT", "-TERM"] {
        let mut command = project.command(["run"]);
        let mut child =
            command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut seen = Vec::new();
        for line in lines {
            let line = line.unwrap();
            // The second run goes on with the execution of the first.
            let launched = ["launch", "resume"].iter().any(|stage| line.trim_start().starts_with(stage));
            seen.push(line);
            if launched {
                while !project.left_running().iter().any(|process| process.contains("sleep 600")) {
                    assert!(child.try_wait().unwrap().is_none(), "{seen:#?}");
                    std::thread::yield_now();
                }
                let killed =
                    std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
                assert!(killed.unwrap().success());
            }
        }
        assert_eq!(child.wait().unwrap().code(), Some(130), "{seen:#?}");
        project.expect_nothing_left_running();
    }
}

#[test]
fn a_second_run_beside_the_first_is_refused() {
    let project = Project::titanic();
    let folder = project.path().join(".mlpp");
    std::fs::create_dir(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let output = project.expect(5, ["run"]);
    assert!(project.stderr(&output).contains("another mlpp is at work in"), "{}", project.stderr(&output));
}
