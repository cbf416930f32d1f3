//! Trials that are stopped before their end: by the median rule, by Hyperband, and after a crash.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::process::{Command, Stdio};

use mlpp_sagemaker::Waitable;
use serde_json::{Value, json};
use support::{Lab, PROGRAM, algorithm, eventually, processes_below, tuning_job};

/// Three trials that do well, and one that would never end.
const ONE_LAGS: &str = r#"
echo x > "$SM_MODEL_DIR/m"
case "$TRAINING_JOB_NAME" in
  *-004-*) echo "score=0.7;"; echo "score=0.1;"; exec sleep 3600;;
  *) echo "score=0.5;"; echo "score=0.6;"; echo "score=0.7;";;
esac
"#;

fn one_at_a_time(name: &str, strategy: &str, trials: usize) -> Value {
    let mut request = tuning_job(name, strategy, trials);
    request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxParallelTrainingJobs"] = json!(1);
    request
}

fn with_early_stopping(name: &str) -> Value {
    let mut request = one_at_a_time(name, "Random", 5);
    request["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] = json!("Auto");
    request
}

async fn trials(lab: &Lab, name: &str) -> Vec<Value> {
    let request = json!({"HyperParameterTuningJobName": name, "SortBy": "CreationTime"});
    let listed = lab.must("ListTrainingJobsForHyperParameterTuningJob", request).await;
    listed["TrainingJobSummaries"].as_array().unwrap().clone()
}

fn value(trial: &Value) -> &Value {
    &trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_below_the_median_is_stopped() {
    let lab = Lab::new(ONE_LAGS);
    let job = lab.tune(with_early_stopping("median")).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    assert_eq!(
        job["TrainingJobStatusCounters"],
        json!({"Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 1})
    );
    assert_eq!(job["ObjectiveStatusCounters"], json!({"Succeeded": 5, "Pending": 0, "Failed": 0}));
    let trials = trials(&lab, "median").await;
    assert_eq!(
        (&trials[3]["TrainingJobStatus"], &trials[3]["ObjectiveStatus"]),
        (&json!("Stopped"), &json!("Succeeded"))
    );
    // As it was when the rule decided.
    assert_eq!(value(&trials[3]), &json!(0.1));
    let stopped =
        lab.must("DescribeTrainingJob", json!({"TrainingJobName": trials[3]["TrainingJobName"]})).await;
    assert_eq!(stopped["SecondaryStatus"], "Stopped");
    let steps = stopped["SecondaryStatusTransitions"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["Status"] == "Stopping"), "{stopped:#}");
    assert!(stopped.get("FailureReason").is_none());
    let kind = mlpp_sagemaker::ResourceKind::HyperParameterTuningJob;
    let not_simulated = lab.platform.not_simulated(kind, "median").await.unwrap();
    assert_eq!(not_simulated, ["TrainingJobDefinitions[].ResourceConfig"]);
    assert_eq!(processes_below(lab.folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_early_stopping_nothing_is_stopped() {
    let lab = Lab::new(&ONE_LAGS.replace("exec sleep 3600", "exit 0"));
    let job = lab.tune(one_at_a_time("off", "Random", 5)).await;
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn hyperband_stops_at_its_rungs() {
    // With these resources the first and the third trial are in the bracket that stops after one iteration.
    let lab = Lab::new(
        r#"
echo x > "$SM_MODEL_DIR/m"
case "$TRAINING_JOB_NAME" in
  *-001-*) echo "score=0.9;";;
  *-002-*) for at in 1 2 3; do echo "score=0.$at;"; done; exec sleep 3600;;
  *) echo "score=0.4;"; exec sleep 3600;;
esac
"#,
    );
    let mut request = one_at_a_time("bands", "Hyperband", 3);
    request["HyperParameterTuningJobConfig"]["StrategyConfig"] =
        json!({"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 3}});
    let job = lab.tune(request).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    assert_eq!(job["TrainingJobStatusCounters"]["Stopped"], 2);
    let trials = trials(&lab, "bands").await;
    let values: Vec<_> = trials.iter().map(value).collect();
    assert_eq!(values, [&json!(0.9), &json!(0.3), &json!(0.4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hyperband_is_asked_for_as_the_service_has_it() {
    let lab = Lab::new(ONE_LAGS);
    let ask = |config: Value, early: &str, fixed: Value| {
        let mut request = one_at_a_time("asked", "Hyperband", 1);
        request["HyperParameterTuningJobConfig"]["StrategyConfig"] =
            json!({"HyperbandStrategyConfig": config});
        request["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] = json!(early);
        request["TrainingJobDefinitions"][0]["StaticHyperParameters"] = fixed;
        request
    };
    for (request, message) in [
        (ask(json!({"MaxResource": 9}), "Auto", json!({})), "must be Off to use the Hyperband strategy"),
        (ask(json!({"MinResource": 1}), "Off", json!({})), "none of epochs, numepochs, n-epochs"),
        (
            ask(json!({"MinResource": 9, "MaxResource": 9}), "Off", json!({})),
            "MinResource 9 is not below MaxResource 9",
        ),
        (ask(json!({"MaxResource": 20_001}), "Off", json!({})), "MaxResource 20001 is above 20000"),
        (
            ask(json!({"MinResource": 0}), "Off", json!({})),
            "Member must have value greater than or equal to 1",
        ),
    ] {
        let error = lab.call("CreateHyperParameterTuningJob", request).await.unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert!(error.message.contains(message), "{error}");
    }
    // Inferred, as on the service.
    let text = algorithm(ONE_LAGS).replace("name = \"word\"", "name = \"epochs\"");
    let job = Lab::with_algorithm(&text).tune(ask(json!({}), "Off", json!({"epochs": "27"}))).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_courses_survive_a_crash() {
    let lab = Lab::new("unused");
    let mark = lab.path("pid");
    // The fourth trial says nothing until its platform was killed once.
    let script = format!(
        r#"
echo x > "$SM_MODEL_DIR/m"
case "$TRAINING_JOB_NAME" in
  *-004-*) test -e {mark} && echo "score=0.1;"; echo $$ > {mark}; exec sleep 3600;;
  *) echo "score=0.6;"; echo "score=0.7;";;
esac
"#,
        mark = mark.display()
    );
    std::fs::write(lab.path("algorithm.toml"), algorithm(&script)).unwrap();
    let request = with_early_stopping("crash").to_string();
    let drive = |request: &str| {
        let mut command = Command::new(PROGRAM);
        command.arg("drive").arg(lab.folder.path()).args(["CreateHyperParameterTuningJob", request]);
        command.stdin(Stdio::null()).spawn().unwrap()
    };
    let mut first = drive(&request);
    let pid = lab.text_of("pid").await;
    first.kill().unwrap();
    first.wait().unwrap();
    eventually("the program has ended", || !support::runs(&pid)).await;
    assert!(drive(&request).wait().unwrap().success());
    let job = lab.platform.wait(Waitable::HyperParameterTuningJob, "crash").await.unwrap();
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    let statuses: Vec<_> =
        trials(&lab, "crash").await.iter().map(|trial| trial["TrainingJobStatus"].clone()).collect();
    assert_eq!(statuses, ["Completed", "Completed", "Completed", "Stopped", "Completed"]);
}
