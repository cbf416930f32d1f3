//! Executions without the engine that runs them.

use std::path::Path;

use mlpp_provider::{ExecutionDescription, StartExecution, Started, WorkflowKind, Workflows, WorkflowsError};

use crate::definitions::StateMachines;
use crate::engine::record_start;
use crate::executions::{ExecutionRecord, Executions};
use crate::local::{DATABASE, make_private};

/// What is recorded of the executions of this machine, for commands that look at them while another process may run them.
#[derive(Debug, Clone)]
pub struct LocalExecutions(Executions);

impl LocalExecutions {
    pub(crate) fn new(executions: Executions) -> Self {
        Self(executions)
    }

    /// Opens what is recorded below the local folder `root`; nothing is made.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn open(root: &Path) -> Result<Self, WorkflowsError> {
        Executions::open_existing(&root.join(DATABASE)).map(Self)
    }

    /// Every execution, the one that was started last first.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn list(&self) -> Result<Vec<ExecutionRecord>, WorkflowsError> {
        self.0.list()
    }

    /// ARNs of the executions that have not ended and that no other execution started, the oldest first. It is cheap to ask,
    /// however many have ended.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn running(&self) -> Result<Vec<String>, WorkflowsError> {
        self.0.running()
    }

    /// The execution with that ARN.
    ///
    /// # Errors
    /// [`WorkflowsError::ExecutionDoesNotExist`], [`WorkflowsError::Unavailable`].
    pub fn get(&self, execution_arn: &str) -> Result<ExecutionRecord, WorkflowsError> {
        self.0.get(execution_arn)
    }

    /// The history of an execution: events as `GetExecutionHistory` writes them, as JSON texts in their order.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn history(&self, execution_arn: &str) -> Result<Vec<String>, WorkflowsError> {
        self.0.history(execution_arn)
    }

    /// Asks whoever runs the execution to stop it, now or when it is resumed; says whether it has not ended yet.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn ask_to_stop(&self, execution_arn: &str, error: &str, cause: &str) -> Result<bool, WorkflowsError> {
        self.0.ask_to_stop(execution_arn, error, cause)
    }
}

/// Workflows whose executions are recorded as started, and run by whichever process resumes them.
#[derive(Debug, Clone)]
pub struct QueuedWorkflows {
    executions: Executions,
    state_machines: StateMachines,
}

impl QueuedWorkflows {
    /// Opens what is recorded below the local folder `root`, which is made if absent.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn open(root: &Path, state_machines: StateMachines) -> Result<Self, WorkflowsError> {
        make_private(root).map_err(|error| WorkflowsError::Unavailable(error.into()))?;
        Ok(Self { executions: Executions::open(&root.join(DATABASE))?, state_machines })
    }
}

impl Workflows for QueuedWorkflows {
    async fn kind(&self, state_machine_arn: &str) -> Result<WorkflowKind, WorkflowsError> {
        self.state_machines.kind(state_machine_arn)
    }

    async fn start(&self, request: StartExecution) -> Result<Started, WorkflowsError> {
        record_start(&self.executions, &self.state_machines, &request, None).map(|(started, _)| started)
    }

    async fn describe(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.executions.describe(execution_arn)
    }

    async fn stop(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), WorkflowsError> {
        self.executions.describe(execution_arn)?;
        self.executions.ask_to_stop(execution_arn, error, cause).map(|_| ())
    }
}
