//! The trials of a tuning job, best first.

use std::collections::BTreeSet;

use mlpp_local::{ExecutionRecord, LocalExecutions};
use mlpp_sagemaker::SageMaker;
use serde_json::{Map, Value, json};

use super::resources::{ResourceType, made_by};
use super::watch::{describe, objective_of};
use super::{OnAws, find, open, roots, time_of};
use crate::backend::{Platform, ServiceFailed};
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// How many trials one call of the service answers.
const PAGE: u32 = 100;

/// How many of the newest executions on AWS are looked through for one with a tuning job.
const LOOKED_AT: usize = 20;

/// A tuning job's trials.
#[derive(Debug, Clone)]
pub(crate) struct Trials {
    pub(crate) tuning_job: String,
    /// `HyperParameterTuningJobStatus`.
    pub(crate) status: String,
    /// The metric that decides.
    pub(crate) metric: String,
    pub(crate) maximize: bool,
    /// `BestTrainingJob`: the best trial that left a model.
    best: Option<String>,
    /// Best first; those without a value last, in the order of their creation.
    pub(crate) list: Vec<Trial>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    /// The training job.
    pub(crate) name: String,
    /// `TrainingJobStatus`.
    pub(crate) status: String,
    /// The final value of the objective.
    pub(crate) value: Option<f64>,
    /// The values that were tried, by name.
    pub(crate) hyperparameters: Map<String, Value>,
    /// The training definition, where the tuning job has several.
    pub(crate) definition: Option<String>,
    /// Seconds from the start of the training to its end.
    pub(crate) seconds: Option<f64>,
    pub(crate) failure_reason: Option<String>,
}

/// The tuning job that `name` means: itself, or the last one of an execution; without a name that of the newest execution that
/// made one.
async fn tuning_job_of(
    executions: &LocalExecutions,
    jobs: Option<&SageMaker>,
    name: Option<&str>,
) -> Result<String, CommandError> {
    if let (Some(jobs), Some(name)) = (jobs, name)
        && describe(Platform::Local(jobs), name).await.is_ok()
    {
        return Ok(name.to_owned());
    }
    let all = executions.list().map_err(|error| open::unreadable(&error))?;
    let of = |execution: &ExecutionRecord| {
        let made = made_by(executions, &all, &execution.arn).map_err(|error| open::unreadable(&error))?;
        let job = made.into_iter().rev().find(|made| made.r#type == ResourceType::HyperParameterTuningJob);
        Ok::<_, CommandError>(job.map(|job| job.name))
    };
    if let Some(name) = name {
        let execution = find(&all, Some(name))?;
        return of(execution)?.ok_or_else(|| none(&format!("the execution {}", execution.name)));
    }
    for execution in roots(&all) {
        if let Some(job) = of(execution)? {
            return Ok(job);
        }
    }
    Err(none("no execution"))
}

/// The same of the target's executions on AWS.
async fn tuning_job_on_aws(on_aws: OnAws<'_>, name: Option<&str>) -> Result<String, CommandError> {
    if let Some(name) = name {
        match describe(Platform::Aws(on_aws.aws), name).await {
            Ok(_) => return Ok(name.to_owned()),
            Err(error) if error.is_absence() => {}
            Err(error) => {
                return Err(CommandError::failed(&format!("describe the tuning job {name}"), error));
            }
        }
    }
    let executions = match name {
        Some(_) => vec![on_aws.find(name).await?],
        None => on_aws.list(LOOKED_AT).await?,
    };
    for execution in &executions {
        let made = on_aws.made_by(&on_aws.history(&execution.arn).await?).await?;
        if let Some(job) =
            made.into_iter().rev().find(|made| made.r#type == ResourceType::HyperParameterTuningJob)
        {
            return Ok(job.name);
        }
    }
    Err(match executions.as_slice() {
        [execution] if name.is_some() => none(&format!("the execution {}", execution.name)),
        _ => none("no execution"),
    })
}

fn none(what: &str) -> CommandError {
    let message = format!("{what} has no tuning job");
    let help = "mlpp executions lists the executions, and mlpp describe shows the jobs of one".to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "execution/no-trials", message, help })
}

