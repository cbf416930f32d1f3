//! Tuning jobs that begin with what earlier ones found.
//!
//! Rules: <https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html>.

use std::collections::BTreeMap;

use mlpp_tuning::{Candidate, Prior};
use serde_json::{Map, Value};

use crate::algorithm::validate::OBJECTIVE_HYPERPARAMETER;
use crate::error::ServiceError;
use crate::platform::{Platform, Waitable};
use crate::request::{Checks, Node, TUNING_JOB_NAME, Text};
use crate::store::{Record, ResourceKind};
use crate::training::record::is_final;

/// How many static values may differ from the parent's, or be static that were tuned there.
const MOST_CHANGES: usize = 10;

/// What a request's `WarmStartConfig` means.
#[derive(Debug)]
pub(super) struct WarmStart {
    /// Data and algorithm are those of the parents.
    identical: bool,
    parents: Vec<Parent>,
}

#[derive(Debug)]
struct Parent {
    name: String,
    definitions: Vec<ParentDefinition>,
}

#[derive(Debug)]
struct ParentDefinition {
    name: Option<String>,
    metric: String,
    direction: String,
    fixed: Map<String, Value>,
    /// `Integer`, `Continuous` or `Categorical`, by name.
    tuned: BTreeMap<String, &'static str>,
    algorithm: Value,
    channels: Vec<Value>,
    /// What its trials found.
    priors: Vec<Prior>,
}

/// What a definition is compared by.
pub(super) struct Compared<'a> {
    pub(super) node: &'a Value,
    pub(super) name: Option<&'a str>,
    /// Whether it is the only one of its job.
    pub(super) alone: bool,
    pub(super) metric: &'a str,
    pub(super) direction: &'a str,
    pub(super) fixed: &'a Map<String, Value>,
    pub(super) tuned: &'a [(&'a str, &'static str)],
}

/// `WarmStartConfig` of a request, if it has one, by its form.
fn config(request: &Value) -> Result<Option<(bool, Vec<String>)>, ServiceError> {
    let mut checks = Checks::new();
    let root = Node::root(request);
    let Some(config) = checks.object(&root, "WarmStartConfig") else { return checks.finish().map(|()| None) };
    let kinds = Text::one_of(&["IdenticalDataAndAlgorithm", "TransferLearning"]);
    let kind = checks.required_text(&config, "WarmStartType", kinds);
    checks.required(&config, "ParentHyperParameterTuningJobs");
    let mut parents = Vec::new();
    for parent in checks.list(&config, "ParentHyperParameterTuningJobs", 1, 5) {
        let name = checks.required_text(&parent, "HyperParameterTuningJobName", TUNING_JOB_NAME);
        parents.extend(name.map(str::to_owned));
    }
    checks.finish()?;
    Ok(Some((kind == Some("IdenticalDataAndAlgorithm"), parents)))
}

/// The names of the jobs among whose trials and its own a job with this `WarmStartConfig` has its overall best one.
pub(super) fn shared_best(config: &Value) -> Vec<&str> {
    if config["WarmStartType"] != "IdenticalDataAndAlgorithm" {
        return Vec::new();
    }
    let parents = config["ParentHyperParameterTuningJobs"].as_array().into_iter().flatten();
    parents.filter_map(|parent| parent["HyperParameterTuningJobName"].as_str()).collect()
}

impl WarmStart {
    /// Reads `WarmStartConfig` and the jobs that it names.
    pub(super) async fn read(platform: &Platform, request: &Value) -> Result<Option<Self>, ServiceError> {
        let Some((identical, names)) = config(request)? else { return Ok(None) };
        let trials = platform.store.list(ResourceKind::TrainingJob).await?;
        let mut parents = Vec::with_capacity(names.len());
        for name in names {
            let record = platform.store.get(ResourceKind::HyperParameterTuningJob, &name).await?;
            let record = record.ok_or_else(|| {
                ServiceError::validation(format!("Parent hyperparameter tuning job {name} does not exist."))
            })?;
            let status = record.text(Waitable::HyperParameterTuningJob.status_member());
            if !is_final(status) {
                return Err(ServiceError::validation(format!(
                    "Parent hyperparameter tuning job {name} is {}; it must have ended before another one can start \
                     from it.",
                    status.unwrap_or_default()
                )));
            }
            let definitions = parent_definitions(&name, &record, &trials);
            parents.push(Parent { name, definitions });
        }
        Ok(Some(Self { identical, parents }))
    }

    /// What the search of a definition learns from the parents; else what keeps it from starting from them.
    pub(super) fn priors(&self, definition: &Compared<'_>) -> Result<Vec<Prior>, ServiceError> {
        let mut priors = Vec::new();
        for parent in &self.parents {
            let found = match parent.definitions.as_slice() {
                [only] if definition.alone => Some(only),
                all => all.iter().find(|one| one.name.as_deref() == definition.name),
            };
            let Some(found) = found else {
                return Err(refused(parent, "it has no training job definition of the same DefinitionName"));
            };
            found.check(definition, self.identical).map_err(|why| refused(parent, &why))?;
            priors.extend(found.priors.iter().cloned());
        }
        Ok(priors)
    }
}

