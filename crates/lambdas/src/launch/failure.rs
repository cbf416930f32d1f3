//! What can never be launched: whether that is so, and the message about it.

use mlpp_parameters::{Diagnostic, Severity, Sources};
use mlpp_provider::{
    LaunchError, ObjectsError, ReadError, RecordsError, StoreError, WorkflowsError, with_sources,
};
use serde_json::{Value, json};

use super::RecordError;

/// How many findings a message has; a queue takes 256 KiB.
const FINDINGS: usize = 100;

/// Whether another try may succeed: nothing is wrong with the manifest or the parameters.
pub(super) fn is_passing(error: &LaunchError) -> bool {
    match error {
        LaunchError::Objects(ObjectsError::Unavailable { .. })
        | LaunchError::Workflows(WorkflowsError::Unavailable(_)) => true,
        LaunchError::Read(ReadError::Store(error)) => store_is_passing(error),
        LaunchError::Read(ReadError::Records(error)) => match error {
            RecordsError::Store(error) => store_is_passing(error),
            RecordsError::Unstable => true,
            _ => false,
        },
        _ => false,
    }
}

fn store_is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Busy(_) | StoreError::Unavailable(_) | StoreError::TooSoon(_))
}

/// The message about a manifest that can never be launched: the record as S3 sent it, what is wrong, and where.
pub fn failure_message(record: &Value, error: &LaunchError) -> String {
    let findings = match error {
        LaunchError::Invalid(findings, sources) => {
            findings.iter().take(FINDINGS).map(|finding| shown(finding, sources)).collect()
        }
        _ => Vec::new(),
    };
    json!({"record": record, "message": with_sources(error), "findings": findings}).to_string()
}

pub(super) fn record_message(record: &Value, error: &RecordError) -> String {
    json!({"record": record, "message": error.to_string(), "findings": []}).to_string()
}

pub(super) fn unknown_message(event: &Value) -> String {
    json!({"event": event, "message": "the event has no Records, as those of S3 do", "findings": []})
        .to_string()
}

fn shown(finding: &Diagnostic, sources: &Sources) -> Value {
    let origin = sources.origin(finding.span);
    json!({
        "code": finding.code,
        "severity": if finding.severity == Severity::Error { "error" } else { "warning" },
        "message": finding.message,
        "pointer": finding.pointer,
        "source": origin.as_ref().map(|origin| &origin.file),
        "line": origin.as_ref().map(|origin| origin.line),
        "column": origin.as_ref().map(|origin| origin.column),
        "help": finding.help,
    })
}
