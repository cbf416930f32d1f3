//! The request, in the API's terms.

use serde::Deserialize;

use crate::data::Json;
use crate::time::Timestamp;

/// What is to be tested. Texts that the API takes as JSON text are JSON text here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestStateRequest {
    /// A state, or the definition of a state machine when `state_name` says which of its states.
    pub definition: String,
    /// The state to test in a state machine's definition; inner states can be named as well.
    #[serde(default)]
    pub state_name: Option<String>,
    /// The role that the state has; may be absent unless a Task state is to do its task.
    #[serde(default)]
    pub role_arn: Option<String>,
    /// The state's raw input, JSON text; `{}` if absent.
    #[serde(default)]
    pub input: Option<String>,
    /// How much is told.
    #[serde(default)]
    pub inspection_level: InspectionLevel,
    /// Whether secrets that a connection adds to an HTTP request are shown. No request of this library's has any.
    #[serde(default)]
    pub reveal_secrets: bool,
    /// Variables that are there before, the JSON text of an object.
    #[serde(default)]
    pub variables: Option<String>,
    /// The context object, JSON text; only together with a mock.
    #[serde(default)]
    pub context: Option<String>,
    /// What the state's task, iterations or branches end with.
    #[serde(default)]
    pub mock: Option<Mock>,
    /// In what situation the state is.
    #[serde(default)]
    pub state_configuration: StateConfiguration,
}

/// How much of a state's work is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InspectionLevel {
    /// The status, the output or the error, the next state.
    #[default]
    Info,
    /// And the data between the steps of its processing.
    Debug,
    /// And the request and the response of an HTTP task.
    Trace,
}

/// What takes the place of a task, of iterations or branches: exactly one of `result` and `error_output`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mock {
    /// The result, JSON text.
    #[serde(default)]
    pub result: Option<String>,
    /// The error that it fails with.
    #[serde(default)]
    pub error_output: Option<MockErrorOutput>,
    /// How the result is compared with what the service that is called would answer.
    #[serde(default)]
    pub field_validation_mode: FieldValidationMode,
}

/// A mocked failure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MockErrorOutput {
    /// The error's name.
    pub error: String,
    /// Its cause.
    #[serde(default)]
    pub cause: Option<String>,
}

/// How strictly a mocked result has to look like the answer of the service that is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FieldValidationMode {
    /// Required fields are there, and what is there has the right form.
    #[default]
    Strict,
    /// What is there has the right form.
    Present,
    /// Anything goes.
    None,
}

/// The situation that a state is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StateConfiguration {
    /// How often the entry of `Retry` that covers the mocked error has retried the state.
    #[serde(default)]
    pub retrier_retry_count: Option<u32>,
    /// The state inside a Map or Parallel state that the mocked error comes from.
    #[serde(default)]
    pub error_caused_by_state: Option<String>,
    /// How many iterations of the Map failed.
    #[serde(default)]
    pub map_iteration_failure_count: Option<usize>,
    /// What the `ItemReader` of a distributed Map reads, as it is in its source.
    #[serde(default)]
    pub map_item_reader_data: Option<String>,
}

/// What the service has of its own: a clock, randomness, and services that do tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestStateOptions {
    /// The time.
    pub now: Timestamp,
    /// Seed of everything random.
    pub seed: u64,
    /// What the task of a Task state that is not mocked ended with.
    pub answer: Option<TaskAnswer>,
}

/// What a task ended with.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskAnswer {
    /// With a result.
    Result(Json),
    /// With an error.
    Error {
        /// The error's name.
        error: Option<String>,
        /// Its cause.
        cause: Option<String>,
    },
}
