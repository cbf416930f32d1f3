use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_sfn::types::{ExecutionStatus as SdkStatus, StateMachineType};
use mlpp_provider::{
    ExecutionDescription, ExecutionStatus, StartExecution, Started, WorkflowKind, Workflows, WorkflowsError,
    execution_arn,
};

use crate::clients::Clients;
use crate::failure::CallError;

/// The most characters of an error's name (`StopExecution`, member `error`).
const ERROR_CHARACTERS: usize = 256;
/// The most characters of a cause (`StopExecution`, member `cause`).
const CAUSE_CHARACTERS: usize = 32_768;

/// State machines on Step Functions.
#[derive(Debug, Clone)]
pub struct AwsWorkflows {
    client: aws_sdk_sfn::Client,
    /// Those that were asked for: the type of a state machine cannot be changed (`UpdateStateMachine`).
    kinds: Arc<Mutex<HashMap<String, WorkflowKind>>>,
}

impl AwsWorkflows {
    /// The state machines that `clients` talk to.
    pub fn new(clients: &Clients) -> Self {
        Self { client: clients.sfn.clone(), kinds: Arc::default() }
    }

    fn known_kinds(&self) -> MutexGuard<'_, HashMap<String, WorkflowKind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn execution(&self, arn: &str) -> Result<ExecutionDescription, CallError> {
        let answer = self.client.describe_execution().execution_arn(arn).send().await?;
        let status = match answer.status {
            SdkStatus::Succeeded => ExecutionStatus::Succeeded,
            SdkStatus::Failed => ExecutionStatus::Failed,
            SdkStatus::TimedOut => ExecutionStatus::TimedOut,
            SdkStatus::Aborted => ExecutionStatus::Aborted,
            // One that is about to be redriven goes on.
            _ => ExecutionStatus::Running,
        };
        Ok(ExecutionDescription { status, output: answer.output, error: answer.error, cause: answer.cause })
    }
}

impl Workflows for AwsWorkflows {
    async fn kind(&self, state_machine_arn: &str) -> Result<WorkflowKind, WorkflowsError> {
        if let Some(kind) = self.known_kinds().get(state_machine_arn) {
            return Ok(*kind);
        }
        let answer = self.client.describe_state_machine().state_machine_arn(state_machine_arn).send().await;
        let answer = answer.map_err(|error| failed(error.into(), state_machine_arn))?;
        let kind = match answer.r#type {
            StateMachineType::Express => WorkflowKind::Express,
            _ => WorkflowKind::Standard,
        };
        self.known_kinds().insert(state_machine_arn.to_owned(), kind);
        Ok(kind)
    }

    async fn start(&self, request: StartExecution) -> Result<Started, WorkflowsError> {
        let StartExecution { state_machine_arn, name, input } = request;
        let start =
            self.client.start_execution().state_machine_arn(&state_machine_arn).name(&name).input(input);
        match start.send().await.map_err(CallError::from) {
            Ok(answer) => Ok(Started { execution_arn: answer.execution_arn, already: false }),
            Err(error) => {
                // The error names neither the execution nor what it has.
                let exists = error.code() == Some("ExecutionAlreadyExists");
                match execution_arn(&state_machine_arn, &name).filter(|_| exists) {
                    Some(execution_arn) => Ok(Started { execution_arn, already: true }),
                    None => Err(failed(error, &state_machine_arn)),
                }
            }
        }
    }

    async fn describe(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.execution(execution_arn).await.map_err(|error| failed(error, execution_arn))
    }

    async fn stop(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), WorkflowsError> {
        let stop = self
            .client
            .stop_execution()
            .execution_arn(execution_arn)
            .error(error.chars().take(ERROR_CHARACTERS).collect::<String>())
            .cause(cause.chars().take(CAUSE_CHARACTERS).collect::<String>());
        stop.send().await.map(|_| ()).map_err(|error| failed(error.into(), execution_arn))
    }
}

fn failed(error: CallError, arn: &str) -> WorkflowsError {
    match error.code() {
        Some("StateMachineDoesNotExist") => WorkflowsError::StateMachineDoesNotExist(arn.to_owned()),
        Some("ExecutionDoesNotExist") => WorkflowsError::ExecutionDoesNotExist(arn.to_owned()),
        _ => WorkflowsError::Unavailable(error.into()),
    }
}
