//! A whole workflow, killed after every change that is on disk, and gone on with: it comes to the same end, and nothing that had
//! ended is done again.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use mlpp_local::{LocalExecutions, SAGEMAKER, open_jobs};
use mlpp_sagemaker::Service;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_local-test-program");
const MACHINE: &str = "model-tuning-with-endpoint-deployment";

/// A folder with an algorithm and its data.
fn project() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("mlpp-killed-").tempdir().unwrap();
    let algorithm = format!(
        r#"
name = "fast"
[training]
command = ["{PROGRAM}", "train"]
[inference]
command = ["{PROGRAM}", "serve"]
[[metrics]]
name = "score"
regex = 'score=([^;]+);'
[[objectives]]
metric = "score"
type = "Maximize"
[[hyperparameters]]
name = "x"
type = "Continuous"
min = "0"
max = "1"
tunable = true
[[hyperparameters]]
name = "notes"
type = "FreeText"
"#
    );
    fs::write(folder.path().join("algorithm.toml"), algorithm).unwrap();
    let data = folder.path().join(".mlpp/buckets/data/train");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("rows.csv"), "1,2\n").unwrap();
    folder
}

fn input(folder: &Path) -> Value {
    json!({
        "tuningJobName": "tune-1", "tuningStrategy": "Bayesian", "trainingJobDefinitionName": "definition",
        "maxNumberOfTrainingJobs": 3, "maxParallelTrainingJobs": 1, "algorithmARN": "fast",
        "tuningObjective": {"MetricName": "score", "Type": "Maximize"},
        "parameterRanges": {
            "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}],
        },
        "staticHyperParameters": {"notes": folder.join("notes")},
        "trainingInstanceType": "ml.m5.large", "trainingInstanceVolumeSizeInGB": 1,
        "channels": [{"channelName": "training", "s3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": "s3://data/train/", "S3DataDistributionType": "FullyReplicated",
        }}],
        "model": {"name": "model-1", "artifactsS3OutputPath": "s3://artifacts/models",
                  "hosting": {"instanceType": "ml.m5.large", "initialInstanceCount": 1}},
        "endpointName": "endpoint", "autoscalingMinCapacity": 1, "autoscalingMaxCapacity": 2,
        "targetTrackingScalingPolicyConfiguration": {"TargetValue": 70, "PredefinedMetricSpecification":
            {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}},
    })
}

/// Runs the execution or goes on with it; its end, unless the process was killed before.
fn drive(folder: &Path, kill_after: Option<u64>) -> Option<Value> {
    let mut command = Command::new(PROGRAM);
    command.arg("drive").arg(folder).arg(MACHINE).arg(input(folder).to_string());
    if let Some(count) = kill_after {
        command.arg(count.to_string());
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_none_or(|code| code == 0), "{kill_after:?}: {told}");
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// How often the program of each training job started.
fn starts(folder: &Path) -> BTreeMap<String, usize> {
    let mut starts = BTreeMap::new();
    for name in fs::read_to_string(folder.join("notes")).unwrap_or_default().lines() {
        *starts.entry(name.to_owned()).or_default() += 1;
    }
    starts
}

/// The trials on record that have ended: each with its value.
fn ended(folder: &Path) -> BTreeMap<String, Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _within = runtime.enter();
    let root = folder.join(".mlpp");
    let Some(jobs) = root.join(SAGEMAKER).exists().then(|| open_jobs(&root).unwrap().unwrap()) else {
        return BTreeMap::new();
    };
    let request = json!({"HyperParameterTuningJobName": "tune-1", "MaxResults": 100});
    let listed = runtime.block_on(jobs.call(
        Service::SageMaker,
        "ListTrainingJobsForHyperParameterTuningJob",
        request,
    ));
    // Killed before the tuning job was on record.
    let Ok(listed) = listed else { return BTreeMap::new() };
    let trials = listed["TrainingJobSummaries"].as_array().unwrap();
    trials
        .iter()
        .filter(|trial| trial["TrainingJobStatus"] == "Completed")
        .map(|trial| {
            let value = trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"].clone();
            (trial["TrainingJobName"].as_str().unwrap().to_owned(), value)
        })
        .collect()
}

