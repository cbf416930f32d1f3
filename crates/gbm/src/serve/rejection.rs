//! A request that is not answered with predictions.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why, and where in the request. The body of the response is this as a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Rejection {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    #[serde(rename = "error")]
    pub(crate) message: String,
    /// The row, counted from 1 without a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) row: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

impl Rejection {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), row: None, column: None, value: None }
    }

    /// A malformed request, as a whole.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A malformed row.
    pub(crate) fn row(row: usize, message: &str) -> Self {
        Self { row: Some(row), ..Self::malformed(format!("row {row}: {message}")) }
    }

    /// A malformed value.
    pub(crate) fn value(row: usize, column: &str, value: impl Into<String>, message: &str) -> Self {
        let value = value.into();
        Self {
            row: Some(row),
            column: Some(column.to_owned()),
            ..Self::malformed(format!("row {row}, column `{column}`: `{value}` {message}"))
        }
        .with_value(value)
    }

    /// A column that the model does not know, or knows twice.
    pub(crate) fn column(row: Option<usize>, column: &str, message: &str) -> Self {
        let place = row.map_or(String::new(), |row| format!("row {row}: "));
        Self { row, column: Some(column.to_owned()), ..Self::malformed(format!("{place}{message}")) }
    }

    fn with_value(self, value: String) -> Self {
        Self { value: Some(value), ..self }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        // An object of texts and numbers is always JSON.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (self.status, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}
