//! Events as JSON.

use serde_json::{Map, Value, json};

use super::{Details, HistoryEvent};
use crate::data::Json;

pub(super) fn event(event: &HistoryEvent) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are exact in a double")]
    let seconds = event.timestamp.0 as f64 / 1000.0;
    let mut object = Map::new();
    object.insert(String::from("timestamp"), json!(seconds));
    object.insert(String::from("type"), json!(event.event_type.as_str()));
    object.insert(String::from("id"), json!(event.id));
    object.insert(String::from("previousEventId"), json!(event.previous_event_id));
    let mut details = Map::new();
    write(&event.details, &mut details, &|value| Value::String(value.to_string()), true);
    if let Some(member) = event.event_type.details_member() {
        object.insert(String::from(member), Value::Object(details));
    }
    Value::Object(object)
}

pub(super) fn flat_event(event: &HistoryEvent) -> Value {
    let mut object = Map::new();
    object.insert(String::from("type"), json!(event.event_type.as_str()));
    object.insert(String::from("id"), json!(event.id));
    object.insert(String::from("previousEventId"), json!(event.previous_event_id));
    write(&event.details, &mut object, &|value| Value::clone(value), false);
    Value::Object(object)
}

/// Writes the members of `details`; `data` says how a JSON value is shown, `full` asks for the members that only say whether a value
/// was cut off.
fn write(details: &Details, out: &mut Map<String, Value>, data: &dyn Fn(&Json) -> Value, full: bool) {
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            out.insert(String::from(name), value);
        }
    };
    let whole = || if full { json!({"truncated": false}) } else { Value::Null };
    match details {
        Details::ExecutionStarted { input, role_arn } => {
            out.insert(String::from("input"), data(input));
            if full {
                out.insert(String::from("inputDetails"), whole());
                out.insert(String::from("roleArn"), json!(role_arn));
            }
        }
        Details::StateEntered { name, input } => {
            put("name", json!(name));
            out.insert(String::from("input"), data(input));
            if full {
                out.insert(String::from("inputDetails"), whole());
            }
        }
        Details::StateExited { name, output, assigned } => {
            put("name", json!(name));
            out.insert(String::from("output"), data(output));
            if full {
                out.insert(String::from("outputDetails"), whole());
            }
            if !assigned.is_empty() {
                let variables: Map<String, Value> =
                    assigned.iter().map(|(name, value)| (name.to_string(), data(value))).collect();
                out.insert(String::from("assignedVariables"), Value::Object(variables));
                if full {
                    out.insert(String::from("assignedVariablesDetails"), whole());
                }
            }
        }
        Details::Output { output } => {
            out.insert(String::from("output"), data(output));
            if full {
                out.insert(String::from("outputDetails"), whole());
            }
        }
        Details::TaskScheduled {
            resource_type,
            resource,
            region,
            parameters,
            timeout_seconds,
            heartbeat_seconds,
            credentials,
        } => {
            put("resourceType", json!(resource_type));
            put("resource", json!(resource));
            put("region", json!(region));
            put("timeoutInSeconds", json!(timeout_seconds));
            put("heartbeatInSeconds", json!(heartbeat_seconds));
            put("taskCredentials", role(credentials.as_ref()));
            out.insert(String::from("parameters"), data(parameters));
        }
        Details::Task { resource_type, resource, output, error, cause } => {
            put("resourceType", json!(resource_type));
            put("resource", json!(resource));
            put("error", json!(error));
            put("cause", json!(cause));
            if let Some(output) = output {
                out.insert(String::from("output"), data(output));
                if full {
                    out.insert(String::from("outputDetails"), whole());
                }
            }
        }
        Details::WorkScheduled { resource, input, timeout_seconds, heartbeat_seconds, credentials } => {
            put("resource", json!(resource));
            put("timeoutInSeconds", json!(timeout_seconds));
            put("heartbeatInSeconds", json!(heartbeat_seconds));
            put("taskCredentials", role(credentials.as_ref()));
            out.insert(String::from("input"), data(input));
            if full {
                out.insert(String::from("inputDetails"), whole());
            }
        }
        details => write_plain(details, &mut put),
    }
}

/// Writes the members of details that carry no data.
fn write_plain(details: &Details, put: &mut dyn FnMut(&str, Value)) {
    match details {
        Details::Error { error, cause } => {
            put("error", json!(error));
            put("cause", json!(cause));
        }
        Details::ActivityStarted { worker_name } => put("workerName", json!(worker_name)),
        Details::MapStateStarted { length } => put("length", json!(length)),
        Details::MapIteration { name, index } => {
            put("name", json!(name));
            put("index", json!(index));
        }
        Details::MapRunStarted { map_run_arn } => put("mapRunArn", json!(map_run_arn)),
        Details::Redriven { map_run_arn, redrive_count } => {
            put("mapRunArn", json!(map_run_arn));
            put("redriveCount", json!(redrive_count));
        }
        Details::EvaluationFailed { state, location, error, cause } => {
            put("state", json!(state));
            put("location", json!(location));
            put("error", json!(error));
            put("cause", json!(cause));
        }
        // What carries data is written above.
        _ => {}
    }
}

/// `Credentials` in the history: the role alone, in the API's spelling.
fn role(credentials: Option<&Json>) -> Value {
    credentials.and_then(|value| value.get("RoleArn")).map_or(Value::Null, |role| json!({"roleArn": role}))
}
