//! The record of a tuning job over its life.

use mlpp_tuning::Direction;
use serde_json::{Map, Value, json};

use super::request::TuningJob;
use crate::names;
use crate::store::{Record, TrialRecord, TuningRecord};
use crate::training::run::truncated;

/// Where a tuning job stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) running: usize,
    pub(super) completed: usize,
    pub(super) stopped: usize,
    pub(super) failed: usize,
    pub(super) succeeded: usize,
    pub(super) without_objective: usize,
    pub(super) best: Option<Best>,
    /// The first trial without an objective, and why it has none.
    pub(super) first_failure: Option<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Best {
    pub(super) name: String,
    pub(super) objective: f64,
    pub(super) metric: String,
    pub(super) direction: Direction,
}

/// How a tuning job ended.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) status: &'static str,
    pub(super) failure_reason: Option<String>,
}

impl Verdict {
    pub(super) fn failed(reason: String) -> Self {
        Self { status: "Failed", failure_reason: Some(truncated(reason)) }
    }
}

pub(super) fn new(job: &TuningJob, request: &Value, owner: &str, not_simulated: Vec<String>) -> Record {
    let now = names::now();
    let mut record = Record::default();
    record.set("HyperParameterTuningJobName", job.name.as_str());
    record.set("HyperParameterTuningJobArn", job.arn.as_str());
    for member in [
        "HyperParameterTuningJobConfig",
        "TrainingJobDefinition",
        "TrainingJobDefinitions",
        "WarmStartConfig",
    ] {
        if let Some(value) = request.get(member) {
            record.set(member, with_objective(value.clone()));
        }
    }
    record.set("HyperParameterTuningJobStatus", "InProgress");
    record.set("CreationTime", now.as_str());
    record.set("LastModifiedTime", now.as_str());
    progress(&mut record, &Progress::default());
    record.local.owner = Some(owner.to_owned());
    record.local.request = Some(request.clone());
    record.local.tuning = Some(TuningRecord { seed: job.seed, spent: 0.0 });
    record.local.not_simulated = not_simulated;
    record
}

/// The service shows the hyperparameter which it adds among the static ones.
fn with_objective(mut value: Value) -> Value {
    use crate::algorithm::validate::OBJECTIVE_HYPERPARAMETER;
    let one = |definition: &mut Value| {
        let Some(metric) = definition.pointer("/TuningObjective/MetricName").cloned() else { return };
        if let Some(fixed) = definition.get_mut("StaticHyperParameters").and_then(Value::as_object_mut) {
            fixed.insert(OBJECTIVE_HYPERPARAMETER.to_owned(), metric);
        }
    };
    match &mut value {
        Value::Array(definitions) => definitions.iter_mut().for_each(one),
        definition => one(definition),
    }
    value
}

pub(super) fn progress(record: &mut Record, progress: &Progress) {
    record.set(
        "TrainingJobStatusCounters",
        json!({
            "Completed": progress.completed,
            "InProgress": progress.running,
            "RetryableError": 0,
            "NonRetryableError": progress.failed,
            "Stopped": progress.stopped,
        }),
    );
    record.set(
        "ObjectiveStatusCounters",
        json!({
            "Succeeded": progress.succeeded,
            "Pending": progress.running,
            "Failed": progress.without_objective,
        }),
    );
    if let Some(best) = &progress.best {
        // The rest of the summary is in the training job's own record; Describe adds it.
        let kind = if best.direction == Direction::Maximize { "Maximize" } else { "Minimize" };
        record.set(
            "BestTrainingJob",
            json!({
                "TrainingJobName": best.name,
                "FinalHyperParameterTuningJobObjectiveMetric":
                    {"Type": kind, "MetricName": best.metric, "Value": best.objective},
            }),
        );
    }
}

pub(super) fn end(record: &mut Record, at_end: &Progress, verdict: &Verdict) {
    // An internal failure has no progress to tell; what was recorded last stands.
    if at_end.completed + at_end.failed + at_end.stopped > 0 {
        progress(record, at_end);
    }
    record.set("HyperParameterTuningJobStatus", verdict.status);
    if let Some(reason) = &verdict.failure_reason {
        record.set("FailureReason", reason.as_str());
    }
    record.set("HyperParameterTuningEndTime", names::now());
    record.local.owner = None;
}

/// The summary of a trial, as lists and `BestTrainingJob` show it.
pub(super) fn summary(record: &Record, trial: &TrialRecord) -> Value {
    let mut body = Map::new();
    if let Some(definition) = &trial.definition {
        body.insert("TrainingJobDefinitionName".to_owned(), json!(definition));
    }
    let members = [
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingJobStatus",
    ];
    for member in members {
        if let Some(value) = record.body.get(member) {
            body.insert(member.to_owned(), value.clone());
        }
    }
    body.insert("TunedHyperParameters".to_owned(), Value::Object(record.local.tuned.clone()));
    // A trial that completed without an objective has no failure of its own to show, only this one.
    let reason = record.body.get("FailureReason").cloned().or_else(|| {
        trial
            .objective_failure
            .as_ref()
            .filter(|_| record.text("TrainingJobStatus") == Some("Completed"))
            .map(|text| json!(text))
    });
    if let Some(reason) = reason {
        body.insert("FailureReason".to_owned(), reason);
    }
    let status = match (record.text("TrainingJobStatus"), trial.objective) {
        (Some("Completed" | "Stopped"), Some(_)) => "Succeeded",
        (Some("Completed" | "Failed" | "Stopped"), _) => "Failed",
        _ => "Pending",
    };
    body.insert("ObjectiveStatus".to_owned(), json!(status));
    Value::Object(body)
}
