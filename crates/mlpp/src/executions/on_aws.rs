//! The executions of a project on AWS: those of its target.

use std::time::Duration;

use jiff::Timestamp;
use mlpp_local::ExecutionRecord;
use mlpp_provider::{ExecutionDescription, ExecutionStatus};
use serde_json::Value;

use super::course::time_of;
use super::find::{absent, ambiguous, none_yet};
use super::progress::Progress;
use super::resources::{Resource, made_in, started_in};
use crate::backend::{self, Aws, ServiceFailed};
use crate::config::Project;
use crate::error::CommandError;

/// How many executions are looked through for one whose name begins so.
const SEARCHED: usize = 6;
/// Executions below executions are looked into that deep.
const DEPTH: usize = 4;
/// How long it is waited before an execution is looked at again: twice as long each time while nothing happens.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LAST_LOOK: Duration = Duration::from_secs(30);
/// What Step Functions writes into the input of an execution that a task started.
const STARTED_BY: &str = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID";

/// The executions of a project's target on Step Functions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnAws<'a> {
    pub(crate) aws: &'a Aws,
    target: &'a str,
}

impl<'a> OnAws<'a> {
    /// Those of the project; `None` where it is at work on this machine. Not to be called by what waits already.
    ///
    /// # Errors
    /// There is no region; `config/target-arn`.
    pub(crate) fn of(project: &'a Project) -> Result<Option<Self>, CommandError> {
        let Some(aws) = backend::aws(project)? else { return Ok(None) };
        let target = project.config.target_state_machine_arn.get_ref();
        if target.starts_with("arn:") && target.contains(":stateMachine:") {
            return Ok(Some(Self { aws, target }));
        }
        let message = format!("the target on AWS is the ARN of a state machine, and not \"{target}\"");
        let help = "set it to the ARN that the workflow's stack has among its outputs".to_owned();
        Err(project.wrong_setting("target_state_machine_arn", "config/target-arn", message, help))
    }

    /// The newest executions, newest first.
    ///
    /// # Errors
    /// They cannot be listed or described.
    pub(crate) async fn list(self, limit: usize) -> Result<Vec<ExecutionRecord>, CommandError> {
        let failed = |error| CommandError::failed("list the executions", error);
        let listed = self.aws.list_executions(self.target, "", limit).await.map_err(failed)?;
        let mut records = Vec::new();
        for one in listed {
            // One that ended long ago may be gone by now.
            records.extend(self.record(&one.arn).await?);
        }
        Ok(records)
    }

    /// The execution that `name` means: its name, the beginning of its name, or its ARN. Without a name the newest one.
    ///
    /// # Errors
    /// `execution/absent`, `execution/ambiguous`.
    pub(crate) async fn find(self, name: Option<&str>) -> Result<ExecutionRecord, CommandError> {
        let Some(name) = name else {
            return self.list(1).await?.pop().ok_or_else(none_yet);
        };
        let arn = if name.starts_with("arn:") { Some(name.to_owned()) } else { self.execution_arn(name) };
        if let Some(arn) = arn
            && let Some(found) = self.record(&arn).await?
        {
            return Ok(found);
        }
        let failed = |error| CommandError::failed("list the executions", error);
        let listed = if name.is_empty() || name.starts_with("arn:") {
            Vec::new()
        } else {
            self.aws.list_executions(self.target, name, SEARCHED).await.map_err(failed)?
        };
        match listed.as_slice() {
            [one] => self.record(&one.arn).await?.ok_or_else(|| absent(name, &[])),
            [] => Err(absent(name, &[])),
            several => Err(ambiguous(name, &several.iter().map(|one| one.name.as_str()).collect::<Vec<_>>())),
        }
    }

    /// The ARN of the target's execution called so.
    pub(crate) fn execution_arn(self, name: &str) -> Option<String> {
        mlpp_provider::execution_arn(self.target, name)
    }

    /// An execution; `None` when there is none with that ARN.
    ///
    /// # Errors
    /// It cannot be described.
    pub(crate) async fn record(self, arn: &str) -> Result<Option<ExecutionRecord>, CommandError> {
        let described = self.aws.describe_execution(arn).await;
        let described = described
            .map_err(|error| CommandError::failed(&format!("describe the execution {arn}"), error))?;
        Ok(described.map(|described| record(&described)))
    }

