//! Who does the tasks.

use std::future::Future;

use serde_json::Value;
use tokio::sync::mpsc;

use super::tasks::Report;
use crate::data::Json;
use crate::execution::{Event, TaskId, TaskRequest};

/// Does the tasks of an execution.
pub trait TaskHandler: Send + Sync {
    /// Does a task to its end; for `.sync` and `.waitForTaskToken` that is the end of the job or the return of the token.
    ///
    /// The future is dropped when the result is no longer wanted: after a timeout, when a branch beside it failed, when the execution
    /// is stopped. A task may be asked for again after a crash, so what it does should be idempotent by `request.id`.
    fn run(
        &self,
        request: TaskRequest,
        reporter: TaskReporter,
    ) -> impl Future<Output = Result<Value, TaskFailure>> + Send;
}

/// An error that a task ends with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", error.as_deref().unwrap_or("(no error name)"), cause.as_deref().unwrap_or("(no cause)"))]
pub struct TaskFailure {
    /// The error's name, which `Retry` and `Catch` match.
    pub error: Option<String>,
    /// Its cause.
    pub cause: Option<String>,
}

impl TaskFailure {
    /// A failure with a name and a cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: Some(error.into()), cause: Some(cause.into()) }
    }
}

/// Tells the execution of a task's progress.
#[derive(Clone, Debug)]
pub struct TaskReporter {
    pub(super) id: TaskId,
    pub(super) reports: mpsc::UnboundedSender<Report>,
}

impl TaskReporter {
    /// A worker took the task (activities).
    pub fn started(&self, worker_name: Option<String>) {
        self.send(Event::TaskStarted { id: self.id, worker_name });
    }

    /// The job was started, or the token handed over; `output` is what the service answered.
    pub fn submitted(&self, output: Value) {
        self.send(Event::TaskSubmitted { id: self.id, output: Json::new(output) });
    }

    /// The task is alive.
    pub fn heartbeat(&self) {
        self.send(Event::TaskHeartbeat { id: self.id });
    }

    fn send(&self, event: Event) {
        // Nobody listens once the execution is over; then the report does not matter.
        let _ = self.reports.send(Report { id: self.id, event, last: false });
    }
}
