//! Whatever kills the process that runs jobs, and whenever: the next one goes on, and nothing runs twice that had ended.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use mlpp_sagemaker::{SageMaker, Service, Waitable};
use serde_json::{Value, json};
use support::{Lab, PROGRAM, eventually, runs, training_job, tuning_job};

/// Notes each start and each end in the file of the static hyperparameter `word`.
const NOTED: &str = r#"
echo "start $TRAINING_JOB_NAME $$" >> "$SM_HP_WORD"
cp "$SM_CHANNEL_TRAINING/train.csv" "$SM_MODEL_DIR/model.txt"
echo "score=$SM_HP_X;"
"#;

const ACTION: &str = "CreateHyperParameterTuningJob";

/// A folder for a front end in another process.
fn lab(script: &str) -> Lab {
    let lab = Lab::new(script);
    fs::write(lab.path("algorithm.toml"), support::algorithm(script)).unwrap();
    lab
}

fn drive(folder: &Path, action: &str, request: &Value, kill_after: Option<u64>) -> bool {
    let mut command = Command::new(PROGRAM);
    command.arg("drive").arg(folder).arg(action).arg(request.to_string()).stdin(Stdio::null());
    if let Some(count) = kill_after {
        command.arg(count.to_string());
    }
    let status = command.status().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "{action}: {status}");
    status.success()
}

/// How often each job's program started.
fn starts(notes: &Path) -> BTreeMap<String, usize> {
    let mut starts = BTreeMap::new();
    for line in fs::read_to_string(notes).unwrap_or_default().lines() {
        if let Some(name) = line.split(' ').nth(1) {
            *starts.entry(name.to_owned()).or_default() += 1;
        }
    }
    starts
}

async fn trials(platform: &SageMaker) -> Vec<Value> {
    let request = json!({"HyperParameterTuningJobName": "tune", "MaxResults": 100});
    let listed = platform.call(Service::SageMaker, "ListTrainingJobsForHyperParameterTuningJob", request);
    // Killed before the job was on record.
    listed.await.map_or(Vec::new(), |listed| listed["TrainingJobSummaries"].as_array().unwrap().clone())
}

/// What must not depend on how often the process was killed.
async fn outcome(platform: &SageMaker) -> Value {
    let job = platform.wait(Waitable::HyperParameterTuningJob, "tune").await.unwrap();
    let trials: Vec<Value> = trials(platform).await.iter().map(stable).collect();
    json!([
        job["HyperParameterTuningJobStatus"],
        job["TrainingJobStatusCounters"],
        job["ObjectiveStatusCounters"],
        stable(&job["BestTrainingJob"]),
        trials,
    ])
}

