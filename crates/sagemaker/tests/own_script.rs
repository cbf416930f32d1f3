//! The guide's own `train.py` and `serve.py`, with scikit-learn, as they stand there.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use mlpp_sagemaker::{Algorithm, InvokeEndpoint, Waitable};
use serde_json::{Value, json};
use support::{Lab, ROLE, channel, processes_below, tuning_job};

/// The peers' Python; without it the test is passed over by name.
fn python(test: &str) -> Option<PathBuf> {
    if let Some(python) = std::env::var_os("MLPP_PEERS_PYTHON") {
        return Some(python.into());
    }
    let _ = writeln!(std::io::stderr(), "skipped: scikit-learn (MLPP_PEERS_PYTHON is not set)");
    if let Some(path) = std::env::var_os("MLPP_SKIPPED") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "scikit-learn: {test}").unwrap();
    }
    None
}

/// The block of code that the guide shows for a file.
fn shown(guide: &str, file: &str) -> String {
    let after = guide.split_once(&format!("\n`{file}`")).unwrap().1;
    let block = after.split_once("```").unwrap().1.split_once("```").unwrap().0;
    block.split_once('\n').unwrap().1.to_owned()
}

/// Rows whose label follows from the first of two columns, but for every eleventh.
fn rows(from: u32, count: u32) -> String {
    use std::fmt::Write;
    let mut text = "label,a,b\n".to_owned();
    for row in from..from + count {
        let (a, b) = (row * 37 % 101, row * 53 % 89);
        let label = u32::from((a > 50) != (row % 11 == 0));
        writeln!(text, "{label},{a},{b}").unwrap();
    }
    text
}

async fn predict(lab: &Lab, body: &str) -> Result<String, mlpp_sagemaker::ServiceError> {
    let request = InvokeEndpoint {
        endpoint_name: "own".to_owned(),
        content_type: Some("text/csv".to_owned()),
        body: body.to_owned().into(),
        ..InvokeEndpoint::default()
    };
    let answer = lab.platform.invoke_endpoint(request).await?;
    Ok(String::from_utf8(answer.body.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_script_trains_and_serves() {
    let Some(python) = python("the_guides_script_trains_and_serves") else { return };
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/algorithms.md");
    let guide = fs::read_to_string(guide).unwrap();
    let mut lab = Lab::new("unused");
    let folder = lab.path("algorithm");
    fs::create_dir(&folder).unwrap();
    for file in ["train.py", "serve.py"] {
        fs::write(folder.join(file), shown(&guide, file)).unwrap();
    }
    let interpreter = json!(python.to_str().unwrap()).to_string();
    let text = shown(&guide, "algorithm.toml").replace("\".venv/bin/python\"", &interpreter);
    let algorithm = Algorithm::parse(&text, &folder.join("algorithm.toml")).unwrap();
    lab.platform = lab.open_with(|config| config.algorithms = vec![algorithm]);
    for (key, text) in [
        ("training/rows.csv", rows(0, 300)),
        ("validation/rows.csv", rows(300, 150)),
        ("batch/rows.csv", "90,10\n10,10\n".to_owned()),
    ] {
        let path = lab.path("buckets/data/own").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    let mut request = tuning_job("own", "Bayesian", 3);
    request["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] = json!("Auto");
    let definition = &mut request["TrainingJobDefinitions"][0];
    definition["AlgorithmSpecification"]["AlgorithmName"] = json!("boosted-trees");
    definition["TuningObjective"]["MetricName"] = json!("validation:auc");
    definition["StaticHyperParameters"] = json!({"n_estimators": "30"});
    definition["HyperParameterRanges"] = json!({
        "ContinuousParameterRanges": [{"Name": "learning_rate", "MinValue": "0.01", "MaxValue": "0.5", "ScalingType": "Logarithmic"}],
    });
    definition["InputDataConfig"] = json!([
        channel("training", "s3://data/own/training/"),
        channel("validation", "s3://data/own/validation/")
    ]);
    let job = lab.tune(request).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 3);
    let best = &job["BestTrainingJob"];
    let auc = best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"].as_f64().unwrap();
    assert!(auc > 0.8, "{auc}");

    let trained = lab.must("DescribeTrainingJob", json!({"TrainingJobName": best["TrainingJobName"]})).await;
    let model = json!({
        "ModelName": "own",
        "ExecutionRoleArn": ROLE,
        "PrimaryContainer": {
            "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/boosted-trees:latest",
            "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"],
        },
    });
    lab.must("CreateModel", model).await;
    lab.config("own", &[("own", 1.0)]).await;
    lab.must("CreateEndpoint", json!({"EndpointName": "own", "EndpointConfigName": "own"})).await;
    let endpoint = lab.settled("own").await;
    assert_eq!(endpoint["EndpointStatus"], "InService", "{endpoint:#}");
    let scores = predict(&lab, "90,10\n10,10\n").await.unwrap();
    let parsed: Vec<f64> = scores.lines().map(|line| line.parse().unwrap()).collect();
    assert!(parsed.len() == 2 && parsed[0] > 0.5 && parsed[1] < 0.5, "{scores}");
    let ragged = predict(&lab, "1,2\n3\n").await.unwrap_err();
    assert_eq!(ragged.model.unwrap().original_status_code, 400);

    let transform: Value = json!({
        "TransformJobName": "own",
        "ModelName": "own",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/own/batch/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://artifacts/scores", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    });
    lab.must("CreateTransformJob", transform).await;
    let job = lab.platform.wait(Waitable::TransformJob, "own").await.unwrap();
    assert_eq!(job["TransformJobStatus"], "Completed", "{job:#}");
    assert_eq!(fs::read_to_string(lab.path("buckets/artifacts/scores/rows.csv.out")).unwrap(), scores);
    lab.platform.shutdown().await;
    assert_eq!(processes_below(lab.folder.path()), Vec::<String>::new());
}
