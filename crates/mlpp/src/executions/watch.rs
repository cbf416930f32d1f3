//! What a running workflow shows of itself.

use comfy_table::Table;
use mlpp_local::Local;
use mlpp_provider::ExecutionDescription;
use mlpp_sagemaker::JobEvent;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::progress::{Progress, TrialsBar};
use crate::backend::{Platform, ServiceFailed};
use crate::error::CommandError;

/// A tuning job that has ended, with its best trial.
#[derive(Debug, Serialize)]
pub(crate) struct TuningJob {
    pub(crate) name: String,
    pub(crate) training_jobs: u64,
    pub(crate) best_training_job: String,
    pub(crate) metric: String,
    pub(crate) value: f64,
    pub(crate) hyperparameters: serde_json::Map<String, Value>,
}

impl TuningJob {
    /// Adds it to a table of facts.
    pub(crate) fn add_to(&self, table: &mut Table) {
        table.add_row(["tuning job", &format!("{}, {} trials", self.name, self.training_jobs)]);
        table.add_row(["best trial", &self.best_training_job]);
        table.add_row([&self.metric, &format!("{:.4}", self.value)]);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let tuned: Vec<_> =
            self.hyperparameters.iter().map(|(name, value)| format!("{name} = {}", text(value))).collect();
        table.add_row(["hyperparameters", &tuned.join("\n")]);
    }
}

/// Shows the events of the services until the executions have ended; gives back how each ended.
pub(crate) async fn watch(
    local: &Local,
    execution_arns: &[&str],
    mut events: Receiver<JobEvent>,
    progress: &mut Progress,
) -> Result<Vec<ExecutionDescription>, CommandError> {
    let mut tuning = None;
    let end = async {
        let mut ends = Vec::new();
        for arn in execution_arns {
            ends.push(local.workflows().wait(arn).await?);
        }
        Ok::<_, mlpp_provider::WorkflowsError>(ends)
    };
    tokio::pin!(end);
    let end = loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => show(local, event, &mut tuning, progress).await?,
                // The bar is behind, then; nothing else depends on the events that were missed.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break end.await,
            },
            end = &mut end => break end,
        }
    };
    let end = end.map_err(|error| CommandError::failed("wait for the workflow", error))?;
    if let Some(Tuning { bar, .. }) = tuning {
        bar.finish();
    }
    Ok(end)
}

/// A tuning job at work.
struct Tuning {
    bar: TrialsBar,
    maximize: bool,
}

async fn show(
    local: &Local,
    event: JobEvent,
    tuning: &mut Option<Tuning>,
    progress: &mut Progress,
) -> Result<(), CommandError> {
    match event {
        JobEvent::TuningJobStarted { name, trials } => {
            let description = described(local, &name).await?;
            let maximize = objective_of(&description)["Type"] != "Minimize";
            let mut bar = progress.trials(trials as u64);
            // A tuning job that is resumed has trials already.
            let best = &description["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"];
            bar.begin_at(ended_trials(&description), best["Value"].as_f64());
            *tuning = Some(Tuning { bar, maximize });
        }
        JobEvent::TrainingJobEnded { tuning_job: Some(_), objective, .. } => {
            if let Some(Tuning { bar, maximize }) = tuning {
                bar.ended(objective, *maximize);
            }
        }
        JobEvent::TuningJobEnded { name, status, .. } => {
            if let Some(Tuning { bar, .. }) = tuning.take() {
                bar.finish();
            }
            let description = described(local, &name).await?;
            let what = match tuning_job(&name, &description) {
                Some(job) => format!("{} trials, best {} {:.4}", job.training_jobs, job.metric, job.value),
                None => format!("{name}: {status}"),
            };
            progress.done("tune", &what);
        }
        JobEvent::EndpointChanged { name, status, failure_reason } => {
            let failed = failure_reason.is_some() || status != "InService";
            if !failed || status == "Failed" {
                let why = failure_reason.map_or_else(String::new, |reason| format!(": {reason}"));
                progress.done("deploy", &format!("endpoint {name} is {status}{why}"));
            }
        }
        JobEvent::Notification { subject, .. } => {
            progress.done("notify", subject.as_deref().unwrap_or("a notification"));
        }
        JobEvent::WaitsForRoom { reason } => progress.done("wait", &reason),
        JobEvent::InstanceEnded { .. }
        | JobEvent::VariantScaled { .. }
        | JobEvent::TrainingJobStarted { .. }
        | JobEvent::TrainingJobEnded { .. } => {}
    }
    Ok(())
}

/// `DescribeHyperParameterTuningJob`.
pub(super) async fn describe(platform: Platform<'_>, name: &str) -> Result<Value, ServiceFailed> {
    let request = json!({"HyperParameterTuningJobName": name});
    platform.call("DescribeHyperParameterTuningJob", request).await
}

async fn described(local: &Local, name: &str) -> Result<Value, CommandError> {
    let described = describe(Platform::Local(local.sagemaker()), name).await;
    described.map_err(|error| CommandError::failed(&format!("describe the tuning job {name}"), error))
}

/// `TuningObjective` of the tuning job's first training definition.
pub(super) fn objective_of(description: &Value) -> &Value {
    let one = &description["TrainingJobDefinition"];
    let definition = if one.is_null() { &description["TrainingJobDefinitions"][0] } else { one };
    &definition["TuningObjective"]
}

/// How many trials have ended.
fn ended_trials(description: &Value) -> u64 {
    let counters = description["TrainingJobStatusCounters"].as_object();
    let ended = counters.into_iter().flatten().filter(|(status, _)| *status != "InProgress");
    ended.filter_map(|(_, count)| count.as_u64()).sum()
}

/// What became of a tuning job, if a trial of it reported a value.
pub(super) fn tuning_job(name: &str, description: &Value) -> Option<TuningJob> {
    let best = description.get("BestTrainingJob")?;
    let objective = best.get("FinalHyperParameterTuningJobObjectiveMetric")?;
    let counters = description["TrainingJobStatusCounters"].as_object()?;
    // NonRetryableError and RetryableError are training jobs as well.
    let training_jobs = counters.values().filter_map(Value::as_u64).sum();
    Some(TuningJob {
        name: name.to_owned(),
        training_jobs,
        best_training_job: best["TrainingJobName"].as_str()?.to_owned(),
        metric: objective["MetricName"].as_str()?.to_owned(),
        value: objective["Value"].as_f64()?,
        hyperparameters: best["TunedHyperParameters"].as_object()?.clone(),
    })
}
