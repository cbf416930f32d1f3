//! The API actions on tuning jobs.

use std::cmp::Ordering;
use std::sync::Arc;

use mlpp_tuning::Direction;
use serde_json::{Value, json};

use super::describe;
use super::request::{TuningJob, simulated};
use super::warm_start::shared_best;
use crate::error::ServiceError;
use crate::listing::page;
use crate::not_simulated;
use crate::platform::{Platform, Waitable};
use crate::request::{Checks, Node, TUNING_JOB_NAME, Text};
use crate::store::{Record, ResourceKind};
use crate::training::run::Start;

impl Platform {
    pub(crate) async fn create_tuning_job(self: &Arc<Self>, request: &Value) -> Result<Value, ServiceError> {
        self.refuse_when_closing()?;
        let job = TuningJob::load(self, request, None).await?;
        let simulated = simulated();
        let simulated: Vec<&str> = simulated.iter().map(String::as_str).collect();
        let record = describe::new(&job, request, self.owner.id(), not_simulated::list(request, &simulated));
        if !self.store.insert(ResourceKind::HyperParameterTuningJob, &job.name, record).await? {
            return Err(ServiceError::in_use(format!(
                "A hyperparameter tuning job with the name, {}, already exists. Choose a different name.",
                job.name
            )));
        }
        let arn = job.arn.clone();
        self.spawn_tuning(job, Start::New);
        Ok(json!({"HyperParameterTuningJobArn": arn}))
    }

    async fn named_tuning_job(&self, request: &Value) -> Result<(String, Record), ServiceError> {
        let mut checks = Checks::new();
        let name = checks.required_text(&Node::root(request), "HyperParameterTuningJobName", TUNING_JOB_NAME);
        checks.finish()?;
        let name = name.unwrap_or_default();
        let record = self.store.get(ResourceKind::HyperParameterTuningJob, name).await?;
        Ok((name.to_owned(), record.ok_or_else(ServiceError::not_found)?))
    }

    pub(crate) async fn describe_tuning_job(&self, request: &Value) -> Result<Value, ServiceError> {
        let (_, record) = self.named_tuning_job(request).await?;
        self.tuning_response(record).await
    }

    /// The Describe response of a tuning job's record.
    pub(crate) async fn tuning_response(&self, mut record: Record) -> Result<Value, ServiceError> {
        let best = record.body.get("BestTrainingJob").and_then(|best| best["TrainingJobName"].as_str());
        if let Some(best) = best
            && let Some(trial) = self.store.get(ResourceKind::TrainingJob, best).await?
            && let Some(of) = &trial.local.trial
        {
            let metric =
                record.body["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"].clone();
            let mut summary = describe::summary(&trial, of);
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = metric;
            record.set("BestTrainingJob", summary);
        }
        self.set_overall_best(&mut record).await?;
        Ok(Value::Object(record.body))
    }

    /// With a warm start on the same data: the best of all trials, its parents' among them.
    async fn set_overall_best(&self, record: &mut Record) -> Result<(), ServiceError> {
        let Some(config) = record.body.get("WarmStartConfig").cloned() else { return Ok(()) };
        let parents = shared_best(&config);
        if parents.is_empty() {
            return Ok(());
        }
        let own = record.text("HyperParameterTuningJobName").unwrap_or_default().to_owned();
        let mut best = record.body.get("BestTrainingJob").cloned().map(|best| (own, best));
        for name in parents {
            let parent = self.store.get(ResourceKind::HyperParameterTuningJob, name).await?;
            let Some(parent) = parent else { continue };
            // Warm starts do not reach back further: a parent counts with its own trials.
            let mut parent = Box::pin(self.tuning_response(parent)).await?;
            let Some(theirs) = parent.get_mut("BestTrainingJob").map(Value::take) else { continue };
            if best.as_ref().is_none_or(|(_, best)| is_better(&theirs, best)) {
                best = Some((name.to_owned(), theirs));
            }
        }
        if let Some((tuning_job, mut best)) = best {
            best["TuningJobName"] = json!(tuning_job);
            record.set("OverallBestTrainingJob", best);
        }
        Ok(())
    }

    pub(crate) async fn stop_tuning_job(self: &Arc<Self>, request: &Value) -> Result<Value, ServiceError> {
        let (name, _) = self.named_tuning_job(request).await?;
        self.stop_job(Waitable::HyperParameterTuningJob, &name).await
    }

