//! What can never be launched: whether that is so, and the message about it.

use mlpp_provider::{LaunchError, ReadError, WorkflowsError, with_sources};
use serde_json::Value;

use crate::failures::{message, objects_is_passing, records_is_passing, shown, store_is_passing};

/// Whether another try may succeed: nothing is wrong with the manifest or the parameters.
pub(super) fn is_passing(error: &LaunchError) -> bool {
    match error {
        LaunchError::Objects(error) => objects_is_passing(error),
        LaunchError::Workflows(WorkflowsError::Unavailable(_)) => true,
        LaunchError::Read(ReadError::Store(error)) => store_is_passing(error),
        LaunchError::Read(ReadError::Records(error)) => records_is_passing(error),
        _ => false,
    }
}

/// The message about a manifest that can never be launched: the record as S3 sent it, what is wrong, and where.
pub fn failure_message(record: &Value, error: &LaunchError) -> String {
    let findings = match error {
        LaunchError::Invalid(findings, sources) => shown(findings, sources),
        _ => Vec::new(),
    };
    message(("record", record), &with_sources(error), &findings)
}
