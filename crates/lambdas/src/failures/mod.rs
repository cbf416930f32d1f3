//! What can never succeed: where it goes, what is told of it, and how it is told from what may succeed later.

mod passing;

use mlpp_parameters::{Diagnostic, Severity, Sources};
use serde_json::{Value, json};

pub(crate) use passing::{objects_is_passing, records_is_passing, store_is_passing};

use crate::log::{Level, log};

/// How many findings a message has; a queue takes 256 KiB.
const FINDINGS: usize = 100;

/// Takes messages about what can never succeed.
pub trait FailureQueue: Sync {
    /// Puts a message into the queue.
    ///
    /// # Errors
    /// Why it is not there.
    fn send(&self, message: &str) -> impl Future<Output = Result<(), String>> + Send;
}

/// Why an invocation has to be repeated.
#[derive(Debug, thiserror::Error)]
#[error("{} of the event's records to be tried again: {}", .0.len(), .0.join("; "))]
pub struct Unfinished(pub Vec<String>);

/// What is left of an invocation's records, as what the invocation ends with.
pub(crate) fn finish(unfinished: Vec<String>) -> Result<(), Unfinished> {
    if unfinished.is_empty() { Ok(()) } else { Err(Unfinished(unfinished)) }
}

/// Findings in documents, for a message.
pub(crate) fn shown(findings: &[Diagnostic], sources: &Sources) -> Vec<Value> {
    findings.iter().take(FINDINGS).map(|finding| shown_one(finding, sources)).collect()
}

fn shown_one(finding: &Diagnostic, sources: &Sources) -> Value {
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

/// The message about a record, or about an event that has none.
pub(crate) fn message(of: (&str, &Value), text: &str, findings: &[Value]) -> String {
    let (name, what) = of;
    json!({name: what, "message": text, "findings": findings}).to_string()
}

/// Puts a message into the queue and tells whether it is there; while it is not, its record is not dealt with.
pub(crate) async fn put(
    queue: &impl FailureQueue,
    message: &str,
    reason: &str,
    unfinished: &mut Vec<String>,
) -> bool {
    match queue.send(message).await {
        Ok(()) => {
            log(Level::Error, "can never succeed: put into the failure queue", &[("reason", &reason)]);
            true
        }
        Err(why) => {
            log(Level::Error, "the failure queue takes nothing", &[("reason", &why)]);
            unfinished.push(format!("the failure queue takes nothing: {why}"));
            false
        }
    }
}
