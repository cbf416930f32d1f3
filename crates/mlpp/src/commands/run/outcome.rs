use std::time::Duration;

use comfy_table::Table;
use serde::Serialize;
use serde_json::Value;

use crate::error::CommandError;
use crate::executions::{TuningJob, seconds};
use crate::output;

/// What a run came to: what `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) release: Release,
    pub(super) execution: Execution,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tuning_job: Option<TuningJob>,
    /// The training job that the workflow ran without tuning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) training_job: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<String>,
    /// What the endpoint answered: JSON, or its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prediction: Option<Value>,
    pub(super) seconds: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Release {
    pub(super) number: u64,
    pub(super) new: bool,
    pub(super) parameters: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Execution {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) output: Value,
}

impl Outcome {
    /// Prints the result on standard output: a table and the prediction, or all of it as JSON.
    pub(super) fn print(&self, json: bool) -> Result<(), CommandError> {
        if json {
            return output::data(pretty(self)?);
        }
        output::data(self.table())?;
        match &self.prediction {
            Some(Value::String(text)) => output::data(text.trim_end()),
            Some(value) => output::data(pretty(value)?),
            None => Ok(()),
        }
    }

    fn table(&self) -> Table {
        let mut table = output::facts();
        let release = &self.release;
        let state = if release.new { "new" } else { "unchanged" };
        table.add_row([
            "release",
            &format!("{} ({state}), {} parameters", release.number, release.parameters),
        ]);
        table.add_row(["execution", &self.execution.name]);
        if let Some(job) = &self.tuning_job {
            job.add_to(&mut table);
        }
        if let Some(job) = &self.training_job {
            table.add_row(["training job", job]);
        }
        if let Some(endpoint) = &self.endpoint {
            table.add_row(["endpoint", endpoint]);
        }
        table.add_row(["time", &seconds(Duration::from_secs_f64(self.seconds))]);
        table
    }
}

fn pretty(value: &impl Serialize) -> Result<String, CommandError> {
    serde_json::to_string_pretty(value).map_err(|error| CommandError::failed("write JSON", error))
}