fn refused(parent: &Parent, why: &str) -> ServiceError {
    ServiceError::validation(format!(
        "The tuning job cannot start from its parent hyperparameter tuning job {}: {why}.",
        parent.name
    ))
}

impl ParentDefinition {
    fn check(&self, new: &Compared<'_>, identical: bool) -> Result<(), String> {
        if (self.metric.as_str(), self.direction.as_str()) != (new.metric, new.direction) {
            return Err(format!(
                "its objective is to {} {}, and must be the same",
                self.direction.to_lowercase(),
                self.metric
            ));
        }
        let ours =
            new.fixed.keys().filter(|name| *name != OBJECTIVE_HYPERPARAMETER).count() + new.tuned.len();
        let theirs = self.fixed.len() + self.tuned.len();
        if ours != theirs {
            return Err(format!(
                "it has {theirs} static and tunable hyperparameters, and this job has {ours}; the number must be the same"
            ));
        }
        for (name, kind) in new.tuned {
            if let Some(theirs) = self.tuned.get(*name).filter(|theirs| *theirs != kind) {
                return Err(format!("its range of {name} is {theirs}, and must not become {kind}"));
            }
        }
        let changed = new.fixed.iter().filter(|(name, value)| {
            self.tuned.contains_key(*name) || self.fixed.get(*name).is_some_and(|theirs| theirs != *value)
        });
        let changed = changed.count();
        if changed > MOST_CHANGES {
            return Err(format!("{changed} static values differ from it, and at most {MOST_CHANGES} may"));
        }
        if identical {
            if self.algorithm != algorithm(new.node) {
                return Err(
                    "its algorithm is another one, which needs the WarmStartType TransferLearning".to_owned()
                );
            }
            if self.channels != channels(new.node) {
                return Err(
                    "its input data are others, which needs the WarmStartType TransferLearning".to_owned()
                );
            }
        }
        Ok(())
    }
}

fn parent_definitions(name: &str, record: &Record, trials: &[(String, Record)]) -> Vec<ParentDefinition> {
    let Some(request) = &record.local.request else { return Vec::new() };
    let config = &request["HyperParameterTuningJobConfig"];
    let all: Vec<&Value> = match request["TrainingJobDefinitions"].as_array() {
        Some(several) if !several.is_empty() => several.iter().collect(),
        _ => vec![&request["TrainingJobDefinition"]],
    };
    let own: Vec<&Record> = trials
        .iter()
        .map(|(_, record)| record)
        .filter(|record| record.local.trial.as_ref().is_some_and(|trial| trial.tuning_job == name))
        .collect();
    let read = |(at, node): (usize, &&Value)| {
        let or = |member: &str, shared: &str| {
            node.get(member).or_else(|| config.get(shared)).unwrap_or(&Value::Null)
        };
        let objective = or("TuningObjective", "HyperParameterTuningJobObjective");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mine =
            own.iter().filter(|record| record.local.trial.as_ref().is_some_and(|trial| trial.at == at));
        ParentDefinition {
            name: node["DefinitionName"].as_str().map(str::to_owned),
            metric: text(&objective["MetricName"]),
            direction: text(&objective["Type"]),
            fixed: node["StaticHyperParameters"].as_object().cloned().unwrap_or_default(),
            tuned: kinds(or("HyperParameterRanges", "ParameterRanges")),
            algorithm: algorithm(node),
            channels: channels(node),
            priors: mine.filter_map(|record| prior(record)).collect(),
        }
    };
    all.iter().enumerate().map(read).collect()
}

fn kinds(ranges: &Value) -> BTreeMap<String, &'static str> {
    let members = [
        ("IntegerParameterRanges", "Integer"),
        ("ContinuousParameterRanges", "Continuous"),
        ("CategoricalParameterRanges", "Categorical"),
    ];
    let named = |(member, kind): (&str, &'static str)| {
        let ranges = ranges[member].as_array().into_iter().flatten();
        let names: Vec<_> = ranges.filter_map(|range| range["Name"].as_str().map(str::to_owned)).collect();
        names.into_iter().map(move |name| (name, kind))
    };
    members.into_iter().flat_map(named).collect()
}

fn prior(record: &Record) -> Option<Prior> {
    let objective = record.local.trial.as_ref()?.objective?;
    let values = record.body.get("HyperParameters")?.as_object()?.iter();
    let values = values
        .filter(|(name, _)| *name != OBJECTIVE_HYPERPARAMETER)
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    Some(Prior { candidate: Candidate { values: values.collect() }, objective })
}

fn algorithm(definition: &Value) -> Value {
    let specification = &definition["AlgorithmSpecification"];
    let named = specification.get("AlgorithmName").or_else(|| specification.get("TrainingImage"));
    named.cloned().unwrap_or_default()
}

/// Name and place of each channel.
fn channels(definition: &Value) -> Vec<Value> {
    let channels = definition["InputDataConfig"].as_array().into_iter().flatten();
    channels.map(|channel| serde_json::json!([channel["ChannelName"], channel["DataSource"]])).collect()
}
