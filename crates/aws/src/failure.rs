//! What a call failed by, and whether it is worth trying again.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use mlpp_provider::with_sources;

/// The codes by which services ask for fewer calls; `TooManyUpdates` is Parameter Store's for updates at the same time.
const THROTTLED: [&str; 7] = [
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "TooManyUpdates",
];

/// A call that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The service answered with an error.
    #[error("{code}: {message} (HTTP {status}{})", behind(.request_id.as_deref()))]
    Refused {
        /// The error's code, such as `ValidationException`.
        code: String,
        /// What the service says.
        message: String,
        /// The status of HTTP.
        status: u16,
        /// The request's id, which AWS's support asks for.
        request_id: Option<String>,
    },
    /// The request was sent, and there is no answer that could be understood: whether it had its effect nobody knows.
    #[error("there is no answer: {0}")]
    NoAnswer(String),
    /// The request was not sent: it has no credentials, or no valid place to go to.
    #[error("the request cannot be made: {0}")]
    NotSent(String),
}

fn behind(id: Option<&str>) -> String {
    id.map(|id| format!(", request {id}")).unwrap_or_default()
}

/// What a failure means for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing happened; try again more slowly.
    SlowDown,
    /// Try again; the call may have had its effect.
    TryAgain,
    /// It would fail again.
    None,
}

impl CallError {
    /// What may help.
    pub(crate) fn remedy(&self) -> Remedy {
        match self {
            Self::Refused { code, status, .. } if THROTTLED.contains(&code.as_str()) || *status == 429 => {
                Remedy::SlowDown
            }
            Self::Refused { status, .. } if *status >= 500 => Remedy::TryAgain,
            Self::NoAnswer(_) => Remedy::TryAgain,
            Self::Refused { .. } | Self::NotSent(_) => Remedy::None,
        }
    }

    /// Whether the service asks for fewer calls.
    pub fn is_throttled(&self) -> bool {
        self.remedy() == Remedy::SlowDown
    }

    /// The code of the service's answer.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::NoAnswer(_) | Self::NotSent(_) => None,
        }
    }

    /// The same with `secret` blotted out, which a service may repeat when it refuses it.
    pub(crate) fn without(self, secret: &str) -> Self {
        let blot = |text: String| if secret.is_empty() { text } else { text.replace(secret, "…") };
        match self {
            Self::Refused { code, message, status, request_id } => {
                Self::Refused { code, message: blot(message), status, request_id }
            }
            Self::NoAnswer(text) => Self::NoAnswer(blot(text)),
            Self::NotSent(text) => Self::NotSent(blot(text)),
        }
    }
}

impl<E: Error + ProvideErrorMetadata + 'static> From<SdkError<E, HttpResponse>> for CallError {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match &error {
            SdkError::ServiceError(context) => {
                let metadata = context.err().meta();
                let status = context.raw().status().as_u16();
                Self::Refused {
                    // An answer without a body, such as to HEAD or from a proxy, has a status alone.
                    code: metadata.code().map_or_else(|| format!("HTTP {status}"), str::to_owned),
                    message: metadata.message().unwrap_or("no message").to_owned(),
                    status,
                    request_id: metadata.extra("aws_request_id").map(str::to_owned),
                }
            }
            SdkError::ResponseError(context) if context.raw().status().as_u16() >= 500 => {
                let status = context.raw().status().as_u16();
                let (code, message) = (format!("HTTP {status}"), with_sources(&error));
                Self::Refused { code, message, status, request_id: None }
            }
            SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Self::NoAnswer(with_sources(&error)),
            // Other failures of the connector: no credentials, an endpoint that is no address.
            SdkError::DispatchFailure(failure)
                if failure.is_io() || failure.is_timeout() || failure.as_other().is_some() =>
            {
                Self::NoAnswer(with_sources(&error))
            }
            _ => Self::NotSent(with_sources(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, status: u16) -> CallError {
        CallError::Refused { code: code.into(), message: "no hunter2".into(), status, request_id: None }
    }

    #[test]
    fn what_helps_follows_from_code_and_status() {
        for (error, remedy) in [
            (refused("ThrottlingException", 400), Remedy::SlowDown),
            (refused("TooManyUpdates", 400), Remedy::SlowDown),
            (refused("HTTP 429", 429), Remedy::SlowDown),
            (refused("InternalServerError", 500), Remedy::TryAgain),
            (refused("HTTP 503", 503), Remedy::TryAgain),
            (refused("ValidationException", 400), Remedy::None),
            (refused("AccessDeniedException", 400), Remedy::None),
            (CallError::NoAnswer("reset".into()), Remedy::TryAgain),
            (CallError::NotSent("no credentials".into()), Remedy::None),
        ] {
            assert_eq!(error.remedy(), remedy, "{error}");
        }
    }

    #[test]
    fn a_secret_that_the_service_repeats_is_blotted_out() {
        assert_eq!(
            refused("ValidationException", 400).without("hunter2").to_string(),
            "ValidationException: no … (HTTP 400)"
        );
    }
}
