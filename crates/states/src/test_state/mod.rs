//! TestState: one state is done by itself, with a mocked result where it needs one, and tells what became of its data.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>. The state runs on the engine that runs
//! executions; here are the request with its checks, and the response.

mod context;
mod error;
mod http;
mod mock;
mod request;
mod response;
mod shape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use error::TestStateError;
pub use request::{
    FieldValidationMode, InspectionLevel, Mock, MockErrorOutput, StateConfiguration, TaskAnswer,
    TestStateOptions, TestStateRequest,
};
pub use response::{
    ErrorDetails, HttpRequest, HttpResponse, InspectionData, TestStateResponse, TestStateStatus,
};

use crate::data::{self, Json};
use crate::definition::{Pattern, Resource, State, StateId, StateKind, StateMachine};
use crate::execution::{Limits, Probe, StartParameters, Waiting};
use crate::random::Random;
use mock::Mocked;

/// The name by which the context object knows the tested state, as the service has it.
const STATE_NAME: &str = "StateName";

/// Does one state, as TestState does.
///
/// Time is virtual: a Wait state takes none. A Task state without a mock needs its task done by the caller: the first call returns
/// [`TestStateError::TaskNeeded`], and a second one with the task's [`TaskAnswer`] in the options goes on from there.
///
/// # Errors
/// What the service refuses, with its error codes and texts, see [`TestStateError`]. A state that fails is no error.
///
/// ```
/// use mlpp_states::{TestStateOptions, TestStateRequest, TestStateStatus, test_state};
///
/// let request = TestStateRequest {
///     definition: r#"{"Type": "Pass", "Parameters": {"a.$": "$.b"}, "Next": "Other"}"#.into(),
///     input: Some(r#"{"b": 1}"#.into()),
///     ..TestStateRequest::default()
/// };
/// let response = test_state(&request, &TestStateOptions::default())?;
/// assert_eq!(response.status, TestStateStatus::Succeeded);
/// assert_eq!(response.output.as_deref(), Some(&serde_json::json!({"a": 1})));
/// assert_eq!(response.next_state.as_deref(), Some("Other"));
/// # Ok::<(), mlpp_states::TestStateError>(())
/// ```
pub fn test_state(
    request: &TestStateRequest,
    options: &TestStateOptions,
) -> Result<TestStateResponse, TestStateError> {
    let machine = compile(request)?;
    let (id, state) = match &request.state_name {
        None => machine.state(0).map(|state| (0, state)),
        Some(name) => machine.find(name),
    }
    .ok_or(TestStateError::StateNotFound)?;
    let input = Arc::new(input(request)?);
    let variables = variables(request)?;
    let mocked = mock::check(request, &machine, state)?;
    let mut random = Random::new(options.seed);
    let parameters = parameters(request, options, &mut random, &input);
    let context = match &request.context {
        Some(text) => context::given(text, state)?,
        None => context::default(&parameters, request, state, options.now, &mut random),
    };
    let mut probe = begin(&machine, id, parameters, (variables, context), request, options);
    decide(&mut probe, request, options, &machine, state, mocked)?;
    Ok(response::of(probe.inspection(), &machine, state, request, &input))
}

fn begin<'m>(
    machine: &'m StateMachine,
    id: StateId,
    parameters: StartParameters,
    data: (BTreeMap<Arc<str>, Json>, Json),
    request: &TestStateRequest,
    options: &TestStateOptions,
) -> Probe<'m> {
    let retries = request.state_configuration.retrier_retry_count.unwrap_or(0);
    Probe::new(machine, id, parameters, data, retries, options.now)
}

