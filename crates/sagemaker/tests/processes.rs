//! Nothing outlives the process that started it.
#![cfg(target_os = "linux")]

mod support;

use std::process::{Command, Stdio};

use mlpp_sagemaker::Waitable;
use serde_json::json;
use support::{Lab, PROGRAM, eventually, runs, training_job, tuning_job};

/// Writes the process ids of the program and of a child of it, neither of which heeds SIGTERM, and waits for ever.
/// The last word of the supervisor's process id is the program's parent.
const STUBBORN: &str = r#"
trap '' TERM
sleep 3600 &
echo "$$ $! $PPID" > "$SM_HP_WORD"
while :; do wait; done
"#;

fn stubborn(lab: &Lab, name: &str) -> serde_json::Value {
    let mut request = training_job(name);
    request["HyperParameters"] = json!({"word": lab.path("pids").display().to_string()});
    request
}

async fn all_end(pids: &str) {
    for pid in pids.split_whitespace() {
        eventually(&format!("{pid} has ended"), || !runs(pid)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_every_process_and_leaves_the_job() {
    let lab = Lab::new(STUBBORN);
    lab.must("CreateTrainingJob", stubborn(&lab, "stubborn")).await;
    let pids = lab.text_of("pids").await;
    assert!(pids.split_whitespace().all(runs), "{pids}");
    lab.platform.shutdown().await;
    assert!(!pids.split_whitespace().any(runs), "{pids}");

    let request = json!({"TrainingJobName": "stubborn"});
    let job = lab.must("DescribeTrainingJob", request.clone()).await;
    assert_eq!(job["TrainingJobStatus"], "InProgress");
    let error = lab.call("CreateTrainingJob", training_job("late")).await.unwrap_err();
    assert_eq!(error.code, "ServiceUnavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tuning_job_goes_on_after_a_shutdown() {
    let lab = Lab::new(
        r#"
if [ -e "$SM_HP_WORD" ]; then
    echo model > "$SM_MODEL_DIR/model.txt"
    echo "score=$SM_HP_X;"
    exit 0
fi
echo x > "$SM_HP_WORD"
exec sleep 3600
"#,
    );
    let mut request = tuning_job("tune", "Random", 4);
    request["TrainingJobDefinitions"][0]["StaticHyperParameters"]["word"] =
        json!(lab.path("started").display().to_string());
    lab.must("CreateHyperParameterTuningJob", request).await;
    lab.text_of("started").await;
    lab.platform.shutdown().await;
    let describe = json!({"HyperParameterTuningJobName": "tune"});
    let left = lab.must("DescribeHyperParameterTuningJob", describe).await;
    assert_eq!(left["HyperParameterTuningJobStatus"], "InProgress");
    let again = lab.open_again();
    let job = again.wait(Waitable::HyperParameterTuningJob, "tune").await.unwrap();
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed");
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 4);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_through_another_opener_is_heeded() {
    let lab = Lab::new(STUBBORN);
    lab.must("CreateTrainingJob", stubborn(&lab, "stubborn")).await;
    let pids = lab.text_of("pids").await;
    let other = lab.open_again();
    let request = json!({"TrainingJobName": "stubborn"});
    other.call(mlpp_sagemaker::Service::SageMaker, "StopTrainingJob", request).await.unwrap();
    let job = other.wait(Waitable::TrainingJob, "stubborn").await.unwrap();
    assert_eq!(job["TrainingJobStatus"], "Stopped");
    assert!(!pids.split_whitespace().any(runs), "{pids}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_a_front_end_that_is_killed() {
    let lab = Lab::new("unused");
    std::fs::write(lab.path("algorithm.toml"), support::algorithm(STUBBORN)).unwrap();
    let mut request = stubborn(&lab, "orphan");
    request["InputDataConfig"] = json!(null);
    let mut front_end = Command::new(PROGRAM)
        .args(["run".as_ref(), lab.folder.path().as_os_str()])
        .arg(request.to_string())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let pids = lab.text_of("pids").await;
    assert!(pids.split_whitespace().all(runs), "{pids}");
    let status = lab.must("DescribeTrainingJob", json!({"TrainingJobName": "orphan"})).await;
    assert_eq!(status["TrainingJobStatus"], "InProgress");

    front_end.kill().unwrap();
    front_end.wait().unwrap();
    all_end(&pids).await;
    // Reading changes nothing; a stop ends what nobody runs.
    let request = json!({"TrainingJobName": "orphan"});
    assert_eq!(lab.must("DescribeTrainingJob", request.clone()).await["TrainingJobStatus"], "InProgress");
    lab.must("StopTrainingJob", request).await;
    let job = lab.platform.wait(Waitable::TrainingJob, "orphan").await.unwrap();
    assert_eq!(job["TrainingJobStatus"], "Stopped", "{job:#}");
    let exit = std::fs::read_to_string(lab.path("platform/training-jobs/orphan/exit.json")).unwrap();
    assert_eq!(exit, r#"{"signal":9,"asked":true}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_does_not_outlive_its_supervisor() {
    let lab = Lab::new(r#"echo "$$ $PPID" > "$SM_HP_WORD"; exec sleep 3600"#);
    lab.must("CreateTrainingJob", stubborn(&lab, "bereft")).await;
    let pids = lab.text_of("pids").await;
    let supervisor = pids.split_whitespace().last().unwrap();
    assert!(Command::new("kill").args(["-9", supervisor]).status().unwrap().success());
    all_end(&pids).await;
    let job = lab.platform.wait(Waitable::TrainingJob, "bereft").await.unwrap();
    assert_eq!(job["FailureReason"], "AlgorithmError: its supervisor ended unexpectedly");
}
