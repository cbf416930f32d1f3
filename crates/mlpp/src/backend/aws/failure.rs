//! What a person is told when AWS does not do what was asked.

use mlpp_aws::{CallError, ClientsError};

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// The codes by which services say that the credentials are none, or are no longer valid.
const CREDENTIALS: [&str; 11] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "ExpiredTokenException",
    "ExpiredToken",
    "TokenRefreshRequired",
    "InvalidToken",
    "IncompleteSignature",
    "MissingAuthenticationTokenException",
];

/// The codes by which services say that the credentials may not do something.
const DENIED: [&str; 5] = [
    "AccessDeniedException",
    "AccessDenied",
    "UnauthorizedOperation",
    "KMSAccessDeniedException",
    "HTTP 403",
];

fn plain(exit_code: ExitCode, code: &'static str, message: String, help: &str) -> CommandError {
    CommandError::one(exit_code, Plain { code, message, help: help.to_owned() })
}

/// There are no clients.
pub(super) fn no_clients(error: &ClientsError) -> CommandError {
    let help = "give --region, set AWS_REGION, or write region in mlpp.toml or in the profile";
    plain(ExitCode::InvalidInput, "aws/region", error.to_string(), help)
}

/// A call that failed; `None` for a refusal that is about what was asked for.
pub(super) fn of_call(error: &CallError) -> Option<CommandError> {
    let message = error.to_string();
    Some(match error {
        CallError::NotSent(_) => plain(
            ExitCode::Failure,
            "aws/credentials",
            message,
            "name a profile by --profile or AWS_PROFILE, or sign on again: aws sts get-caller-identity tells who you are",
        ),
        CallError::NoAnswer(_) => plain(
            ExitCode::Failure,
            "aws/unreachable",
            message,
            "see that the network, the region and the endpoint's URL are right, and do the same again",
        ),
        CallError::Refused { code, .. } if CREDENTIALS.contains(&code.as_str()) => plain(
            ExitCode::Failure,
            "aws/credentials",
            message,
            "sign on again, or name another profile by --profile or AWS_PROFILE",
        ),
        CallError::Refused { code, .. } if DENIED.contains(&code.as_str()) => plain(
            ExitCode::Failure,
            "aws/denied",
            message,
            "ask for that permission, or name another profile by --profile or AWS_PROFILE",
        ),
        CallError::Refused { .. } if error.is_throttled() => plain(
            ExitCode::Busy,
            "aws/throttled",
            message,
            "do the same again when less is going on; what has landed is not written again",
        ),
        CallError::Refused { status, .. } if *status >= 500 => plain(
            ExitCode::Failure,
            "aws/unreachable",
            message,
            "the service failed; do the same again later: what has landed is not written again",
        ),
        CallError::Refused { .. } => return None,
    })
}