    pub(crate) async fn list_tuning_jobs(&self, request: &Value) -> Result<Value, ServiceError> {
        let members = [
            "HyperParameterTuningJobName",
            "HyperParameterTuningJobArn",
            "CreationTime",
            "HyperParameterTuningEndTime",
            "LastModifiedTime",
            "HyperParameterTuningJobStatus",
            "TrainingJobStatusCounters",
            "ObjectiveStatusCounters",
            "HyperParameterTuningJobConfig",
        ];
        let kind = ResourceKind::HyperParameterTuningJob;
        let mut listed =
            self.list_resources(request, kind, "HyperParameterTuningJobSummaries", &members).await?;
        for summary in listed["HyperParameterTuningJobSummaries"].as_array_mut().into_iter().flatten() {
            let Some(mut config) = summary.get_mut("HyperParameterTuningJobConfig").map(Value::take) else {
                continue;
            };
            for member in ["Strategy", "ResourceLimits"] {
                summary[member] = config[member].take();
            }
            if let Some(summary) = summary.as_object_mut() {
                summary.shift_remove("HyperParameterTuningJobConfig");
            }
        }
        Ok(listed)
    }

    pub(crate) async fn list_trials(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let orders = Text::one_of(&["Name", "CreationTime", "Status", "FinalObjectiveMetricValue"]);
        let order = checks.text(&root, "SortBy", orders).unwrap_or("Name").to_owned();
        let descending =
            checks.text(&root, "SortOrder", Text::one_of(&["Ascending", "Descending"])) == Some("Descending");
        let statuses = Text::one_of(&["InProgress", "Completed", "Failed", "Stopping", "Stopped"]);
        let status = checks.text(&root, "StatusEquals", statuses).map(str::to_owned);
        checks.finish()?;
        let (name, job) = self.named_tuning_job(request).await?;
        let definitions = objective_types(&job);
        let mut summaries: Vec<Value> = Vec::new();
        for (_, record) in self.store.list(ResourceKind::TrainingJob).await? {
            let Some(trial) = record.local.trial.as_ref().filter(|trial| trial.tuning_job == name) else {
                continue;
            };
            let mut summary = describe::summary(&record, trial);
            let metric = record.body["HyperParameters"]["_tuning_objective_metric"].clone();
            if let Some(value) = trial.objective {
                let mut shown = json!({"MetricName": metric, "Value": value});
                if let Some(kind) = &definitions {
                    shown["Type"] = json!(kind);
                }
                summary["FinalHyperParameterTuningJobObjectiveMetric"] = shown;
            }
            if order == "FinalObjectiveMetricValue" && trial.objective.is_none() {
                continue;
            }
            if status.is_none() || status.as_deref() == record.text("TrainingJobStatus") {
                summaries.push(summary);
            }
        }
        summaries.sort_by(|one, other| compare(&order, one, other));
        if descending {
            summaries.reverse();
        }
        page(request, "TrainingJobSummaries", summaries)
    }
}

fn is_better(one: &Value, other: &Value) -> bool {
    let metric = |summary: &Value| summary["FinalHyperParameterTuningJobObjectiveMetric"].clone();
    let (one, other) = (metric(one), metric(other));
    let direction = if one["Type"] == "Maximize" { Direction::Maximize } else { Direction::Minimize };
    let value = |metric: &Value| metric["Value"].as_f64().unwrap_or(f64::NAN);
    direction.improves(value(&one), value(&other))
}

/// Whether the job maximises or minimises, which its definitions have in common.
fn objective_types(job: &Record) -> Option<String> {
    let places = [
        job.body.get("TrainingJobDefinitions").and_then(|all| all.pointer("/0/TuningObjective/Type")),
        job.body.get("TrainingJobDefinition").and_then(|one| one.pointer("/TuningObjective/Type")),
        job.body
            .get("HyperParameterTuningJobConfig")
            .and_then(|config| config.pointer("/HyperParameterTuningJobObjective/Type")),
    ];
    places.into_iter().flatten().find_map(Value::as_str).map(str::to_owned)
}

fn compare(order: &str, one: &Value, other: &Value) -> Ordering {
    let text = |summary: &Value, member: &str| summary[member].as_str().unwrap_or_default().to_owned();
    let value = |summary: &Value| {
        summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"].as_f64().unwrap_or(f64::NEG_INFINITY)
    };
    match order {
        "FinalObjectiveMetricValue" => value(one).total_cmp(&value(other)),
        "CreationTime" => text(one, "CreationTime").cmp(&text(other, "CreationTime")),
        "Status" => text(one, "TrainingJobStatus").cmp(&text(other, "TrainingJobStatus")),
        _ => text(one, "TrainingJobName").cmp(&text(other, "TrainingJobName")),
    }
}
