//! Warm start: what a tuning job learns from the trials of its parents
//! ([Run a Warm Start Hyperparameter Tuning Job](https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html)).

use mlpp_tuning::{Candidate, Direction, Prior};
use serde_json::{Value, json};

use super::describe;
use super::request::TuningJob;
use crate::error::ServiceError;
use crate::platform::Platform;
use crate::request::{Checks, Node, TUNING_JOB_NAME, Text};
use crate::store::{Record, ResourceKind};
use crate::training::record::is_final;

/// `WarmStartConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WarmStart {
    pub(super) parents: Vec<String>,
    /// Whether data and algorithm are the parents' own, so that their best trial may be the best of all.
    pub(super) identical: bool,
}

impl WarmStart {
    /// Reads it, if the request has one.
    pub(super) fn read(checks: &mut Checks, root: &Node<'_>) -> Option<Self> {
        let config = checks.object(root, "WarmStartConfig")?;
        let types = Text::one_of(&["IdenticalDataAndAlgorithm", "TransferLearning"]);
        let kind = checks.required_text(&config, "WarmStartType", types);
        checks.required(&config, "ParentHyperParameterTuningJobs");
        let mut parents = Vec::new();
        for parent in checks.list(&config, "ParentHyperParameterTuningJobs", 1, 5) {
            let name = checks.required_text(&parent, "HyperParameterTuningJobName", TUNING_JOB_NAME);
            parents.extend(name.map(str::to_owned));
        }
        Some(Self { parents, identical: kind == Some("IdenticalDataAndAlgorithm") })
    }
}

impl Platform {
    /// Gives the searches of a job the trials of its parents.
    ///
    /// # Errors
    /// A parent that is not there, has not ended, or optimises another metric.
    pub(super) async fn warm_start(&self, mut job: TuningJob) -> Result<TuningJob, ServiceError> {
        let Some(warm_start) = &job.warm_start else { return Ok(job) };
        let mut trials = Vec::new();
        for parent in &warm_start.parents {
            let refused = |why: &str| {
                ServiceError::validation(format!(
                    "Invalid warm start: the parent hyperparameter tuning job {parent} {why}."
                ))
            };
            let record = self.store.get(ResourceKind::HyperParameterTuningJob, parent).await?;
            let record = record.ok_or_else(|| refused("does not exist"))?;
            if !is_final(record.text("HyperParameterTuningJobStatus")) {
                return Err(refused("has not ended"));
            }
            trials.extend(self.trials_of(parent).await?);
        }
        for definition in &mut job.definitions {
            let priors: Vec<Prior> = trials
                .iter()
                .filter(|trial| metric(trial) == Some(definition.objective.as_str()))
                .filter_map(prior)
                .collect();
            if priors.is_empty() && trials.iter().any(|trial| objective(trial).is_some()) {
                return Err(ServiceError::validation(format!(
                    "Invalid warm start: no parent hyperparameter tuning job has the objective metric {}.",
                    definition.objective
                )));
            }
            definition.search = definition.search.clone().with_priors(priors);
        }
        Ok(job)
    }

    async fn trials_of(&self, tuning_job: &str) -> Result<Vec<Record>, ServiceError> {
        let all = self.store.list(ResourceKind::TrainingJob).await?.into_iter().map(|(_, record)| record);
        Ok(all
            .filter(|record| record.local.trial.as_ref().is_some_and(|trial| trial.tuning_job == tuning_job))
            .collect())
    }

    /// `OverallBestTrainingJob` of a job with these parents: the best trial among its own and theirs.
    pub(super) async fn overall_best(
        &self,
        own: &str,
        warm_start: &WarmStart,
        direction: Direction,
    ) -> Result<Option<Value>, ServiceError> {
        let mut best: Option<(f64, Value)> = None;
        for tuning_job in std::iter::once(own).chain(warm_start.parents.iter().map(String::as_str)) {
            for record in self.trials_of(tuning_job).await? {
                let Some(value) = objective(&record) else { continue };
                if best.as_ref().is_some_and(|(best, _)| !direction.improves(value, *best)) {
                    continue;
                }
                let Some(trial) = &record.local.trial else { continue };
                let mut summary = describe::summary(&record, trial);
                summary["TuningJobName"] = json!(tuning_job);
                summary["FinalHyperParameterTuningJobObjectiveMetric"] =
                    describe::objective_metric(direction, metric(&record).unwrap_or_default(), value);
                best = Some((value, summary));
            }
        }
        Ok(best.map(|(_, summary)| summary))
    }
}

fn objective(record: &Record) -> Option<f64> {
    record.local.trial.as_ref()?.objective
}

fn metric(record: &Record) -> Option<&str> {
    record.body.get("HyperParameters")?["_tuning_objective_metric"].as_str()
}

/// A trial as what another search learns from: all of its hyperparameters, for a static one of then may be tuned now.
fn prior(record: &Record) -> Option<Prior> {
    let values = record.body.get("HyperParameters")?.as_object()?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values = values.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    Some(Prior { candidate: Candidate { values }, objective: objective(record)? })
}
