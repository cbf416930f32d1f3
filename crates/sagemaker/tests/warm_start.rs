//! Tuning jobs that begin with what others found.

mod support;

use serde_json::{Value, json};
use support::{Lab, channel, tuning_job};

const SCORE_IS_X: &str = r#"echo x > "$SM_MODEL_DIR/m"; echo "score=$SM_HP_X;""#;

fn child(name: &str, kind: &str, parents: &[&str]) -> Value {
    let mut request = tuning_job(name, "Bayesian", 1);
    let parents: Vec<_> = parents.iter().map(|name| json!({"HyperParameterTuningJobName": name})).collect();
    request["WarmStartConfig"] = json!({"ParentHyperParameterTuningJobs": parents, "WarmStartType": kind});
    request
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_goes_on_from_its_parents() {
    let lab = Lab::new(SCORE_IS_X);
    let parent = lab.tune(tuning_job("parent", "Random", 12)).await;
    let first = |job: &Value| job["BestTrainingJob"]["TunedHyperParameters"]["x"].clone();
    let cold = lab.tune(tuning_job("cold", "Bayesian", 1)).await;

    let mut request = child("warm", "IdenticalDataAndAlgorithm", &["parent"]);
    // Other ranges are allowed.
    request["TrainingJobDefinitions"][0]["HyperParameterRanges"]["ContinuousParameterRanges"][0]["MaxValue"] =
        json!("0.99");
    let warm = lab.tune(request).await;
    assert_eq!(warm["HyperParameterTuningJobStatus"], "Completed", "{warm:#}");
    assert_eq!(warm["WarmStartConfig"]["WarmStartType"], "IdenticalDataAndAlgorithm");
    // Twelve trials say that larger is better; without them the first trial is a guess.
    assert_ne!(first(&warm), first(&cold));
    let x: f64 = first(&warm).as_str().unwrap().parse().unwrap();
    assert!(x > 0.75, "{x}");

    let metric = |summary: &Value| number(&summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]);
    let best = metric(&parent["BestTrainingJob"]).max(metric(&warm["BestTrainingJob"]));
    assert!((metric(&warm["OverallBestTrainingJob"]) - best).abs() < f64::EPSILON, "{warm:#}");
    let from = if metric(&parent["BestTrainingJob"]) >= best { "parent" } else { "warm" };
    assert_eq!(warm["OverallBestTrainingJob"]["TuningJobName"], from);

    let mut request = child("transfer", "TransferLearning", &["parent", "warm"]);
    let data = json!([channel("training", "s3://data/train/")]);
    request["TrainingJobDefinitions"][0]["InputDataConfig"] = data.clone();
    let transfer = lab.tune(request).await;
    assert_eq!(transfer["HyperParameterTuningJobStatus"], "Completed", "{transfer:#}");
    assert!(transfer.get("OverallBestTrainingJob").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_its_parent_is_refused() {
    let lab = Lab::new(
        r#"case "$TRAINING_JOB_NAME" in running-*) exec sleep 3600;; esac; echo x > "$SM_MODEL_DIR/m"; echo "score=1;""#,
    );
    lab.tune(tuning_job("parent", "Random", 1)).await;
    lab.must("CreateHyperParameterTuningJob", tuning_job("running", "Random", 1)).await;
    let change = |path: &str, value: Value| {
        let mut request = child("child", "IdenticalDataAndAlgorithm", &["parent"]);
        *request.pointer_mut(path).unwrap() = value;
        request
    };
    let definition = "/TrainingJobDefinitions/0";
    let at = |member: &str| format!("{definition}/{member}");
    let integer = json!({"IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "2"}]});
    for (request, message) in [
        (
            child("child", "Warm", &["parent"]),
            "enum value set: [IdenticalDataAndAlgorithm, TransferLearning]",
        ),
        (child("child", "TransferLearning", &[]), "greater than or equal to 1"),
        (child("child", "TransferLearning", &["p"; 6]), "less than or equal to 5"),
        (child("child", "TransferLearning", &["none"]), "tuning job none does not exist"),
        (child("child", "TransferLearning", &["running"]), "running is InProgress; it must have ended"),
        (
            change(&at("StaticHyperParameters"), json!({})),
            "it has 2 static and tunable hyperparameters, and this job has 1",
        ),
        (
            change(&at("InputDataConfig"), json!([channel("training", "s3://data/train/")])),
            "its input data are others, which needs the WarmStartType TransferLearning",
        ),
        (change(&at("DefinitionName"), json!("other")), ""),
        (change(&at("HyperParameterRanges"), integer), ""),
    ] {
        if message.is_empty() {
            // A single definition may have another name, and tune what was static or absent.
            let name =
                format!("c-{}", request["TrainingJobDefinitions"][0]["DefinitionName"].as_str().unwrap());
            let mut request = request;
            request["HyperParameterTuningJobName"] = json!(name);
            lab.tune(request).await;
            continue;
        }
        let error = lab.call("CreateHyperParameterTuningJob", request).await.unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert!(error.message.contains(message), "{error}");
    }
    lab.must("StopHyperParameterTuningJob", json!({"HyperParameterTuningJobName": "running"})).await;
    lab.platform.shutdown().await;
}
