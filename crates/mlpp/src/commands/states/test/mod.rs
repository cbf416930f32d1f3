//! `mlpp states test`: one state by itself, as TestState.

mod refusal;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use clap::ValueEnum;
use mlpp_states::{
    FieldValidationMode, InspectionLevel, Mock, MockErrorOutput, StateConfiguration, TestStateOptions,
    TestStateRequest, TestStateStatus, Timestamp, test_state,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::Definition;
use super::source::{Json, Source};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;

/// Test one state, as TestState does
///
/// The state is done once, and no task: what a Task, Map or Parallel state ends with is given by --mock. A Wait state takes no
/// time. The exit code is 0 when the state succeeded, and 4 when it failed, whether the error is caught or the state can be
/// retried.
///
/// Each JSON is a file, - for standard input, or the JSON itself where it begins with {, [ or ".
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A state by itself, or with --state a definition; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The state of the definition that is tested; states inside of Map and Parallel states can be named as well
    #[arg(long, value_name = "NAME")]
    state: Option<String>,
    /// The state's input; without it, the input is {}
    #[arg(long, value_name = "JSON")]
    input: Option<Source>,
    /// How much is told
    #[arg(long, value_enum, ignore_case = true, value_name = "LEVEL", default_value = "info")]
    inspection_level: Level,
    /// What the state's task, iterations or branches end with
    ///
    /// {"result": …}, or {"errorOutput": {"error": NAME, "cause": TEXT}}. A result that is text is read as JSON text, as
    /// TestState takes it. It has to look like the answer of the service that the task calls; "fieldValidationMode" is
    /// STRICT for that, PRESENT to allow required fields to be absent, NONE to allow anything.
    #[arg(long, value_name = "JSON")]
    mock: Option<Source>,
    /// Variables that are there before: {"name": value, …}
    #[arg(long, value_name = "JSON")]
    variables: Option<Source>,
    /// The context object that the state sees, in place of the one of an execution; only with --mock
    #[arg(long, value_name = "JSON")]
    context: Option<Source>,
    /// The situation that the state is in; only with --mock
    ///
    /// {"retrierRetryCount": NUMBER, "errorCausedByState": NAME, "mapIterationFailureCount": NUMBER, "mapItemReaderData":
    /// TEXT}, each of them optional.
    #[arg(long, value_name = "JSON")]
    configuration: Option<Source>,
    /// The role of the state, as the context object shows it
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// Show the secrets that a connection adds to a request; mlpp has none, and none go with --mock
    #[arg(long)]
    reveal_secrets: bool,
    /// Print the response as JSON, with its data as JSON; of a refused request its code and message
    #[arg(long)]
    json: bool,
    /// Seed of everything random: jitter, $random, $uuid, States.UUID, States.MathRandom
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// When the state is entered, in RFC 3339; without it, now
    #[arg(long, value_name = "TIME")]
    start_time: Option<jiff::Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// The status, the output or the error, the next state
    Info,
    /// And the data between the steps of its processing
    Debug,
    /// And the request and the response of an HTTP task
    Trace,
}

/// A mock, as `MockInput` or with its result as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MockJson {
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error_output: Option<MockErrorOutput>,
    #[serde(default)]
    field_validation_mode: FieldValidationMode,
}

/// A configuration, as `TestStateConfiguration` or with the data of the reader as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConfigurationJson {
    retrier_retry_count: Option<u32>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<usize>,
    map_item_reader_data: Option<Value>,
}

/// A request that the service refuses.
#[derive(Serialize)]
struct Refusal<'a> {
    code: &'a str,
    message: String,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<ProcessExitCode, CommandError> {
    Source::check_stdin(
        &args.file,
        [&args.input, &args.mock, &args.variables, &args.context, &args.configuration],
    )?;
    let definition = Definition::read(&args.file)?;
    let input = args.input.as_ref().map(|source| source.read("--input")).transpose()?;
    let request = request(args, &definition, input.as_ref())?;
    let now = Timestamp(args.start_time.unwrap_or_else(jiff::Timestamp::now).as_millisecond());
    let options = TestStateOptions { now, seed: args.seed, answer: None };
    let response = match test_state(&request, &options) {
        Ok(response) => response,
        Err(error) => {
            if args.json {
                output::json(&Refusal { code: error.code(), message: error.to_string() })?;
            }
            return Err(refusal::shown(args, &definition, input.as_ref(), &error));
        }
    };
    if args.json {
        output::json(&response)?;
    } else {
        shown::print(&response)?;
    }
    let succeeded = response.status == TestStateStatus::Succeeded;
    Ok(if succeeded { ExitCode::Success } else { ExitCode::WorkflowFailed }.into())
}

fn request(
    args: &Args,
    definition: &Definition,
    input: Option<&Json>,
) -> Result<TestStateRequest, CommandError> {
    let text = |source: Option<&Source>, option: &str| {
        source.map(|source| source.read(option).map(|json| json.text)).transpose()
    };
    let mock = args.mock.as_ref().map(|source| source.read("--mock")?.typed::<MockJson>()).transpose()?;
    let configuration = args.configuration.as_ref();
    let configuration = configuration
        .map(|source| source.read("--configuration")?.typed::<ConfigurationJson>())
        .transpose()?;
    Ok(TestStateRequest {
        definition: definition.text.clone(),
        state_name: args.state.clone(),
        role_arn: args.role_arn.clone(),
        input: input.map(|json| json.text.clone()),
        inspection_level: match args.inspection_level {
            Level::Info => InspectionLevel::Info,
            Level::Debug => InspectionLevel::Debug,
            Level::Trace => InspectionLevel::Trace,
        },
        reveal_secrets: args.reveal_secrets,
        variables: text(args.variables.as_ref(), "--variables")?,
        context: text(args.context.as_ref(), "--context")?,
        mock: mock.map(|mock| Mock {
            result: mock.result.map(json_text),
            error_output: mock.error_output,
            field_validation_mode: mock.field_validation_mode,
        }),
        state_configuration: configuration
            .map(|json| StateConfiguration {
                retrier_retry_count: json.retrier_retry_count,
                error_caused_by_state: json.error_caused_by_state,
                map_iteration_failure_count: json.map_iteration_failure_count,
                map_item_reader_data: json.map_item_reader_data.map(json_text),
            })
            .unwrap_or_default(),
    })
}

/// A field that is there, be it null.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The text that the API wants of a field for JSON text: text as it is, other JSON as its text.
fn json_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
