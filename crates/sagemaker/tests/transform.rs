//! Batch transform jobs: what they store, each way in which they can end, and what is refused.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use mlpp_sagemaker::{ResourceKind, Waitable};
use serde_json::{Value, json};
use support::{Lab, PROGRAM, algorithm, eventually, processes_below};

/// A platform with the model `m`, which answers `m text/csv`, a space and the body.
async fn lab(objects: &[(&str, &str)]) -> Lab {
    let lab = Lab::new("unused");
    lab.model("m", "is", json!({})).await;
    for (key, text) in objects {
        put(&lab, key, text.as_bytes());
    }
    lab
}

fn put(lab: &Lab, key: &str, bytes: &[u8]) {
    let path = lab.path("buckets/data").join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn output(lab: &Lab, key: &str) -> Option<String> {
    fs::read_to_string(lab.path("buckets/results").join(key)).ok()
}

fn request(name: &str) -> Value {
    json!({
        "TransformJobName": name,
        "ModelName": "m",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/batch/"}},
            "ContentType": "text/csv",
        },
        "TransformOutput": {"S3OutputPath": "s3://results/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    })
}

async fn transform(lab: &Lab, request: Value) -> Value {
    let name = request["TransformJobName"].as_str().unwrap().to_owned();
    lab.must("CreateTransformJob", request).await;
    lab.platform.wait(Waitable::TransformJob, &name).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_object_has_its_output() {
    let lab =
        lab(&[("batch/a.csv", "1,2\n3,4\n"), ("batch/sub/b.csv", "5,6"), ("batch/empty.csv", "")]).await;
    let job = transform(&lab, request("whole")).await;
    assert_eq!(job["TransformJobStatus"], "Completed", "{job:#}");
    assert!(job["TransformStartTime"].as_str() <= job["TransformEndTime"].as_str());
    assert_eq!(job["TransformJobArn"], "arn:aws:sagemaker:us-east-1:000000000000:transform-job/whole");
    assert!(job.get("LastModifiedTime").is_none() && job.get("FailureReason").is_none());
    assert_eq!(output(&lab, "out/a.csv.out").unwrap(), "m is text/csv 1,2\n3,4\n");
    assert_eq!(output(&lab, "out/sub/b.csv.out").unwrap(), "m is text/csv 5,6");
    assert_eq!(output(&lab, "out/empty.csv.out").unwrap(), "");
    assert_eq!(processes_below(lab.folder.path()), Vec::<String>::new());
    let not_simulated = lab.platform.not_simulated(ResourceKind::TransformJob, "whole").await.unwrap();
    assert_eq!(not_simulated, ["TransformResources"]);
    assert_eq!(lab.must("DescribeTransformJob", json!({"TransformJobName": "whole"})).await, job);

    let listed = lab.must("ListTransformJobs", json!({"StatusEquals": "Completed"})).await;
    assert_eq!(listed["TransformJobSummaries"][0]["TransformJobName"], "whole");
    let error = lab.call("CreateTransformJob", request("whole")).await.unwrap_err();
    assert_eq!(error.code, "ResourceInUse");
    assert!(error.message.starts_with("Job name must be unique within an AWS account and region"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_split_and_put_together_again() {
    let rows: String = (0..40).map(|row| format!("{row}\n")).collect::<Vec<_>>().concat();
    let lab = lab(&[("batch/rows.csv", &rows)]).await;
    let mut split = request("single");
    split["TransformInput"]["SplitType"] = json!("Line");
    split["TransformOutput"]["AssembleWith"] = json!("Line");
    split["BatchStrategy"] = json!("SingleRecord");
    split["MaxConcurrentTransforms"] = json!(8);
    split["Environment"] = json!({"NAME": "other"});
    let job = transform(&lab, split.clone()).await;
    assert_eq!(job["TransformJobStatus"], "Completed", "{job:#}");
    let expected: String =
        (0..40).map(|row| format!("other is text/csv {row}\n")).collect::<Vec<_>>().concat();
    assert_eq!(output(&lab, "out/rows.csv.out").unwrap(), expected);

    split["TransformJobName"] = json!("multi");
    split["BatchStrategy"] = json!("MultiRecord");
    transform(&lab, split).await;
    assert_eq!(output(&lab, "out/rows.csv.out").unwrap(), format!("other is text/csv {rows}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_and_compressed_objects() {
    let lab = lab(&[("all.manifest", r#"[{"prefix": "s3://data/zipped/"}, "a.csv.gz"]"#)]).await;
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(b"7,8").unwrap();
    put(&lab, "zipped/a.csv.gz", &zipped.finish().unwrap());
    let mut asked = request("zipped");
    asked["TransformInput"]["CompressionType"] = json!("Gzip");
    asked["TransformInput"]["DataSource"]["S3DataSource"] =
        json!({"S3DataType": "ManifestFile", "S3Uri": "s3://data/all.manifest"});
    let job = transform(&lab, asked.clone()).await;
    assert_eq!(job["TransformJobStatus"], "Completed", "{job:#}");
    assert_eq!(output(&lab, "out/a.csv.gz.out").unwrap(), "m is text/csv 7,8");

    put(&lab, "zipped/a.csv.gz", b"plain");
    asked["TransformJobName"] = json!("not-zipped");
    let job = transform(&lab, asked).await;
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(reason.starts_with("ClientError: it is not gzip"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_fails_fails_the_job_and_not_the_others() {
    let lab = lab(&[("batch/a.csv", "bad"), ("batch/b.csv", "good"), ("batch/c.csv", "bad")]).await;
    let job = transform(&lab, request("some")).await;
    assert_eq!(job["TransformJobStatus"], "Failed");
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(
        reason.starts_with(
            "ClientError: Received client error (415) with message \"not that\" (object s3://data/batch/a.csv"
        ),
        "{reason}"
    );
    assert!(output(&lab, "out/a.csv.out").is_none() && output(&lab, "out/b.csv.out").is_some());
    assert_eq!(processes_below(lab.folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_ends_or_never_starts() {
    let lab = lab(&[("batch/a.csv", "die"), ("batch/b.csv", "good")]).await;
    let mut dies = request("dies");
    dies["ModelClientConfig"] = json!({"InvocationsMaxRetries": 0});
    let job = transform(&lab, dies).await;
    assert_eq!(job["TransformJobStatus"], "Failed");
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(reason.starts_with("AlgorithmError: "), "{reason}");

    let text = algorithm("unused")
        .replace(&format!("\"{PROGRAM}\", \"serve\""), "\"/bin/sh\", \"-c\", \"echo no model; exit 3\"");
    let broken = Lab::with_algorithm(&text);
    broken.model("m", "is", json!({})).await;
    put(&broken, "batch/a.csv", b"1");
    let job = transform(&broken, request("broken")).await;
    let reason = job["FailureReason"].as_str().unwrap();
    assert!(
        reason.starts_with(
            "AlgorithmError: The primary container for transform job broken ended before it was healthy"
        ),
        "{reason}"
    );
    assert!(reason.ends_with("no model"), "{reason}");
    assert_eq!(processes_below(broken.folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_stopped_in_the_middle() {
    let lab = lab(&[("batch/a.csv", "first"), ("batch/b.csv", "slow")]).await;
    lab.must("CreateTransformJob", request("halted")).await;
    let busy = lab.path("platform/transform-jobs/halted/worker/model/busy");
    eventually("the second object is under way", || busy.exists()).await;
    lab.must("StopTransformJob", json!({"TransformJobName": "halted"})).await;
    let job = lab.platform.wait(Waitable::TransformJob, "halted").await.unwrap();
    assert_eq!(job["TransformJobStatus"], "Stopped", "{job:#}");
    assert!(output(&lab, "out/a.csv.out").is_some() && output(&lab, "out/b.csv.out").is_none());
    assert_eq!(processes_below(lab.folder.path()), Vec::<String>::new());
    let again = lab.call("StopTransformJob", json!({"TransformJobName": "halted"})).await.unwrap_err();
    assert_eq!(again.message, "The request was rejected because the job is in status Stopped.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_on_after_a_crash() {
    let lab = lab(&[("batch/a.csv", "first"), ("batch/b.csv", "slow")]).await;
    fs::write(lab.path("algorithm.toml"), algorithm("unused")).unwrap();
    let worker = lab.path("platform/transform-jobs/crash/worker");
    let drive = || {
        let mut command = Command::new(PROGRAM);
        command.arg("drive").arg(lab.folder.path());
        command
            .args(["CreateTransformJob", &request("crash").to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut first = drive();
    eventually("the second object is under way", || worker.join("model/busy").exists()).await;
    first.kill().unwrap();
    first.wait().unwrap();
    // What was stored is not made again.
    fs::remove_file(lab.path("buckets/results/out/a.csv.out")).unwrap();
    fs::remove_file(worker.join("model/busy")).unwrap();
    let mut second = drive();
    eventually("the second object is under way again", || worker.join("model/busy").exists()).await;
    fs::write(worker.join("model/go"), "").unwrap();
    assert!(second.wait().unwrap().success());
    let job = lab.must("DescribeTransformJob", json!({"TransformJobName": "crash"})).await;
    assert_eq!(job["TransformJobStatus"], "Completed", "{job:#}");
    assert!(output(&lab, "out/a.csv.out").is_none());
    assert_eq!(output(&lab, "out/b.csv.out").unwrap(), "m is text/csv slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused() {
    let lab = lab(&[]).await;
    let change = |path: &str, value: Value| {
        let mut request = request("refused");
        let (parent, member) = path.rsplit_once('/').unwrap();
        request.pointer_mut(parent).unwrap()[member] = value;
        request
    };
    for (request, message) in [
        (
            change("/ModelName", json!("none")),
            "Could not find model \"arn:aws:sagemaker:us-east-1:000000000000:model/none\"",
        ),
        (change("/TransformResources", json!(null)), "Value null at 'transformResources'"),
        (
            change("/TransformInput/SplitType", json!("RecordIO")),
            "SplitType RecordIO is not supported on this machine. Use None or Line.",
        ),
        (
            change("/TransformInput/SplitType", json!("Word")),
            "enum value set: [None, Line, RecordIO, TFRecord]",
        ),
        (
            change("/DataProcessing", json!({"InputFilter": "$[1:]"})),
            "InputFilter $[1:] is not supported on this machine. Use $.",
        ),
        (
            change("/DataProcessing", json!({"JoinSource": "Input"})),
            "JoinSource Input is not supported on this machine. Use None.",
        ),
        (change("/MaxPayloadInMB", json!(101)), "MaxPayloadInMB (101) cannot be greater than 100 MB"),
        (change("/MaxConcurrentTransforms", json!(20)), "(20 * 6) cannot exceed 100 MB"),
        (change("/ModelClientConfig", json!({"InvocationsMaxRetries": 4})), "less than or equal to 3"),
    ] {
        let error = lab.call("CreateTransformJob", request).await.unwrap_err();
        assert_eq!(error.code, "ValidationException");
        assert!(error.message.contains(message), "{error}");
    }
    // The objects are looked for when the job runs, as on the service.
    let job = transform(&lab, request("absent")).await;
    assert_eq!(job["TransformJobStatus"], "Failed");
    assert_eq!(
        job["FailureReason"],
        "ClientError: Data download failed: S3 key: s3://data/batch/ matched no files on s3"
    );
    let error = lab.call("DescribeTransformJob", json!({"TransformJobName": "none"})).await.unwrap_err();
    assert_eq!(error.code, "ResourceNotFound");
}
