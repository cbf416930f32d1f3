//! Which mocks a state takes.

use serde_json::Value;

use super::{FieldValidationMode, Mock, TestStateError, TestStateRequest, is_activity, pattern, shape};
use crate::definition::{MapState, Pattern, Resource, State, StateKind, StateMachine};

/// What a state's work is to end with.
pub(super) enum Mocked {
    Result(Value),
    Error { error: String, cause: Option<String> },
}

/// Checks the parts of the request that depend on each other and on the state.
pub(super) fn check(
    request: &TestStateRequest,
    machine: &StateMachine,
    state: &State,
) -> Result<Option<Mocked>, TestStateError> {
    let Some(mock) = &request.mock else {
        without(request, state)?;
        return Ok(None);
    };
    if !matches!(state.kind, StateKind::Task(_) | StateKind::Map(_) | StateKind::Parallel { .. }) {
        return Err(TestStateError::validation(format!(
            "State type '{}' is not supported when a mock is specified",
            state.kind.type_name()
        )));
    }
    if request.reveal_secrets {
        return Err(TestStateError::validation("RevealSecrets cannot be true when a mock is specified"));
    }
    if let Some(name) = &request.state_configuration.error_caused_by_state
        && machine.inner(state, name).is_none()
    {
        return Err(TestStateError::validation(format!(
            "State '{name}' in errorCausedByState is not a state of the tested Map or Parallel state"
        )));
    }
    mocked(mock, state).map(Some)
}

fn mocked(mock: &Mock, state: &State) -> Result<Mocked, TestStateError> {
    match (&mock.result, &mock.error_output) {
        (Some(text), None) => result(text, mock.field_validation_mode, state).map(Mocked::Result),
        (None, Some(output)) if output.error.is_empty() => {
            Err(TestStateError::validation("A mocked errorOutput must have an error"))
        }
        (None, Some(output)) => {
            Ok(Mocked::Error { error: output.error.clone(), cause: output.cause.clone() })
        }
        (Some(_), Some(_)) => Err(TestStateError::validation(
            "A test mock should have only one of the following fields: [result, errorOutput].",
        )),
        (None, None) => Err(TestStateError::validation(
            "A test mock should have one of the following fields: [result, errorOutput].",
        )),
    }
}

/// A request with no mock.
fn without(request: &TestStateRequest, state: &State) -> Result<(), TestStateError> {
    if matches!(state.kind, StateKind::Map(_) | StateKind::Parallel { .. }) {
        return Err(TestStateError::untestable(
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
        ));
    }
    if request.context.is_some() {
        return Err(TestStateError::validation("Context can only be specified when a mock is specified"));
    }
    if request.state_configuration != super::StateConfiguration::default() {
        return Err(TestStateError::validation(
            "State configuration can only be specified when a mock is specified",
        ));
    }
    let Some(pattern) = pattern(state) else { return Ok(()) };
    if request.role_arn.is_none() {
        return Err(TestStateError::RoleNeeded);
    }
    if pattern != Pattern::RequestResponse || is_activity(state) {
        return Err(TestStateError::untestable(
            "TestState API does not support Activity tasks and '.sync' or '.waitForTaskToken' service integration patterns without a mock",
        ));
    }
    Ok(())
}

fn result(text: &str, mode: FieldValidationMode, state: &State) -> Result<Value, TestStateError> {
    super::fits("mock.result", text)?;
    let value: Value = serde_json::from_str(text)
        .map_err(|_| TestStateError::validation("Mocked result must be valid JSON"))?;
    match &state.kind {
        StateKind::Task(task) => {
            if let Resource::Integration { service, action, .. } = &task.resource {
                shape::check(service, action, mode, &value)
                    .map_err(|message| TestStateError::MockResult { message })?;
            }
        }
        StateKind::Map(map) => map_result(map, &value)?,
        StateKind::Parallel { branches } => match &value {
            Value::Array(results) if results.len() == branches.len() => {}
            Value::Array(_) => {
                return Err(TestStateError::validation(
                    "Mocked result must contain the same number of items as number of Parallel branches.",
                ));
            }
            _ => return Err(not_an_array()),
        },
        _ => {}
    }
    Ok(value)
}

/// A Map's result is the list of its iterations' outputs, or where its `ResultWriter` put them.
fn map_result(map: &MapState, value: &Value) -> Result<(), TestStateError> {
    match (&map.writer, value) {
        (None, Value::Array(_)) | (Some(_), Value::Object(_)) => Ok(()),
        (None, _) => Err(not_an_array()),
        (Some(_), _) => Err(TestStateError::validation("Mocked result must be an object.")),
    }
}

fn not_an_array() -> TestStateError {
    TestStateError::validation("Mocked result must be an array.")
}
