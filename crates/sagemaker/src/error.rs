//! Errors of calls, in the services' codes and texts, and of opening the platform.

use std::path::PathBuf;

use thiserror::Error;

use crate::store::StoreError;

/// An error as a service answers it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// The service's code, for example `ValidationException` or `ResourceInUse`.
    pub code: String,
    /// The service's text.
    pub message: String,
    /// The HTTP status that goes with it.
    pub http_status: u16,
    /// With the code `ModelError`: what the endpoint's program answered.
    pub model: Option<ModelFailure>,
}

/// The answer of an endpoint's program that is not a prediction, as
/// [`ModelError`](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html) carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFailure {
    /// `OriginalStatusCode`: the HTTP status; 0 when there was no answer at all.
    pub original_status_code: u16,
    /// `OriginalMessage`: the body as text.
    pub original_message: String,
    /// Where the program's log lies, in place of `LogStreamArn`.
    pub log: String,
}

impl ServiceError {
    pub(crate) fn new(code: &str, http_status: u16, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), http_status, model: None }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", 400, message)
    }

    pub(crate) fn in_use(message: impl Into<String>) -> Self {
        Self::new("ResourceInUse", 400, message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new("ResourceNotFound", 400, "Requested resource not found.")
    }

    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new("InternalFailure", 500, cause.to_string())
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

/// Why the platform's folder cannot be used.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A file or folder of it.
    #[error("{}: {source}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Its database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Two algorithms have one name.
    #[error("more than one algorithm has the name {name}")]
    DuplicateAlgorithm {
        /// The name.
        name: String,
    },
    /// The configuration lacks something.
    #[error("{0}")]
    Config(&'static str),
}
