//! The response, in the API's terms.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{InspectionLevel, TestStateRequest, http};
use crate::data::Json;
use crate::definition::{State, StateKind, StateMachine, Transition};
use crate::execution::{Inspection, Point};

/// What became of a state. Data that the API gives as JSON text is JSON here.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestStateResponse {
    /// The state's output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// The error that it failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    /// The error's cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<str>>,
    /// The data between the steps; absent at level INFO.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection_data: Option<InspectionData>,
    /// The state that comes next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_state: Option<Arc<str>>,
    /// How it ended.
    pub status: TestStateStatus,
}

/// How a tested state ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TestStateStatus {
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// It failed, and `Retry` lets it be done again.
    Retriable,
    /// It failed, and `Catch` caught the error.
    CaughtError,
}

impl TestStateStatus {
    /// The status as the API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Retriable => "RETRIABLE",
            Self::CaughtError => "CAUGHT_ERROR",
        }
    }
}

/// The data between the steps of a state's work; each is there if the state has the step and got there.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectionData {
    /// The raw input.
    pub input: Json,
    /// The data after each field, by the API's names: `afterInputPath`, `result` and the like.
    #[serde(flatten)]
    pub points: BTreeMap<&'static str, Json>,
    /// The variables afterwards, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<Arc<str>, Json>>,
    /// Which entry of `Retry` or `Catch` handled the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_details: Option<ErrorDetails>,
    /// A Map's `MaxConcurrency`, 0 for no bound of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<i64>,
    /// A Map's `ToleratedFailureCount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_count: Option<usize>,
    /// A Map's `ToleratedFailurePercentage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_percentage: Option<f64>,
    /// The request of an HTTP task, at level TRACE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<HttpRequest>,
    /// The response of an HTTP task, at level TRACE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<HttpResponse>,
}

/// How an error was handled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetails {
    /// The place in `Catch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_index: Option<usize>,
    /// The place in `Retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_index: Option<usize>,
    /// The whole seconds before the state is done again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_backoff_interval_seconds: Option<u64>,
}

/// A request of an HTTP task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRequest {
    /// `https`
    pub protocol: String,
    /// `GET` and the like.
    pub method: String,
    /// The endpoint with the query.
    pub url: String,
    /// The headers, `[name: value, …]`; those that a connection adds are not known here.
    pub headers: String,
    /// The body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// The response of an HTTP task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpResponse {
    /// `https`
    pub protocol: String,
    /// The status, `200` and the like.
    pub status_code: String,
    /// The text beside the status.
    pub status_message: String,
    /// The headers, `[name: value, …]`.
    pub headers: String,
    /// The body.
    pub body: String,
}

/// The response that follows from what was noted.
pub(super) fn of(
    inspection: &Inspection,
    machine: &StateMachine,
    state: &State,
    request: &TestStateRequest,
    input: &Json,
) -> TestStateResponse {
    let status = match (&inspection.failure, inspection.retry, &inspection.left) {
        (None, ..) => TestStateStatus::Succeeded,
        (Some(_), Some(_), _) => TestStateStatus::Retriable,
        (Some(_), None, Some(_)) => TestStateStatus::CaughtError,
        (Some(_), None, None) => TestStateStatus::Failed,
    };
    let failed = inspection.failure.clone().unwrap_or_default();
    let next_state = match inspection.left {
        Some((_, Transition::Next(next))) => machine.state(next).map(|state| Arc::clone(&state.name)),
        _ => None,
    };
    TestStateResponse {
        output: inspection.left.as_ref().map(|(output, _)| Arc::clone(output)),
        error: failed.error,
        cause: failed.cause,
        inspection_data: (request.inspection_level != InspectionLevel::Info)
            .then(|| inspection_data(inspection, state, request, input)),
        next_state,
        status,
    }
}

fn inspection_data(
    inspection: &Inspection,
    state: &State,
    request: &TestStateRequest,
    input: &Json,
) -> InspectionData {
    let trace = request.inspection_level == InspectionLevel::Trace;
    let points = inspection.points.iter();
    let points = points.filter(|(point, _)| is_shown(**point, state));
    let http = if trace && http::is_http(state) { Some(&inspection.points) } else { None };
    InspectionData {
        input: Arc::clone(input),
        points: points.map(|(point, json)| (name(*point), Arc::clone(json))).collect(),
        variables: (!inspection.variables.is_empty()).then(|| inspection.variables.clone()),
        error_details: error_details(inspection),
        max_concurrency: inspection.max_concurrency,
        tolerated_failure_count: inspection.tolerated_failure_count,
        tolerated_failure_percentage: inspection.tolerated_failure_percentage,
        request: http.and_then(http::request),
        response: http.and_then(http::response),
    }
}

fn error_details(inspection: &Inspection) -> Option<ErrorDetails> {
    match (inspection.retry, inspection.catch) {
        (Some((index, seconds)), _) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "bounded by the engine"
            )]
            let seconds = seconds as u64;
            Some(ErrorDetails {
                retry_index: Some(index),
                retry_backoff_interval_seconds: Some(seconds),
                ..ErrorDetails::default()
            })
        }
        (None, Some(index)) => Some(ErrorDetails { catch_index: Some(index), ..ErrorDetails::default() }),
        (None, None) => None,
    }
}

/// The service does not tell what a Parallel state gives to its branches.
fn is_shown(point: Point, state: &State) -> bool {
    match state.kind {
        StateKind::Parallel { .. } => {
            !matches!(point, Point::AfterInputPath | Point::AfterParameters | Point::AfterArguments)
        }
        _ => true,
    }
}

fn name(point: Point) -> &'static str {
    match point {
        Point::AfterArguments => "afterArguments",
        Point::AfterInputPath => "afterInputPath",
        Point::AfterItemBatcher => "afterItemBatcher",
        Point::AfterItemSelector => "afterItemSelector",
        Point::AfterItemsPath => "afterItemsPath",
        Point::AfterItemsPointer => "afterItemsPointer",
        Point::AfterParameters => "afterParameters",
        Point::AfterResultPath => "afterResultPath",
        Point::AfterResultSelector => "afterResultSelector",
        Point::Result => "result",
    }
}
