//! What TestState refuses.

use crate::diagnostic::{DefinitionError, Diagnostic, Severity};
use crate::execution::TaskRequest;

/// Why a state was not tested. The texts are the service's, where it is known to have one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TestStateError {
    /// The definition is not valid, or the state cannot be tested.
    #[error("{message}")]
    InvalidDefinition {
        /// What is wrong.
        message: String,
        /// The findings about the definition; empty where it is valid but cannot be tested.
        diagnostics: Vec<Diagnostic>,
    },
    /// The input is not JSON.
    #[error("{message}")]
    InvalidExecutionInput {
        /// What is wrong.
        message: String,
    },
    /// The parts of the request are not valid, by themselves or together.
    #[error("{message}")]
    Validation {
        /// What is wrong.
        message: String,
    },
    /// The definition has no state of the name that was given.
    #[error("State not found")]
    StateNotFound,
    /// A Task state is to do its task, and has no role.
    #[error("RoleArn must be specified when testing a Task state")]
    RoleNeeded,
    /// The mocked result does not look like what the service that is called would answer.
    #[error("{message}")]
    MockResult {
        /// What is wrong.
        message: String,
    },
    /// The state needs a task done: nothing is mocked, and no answer was given. No error of the service's, which does the task.
    #[error("the task of the state '{}' has to be done: {} is to be called", .0.state_name, .0.resource)]
    TaskNeeded(Box<TaskRequest>),
}

impl TestStateError {
    /// The code of the service's error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidDefinition { .. } => "InvalidDefinition",
            Self::InvalidExecutionInput { .. } => "InvalidExecutionInput",
            Self::Validation { .. } | Self::StateNotFound | Self::RoleNeeded | Self::MockResult { .. } => {
                "ValidationException"
            }
            Self::TaskNeeded(_) => "TaskNeeded",
        }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::Validation { message: message.into() }
    }

    pub(super) fn untestable(message: impl Into<String>) -> Self {
        Self::InvalidDefinition { message: message.into(), diagnostics: Vec::new() }
    }

    pub(super) fn definition(error: DefinitionError) -> Self {
        let errors = error.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let list: Vec<String> = errors.map(ToString::to_string).collect();
        Self::InvalidDefinition {
            message: format!("Invalid State Machine Definition: '{}'", list.join(", ")),
            diagnostics: error.diagnostics,
        }
    }
}
