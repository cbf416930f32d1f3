use mlpp_provider::{ExecutionDescription, StartExecution, Started, WorkflowKind, Workflows, WorkflowsError};
use mlpp_sagemaker::SageMaker;

use crate::definitions::StateMachines;
use crate::engine::{Engine, ResumeError};
use crate::executions::Executions;
use crate::map_objects::MapObjects;
use crate::recorded::LocalExecutions;

/// Workflows on this machine: the states engine, with executions kept in SQLite.
///
/// An execution runs in the process that started or resumed it; [`LocalWorkflows::wait`] waits for its end. Every step is
/// recorded before what follows from it is done, so that another process can resume an execution wherever this one ended.
#[derive(Clone)]
pub struct LocalWorkflows(Engine);

impl LocalWorkflows {
    pub(crate) fn new(
        executions: Executions,
        state_machines: StateMachines,
        sagemaker: SageMaker,
        map_objects: MapObjects,
    ) -> Self {
        Self(Engine::new(executions, state_machines, sagemaker, map_objects))
    }

    /// Goes on with an execution that no process runs, by the definition that it was started with: tasks under way are asked
    /// for again and find what they made before, and timers keep their instants.
    ///
    /// # Errors
    /// [`ResumeError`].
    pub fn resume(&self, execution_arn: &str) -> Result<(), ResumeError> {
        self.0.resume(execution_arn)
    }

    /// Redrives an execution that did not succeed (`RedriveExecution`): what succeeded in it is not done again. A nested
    /// execution that such a task waited for is redriven with it.
    ///
    /// # Errors
    /// [`ResumeError`].
    pub fn redrive(&self, execution_arn: &str) -> Result<(), ResumeError> {
        self.0.redrive(execution_arn)
    }

    /// Waits for the end of an execution that this process runs; describes any other at once.
    ///
    /// # Errors
    /// [`WorkflowsError::ExecutionDoesNotExist`].
    pub async fn wait(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.0.wait(execution_arn).await
    }

    /// What is recorded of the executions.
    pub fn executions(&self) -> LocalExecutions {
        LocalExecutions::new(self.0.executions.clone())
    }

    /// Leaves every execution that this process runs to whoever resumes it; returns when none of them does anything any more.
    /// Nothing can be started afterwards.
    pub async fn suspend(&self) {
        self.0.suspend().await;
    }
}

impl Workflows for LocalWorkflows {
    async fn kind(&self, state_machine_arn: &str) -> Result<WorkflowKind, WorkflowsError> {
        self.0.state_machines.kind(state_machine_arn)
    }

    async fn start(&self, request: StartExecution) -> Result<Started, WorkflowsError> {
        self.0.start(&request, None)
    }

    async fn describe(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.0.executions.describe(execution_arn)
    }

    async fn stop(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), WorkflowsError> {
        self.0.stop(execution_arn, error, cause)
    }
}
