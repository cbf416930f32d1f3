//! What a running workflow shows of itself.

use mlpp_local::Local;
use mlpp_provider::ExecutionDescription;
use mlpp_sagemaker::{JobEvent, Service};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::outcome::TuningJob;
use super::progress::{Progress, TrialsBar};
use crate::error::CommandError;

/// What was seen while the workflow ran.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// The last tuning job that ended.
    pub(super) tuning_job: Option<TuningJob>,
    /// The last endpoint that came into service.
    pub(super) endpoint: Option<String>,
}

/// Shows the events of the services until the execution has ended; gives back what was seen, and how it ended.
pub(super) async fn watch(
    local: &Local,
    execution_arn: &str,
    mut events: Receiver<JobEvent>,
    progress: &mut Progress,
) -> Result<(Watched, ExecutionDescription), CommandError> {
    let mut watched = Watched::default();
    let mut tuning = None;
    let end = local.workflows().wait(execution_arn);
    tokio::pin!(end);
    let end = loop {
        tokio::select! {
            biased;
            event = events.recv() => match event {
                Ok(event) => show(local, event, &mut tuning, &mut watched, progress).await?,
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
    Ok((watched, end))
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
    watched: &mut Watched,
    progress: &mut Progress,
) -> Result<(), CommandError> {
    match event {
        JobEvent::TuningJobStarted { name, trials } => {
            let maximize = objective_of(&describe(local, &name).await?)["Type"] != "Minimize";
            *tuning = Some(Tuning { bar: progress.trials(trials as u64), maximize });
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
            let description = describe(local, &name).await?;
            watched.tuning_job = tuning_job(&name, &description);
            let what = match &watched.tuning_job {
                Some(job) => format!("{} trials, best {} {:.4}", job.training_jobs, job.metric, job.value),
                None => format!("{name}: {status}"),
            };
            progress.done("tune", &what);
        }
        JobEvent::EndpointChanged { name, status, failure_reason } => {
            let failed = failure_reason.is_some() || status != "InService";
            if status == "InService" {
                watched.endpoint = Some(name.clone());
            }
            if !failed || status == "Failed" {
                let why = failure_reason.map_or_else(String::new, |reason| format!(": {reason}"));
                progress.done("deploy", &format!("endpoint {name} is {status}{why}"));
            }
        }
        JobEvent::Notification { subject, .. } => {
            progress.done("notify", subject.as_deref().unwrap_or("a notification"));
        }
        JobEvent::TrainingJobStarted { .. } | JobEvent::TrainingJobEnded { .. } => {}
    }
    Ok(())
}

async fn describe(local: &Local, name: &str) -> Result<Value, CommandError> {
    let request = json!({"HyperParameterTuningJobName": name});
    local
        .sagemaker()
        .call(Service::SageMaker, "DescribeHyperParameterTuningJob", request)
        .await
        .map_err(|error| CommandError::failed(&format!("describe the tuning job {name}"), error))
}

/// `TuningObjective` of the tuning job's first training definition.
fn objective_of(description: &Value) -> &Value {
    let one = &description["TrainingJobDefinition"];
    let definition = if one.is_null() { &description["TrainingJobDefinitions"][0] } else { one };
    &definition["TuningObjective"]
}

fn tuning_job(name: &str, description: &Value) -> Option<TuningJob> {
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
