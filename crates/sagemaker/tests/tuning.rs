//! Tuning jobs: search, counters, the best trial, failures, refusals.

mod support;

use std::collections::HashSet;

use mlpp_sagemaker::{JobEvent, ResourceKind};
use serde_json::{Value, json};
use support::{Lab, tuning_job};

const SCORE_IS_X: &str =
    r#"cp "$SM_CHANNEL_TRAINING/train.csv" "$SM_MODEL_DIR/model.txt"; echo "score=$SM_HP_X;""#;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_trial_is_found() {
    let lab = Lab::new(SCORE_IS_X);
    let mut events = lab.platform.subscribe();
    let job = lab.tune(tuning_job("tune", "Random", 6)).await;

    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    assert_eq!(
        job["TrainingJobStatusCounters"],
        json!({"Completed": 6, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0})
    );
    assert_eq!(job["ObjectiveStatusCounters"], json!({"Succeeded": 6, "Pending": 0, "Failed": 0}));

    let request = json!({"HyperParameterTuningJobName": "tune", "SortBy": "FinalObjectiveMetricValue"});
    let listed = lab.must("ListTrainingJobsForHyperParameterTuningJob", request).await;
    let trials = listed["TrainingJobSummaries"].as_array().unwrap();
    assert_eq!(trials.len(), 6);
    let values: Vec<f64> = trials
        .iter()
        .map(|trial| number(&trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]))
        .collect();
    assert!(values.is_sorted() && values.iter().collect::<Vec<_>>().windows(2).all(|pair| pair[0] < pair[1]));
    for trial in trials {
        let sampled: f64 = trial["TunedHyperParameters"]["x"].as_str().unwrap().parse().unwrap();
        let value = number(&trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]);
        assert!((sampled - value).abs() < f64::EPSILON);
    }
    let names: HashSet<&str> =
        trials.iter().map(|trial| &trial["TrainingJobName"].as_str().unwrap()[..8]).collect();
    assert_eq!(names, ["tune-001", "tune-002", "tune-003", "tune-004", "tune-005", "tune-006"].into());

    let best = &job["BestTrainingJob"];
    assert_eq!(best, &trials[5]);
    assert_eq!(best["FinalHyperParameterTuningJobObjectiveMetric"]["Type"], "Maximize");
    assert_eq!(
        (&best["ObjectiveStatus"], &best["TrainingJobDefinitionName"]),
        (&json!("Succeeded"), &json!("definition-0"))
    );
    let training = lab.must("DescribeTrainingJob", json!({"TrainingJobName": best["TrainingJobName"]})).await;
    assert_eq!(training["HyperParameters"]["_tuning_objective_metric"], "score");
    assert_eq!(training["HyperParameters"]["word"], "fixed");
    assert_eq!(training["TuningJobArn"], job["HyperParameterTuningJobArn"]);
    let uri = training["ModelArtifacts"]["S3ModelArtifacts"].as_str().unwrap();
    assert!(lab.path("buckets").join(uri.strip_prefix("s3://").unwrap()).exists());

    let (mut started, mut ended) = (0, Vec::new());
    while let Ok(event) = events.try_recv() {
        match event {
            JobEvent::TrainingJobStarted { tuning_job, .. } => {
                assert_eq!(tuning_job.as_deref(), Some("tune"));
                started += 1;
            }
            JobEvent::TrainingJobEnded { objective, .. } => ended.push(objective.unwrap()),
            JobEvent::TuningJobEnded { best_training_job, .. } => {
                assert_eq!(best_training_job.as_deref(), best["TrainingJobName"].as_str());
            }
            _ => {}
        }
    }
    ended.sort_by(f64::total_cmp);
    assert_eq!((started, ended), (6, values));
    let kind = ResourceKind::HyperParameterTuningJob;
    let not_simulated = lab.platform.not_simulated(kind, "tune").await.unwrap();
    assert_eq!(not_simulated, ["TrainingJobDefinitions[].ResourceConfig"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_samples_the_same_values() {
    let sampled = async || {
        let lab = Lab::new(SCORE_IS_X);
        let mut request = tuning_job("tune", "Bayesian", 6);
        request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxParallelTrainingJobs"] = json!(1);
        request["HyperParameterTuningJobConfig"]["RandomSeed"] = json!(5);
        lab.tune(request).await;
        let listed = json!({"HyperParameterTuningJobName": "tune"});
        let listed = lab.must("ListTrainingJobsForHyperParameterTuningJob", listed).await;
        let trials = listed["TrainingJobSummaries"].as_array().unwrap().clone();
        trials.iter().map(|trial| trial["TunedHyperParameters"].clone()).collect::<Vec<_>>()
    };
    let first = sampled().await;
    assert_eq!(first.len(), 6);
    assert_eq!(first, sampled().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grid_ends_when_it_is_exhausted() {
    let text = support::algorithm(SCORE_IS_X).replace(
        "type = \"Continuous\"\nmin = \"0\"\nmax = \"1\"",
        "type = \"Categorical\"\nvalues = [\"1\", \"2\", \"3\"]",
    );
    let lab = Lab::with_algorithm(&text);
    let mut request = tuning_job("grid", "Grid", 10);
    request["TrainingJobDefinitions"][0]["HyperParameterRanges"] =
        json!({"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "3"]}]});
    let job = lab.tune(request).await;
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 2);
    assert_eq!(job["BestTrainingJob"]["TunedHyperParameters"], json!({"x": "3"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_trials_do_not_fail_the_job_unless_all_fail() {
    let some = r#"case "$TRAINING_JOB_NAME" in *-002-*) exit 4;; esac; "#.to_owned() + SCORE_IS_X;
    let job = Lab::new(&some).tune(tuning_job("some", "Bayesian", 3)).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed");
    assert_eq!(job["TrainingJobStatusCounters"]["NonRetryableError"], 1);
    assert_eq!(job["ObjectiveStatusCounters"], json!({"Succeeded": 2, "Pending": 0, "Failed": 1}));

    let job = Lab::new("echo out of luck; exit 4").tune(tuning_job("all", "Random", 2)).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Failed");
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(
        reason.starts_with("No training job reported the objective metric. The first, all-00"),
        "{reason}"
    );
    assert!(reason.ends_with("AlgorithmError: out of luck, exit code: 4"), "{reason}");
    assert!(job.get("BestTrainingJob").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_metric_is_told() {
    let lab = Lab::new("echo x > \"$SM_MODEL_DIR/m\"; echo 'score=;'; echo 'score=none;'");
    let job = lab.tune(tuning_job("silent", "Random", 2)).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Failed");
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 2);
    assert_eq!(job["ObjectiveStatusCounters"]["Failed"], 2);
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(
        reason.contains("has no number where the objective metric score is expected (score=([^;]+);)"),
        "{reason}"
    );
    let listed = json!({"HyperParameterTuningJobName": "silent"});
    let listed = lab.must("ListTrainingJobsForHyperParameterTuningJob", listed).await;
    assert_eq!(listed["TrainingJobSummaries"][0]["ObjectiveStatus"], "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_job_keeps_what_it_has() {
    let script = format!(r#"case "$TRAINING_JOB_NAME" in *-001-*) {SCORE_IS_X};; *) exec sleep 3600;; esac"#);
    let lab = Lab::new(&script);
    let mut events = lab.platform.subscribe();
    lab.must("CreateHyperParameterTuningJob", tuning_job("halted", "Random", 4)).await;
    while !matches!(events.recv().await.unwrap(), JobEvent::TrainingJobEnded { .. }) {}
    lab.must("StopHyperParameterTuningJob", json!({"HyperParameterTuningJobName": "halted"})).await;
    let wait = lab.platform.wait(mlpp_sagemaker::Waitable::HyperParameterTuningJob, "halted");
    let job = wait.await.unwrap();
    assert_eq!(job["HyperParameterTuningJobStatus"], "Stopped");
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 1);
    assert_eq!(job["TrainingJobStatusCounters"]["InProgress"], 0);
    assert!(job["BestTrainingJob"]["TrainingJobName"].as_str().unwrap().starts_with("halted-001-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_before_any_trial() {
    let lab = Lab::new(SCORE_IS_X);
    let change = |path: &str, value: Value| {
        let mut request = tuning_job("refused", "Random", 2);
        *request.pointer_mut(path).unwrap() = value;
        request
    };
    let ranges = "/TrainingJobDefinitions/0/HyperParameterRanges";
    let range = |name: &str, min: &str, max: &str| json!({"ContinuousParameterRanges": [{"Name": name, "MinValue": min, "MaxValue": max}]});
    for (request, message) in [
        (change(ranges, range("y", "0", "1")), "has no hyperparameter y"),
        (change(ranges, range("x", "0", "2")), "'2' is above 1"),
        (change(ranges, range("n", "0", "2")), "hyperparameter n is Integer, its range is Continuous"),
        (change(ranges, range("word", "0", "2")), "hyperparameter word is both static and tuned"),
        (change(ranges, range("x", "1", "0")), "lower bound 1 of x is not below its upper bound 0"),
        (change(ranges, json!({})), "a search needs at least one range"),
        (
            change("/TrainingJobDefinitions/0/StaticHyperParameters", json!({"x": "1"})),
            "both static and tuned",
        ),
        (change("/TrainingJobDefinitions/0/TuningObjective/MetricName", json!("auc")), "auc is not a metric"),
        (
            change("/TrainingJobDefinitions/0/TuningObjective/Type", json!("Minimize")),
            "as Maximize, not Minimize",
        ),
        (
            change("/HyperParameterTuningJobConfig/Strategy", json!("Luck")),
            "enum value set: [Bayesian, Random",
        ),
        (
            change("/HyperParameterTuningJobName", json!("a-name-of-more-than-32-characters")),
            "less than or equal to 32",
        ),
        (change("/TrainingJobDefinitions", json!([])), "greater than or equal to 1"),
    ] {
        let error = lab.call("CreateHyperParameterTuningJob", request).await.unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert!(error.message.contains(message), "{error}");
    }
    let text = change("/HyperParameterTuningJobConfig/ResourceLimits/MaxParallelTrainingJobs", json!("2"));
    let error = lab.call("CreateHyperParameterTuningJob", text).await.unwrap_err();
    assert_eq!(error.code, "SerializationException");
    let listed = lab.must("ListTrainingJobs", json!({})).await;
    assert_eq!(listed["TrainingJobSummaries"], json!([]));
}
