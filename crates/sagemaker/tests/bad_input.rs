//! Programs and data that are not as they should be: what the job says of it, and that nothing is left running.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mlpp_sagemaker::{BucketError, Buckets, Pending, Waitable};
use serde_json::{Value, json};
use support::{Folders, Lab, channel, eventually, processes_below, runs, training_job, tuning_job};

fn reason(job: &Value) -> &str {
    job["FailureReason"].as_str().unwrap_or_default()
}

fn nothing_runs(lab: &Lab) {
    assert_eq!(processes_below(lab.folder.path()), Vec::<String>::new());
}

/// As the example algorithm reads its channel: every row as long as the header, and at least one row.
const READS_CSV: &str = r#"
awk -F, '
  NR == 1 { columns = NF }
  NF != columns { print "train.csv:" NR ": " NF " values where the header has " columns > "/dev/stderr"; wrong = 1; exit 1 }
  END { if (!wrong && NR < 2) { print "train.csv has no rows" > "/dev/stderr"; exit 1 } }
' "$SM_CHANNEL_TRAINING/train.csv" || exit 1
echo x > "$SM_MODEL_DIR/m"; echo "score=1;"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn data_that_a_program_refuses() {
    let lab = Lab::new(READS_CSV);
    for (name, text, expected) in [
        ("empty", "", "train.csv has no rows, exit code: 1"),
        ("header", "a,b\n", "train.csv has no rows, exit code: 1"),
        ("ragged", "a,b\n1,2\n3\n", "train.csv:3: 1 values where the header has 2, exit code: 1"),
    ] {
        fs::write(lab.path("buckets/data/train/train.csv"), text).unwrap();
        let job = lab.train(training_job(name)).await;
        assert_eq!(
            (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
            (&json!("Failed"), &json!("Failed"))
        );
        assert_eq!(reason(&job), format!("AlgorithmError: {expected}"));
        let last = job["SecondaryStatusTransitions"].as_array().unwrap().last().unwrap();
        assert_eq!(last["StatusMessage"], job["FailureReason"]);
        // Every trial fails, and the tuning job says with what.
        let job = lab.tune(tuning_job(&format!("t-{name}"), "Random", 2)).await;
        assert_eq!(job["HyperParameterTuningJobStatus"], "Failed");
        assert_eq!(job["TrainingJobStatusCounters"]["NonRetryableError"], 2);
        assert!(reason(&job).ends_with(expected), "{job:#}");
    }
    nothing_runs(&lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_does_not_heed_sigterm_is_killed() {
    let lab =
        Lab::new("trap '' TERM; echo x > \"$SM_MODEL_DIR/m\"; echo $$ > pid; while :; do sleep 0.05; done");
    let mut request = training_job("hangs");
    request["StoppingCondition"]["MaxRuntimeInSeconds"] = json!(1);
    let job = lab.train(request).await;
    assert_eq!(
        (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
        (&json!("Stopped"), &json!("MaxRuntimeExceeded"))
    );
    let pid = lab.text_of("platform/training-jobs/hangs/pid").await;
    assert!(!runs(&pid));
    nothing_runs(&lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_stopped_in_the_middle() {
    // A program may use the time it is given to leave what it has.
    let lab = Lab::new(
        "trap 'echo half > \"$SM_MODEL_DIR/m\"; exit 0' TERM; echo $$ > pid; while :; do sleep 0.05; done",
    );
    lab.must("CreateTrainingJob", training_job("stopped")).await;
    lab.text_of("platform/training-jobs/stopped/pid").await;
    lab.must("StopTrainingJob", json!({"TrainingJobName": "stopped"})).await;
    let job = lab.platform.wait(Waitable::TrainingJob, "stopped").await.unwrap();
    assert_eq!((&job["TrainingJobStatus"], &job["SecondaryStatus"]), (&json!("Stopped"), &json!("Stopped")));
    assert!(job.get("FailureReason").is_none());
    assert_eq!(
        job["ModelArtifacts"]["S3ModelArtifacts"],
        "s3://artifacts/models/stopped/output/model.tar.gz"
    );
    nothing_runs(&lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk() {
    // The program's own disk, and the one on which its model is packed.
    let lab = Lab::new(
        r#"
case "$SM_HP_WORD" in
  program) head -c 10 /dev/zero > /dev/full || exit 1;;
  packing) ln -s /dev/full model.tar.gz;;
esac
echo x > "$SM_MODEL_DIR/m"
"#,
    );
    for (word, start, end) in [
        ("program", "AlgorithmError: ", "exit code: 1"),
        ("packing", "ClientError: model.tar.gz cannot be made: No space left on device", ""),
    ] {
        let mut request = training_job(word);
        request["HyperParameters"] = json!({"word": word});
        let job = lab.train(request).await;
        assert_eq!(job["TrainingJobStatus"], "Failed");
        assert!(reason(&job).starts_with(start) && reason(&job).ends_with(end), "{job:#}");
        assert!(word == "packing" || reason(&job).contains("No space left on device"), "{job:#}");
        assert!(job.get("ModelArtifacts").is_none());
    }
    nothing_runs(&lab);
}

/// Buckets on a disk that is full.
struct Full(Folders);

fn full(bucket: &str, key: &str) -> BucketError {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
    BucketError::Failed { bucket: bucket.to_owned(), key: key.to_owned(), source: source.into() }
}

impl Buckets for Full {
    fn list<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Pending<'a, Result<Vec<String>, BucketError>> {
        self.0.list(bucket, prefix)
    }

    fn download<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        to: &'a Path,
    ) -> Pending<'a, Result<(), BucketError>> {
        self.0.download(bucket, key, to)
    }

    fn upload<'a>(
        &'a self,
        _: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> Pending<'a, Result<(), BucketError>> {
        Box::pin(async move { Err(full(bucket, key)) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_bucket() {
    let lab = Lab::new("echo x > \"$SM_MODEL_DIR/m\"; mkdir -p checkpoints; echo x > checkpoints/one");
    let platform =
        lab.open_with(|config| config.buckets = Arc::new(Full(Folders(lab.folder.path().join("buckets")))));
    for (name, expected) in [
        (
            "model",
            "ClientError: Artifact upload failed: s3://artifacts/models/model/output/model.tar.gz: no storage space",
        ),
        ("checkpoints", "ClientError: Checkpoint upload failed for s3://artifacts/steps"),
    ] {
        let mut request = training_job(name);
        if name == "checkpoints" {
            request["CheckpointConfig"] = json!({"S3Uri": "s3://artifacts/steps"});
        }
        let service = mlpp_sagemaker::Service::SageMaker;
        platform.call(service, "CreateTrainingJob", request).await.unwrap();
        let job = platform.wait(Waitable::TrainingJob, name).await.unwrap();
        assert_eq!(job["TrainingJobStatus"], "Failed");
        assert!(reason(&job).starts_with(expected), "{job:#}");
    }
    nothing_runs(&lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objective_that_is_no_number() {
    let lab = Lab::new("echo x > \"$SM_MODEL_DIR/m\"; echo 'score=nan;'; echo 'score=inf;'");
    let job = lab.tune(tuning_job("nan", "Bayesian", 3)).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Failed");
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 3);
    assert_eq!(job["ObjectiveStatusCounters"], json!({"Succeeded": 0, "Pending": 0, "Failed": 3}));
    assert!(reason(&job).contains("has no number where the objective metric score is expected"), "{job:#}");
    nothing_runs(&lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn trials_of_a_stopped_tuning_job_are_ended() {
    let lab = Lab::new("echo x > \"$SM_HP_WORD/$TRAINING_JOB_NAME\"; exec sleep 3600");
    let mut request = tuning_job("halted", "Random", 4);
    fs::create_dir(lab.path("marks")).unwrap();
    request["TrainingJobDefinitions"][0]["StaticHyperParameters"]["word"] =
        json!(lab.path("marks").display().to_string());
    lab.must("CreateHyperParameterTuningJob", request).await;
    eventually("two trials run", || fs::read_dir(lab.path("marks")).unwrap().count() == 2).await;
    lab.must("StopHyperParameterTuningJob", json!({"HyperParameterTuningJobName": "halted"})).await;
    let job = lab.platform.wait(Waitable::HyperParameterTuningJob, "halted").await.unwrap();
    assert_eq!(job["HyperParameterTuningJobStatus"], "Stopped");
    let counters = &job["TrainingJobStatusCounters"];
    assert_eq!((&counters["InProgress"], &counters["Completed"]), (&json!(0), &json!(0)), "{job:#}");
    nothing_runs(&lab);
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_of_channels() {
    let lab = Lab::new(
        r#"(cd "$SM_INPUT_DIR/data" && find . -type f | sort) > "$SM_MODEL_DIR/files"; cp "$SM_MODEL_DIR/files" files"#,
    );
    let put = |key: &str, text: &str| {
        let path = lab.path("buckets/data").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("more/a.csv", "1");
    put("more/deep/b.csv", "2");
    put("more/c.csv", "3");
    put("good.manifest", r#"[{"prefix": "s3://data/more/"}, "a.csv", "deep/b.csv"]"#);
    put("absent.manifest", r#"[{"prefix": "s3://data/more/"}, "none.csv"]"#);
    put("wrong.manifest", "a,b");
    let manifest = |name: &str, uri: &str| {
        let mut request = training_job(name);
        let mut listed = channel("validation", uri);
        listed["DataSource"]["S3DataSource"]["S3DataType"] = json!("ManifestFile");
        request["InputDataConfig"] = json!([channel("training", "s3://data/more/"), listed]);
        request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataDistributionType"] =
            json!("ShardedByS3Key");
        request["ResourceConfig"]["InstanceCount"] = json!(2);
        request
    };
    let job = lab.train(manifest("good", "s3://data/good.manifest")).await;
    assert_eq!(job["TrainingJobStatus"], "Completed", "{job:#}");
    let files = fs::read_to_string(lab.path("platform/training-jobs/good/files")).unwrap();
    let expected = [
        "training/a.csv",
        "training/c.csv",
        "training/deep/b.csv",
        "validation-manifest",
        "validation/a.csv",
        "validation/deep/b.csv",
    ];
    let mut expected: Vec<String> = expected.iter().map(|file| format!("./{file}")).collect();
    let mut files: Vec<String> = files.lines().map(str::to_owned).collect();
    expected.sort();
    files.sort();
    assert_eq!(files, expected);
    // One machine has every shard, and says so.
    let not_simulated =
        lab.platform.not_simulated(mlpp_sagemaker::ResourceKind::TrainingJob, "good").await.unwrap();
    assert!(
        not_simulated.iter().any(|member| member.ends_with("S3DataDistributionType")),
        "{not_simulated:?}"
    );
    for (name, expected) in [
        ("absent", "validation: s3://data/more/none.csv does not exist"),
        ("wrong", "validation: the manifest s3://data/wrong.manifest must be a JSON list"),
        ("none", "validation: s3://data/none.manifest does not exist"),
    ] {
        let job = lab.train(manifest(name, &format!("s3://data/{name}.manifest"))).await;
        assert_eq!(job["TrainingJobStatus"], "Failed");
        let start = format!("ClientError: Data download failed for channel {expected}");
        assert!(reason(&job).starts_with(&start), "{job:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_definitions() {
    let lab = Lab::new(r#"echo x > "$SM_MODEL_DIR/m"; echo "score=${SM_HP_X:-0.5}; loss=${SM_HP_N:-3};""#);
    let mut request = tuning_job("several", "Random", 4);
    let mut second = request["TrainingJobDefinitions"][0].clone();
    second["DefinitionName"] = json!("second");
    second["AlgorithmSpecification"]["MetricDefinitions"] =
        json!([{"Name": "share", "Regex": "loss=([0-9]+)"}]);
    second["TuningObjective"]["MetricName"] = json!("share");
    second["HyperParameterRanges"] =
        json!({"IntegerParameterRanges": [{"Name": "n", "MinValue": "2", "MaxValue": "900"}]});
    request["TrainingJobDefinitions"].as_array_mut().unwrap().push(second.clone());
    let job = lab.tune(request.clone()).await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    let best = &job["BestTrainingJob"];
    assert_eq!(best["TrainingJobDefinitionName"], "second");
    assert_eq!(best["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"], "share");
    let request_of = json!({"HyperParameterTuningJobName": "several"});
    let listed = lab.must("ListTrainingJobsForHyperParameterTuningJob", request_of).await;
    let trials = listed["TrainingJobSummaries"].as_array().unwrap();
    for definition in ["definition-0", "second"] {
        let own = trials.iter().filter(|trial| trial["TrainingJobDefinitionName"] == definition);
        assert_eq!(own.count(), 2);
    }

    request["HyperParameterTuningJobName"] = json!("refused");
    for (change, message) in [
        (json!({"DefinitionName": "definition-0"}), "DefinitionName definition-0 is used by more than one"),
        (json!({"DefinitionName": null}), "DefinitionName is required in each"),
        (
            json!({"TuningObjective": {"Type": "Minimize", "MetricName": "share"}}),
            "must tune in the same direction",
        ),
    ] {
        let mut changed = request.clone();
        for (member, value) in change.as_object().unwrap() {
            changed["TrainingJobDefinitions"][1][member] = value.clone();
        }
        let error = lab.call("CreateHyperParameterTuningJob", changed).await.unwrap_err();
        assert!(error.message.contains(message), "{error}");
    }
}
