//! Request and response of an HTTP task, as TRACE shows them.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html>

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{HttpRequest, HttpResponse};
use crate::data::Json;
use crate::definition::{Resource, State, StateKind};
use crate::execution::Point;

/// Whether the state is an HTTP Task.
pub(super) fn is_http(state: &State) -> bool {
    match &state.kind {
        StateKind::Task(task) => match &task.resource {
            Resource::Integration { service, action, .. } => &**service == "http" && &**action == "invoke",
            Resource::Lambda | Resource::Activity => false,
        },
        _ => false,
    }
}

/// The request that the task's parameters make.
pub(super) fn request(points: &BTreeMap<Point, Json>) -> Option<HttpRequest> {
    let parameters = points.get(&Point::AfterArguments).or_else(|| points.get(&Point::AfterParameters))?;
    let endpoint = parameters["ApiEndpoint"].as_str()?;
    let (protocol, _) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let query = parameters["QueryParameters"].as_object().map(pairs).unwrap_or_default();
    let url = match query.as_str() {
        "" => endpoint.to_owned(),
        query if endpoint.contains('?') => format!("{endpoint}&{query}"),
        query => format!("{endpoint}?{query}"),
    };
    let form = parameters["Transform"]["RequestBodyEncoding"] == "URL_ENCODED";
    let body = parameters.get("RequestBody").map(|body| match body {
        Value::Object(fields) if form => pairs(fields),
        Value::String(text) => text.clone(),
        body => body.to_string(),
    });
    Some(HttpRequest {
        protocol: protocol.to_owned(),
        method: parameters["Method"].as_str().unwrap_or("GET").to_owned(),
        url,
        headers: headers(&parameters["Headers"]),
        body,
    })
}

/// The response that the task's result tells of.
pub(super) fn response(points: &BTreeMap<Point, Json>) -> Option<HttpResponse> {
    let result = points.get(&Point::Result)?;
    let status = result.get("StatusCode")?;
    Some(HttpResponse {
        protocol: String::from("https"),
        status_code: plain(status),
        status_message: result["StatusText"].as_str().unwrap_or_default().to_owned(),
        headers: headers(&result["Headers"]),
        body: result.get("ResponseBody").map(plain).unwrap_or_default(),
    })
}

fn headers(headers: &Value) -> String {
    let lines = headers.as_object().into_iter().flatten().map(|(name, value)| match value {
        Value::Array(values) => {
            format!("{name}: {}", values.iter().map(plain).collect::<Vec<_>>().join(","))
        }
        value => format!("{name}: {}", plain(value)),
    });
    format!("[{}]", lines.collect::<Vec<_>>().join(", "))
}

/// `name=value&…`, encoded; the items of a list are numbered, the members of an object named in brackets.
fn pairs(fields: &Map<String, Value>) -> String {
    let mut pairs = Vec::new();
    for (name, value) in fields {
        add(&encoded(name), value, &mut pairs);
    }
    pairs.join("&")
}

fn add(name: &str, value: &Value, pairs: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                add(&format!("{name}[{index}]"), item, pairs);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                add(&format!("{name}[{}]", encoded(member)), value, pairs);
            }
        }
        value => pairs.push(format!("{name}={}", encoded(&plain(value)))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}