fn stable(trial: &Value) -> Value {
    let members = [
        "TrainingJobName",
        "TrainingJobStatus",
        "TunedHyperParameters",
        "FinalHyperParameterTuningJobObjectiveMetric",
        "ObjectiveStatus",
    ];
    members.map(|member| trial[member].clone()).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tuning_job_survives_a_kill_at_every_change() {
    let request = |lab: &Lab| {
        let mut request = tuning_job("tune", "Bayesian", 3);
        request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxParallelTrainingJobs"] = json!(1);
        request["HyperParameterTuningJobConfig"]["RandomSeed"] = json!(11);
        request["TrainingJobDefinitions"][0]["StaticHyperParameters"]["word"] =
            json!(lab.path("notes").display().to_string());
        request
    };
    let undisturbed = lab(NOTED);
    assert!(drive(undisturbed.folder.path(), ACTION, &request(&undisturbed), None));
    let expected = outcome(&undisturbed.platform).await;
    assert_eq!(expected[0], "Completed");

    for kill_after in 1.. {
        let lab = lab(NOTED);
        let (folder, notes) = (lab.folder.path(), lab.path("notes"));
        if drive(folder, ACTION, &request(&lab), Some(kill_after)) {
            assert!(kill_after > 20, "only {kill_after} changes");
            break;
        }
        let ended: Vec<String> = trials(&lab.platform)
            .await
            .iter()
            .filter(|trial| trial["TrainingJobStatus"] == "Completed")
            .map(|trial| trial["TrainingJobName"].as_str().unwrap().to_owned())
            .collect();
        let before = starts(&notes);
        assert!(drive(folder, ACTION, &request(&lab), None));
        assert_eq!(outcome(&lab.platform).await, expected, "killed after {kill_after} changes");
        let after = starts(&notes);
        assert_eq!(after.len(), 3, "{after:?}");
        for name in &ended {
            assert_eq!(after[name], before[name], "{name} ran again, killed after {kill_after} changes");
        }
        assert!(after.values().all(|&count| count <= 2), "{after:?}");
        for line in fs::read_to_string(&notes).unwrap().lines() {
            assert!(!runs(line.rsplit(' ').next().unwrap()), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_after_kill_it_still_ends() {
    let lab = lab(NOTED);
    let mut request = tuning_job("tune", "Random", 4);
    request["TrainingJobDefinitions"][0]["StaticHyperParameters"]["word"] =
        json!(lab.path("notes").display().to_string());
    let mut kills = 0;
    // Each process gets a little further than to take over what is there.
    while !drive(lab.folder.path(), "CreateHyperParameterTuningJob", &request, Some(12)) {
        kills += 1;
        assert!(kills < 50, "it does not get on");
    }
    assert!(kills > 1);
    let job = lab.platform.wait(Waitable::HyperParameterTuningJob, "tune").await.unwrap();
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 4, "{job:#}");
}

/// Adds a line to its checkpoint, and ends at the third; before that it waits for ever.
const CHECKPOINTED: &str = r#"
echo "step" >> checkpoints/steps
echo "$$" > "$SM_HP_WORD"
if [ "$(wc -l < checkpoints/steps)" -lt 3 ]; then exec sleep 3600; fi
cp checkpoints/steps "$SM_MODEL_DIR/model.txt"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_goes_on_from_its_checkpoints() {
    let lab = lab(CHECKPOINTED);
    let mut request = training_job("steps");
    request["HyperParameters"] = json!({"word": lab.path("pid").display().to_string()});
    request["CheckpointConfig"] = json!({"S3Uri": "s3://artifacts/checkpoints"});
    for _ in 0..2 {
        let _ = fs::remove_file(lab.path("pid"));
        let mut front_end = Command::new(PROGRAM)
            .arg("drive")
            .arg(lab.folder.path())
            .args(["CreateTrainingJob", &request.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let pid = lab.text_of("pid").await;
        front_end.kill().unwrap();
        front_end.wait().unwrap();
        eventually("the program has ended", || !runs(&pid)).await;
    }
    let job = lab.platform.wait(Waitable::TrainingJob, "steps").await.unwrap();
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job:#}");
    let steps: Vec<_> = job["SecondaryStatusTransitions"].as_array().unwrap().iter().collect();
    let steps: Vec<_> = steps.iter().map(|step| step["Status"].as_str().unwrap()).collect();
    let again = ["Restarting", "Downloading", "Training"];
    let expected =
        [&["Starting", "Downloading", "Training"][..], &again, &again, &["Uploading", "Completed"]];
    assert_eq!(steps, expected.concat());
    let stored = fs::read_to_string(lab.path("buckets/artifacts/checkpoints/steps")).unwrap();
    assert_eq!(stored, "step\n".repeat(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_checkpoints_a_program_starts_from_the_beginning() {
    let lab = lab(r#"
test -e output/data/mark && exit 9
echo x > output/data/mark
echo "$$" >> "$SM_HP_WORD"
if [ "$(wc -l < "$SM_HP_WORD")" -lt 2 ]; then exec sleep 3600; fi
cp output/data/mark "$SM_MODEL_DIR/"
"#);
    let mut request = training_job("anew");
    request["HyperParameters"] = json!({"word": lab.path("pids").display().to_string()});
    let mut front_end = Command::new(PROGRAM)
        .args(["run".as_ref(), lab.folder.path().as_os_str()])
        .arg(request.to_string())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    lab.text_of("pids").await;
    front_end.kill().unwrap();
    front_end.wait().unwrap();
    assert_eq!(lab.platform.resume().await.unwrap(), [(Waitable::TrainingJob, "anew".to_owned())]);
    // It is somebody's again.
    assert_eq!(lab.platform.resume().await.unwrap(), []);
    let job = lab.platform.wait(Waitable::TrainingJob, "anew").await.unwrap();
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job:#}");
    let request = |name: &str| json!({"TrainingJobName": name});
    assert!(lab.call("StopTrainingJob", request("anew")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_made_again_answers_as_before() {
    let lab = Lab::new("echo x > \"$SM_MODEL_DIR/m\"");
    let first = lab.must("CreateTrainingJob", training_job("once")).await;
    let again = lab.platform.call_again(Service::SageMaker, "CreateTrainingJob", training_job("once")).await;
    assert_eq!(again.unwrap(), first);
    let mut other = training_job("once");
    other["StoppingCondition"]["MaxRuntimeInSeconds"] = json!(5);
    let error = lab.platform.call_again(Service::SageMaker, "CreateTrainingJob", other).await.unwrap_err();
    assert_eq!(error.code, "ResourceInUse");
    lab.platform.wait(Waitable::TrainingJob, "once").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_go_on_fails() {
    let lab = lab(r#"echo "$$" > "$SM_HP_WORD"; exec sleep 3600"#);
    let mut request = training_job("lost");
    request["HyperParameters"] = json!({"word": lab.path("pid").display().to_string()});
    let mut front_end = Command::new(PROGRAM)
        .args(["run".as_ref(), lab.folder.path().as_os_str()])
        .arg(request.to_string())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    lab.text_of("pid").await;
    front_end.kill().unwrap();
    front_end.wait().unwrap();
    let without = lab.open_with(|config| config.algorithms.clear());
    without.resume().await.unwrap();
    let job = lab.platform.wait(Waitable::TrainingJob, "lost").await.unwrap();
    assert_eq!(job["TrainingJobStatus"], "Failed");
    assert!(job["FailureReason"].as_str().unwrap().contains("Could not find algorithm"), "{job:#}");
}
