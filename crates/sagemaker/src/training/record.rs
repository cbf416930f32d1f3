//! The record of a training job over its life.

use serde_json::{Value, json};

use super::{Ending, TrainingJob};
use crate::names;
use crate::store::{Record, TrialRecord};
use crate::training::run::truncated;

/// The states in which a job has come to its end.
pub(crate) fn is_final(status: Option<&str>) -> bool {
    matches!(status, Some("Completed" | "Failed" | "Stopped"))
}

/// The record of a job that is about to start.
pub(crate) fn new(
    job: &TrainingJob,
    request: Option<&Value>,
    owner: &str,
    not_simulated: Vec<String>,
) -> Record {
    let now = names::now();
    let mut record = Record::default();
    record.set("TrainingJobName", job.name.as_str());
    record.set("TrainingJobArn", job.arn.as_str());
    if let Some(trial) = &job.trial {
        record.set("TuningJobArn", trial.tuning_job_arn.as_str());
    }
    record.set("TrainingJobStatus", "InProgress");
    record.set("SecondaryStatus", "Starting");
    record.set("HyperParameters", job.hyperparameters.clone());
    record.body.extend(job.definition.described.clone());
    record.set("CreationTime", now.as_str());
    record.set("LastModifiedTime", now.as_str());
    record.set(
        "SecondaryStatusTransitions",
        json!([{"Status": "Starting", "StartTime": now, "StatusMessage": "Preparing the job's folder"}]),
    );
    record.local.owner = Some(owner.to_owned());
    record.local.request = request.cloned();
    record.local.not_simulated = not_simulated;
    if let Some(trial) = &job.trial {
        record.local.tuned.clone_from(&trial.tuned);
        record.local.trial = Some(TrialRecord {
            tuning_job: trial.tuning_job.clone(),
            definition: trial.definition.clone(),
            at: trial.at,
            index: trial.index,
            objective: None,
            objective_failure: None,
        });
    }
    record
}

/// Goes on to the next part of a job's life.
pub(crate) fn advance(record: &mut Record, status: &str, message: &str) {
    let now = names::now();
    record.set("SecondaryStatus", status);
    // A job that starts again has started before.
    if status == "Downloading" && !record.body.contains_key("TrainingStartTime") {
        record.set("TrainingStartTime", now.as_str());
    }
    if let Some(Value::Array(transitions)) = record.body.get_mut("SecondaryStatusTransitions") {
        if let Some(last) = transitions.last_mut() {
            last["EndTime"] = json!(now);
        }
        transitions.push(json!({"Status": status, "StartTime": now, "StatusMessage": message}));
    }
}

/// Writes a job's end.
pub(crate) fn end(record: &mut Record, ending: &Ending) {
    let message = ending.failure_reason.as_deref().unwrap_or("The training job has ended");
    advance(record, ending.secondary, message);
    let now = names::now();
    if let Some(Value::Array(transitions)) = record.body.get_mut("SecondaryStatusTransitions")
        && let Some(last) = transitions.last_mut()
    {
        last["EndTime"] = json!(now);
    }
    record.set("TrainingJobStatus", ending.status);
    record.set("TrainingEndTime", now.as_str());
    if let Some(reason) = &ending.failure_reason {
        record.set("FailureReason", reason.as_str());
    }
    if let Some(uri) = &ending.model {
        record.set("ModelArtifacts", json!({"S3ModelArtifacts": uri}));
    }
    let metrics: Vec<Value> = ending
        .metrics
        .iter()
        .map(|(name, value)| json!({"MetricName": name, "Value": value, "Timestamp": now}))
        .collect();
    record.set("FinalMetricDataList", metrics);
    if let (true, Some(seconds)) =
        (ending.ran, names::seconds_between(record.text("TrainingStartTime"), &now))
    {
        record.set("TrainingTimeInSeconds", seconds);
        record.set("BillableTimeInSeconds", seconds);
    }
    if let Some(trial) = &mut record.local.trial {
        trial.objective = ending.objective.as_ref().ok().copied();
        trial.objective_failure = ending.objective.as_ref().err().cloned();
    }
    record.local.owner = None;
}

/// Ends the record of a job that nobody can go on with; `member` holds its status.
pub(crate) fn abandon(record: &mut Record, member: &str, reason: &str) {
    record.local.owner = None;
    if is_final(record.text(member)) {
        return;
    }
    record.set(member, "Failed");
    record.set(
        "FailureReason",
        truncated(format!(
            "InternalServerError: the process that ran the job ended before the job did, and the job cannot go on: {reason}"
        )),
    );
    let end = match member {
        "TrainingJobStatus" => "TrainingEndTime",
        "TransformJobStatus" => "TransformEndTime",
        _ => "HyperParameterTuningEndTime",
    };
    record.set(end, names::now());
    if member == "TrainingJobStatus" {
        record.set("SecondaryStatus", "Failed");
    }
}
