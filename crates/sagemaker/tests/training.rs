//! Training jobs: the container contract, and each way in which a job can end.

mod support;

use serde_json::{Value, json};
use support::{Lab, channel, training_job};

#[tokio::test(flavor = "multi_thread")]
async fn the_container_contract() {
    let lab = Lab::new(
        r#"
set -e
test "$PWD" = "$(cd "$SM_MODEL_DIR/.." && pwd)"
cp "$SM_CHANNEL_TRAINING/train.csv" "$SM_MODEL_DIR/model.txt"
env > "$SM_OUTPUT_DATA_DIR/env"
cp input/config/*.json "$SM_OUTPUT_DATA_DIR/"
echo "score=0.25;"
echo "score=0.75; loss=3"
echo "to stderr" >&2
"#,
    );
    let mut request = training_job("contract");
    request["HyperParameters"] = json!({"n": "7", "word": "a 'quoted' word"});
    request["Environment"] = json!({"MY_VARIABLE": "mine"});
    request["AlgorithmSpecification"]["MetricDefinitions"] =
        json!([{"Name": "loss", "Regex": "loss=([0-9]+)"}]);
    request["EnableManagedSpotTraining"] = json!(true);
    request["VpcConfig"] = json!({"Subnets": ["a"], "SecurityGroupIds": ["b"]});
    let job = lab.train(request).await;

    assert_eq!(job["TrainingJobStatus"], "Completed", "{job:#}");
    assert_eq!(job["SecondaryStatus"], "Completed");
    let uri = job["ModelArtifacts"]["S3ModelArtifacts"].as_str().unwrap();
    assert_eq!(uri, "s3://artifacts/models/contract/output/model.tar.gz");
    let metrics = job["FinalMetricDataList"].as_array().unwrap();
    let values: Vec<_> = metrics.iter().map(|metric| (&metric["MetricName"], &metric["Value"])).collect();
    assert_eq!(values, [(&json!("score"), &json!(0.75)), (&json!("loss"), &json!(3.0))]);
    let steps: Vec<_> = job["SecondaryStatusTransitions"].as_array().unwrap().iter().collect();
    let steps: Vec<_> = steps.iter().map(|step| step["Status"].as_str().unwrap()).collect();
    assert_eq!(steps, ["Starting", "Downloading", "Training", "Uploading", "Completed"]);

    let folder = lab.path("platform/training-jobs/contract");
    let read = |name: &str| std::fs::read_to_string(folder.join("output/data").join(name)).unwrap();
    let hyperparameters: Value = serde_json::from_str(&read("hyperparameters.json")).unwrap();
    assert_eq!(hyperparameters, json!({"n": "7", "word": "a 'quoted' word"}));
    let inputs: Value = serde_json::from_str(&read("inputdataconfig.json")).unwrap();
    assert_eq!(inputs["training"]["ContentType"], "text/csv");
    let resources: Value = serde_json::from_str(&read("resourceconfig.json")).unwrap();
    assert_eq!(resources["current_host"], "algo-1");
    let environment = read("env");
    for line in [
        "TRAINING_JOB_NAME=contract",
        "SM_CHANNELS=[\"training\"]",
        "SM_USER_ARGS=[\"-n\",\"7\",\"--word\",\"a 'quoted' word\"]",
        "SM_HP_N=7",
        "SM_HP_WORD=a 'quoted' word",
        "SM_HPS={\"n\":7,\"word\":\"a 'quoted' word\"}",
        "SM_CURRENT_HOST=algo-1",
        "SM_NUM_GPUS=0",
        "MY_VARIABLE=mine",
    ] {
        assert!(environment.lines().any(|one| one == line), "{line} is not in\n{environment}");
    }
    // Variables of this test process that are none of the job's business.
    assert!(!environment.contains("CARGO_"), "{environment}");
    let log = std::fs::read_to_string(lab.platform.training_log("contract").unwrap()).unwrap();
    assert!(log.contains("score=0.75") && log.contains("to stderr"));
    assert!(lab.path("buckets/artifacts/models/contract/output/output.tar.gz").exists());

    let kind = mlpp_sagemaker::ResourceKind::TrainingJob;
    let not_simulated = lab.platform.not_simulated(kind, "contract").await.unwrap();
    assert_eq!(not_simulated, ["ResourceConfig", "EnableManagedSpotTraining", "VpcConfig"]);
    assert_eq!(lab.must("DescribeTrainingJob", json!({"TrainingJobName": "contract"})).await, job);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_says_why() {
    let lab = Lab::new(
        r#"
case "$SM_HP_WORD" in
  log) echo first; echo "the last words" >&2; exit 3;;
  file) echo "bad column Age" > output/failure; exit 1;;
  signal) kill -9 $$;;
  nothing) exit 0;;
esac
"#,
    );
    for (word, reason) in [
        ("log", "AlgorithmError: first\nthe last words, exit code: 3"),
        ("file", "AlgorithmError: bad column Age, exit code: 1"),
        ("signal", "AlgorithmError: ended by signal 9"),
        ("nothing", "AlgorithmError: the training program ended without writing a model to SM_MODEL_DIR"),
    ] {
        let mut request = training_job(word);
        request["HyperParameters"] = json!({"word": word});
        let job = lab.train(request).await;
        assert_eq!(job["TrainingJobStatus"], "Failed");
        assert_eq!(job["FailureReason"], reason);
        assert!(job.get("ModelArtifacts").is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_channel_is_named() {
    let lab = Lab::new("exit 0");
    let mut request = training_job("absent");
    request["InputDataConfig"] =
        json!([channel("training", "s3://data/train/"), channel("validation", "s3://data/none.csv")]);
    let job = lab.train(request).await;
    assert_eq!(job["TrainingJobStatus"], "Failed");
    assert_eq!(
        job["FailureReason"],
        "ClientError: Data download failed for channel validation: S3 key: s3://data/none.csv matched no files on s3"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_start() {
    let lab = Lab::with_algorithm(&support::algorithm("exit 0").replace("/bin/sh", "/no/such/program"));
    let job = lab.train(training_job("no-program")).await;
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(reason.starts_with("AlgorithmError: cannot start /no/such/program: No such file"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_is_limited() {
    let lab = Lab::new("echo x > \"$SM_MODEL_DIR/half\"; echo 'score=1;'; exec sleep 3600");
    let mut request = training_job("long");
    request["StoppingCondition"]["MaxRuntimeInSeconds"] = json!(1);
    let job = lab.train(request).await;
    assert_eq!(
        (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
        (&json!("Stopped"), &json!("MaxRuntimeExceeded"))
    );
    // What was there at the time is kept, as on the service.
    assert_eq!(job["ModelArtifacts"]["S3ModelArtifacts"], "s3://artifacts/models/long/output/model.tar.gz");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_forms_are_checked() {
    let lab = Lab::new("echo x > \"$SM_MODEL_DIR/m\"");
    lab.train(training_job("once")).await;
    let error = lab.call("CreateTrainingJob", training_job("once")).await.unwrap_err();
    assert_eq!(error.code, "ResourceInUse");
    assert!(
        error
            .message
            .ends_with("already exists (arn:aws:sagemaker:us-east-1:000000000000:training-job/once)")
    );

    let absent = lab.call("DescribeTrainingJob", json!({"TrainingJobName": "none"})).await.unwrap_err();
    assert_eq!(
        (absent.code.as_str(), absent.message.as_str()),
        ("ResourceNotFound", "Requested resource not found.")
    );
    let stopped = lab.call("StopTrainingJob", json!({"TrainingJobName": "once"})).await.unwrap_err();
    assert_eq!(stopped.message, "The request was rejected because the job is in status Completed.");

    let change = |path: &str, value: Value| {
        let mut request = training_job("other");
        *request.pointer_mut(path).unwrap() = value;
        request
    };
    for (request, message) in [
        (change("/RoleArn", json!("me")), "at 'roleArn' failed to satisfy constraint"),
        (change("/AlgorithmSpecification/AlgorithmName", json!("none")), "Could not find algorithm"),
        (
            change("/InputDataConfig/0/ChannelName", json!("../x")),
            "at 'inputDataConfig.1.member.channelName'",
        ),
        (change("/AlgorithmSpecification/TrainingInputMode", json!("Pipe")), "Pipe is not supported"),
        (change("/OutputDataConfig", json!({})), "Value null at 'outputDataConfig.s3OutputPath'"),
    ] {
        let error = lab.call("CreateTrainingJob", request).await.unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert!(error.message.contains(message), "{error}");
    }
    let mut request = training_job("other");
    request["HyperParameters"] = json!({"y": "1"});
    let error = lab.call("CreateTrainingJob", request).await.unwrap_err();
    assert!(error.message.contains("algorithm sh has no hyperparameter y; it has x, n, word"), "{error}");
    let error = lab.call("CreateProcessingJob", json!({})).await.unwrap_err();
    assert_eq!(error.code, "UnknownOperationException");

    let listed = lab.must("ListTrainingJobs", json!({})).await;
    assert_eq!(listed["TrainingJobSummaries"][0]["TrainingJobName"], "once");
    assert!(listed.get("NextToken").is_none());
}