/// An output without what each run has of its own.
fn stable(mut end: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| !name.ends_with("Time") && name != "notes");
                members.values_mut().for_each(walk);
            }
            Value::Array(list) => list.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut end);
    end
}

/// The executions' names and statuses, and how many events each has.
fn executions(folder: &Path) -> Vec<(String, usize)> {
    let recorded = LocalExecutions::open(&folder.join(".mlpp")).unwrap();
    let mut all: Vec<_> = recorded
        .list()
        .unwrap()
        .into_iter()
        .map(|execution| (execution.arn.clone(), recorded.history(&execution.arn).unwrap().len()))
        .collect();
    all.sort();
    all
}

fn notifications(folder: &Path) -> i64 {
    let file = folder.join(".mlpp").join(SAGEMAKER).join("platform.sqlite");
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.query_row("SELECT count(*) FROM notifications", [], |row| row.get(0)).unwrap()
}

/// Which processes work in the folder.
fn left_running(folder: &Path) -> Vec<String> {
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        // The programs themselves name no folder: they work in one.
        let at = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        if command.contains(folder.to_str().unwrap()) || at.starts_with(folder) {
            left.push(command);
        }
    }
    left
}

/// Kills the process after `kill_after` changes and lets another one go on; whether it was killed at all.
fn kill_once(kill_after: u64, expected: &Expected) -> bool {
    let folder = project();
    let folder = folder.path();
    let undisturbed = drive(folder, Some(kill_after));
    let killed = undisturbed.is_none();
    let (before, starts_before) = (ended(folder), starts(folder));
    let end = undisturbed.or_else(|| drive(folder, None)).unwrap();
    let what = format!("killed after {kill_after} changes");
    assert_eq!(stable(end), expected.end, "{what}");
    let after = ended(folder);
    assert_eq!(after, expected.trials, "{what}");
    let starts_after = starts(folder);
    for name in before.keys() {
        assert_eq!(starts_after[name], starts_before[name], "{what}: {name} had ended");
    }
    assert!(starts_after.values().all(|count| *count <= 2), "{what}: {starts_after:?}");
    assert_eq!(executions(folder), expected.executions, "{what}");
    // A workflow that succeeds tells of no failure, killed or not.
    assert_eq!(notifications(folder), expected.notifications, "{what}");
    assert_eq!(left_running(folder), [""; 0], "{what}");
    killed
}

struct Expected {
    end: Value,
    trials: BTreeMap<String, Value>,
    executions: Vec<(String, usize)>,
    notifications: i64,
}

#[test]
fn a_workflow_that_is_killed_after_any_change_comes_to_the_same_end() {
    let folder = project();
    let end = stable(drive(folder.path(), None).unwrap());
    assert_eq!(end["status"], "SUCCEEDED", "{end:#}");
    let expected = Expected {
        end,
        trials: ended(folder.path()),
        executions: executions(folder.path()),
        notifications: notifications(folder.path()),
    };
    assert_eq!(expected.trials.len(), 3);
    assert_eq!(expected.executions.len(), 3);
    // Two at a time: each waits for the disk most of its time.
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2_u64)
            .map(|worker| {
                let expected = &expected;
                scope.spawn(move || {
                    let mut kill_after = 1 + worker;
                    while kill_once(kill_after, expected) {
                        kill_after += 2;
                    }
                    kill_after
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    // The executions and jobs of this workflow make more changes than this.
    assert!(counts.iter().all(|count| *count > 40), "{counts:?}");
}

#[test]
fn a_workflow_that_is_killed_again_and_again_comes_to_its_end() {
    let folder = project();
    let folder = folder.path();
    for round in 0.. {
        assert!(round < 500, "it does not get on");
        let before = starts(folder);
        let done = ended(folder);
        // Far enough to take a step, and never the same way.
        let end = drive(folder, Some(7 + round % 5));
        for name in done.keys() {
            assert_eq!(starts(folder)[name], before[name], "round {round}: {name} had ended");
        }
        if let Some(end) = end {
            assert_eq!(end["status"], "SUCCEEDED", "{end:#}");
            break;
        }
    }
    assert_eq!(ended(folder).len(), 3);
    assert_eq!(executions(folder).len(), 3);
}
