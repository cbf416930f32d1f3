//! The context object that a tested state sees.

use serde_json::{Map, Value, json};

use super::{STATE_NAME, TestStateError, TestStateRequest, is_activity, pattern};
use crate::context::ContextObject;
use crate::data::Json;
use crate::definition::{Pattern, State, StateKind};
use crate::execution::StartParameters;
use crate::random::Random;
use crate::time::Timestamp;

/// What a field of the context object holds.
#[derive(Clone, Copy)]
enum Holds {
    Anything,
    Text,
    Time,
    Count,
}

const EXECUTION: &[(&str, Holds)] = &[
    ("Id", Holds::Text),
    ("Input", Holds::Anything),
    ("Name", Holds::Text),
    ("RoleArn", Holds::Text),
    ("StartTime", Holds::Time),
    ("RedriveCount", Holds::Count),
    ("RedriveTime", Holds::Time),
];
const STATE: &[(&str, Holds)] =
    &[("Name", Holds::Text), ("EnteredTime", Holds::Time), ("RetryCount", Holds::Count)];
const STATE_MACHINE: &[(&str, Holds)] = &[("Id", Holds::Text), ("Name", Holds::Text)];
const TASK: &[(&str, Holds)] = &[("Token", Holds::Text)];

/// The context object of the request, which takes the place of the whole.
pub(super) fn given(text: &str, state: &State) -> Result<Json, TestStateError> {
    super::fits("context", text)?;
    let value = serde_json::from_str(text)
        .map_err(|error| invalid(format!("Context object must be valid JSON: {error}")))?;
    let Value::Object(map) = &value else {
        return Err(invalid("Context object must be a JSON object"));
    };
    for (name, section) in map {
        let known = match name.as_str() {
            "Execution" => EXECUTION,
            "State" => STATE,
            "StateMachine" => STATE_MACHINE,
            "Task" if has_token(state) => TASK,
            "Task" => {
                return Err(invalid(
                    "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
                ));
            }
            "Map" => return Err(invalid("'Map' field is not supported when mocking a Context object")),
            _ => return Err(invalid(format!("Field '{name}' is not allowed"))),
        };
        let Value::Object(section) = section else {
            return Err(invalid(format!("{name} must be an object")));
        };
        check(name, section, known)?;
    }
    Ok(super::shared(Some(value)))
}

fn check(name: &str, section: &Map<String, Value>, known: &[(&str, Holds)]) -> Result<(), TestStateError> {
    for (field, value) in section {
        let Some((_, holds)) = known.iter().find(|(known, _)| known == field) else {
            return Err(invalid(format!("Field '{name}.{field}' is not allowed")));
        };
        let wanted = match (holds, value) {
            (Holds::Anything, _) | (Holds::Text, Value::String(_)) => continue,
            (Holds::Time, Value::String(text)) if Timestamp::parse_rfc3339(text).is_some() => continue,
            (Holds::Count, Value::Number(number)) if number.is_u64() => continue,
            (Holds::Time, Value::String(_)) => "a valid ISO 8601 timestamp",
            (Holds::Text | Holds::Time, _) => "a string",
            (Holds::Count, Value::Number(_)) => "a non-negative integer",
            (Holds::Count, _) => "a number",
        };
        return Err(invalid(format!("{name}.{field} must be {wanted}")));
    }
    Ok(())
}

fn invalid(what: impl std::fmt::Display) -> TestStateError {
    TestStateError::validation(format!("Invalid Context object provided: {what}"))
}

/// Whether the state's task is one that ends by a token.
fn has_token(state: &State) -> bool {
    matches!(pattern(state), Some(Pattern::Job | Pattern::Callback)) || is_activity(state)
}

/// The context object of an execution that the service starts for the test.
pub(super) fn default(
    parameters: &StartParameters,
    request: &TestStateRequest,
    state: &State,
    now: Timestamp,
    random: &mut Random,
) -> Json {
    let retriable = matches!(state.kind, StateKind::Task(_) | StateKind::Parallel { .. } | StateKind::Map(_));
    let retries = request.state_configuration.retrier_retry_count.unwrap_or(0);
    let token = has_token(state).then(|| random.uuid());
    let mut value = ContextObject {
        execution_arn: &parameters.execution_arn,
        execution_name: &parameters.execution_name,
        execution_input: &parameters.input,
        role_arn: &parameters.role_arn,
        start_time: now,
        redrive_count: parameters.redrive_count,
        redrive_time: None,
        state_machine_arn: &parameters.state_machine_arn,
        state_machine_name: &parameters.state_machine_name,
        state_name: STATE_NAME,
        entered_time: now,
        retry_count: retriable.then_some(retries),
        task_token: token.as_deref(),
        item: None,
        child: None,
        given: None,
    }
    .to_value();
    if request.role_arn.is_none()
        && let Some(role) = value.pointer_mut("/Execution/RoleArn")
    {
        *role = json!(null);
    }
    super::shared(Some(value))
}