impl Trials {
    /// The trials of the tuning job that `name` means: its own name, or that of an execution; without a name the newest one.
    ///
    /// # Errors
    /// `execution/absent`, `execution/no-trials`, `execution/unreadable`.
    pub(crate) async fn find(
        project: &Project,
        on_aws: Option<OnAws<'_>>,
        name: Option<&str>,
    ) -> Result<Self, CommandError> {
        if let Some(on_aws) = on_aws {
            let tuning_job = tuning_job_on_aws(on_aws, name).await?;
            return Self::of(Platform::Aws(on_aws.aws), &tuning_job).await;
        }
        let executions = open::recorded(project)?;
        let jobs = open::jobs(project)?;
        let tuning_job = tuning_job_of(&executions, jobs.as_ref(), name).await?;
        // A tuning job that is asked for is on its way before the service has anything.
        let Some(jobs) = jobs else { return Err(none("no execution")) };
        Self::of(Platform::Local(&jobs), &tuning_job).await
    }

    async fn of(platform: Platform<'_>, tuning_job: &str) -> Result<Self, CommandError> {
        let read = Self::read(platform, tuning_job).await;
        read.map_err(|error| CommandError::failed(&format!("list the trials of {tuning_job}"), error))
    }

    async fn read(platform: Platform<'_>, tuning_job: &str) -> Result<Self, ServiceFailed> {
        let described = describe(platform, tuning_job).await?;
        let objective = objective_of(&described);
        let mut read = Self {
            tuning_job: tuning_job.to_owned(),
            status: text(&described["HyperParameterTuningJobStatus"]),
            metric: text(&objective["MetricName"]),
            maximize: objective["Type"] != "Minimize",
            best: described["BestTrainingJob"]["TrainingJobName"].as_str().map(str::to_owned),
            list: Vec::new(),
        };
        let request = json!({"HyperParameterTuningJobName": tuning_job, "MaxResults": PAGE,
            "SortBy": "CreationTime", "SortOrder": "Ascending"});
        let summaries =
            platform.list("ListTrainingJobsForHyperParameterTuningJob", request, "TrainingJobSummaries");
        read.list.extend(summaries.await?.iter().map(Trial::of));
        let key = |trial: &Trial| match trial.value {
            Some(value) if read.maximize => -value,
            Some(value) => value,
            None => f64::INFINITY,
        };
        read.list.sort_by(|a, b| key(a).total_cmp(&key(b)));
        Ok(read)
    }

    /// The names of all hyperparameters that were tried, in their order.
    pub(crate) fn hyperparameters(&self) -> BTreeSet<&str> {
        self.list.iter().flat_map(|trial| trial.hyperparameters.keys()).map(String::as_str).collect()
    }

    /// The best trial; none when no trial left a value and a model.
    pub(crate) fn best(&self) -> Option<&Trial> {
        self.list.iter().find(|trial| self.best.as_ref() == Some(&trial.name))
    }
}

impl Trial {
    fn of(summary: &Value) -> Self {
        let time = |member: &str| time_of(&summary[member]);
        let seconds = time("TrainingStartTime")
            .zip(time("TrainingEndTime"))
            .map(|(start, end)| end.duration_since(start).as_secs_f64());
        Self {
            name: text(&summary["TrainingJobName"]),
            status: text(&summary["TrainingJobStatus"]),
            value: summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"].as_f64(),
            hyperparameters: summary["TunedHyperParameters"].as_object().cloned().unwrap_or_default(),
            definition: summary["TrainingJobDefinitionName"].as_str().map(str::to_owned),
            seconds,
            failure_reason: summary["FailureReason"].as_str().map(str::to_owned),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
