//! The history of an execution as a table.

use comfy_table::Table;
use jiff::Timestamp;
use serde_json::Value;

use crate::executions::{event_time, reason};
use crate::output;

/// How much of a detail is shown.
const SHOWN: usize = 120;

/// One row for each event, with its time since the start.
pub(super) fn table(history: &[Value], start: Timestamp) -> Table {
    let mut table = output::table(["id", "time", "event", "state", "detail"]);
    for event in history {
        let time = event_time(event)
            .map_or(String::new(), |time| format!("{:+.3} s", time.duration_since(start).as_secs_f64()));
        let details =
            event.as_object().into_iter().flatten().find(|(name, _)| name.ends_with("EventDetails"));
        let details = details.map(|(_, details)| details);
        let name = details.and_then(|details| details["name"].as_str()).unwrap_or_default();
        table.add_row([
            event["id"].to_string(),
            time,
            event["type"].as_str().unwrap_or_default().to_owned(),
            name.to_owned(),
            details.map(detail).unwrap_or_default(),
        ]);
    }
    table
}

/// What is worth telling of an event's details.
fn detail(details: &Value) -> String {
    let text = |member: &str| details[member].as_str();
    let told = match (text("error"), text("cause")) {
        (Some(error), cause) => format!("{error}: {}", cause.map(reason).unwrap_or_default()),
        (None, Some(cause)) => reason(cause),
        (None, None) => match (text("resourceType"), text("resource"), text("parameters")) {
            (Some(service), Some(resource), parameters) => {
                format!("{service}:{resource} {}", parameters.unwrap_or_default())
            }
            _ => text("output").or_else(|| text("input")).unwrap_or_default().to_owned(),
        },
    };
    cut(told.trim_end())
}

/// The beginning of a long text.
fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(SHOWN - 1).collect();
    format!("{beginning}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_detail_is_the_reason_the_request_or_the_data() {
        assert_eq!(detail(&json!({"error": "E", "cause": "{\"FailureReason\":\"no data\"}"})), "E: no data");
        let scheduled = json!({"resourceType": "sns", "resource": "publish", "parameters": "{}"});
        assert_eq!(detail(&scheduled), "sns:publish {}");
        assert_eq!(detail(&json!({"name": "S", "input": "[1]"})), "[1]");
        assert_eq!(detail(&json!({})), "");
        assert_eq!(cut(&"ä".repeat(SHOWN + 1)).chars().count(), SHOWN);
    }
}