    /// Its events, oldest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) async fn history(self, arn: &str) -> Result<Vec<Value>, CommandError> {
        let history = self.aws.execution_history(arn).await;
        history.map_err(|error| CommandError::failed("read the execution's history", error))
    }

    /// Waits until it has ended, and tells of the states that it enters meanwhile.
    ///
    /// # Errors
    /// It cannot be described any more.
    pub(crate) async fn wait(
        self,
        arn: &str,
        progress: &mut Progress,
    ) -> Result<ExecutionRecord, CommandError> {
        let mut pause = FIRST_LOOK;
        let mut told = 0;
        loop {
            let now = self.record(arn).await?.ok_or_else(|| absent(arn, &[]))?;
            let entered = entered(&self.history(arn).await?);
            for name in entered.iter().skip(told) {
                progress.done("state", name);
                pause = FIRST_LOOK;
            }
            told = entered.len();
            if now.description.status != ExecutionStatus::Running {
                return Ok(now);
            }
            tokio::time::sleep(pause).await;
            pause = LAST_LOOK.min(pause * 2);
        }
    }

    /// The definition that the execution was started with.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) async fn definition(self, arn: &str) -> Result<Option<String>, ServiceFailed> {
        let described = self.aws.state_machine_of(arn).await?;
        Ok(described["definition"].as_str().map(str::to_owned))
    }

    /// The executions that the tasks of this history started, in their order; those that are gone are not among them.
    ///
    /// # Errors
    /// They cannot be described.
    pub(crate) async fn nested(self, history: &[Value]) -> Result<Vec<ExecutionRecord>, CommandError> {
        let mut nested = Vec::new();
        for arn in started_in(history) {
            nested.extend(self.record(&arn).await?);
        }
        Ok(nested)
    }

    /// What an execution with this history asked the services to make or update, and what those asked for that it started.
    ///
    /// # Errors
    /// A history cannot be read.
    pub(crate) async fn made_by(self, history: &[Value]) -> Result<Vec<Resource>, CommandError> {
        let mut found = made_in(history);
        let mut next = started_in(history);
        for _ in 0..DEPTH {
            let mut below = Vec::new();
            for arn in next {
                let history = self.history(&arn).await?;
                for resource in made_in(&history) {
                    if !found.contains(&resource) {
                        found.push(resource);
                    }
                }
                below.extend(started_in(&history));
            }
            next = below;
        }
        Ok(found)
    }
}

/// The states that were entered, in their order.
fn entered(history: &[Value]) -> Vec<String> {
    let names = history.iter().filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str());
    names.map(str::to_owned).collect()
}

/// An execution as `DescribeExecution` tells of it.
fn record(described: &Value) -> ExecutionRecord {
    let text = |member: &str| described[member].as_str().map(str::to_owned);
    let status = match described["status"].as_str() {
        Some("SUCCEEDED") => ExecutionStatus::Succeeded,
        Some("FAILED") => ExecutionStatus::Failed,
        Some("TIMED_OUT") => ExecutionStatus::TimedOut,
        Some("ABORTED") => ExecutionStatus::Aborted,
        // One that is about to be redriven goes on.
        _ => ExecutionStatus::Running,
    };
    let input = text("input").unwrap_or_else(|| "{}".to_owned());
    let parent_arn = serde_json::from_str::<Value>(&input)
        .ok()
        .and_then(|input| input.get(STARTED_BY)?.as_str().map(str::to_owned));
    ExecutionRecord {
        arn: text("executionArn").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
        state_machine_arn: text("stateMachineArn").unwrap_or_default(),
        description: ExecutionDescription {
            status,
            output: text("output"),
            error: text("error"),
            cause: text("cause"),
        },
        input,
        start: time_of(&described["startDate"]).unwrap_or(Timestamp::UNIX_EPOCH),
        stop: time_of(&described["stopDate"]),
        parent_arn,
        definition: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_is_read_with_its_times_and_its_parent() {
        let input = json!({STARTED_BY: "arn:parent", "a": 1}).to_string();
        let read = record(&json!({
            "executionArn": "arn:e", "name": "e", "stateMachineArn": "arn:m", "status": "TIMED_OUT",
            "startDate": 1.5, "stopDate": "2026-01-01T00:00:00Z", "input": input,
        }));
        assert_eq!((read.name.as_str(), read.description.status), ("e", ExecutionStatus::TimedOut));
        assert_eq!(read.start.as_millisecond(), 1500);
        assert_eq!(read.stop.unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(read.parent_arn.as_deref(), Some("arn:parent"));
        assert_eq!(
            record(&json!({"status": "PENDING_REDRIVE"})).description.status,
            ExecutionStatus::Running
        );
    }
}
