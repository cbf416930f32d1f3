use std::collections::BTreeMap;
use std::sync::Mutex;

use super::lock;
use crate::{
    ExecutionDescription, ExecutionStatus, StartExecution, Started, WorkflowKind, Workflows, WorkflowsError,
};

/// State machines whose executions start, and end well at once with their input for an output.
#[derive(Debug, Default)]
pub struct MemoryWorkflows {
    kinds: BTreeMap<String, WorkflowKind>,
    started: Mutex<Vec<(String, StartExecution)>>,
}

impl MemoryWorkflows {
    /// The state machines of those ARNs.
    pub fn new<A: Into<String>>(kinds: impl IntoIterator<Item = (A, WorkflowKind)>) -> Self {
        Self {
            kinds: kinds.into_iter().map(|(arn, kind)| (arn.into(), kind)).collect(),
            started: Mutex::default(),
        }
    }

    /// What was started, in order.
    pub fn started(&self) -> Vec<StartExecution> {
        lock(&self.started).iter().map(|(_, request)| request.clone()).collect()
    }
}

impl Workflows for MemoryWorkflows {
    async fn kind(&self, state_machine_arn: &str) -> Result<WorkflowKind, WorkflowsError> {
        let kind = self.kinds.get(state_machine_arn).copied();
        kind.ok_or_else(|| WorkflowsError::StateMachineDoesNotExist(state_machine_arn.to_owned()))
    }

    async fn start(&self, request: StartExecution) -> Result<Started, WorkflowsError> {
        let kind = self.kind(&request.state_machine_arn).await?;
        let mut started = lock(&self.started);
        let mut arn = format!(
            "{}:{}",
            request.state_machine_arn.replacen(":stateMachine:", ":execution:", 1),
            request.name
        );
        if kind == WorkflowKind::Express {
            arn = format!("{arn}:{}", started.len());
        }
        let already = started.iter().any(|(other, _)| *other == arn);
        if !already {
            started.push((arn.clone(), request));
        }
        Ok(Started { execution_arn: arn, already })
    }

    async fn describe(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        let started = lock(&self.started);
        let Some((_, request)) = started.iter().find(|(arn, _)| arn == execution_arn) else {
            return Err(WorkflowsError::ExecutionDoesNotExist(execution_arn.to_owned()));
        };
        Ok(ExecutionDescription {
            status: ExecutionStatus::Succeeded,
            output: Some(request.input.clone()),
            error: None,
            cause: None,
        })
    }

    async fn stop(&self, execution_arn: &str, _: &str, _: &str) -> Result<(), WorkflowsError> {
        self.describe(execution_arn).await.map(|_| ())
    }
}
