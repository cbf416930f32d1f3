//! How a workflow that did not succeed is told.

use mlpp_local::status_text;
use mlpp_provider::ExecutionDescription;
use serde_json::Value;

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// The end of an execution that did not succeed, as the command's own end.
pub(crate) fn workflow_failed(name: &str, end: &ExecutionDescription) -> CommandError {
    let error = end.error.as_deref().unwrap_or("no error name");
    let cause = end.cause.as_deref().unwrap_or("no cause");
    let message =
        format!("the execution {name} ended {}: {error}: {}", status_text(end.status), reason(cause));
    let help = format!(
        "mlpp describe {name} shows what it did and mlpp trials {name} its jobs; mlpp logs JOB shows what a program \
         printed; mlpp resume --redrive {name} goes on at the state that failed"
    );
    CommandError::one(ExitCode::WorkflowFailed, Plain { code: "workflow/failed", message, help })
}

/// The reason inside a cause: a job or an execution that failed has its whole description as the cause.
pub(crate) fn reason(cause: &str) -> String {
    let description: Option<Value> = serde_json::from_str(cause).ok();
    let Some(Value::Object(description)) = description else { return cause.to_owned() };
    let text = |member: &str| description.get(member).and_then(Value::as_str);
    match (text("FailureReason"), text("Cause")) {
        (Some(reason), _) => reason.to_owned(),
        (None, Some(cause)) => reason(cause),
        (None, None) => cause.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_looked_for_inside_the_cause() {
        assert_eq!(reason("out of memory"), "out of memory");
        let job = r#"{"TrainingJobName":"j","FailureReason":"AlgorithmError: no data"}"#;
        assert_eq!(reason(job), "AlgorithmError: no data");
        let nested = serde_json::json!({"ExecutionArn": "a", "Error": "States.TaskFailed", "Cause": job});
        assert_eq!(reason(&nested.to_string()), "AlgorithmError: no data");
        assert_eq!(reason(r#"{"other":1}"#), r#"{"other":1}"#);
    }
}
