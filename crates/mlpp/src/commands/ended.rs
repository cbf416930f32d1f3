//! Executions that a command ran to their end, as it prints them.

use std::process::ExitCode as ProcessExitCode;

use mlpp_local::{ExecutionRecord, Local, status_text};
use mlpp_provider::ExecutionStatus;
use mlpp_sagemaker::JobEvent;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

use super::executions::{as_json, took};
use crate::backend::Platform;
use crate::error::CommandError;
use crate::executions::{Made, OnAws, Progress, unreadable, watch, workflow_failed};
use crate::exit_code::ExitCode;
use crate::output;

/// An execution that has ended, and what it made.
pub(super) struct Ended {
    execution: ExecutionRecord,
    made: Made,
}

/// How executions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A table each.
    Tables,
    /// The one that there is, as JSON.
    Json,
    /// All of them, as a list in JSON.
    JsonList,
}

impl Ended {
    /// Shows the executions until they have ended.
    pub(super) async fn watch(
        local: &Local,
        arns: &[&str],
        events: Receiver<JobEvent>,
        progress: &mut Progress,
    ) -> Result<Vec<Self>, CommandError> {
        watch(local, arns, events, progress).await?;
        let recorded = local.workflows().executions();
        let mut ended = Vec::new();
        for arn in arns {
            let execution = recorded.get(arn).map_err(|error| unreadable(&error))?;
            let made = Made::by(local, arn).await?;
            ended.push(Self { execution, made });
        }
        Ok(ended)
    }

    /// Waits until executions on Step Functions have ended.
    pub(super) async fn watch_on_aws(
        on_aws: OnAws<'_>,
        arns: &[&str],
        progress: &mut Progress,
    ) -> Result<Vec<Self>, CommandError> {
        let mut ended = Vec::new();
        for arn in arns {
            let execution = on_aws.wait(arn, progress).await?;
            let made = on_aws.made_by(&on_aws.history(arn).await?).await?;
            let made = Made::of(Platform::Aws(on_aws.aws), made).await;
            ended.push(Self { execution, made });
        }
        Ok(ended)
    }

    fn succeeded(&self) -> bool {
        self.execution.description.status == ExecutionStatus::Succeeded
    }
}

/// Prints them; the exit code says whether all succeeded.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn print(ended: &[Ended], format: Format) -> Result<ProcessExitCode, CommandError> {
    if format == Format::JsonList {
        output::json(&ended.iter().map(to_json).collect::<Vec<_>>())?;
    } else if format == Format::Json {
        ended.iter().map(to_json).try_for_each(|one| output::json(&one))?;
    } else {
        for one in ended {
            output::data(table(one))?;
        }
    }
    let failed = ended
        .iter()
        .filter(|one| !one.succeeded())
        .map(|one| workflow_failed(&one.execution.name, &one.execution.description));
    match failed.reduce(CommandError::join) {
        Some(error) => Err(error),
        None => Ok(ExitCode::Success.into()),
    }
}

fn table(ended: &Ended) -> comfy_table::Table {
    let execution = &ended.execution;
    let mut table = output::facts();
    table.add_row(["execution", &execution.name]);
    table.add_row(["status", status_text(execution.description.status)]);
    if let Some(job) = &ended.made.tuning_job {
        job.add_to(&mut table);
    }
    if let Some(job) = &ended.made.training_job {
        table.add_row(["training job", job]);
    }
    if let Some(endpoint) = &ended.made.endpoint {
        table.add_row(["endpoint", endpoint]);
    }
    table.add_row(["time", &took(execution)]);
    table
}

fn to_json(ended: &Ended) -> Value {
    let mut value = as_json(&ended.execution);
    let description = &ended.execution.description;
    let output = description
        .output
        .as_deref()
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())));
    value["output"] = json!(output);
    value["error"] = json!(description.error);
    value["cause"] = json!(description.cause);
    value["tuning_job"] = json!(ended.made.tuning_job);
    value["training_job"] = json!(ended.made.training_job);
    value["endpoint"] = json!(ended.made.endpoint);
    value
}