/// Gives the state what it waits for.
fn decide(
    probe: &mut Probe<'_>,
    request: &TestStateRequest,
    options: &TestStateOptions,
    machine: &StateMachine,
    state: &State,
    mocked: Option<Mocked>,
) -> Result<(), TestStateError> {
    let configuration = &request.state_configuration;
    if let (Waiting::Items, Some(text)) = (probe.waiting(), &configuration.map_item_reader_data) {
        probe.read(reader_content(text, state));
    }
    let failed = configuration.map_iteration_failure_count.unwrap_or(0);
    let results = match &mocked {
        Some(Mocked::Result(Value::Array(results))) => Some(results.len()),
        _ => None,
    };
    if probe.inspection().iterations.or(results).is_some_and(|iterations| failed > iterations) {
        return Err(TestStateError::validation(
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        ));
    }
    match mocked {
        Some(Mocked::Result(result)) => probe.succeed(Arc::new(result), failed),
        Some(Mocked::Error { error, cause }) => {
            let inner = configuration.error_caused_by_state.as_deref();
            let inner = inner.and_then(|name| machine.inner(state, name));
            let by_task = inner.is_some_and(|inner| matches!(inner.kind, StateKind::Task(_)));
            probe.fail(Some(error), cause, by_task);
        }
        None => {
            if let Waiting::Task(task) = probe.waiting() {
                match &options.answer {
                    None => return Err(TestStateError::TaskNeeded(task)),
                    Some(TaskAnswer::Result(result)) => probe.succeed(Arc::clone(result), 0),
                    Some(TaskAnswer::Error { error, cause }) => {
                        probe.fail(error.clone(), cause.clone(), true);
                    }
                }
            }
        }
    }
    Ok(())
}

fn compile(request: &TestStateRequest) -> Result<StateMachine, TestStateError> {
    match &request.state_name {
        None => StateMachine::parse_state(&request.definition, STATE_NAME),
        Some(_) => StateMachine::parse(&request.definition),
    }
    .map_err(TestStateError::definition)
}

fn input(request: &TestStateRequest) -> Result<Value, TestStateError> {
    let Some(text) = &request.input else { return Ok(Value::Object(Map::new())) };
    fits("input", text)?;
    serde_json::from_str(text).map_err(|error| TestStateError::InvalidExecutionInput {
        message: format!("Invalid State Machine Execution Input: '{error}'"),
    })
}

fn variables(request: &TestStateRequest) -> Result<BTreeMap<Arc<str>, Json>, TestStateError> {
    let Some(text) = &request.variables else { return Ok(BTreeMap::new()) };
    fits("variables", text)?;
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => {
            Ok(map.into_iter().map(|(name, value)| (Arc::from(name), Arc::new(value))).collect())
        }
        Ok(_) => Err(TestStateError::validation("Variables must be a JSON object")),
        Err(error) => Err(TestStateError::validation(format!("Variables must be valid JSON: {error}"))),
    }
}

/// The length constraint that the API has on data.
fn fits(name: &str, text: &str) -> Result<(), TestStateError> {
    let most = Limits::default().data_bytes;
    if text.len() <= most {
        return Ok(());
    }
    Err(TestStateError::validation(format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length less than or equal to {most}"
    )))
}

/// The service tests a state in an Express execution of its own.
fn parameters(
    request: &TestStateRequest,
    options: &TestStateOptions,
    random: &mut Random,
    input: &Json,
) -> StartParameters {
    let (machine, execution) = (random.uuid(), random.uuid());
    let mut parameters = StartParameters::named(&machine, &execution, Arc::clone(input));
    parameters.execution_arn = parameters.execution_arn.replacen(":execution:", ":express:", 1).into();
    parameters.role_arn = request.role_arn.as_deref().unwrap_or_default().into();
    parameters.redrive_count = None;
    parameters.seed = options.seed;
    parameters
}

/// What an `ItemReader` would have got: the text of an object, or a listing.
fn reader_content(text: &str, state: &State) -> Json {
    let listing = match &state.kind {
        StateKind::Map(map) => map.reader.as_ref().is_some_and(|reader| reader.input.is_listing()),
        _ => false,
    };
    let parsed = if listing { serde_json::from_str(text).ok() } else { None };
    match parsed {
        Some(Value::Array(entries)) => Arc::new(serde_json::json!({"Contents": entries})),
        Some(Value::Object(answer)) => Arc::new(Value::Object(answer)),
        _ => Arc::new(Value::from(text)),
    }
}

/// The task's integration pattern, where the state is a Task.
fn pattern(state: &State) -> Option<Pattern> {
    match &state.kind {
        StateKind::Task(task) => Some(task.resource.pattern()),
        _ => None,
    }
}

/// Whether the state is an activity's Task.
fn is_activity(state: &State) -> bool {
    matches!(&state.kind, StateKind::Task(task) if task.resource == Resource::Activity)
}

/// The data of a JSON text, or `null`.
fn shared(value: Option<Value>) -> Json {
    value.map_or_else(data::null, Arc::new)
}
