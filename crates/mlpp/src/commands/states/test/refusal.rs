//! A refused request for people, with what to do about it.

use mlpp_states::{StateMachine, TestStateError};
use serde_json::Value;

use super::Args;
use crate::commands::states::definition::Definition;
use crate::commands::states::source::Json;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

const MOCK: &str = "give the result of its task, iterations or branches with --mock '{\"result\": …}', or an error with \
                    --mock '{\"errorOutput\": {\"error\": …}}'";

/// The error to show, at its place where it has one.
pub(super) fn shown(
    args: &Args,
    definition: &Definition,
    input: Option<&Json>,
    error: &TestStateError,
) -> CommandError {
    let help = match error {
        TestStateError::InvalidDefinition { diagnostics, .. } if diagnostics.is_empty() => MOCK.to_owned(),
        TestStateError::InvalidDefinition { .. } if args.state.is_none() && is_machine(definition) => {
            let name = &definition.name;
            let message = format!("{name} is a state machine, and --state names none of its states");
            return plain(message, states(definition));
        }
        TestStateError::InvalidDefinition { diagnostics, .. } => return definition.invalid(diagnostics),
        TestStateError::InvalidExecutionInput { .. } => match input.and_then(Json::not_json) {
            Some(error) => return error,
            None => "write JSON".to_owned(),
        },
        TestStateError::StateNotFound => states(definition),
        TestStateError::RoleNeeded => MOCK.to_owned(),
        TestStateError::MockResult { .. } => {
            "correct the result, or relax the check with \"fieldValidationMode\": \"PRESENT\" or \"NONE\" in the mock"
                .to_owned()
        }
        TestStateError::TaskNeeded(task) => {
            format!("mlpp does no task; {MOCK}. It would be called with {}", task.parameters)
        }
        TestStateError::Validation { .. } => "mlpp states test --help tells what goes with what".to_owned(),
    };
    plain(error.to_string(), help)
}

fn plain(message: String, help: String) -> CommandError {
    CommandError::one(ExitCode::InvalidInput, Plain { code: "states/not-testable", message, help })
}

fn is_machine(definition: &Definition) -> bool {
    let value: Value = serde_json::from_str(&definition.text).unwrap_or_default();
    value.get("States").is_some() && value.get("Type").is_none()
}

/// A help text with the states that can be named.
fn states(definition: &Definition) -> String {
    match StateMachine::parse(&definition.text) {
        Ok(machine) => {
            let names: Vec<&str> = machine.states().map(|(name, _)| name).collect();
            format!("name one of these with --state: {}", names.join(", "))
        }
        Err(_) => "name one of its states with --state".to_owned(),
    }
}
