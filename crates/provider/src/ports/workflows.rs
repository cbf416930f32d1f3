use std::future::Future;

use super::Cause;

/// An execution to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartExecution {
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// The execution's name: one name starts one execution.
    pub name: String,
    /// Its input, as JSON text.
    pub input: String,
}

/// How the executions of a state machine are run (`DescribeStateMachine`, member `type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkflowKind {
    /// Each once, kept by its name.
    Standard,
    /// At least once, and a name can be used again: one event that is delivered twice would be run twice.
    Express,
}

/// The answer to a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Whether it was there already, as far as the service tells.
    pub already: bool,
}

/// The status of an execution (`DescribeExecution`, member `status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// It runs.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It was stopped.
    Aborted,
}

/// What there is to say about an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionDescription {
    /// Its status.
    pub status: ExecutionStatus,
    /// Its output, as JSON text, when it succeeded.
    pub output: Option<String>,
    /// The error's name, when it did not.
    pub error: Option<String>,
    /// The error's cause.
    pub cause: Option<String>,
}

/// Why a workflow service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowsError {
    /// There is no such state machine.
    #[error("there is no state machine \"{0}\"")]
    StateMachineDoesNotExist(String),
    /// There is no such execution.
    #[error("there is no execution \"{0}\"")]
    ExecutionDoesNotExist(String),
    /// It cannot be reached, read or written.
    #[error("the workflow service failed")]
    Unavailable(#[source] Cause),
}

/// A service that runs state machines.
pub trait Workflows: Send + Sync {
    /// How the executions of a state machine are run.
    fn kind(
        &self,
        state_machine_arn: &str,
    ) -> impl Future<Output = Result<WorkflowKind, WorkflowsError>> + Send;

    /// Starts an execution, unless its state machine has one of that name already: then that one is the answer, whatever
    /// its input was (where a service says `ExecutionAlreadyExists`, that counts as done). A start again with the same input
    /// can be answered like the first.
    fn start(&self, request: StartExecution) -> impl Future<Output = Result<Started, WorkflowsError>> + Send;

    /// Status and result of an execution.
    fn describe(
        &self,
        execution_arn: &str,
    ) -> impl Future<Output = Result<ExecutionDescription, WorkflowsError>> + Send;

    /// Stops an execution with an error and its cause; one that has ended stays as it is.
    fn stop(
        &self,
        execution_arn: &str,
        error: &str,
        cause: &str,
    ) -> impl Future<Output = Result<(), WorkflowsError>> + Send;
}
