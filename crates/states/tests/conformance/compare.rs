//! Compares a run with what was recorded; the recorder's tokens match anything.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::replay::Run;

pub(crate) fn differences(vector: &Value, run: &Run) -> Vec<String> {
    let tokens = Tokens::of(vector);
    let expect = &vector["expect"];
    let mut differences = Vec::new();
    let mut check = |what: &str, actual: &Value, expected: &Value| {
        if !tokens.equal(actual, expected) {
            differences.push(format!("{what}: {actual} instead of {expected}"));
        }
    };
    let (status, output, error, cause) = match &run.outcome {
        None => ("RUNNING", Value::Null, Value::Null, Value::Null),
        Some(outcome @ Outcome::Succeeded { output }) => {
            (outcome.status(), (**output).clone(), Value::Null, Value::Null)
        }
        Some(outcome @ (Outcome::Failed { error, cause } | Outcome::Aborted { error, cause })) => {
            (outcome.status(), Value::Null, json!(error), json!(cause))
        }
        Some(outcome @ Outcome::TimedOut) => (outcome.status(), Value::Null, Value::Null, Value::Null),
    };
    check("status", &json!(status), &expect["status"]);
    check("output", &output, &expect["output"]);
    check("error", &error, &expect["error"]);
    if let Some(recorded) = expect.get("cause_json") {
        check("cause", &parsed(&cause), recorded);
    } else {
        check("cause", &cause, &expect["cause"]);
    }
    for (actual, recorded) in &run.parameters {
        check("parameters", actual, recorded);
    }
    if vector["events_recorded"] != json!(false) && differences.is_empty() {
        differences.extend(history(vector, run, &tokens));
    }
    differences
}

fn history(vector: &Value, run: &Run, tokens: &Tokens<'_>) -> Option<String> {
    let recorded: Vec<Value> =
        vector["expect"]["events"].as_array().unwrap().iter().map(without_extras).collect();
    let actual: Vec<Value> = run.events.iter().map(mlpp_states::HistoryEvent::to_flat_json).collect();
    if vector["event_ids_reliable"] == json!(false) {
        // The recorder dropped ids, and these events.
        let mut left: Vec<Value> = actual
            .iter()
            .filter(|event| {
                !matches!(event["type"].as_str(), Some("ParallelStateSucceeded" | "ParallelStateFailed"))
            })
            .map(without_ids)
            .collect();
        for event in recorded.iter().map(without_ids) {
            match left.iter().position(|candidate| tokens.equal(candidate, &event)) {
                Some(at) => drop(left.remove(at)),
                None => return Some(format!("no event like {event}; left are {left:?}")),
            }
        }
        return left.first().map(|event| format!("one event too many: {event}"));
    }
    for (index, event) in recorded.iter().enumerate() {
        match actual.get(index) {
            Some(candidate) if tokens.equal(candidate, event) => {}
            candidate => return Some(format!("event {candidate:?} instead of {event}")),
        }
    }
    actual.get(recorded.len()).map(|event| format!("one event too many: {event}"))
}

/// A recorded event without what the recorder added; a cause that was parsed takes the place of its text.
fn without_extras(event: &Value) -> Value {
    let mut event = event.clone();
    let map = event.as_object_mut().unwrap();
    map.remove("cause_text_exact");
    if let Some(cause) = map.remove("cause_json") {
        map.insert(String::from("cause"), cause);
    }
    event
}

fn without_ids(event: &Value) -> Value {
    let mut event = event.clone();
    let map = event.as_object_mut().unwrap();
    map.remove("id");
    map.remove("previousEventId");
    event
}

fn parsed(text: &Value) -> Value {
    text.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

/// Texts that the recorder put in place of volatile ones.
pub(crate) struct Tokens<'v>(Vec<&'v str>);

impl<'v> Tokens<'v> {
    pub(crate) fn of(vector: &'v Value) -> Self {
        let lists = ["placeholders", "output_placeholders"].iter();
        Self(
            lists
                .flat_map(|name| vector[name].as_array().into_iter().flatten())
                .filter_map(Value::as_str)
                .collect(),
        )
    }

    pub(crate) fn equal(&self, actual: &Value, recorded: &Value) -> bool {
        match (actual, recorded) {
            (Value::Object(a), Value::Object(r)) => {
                a.len() == r.len() && r.iter().all(|(key, r)| a.get(key).is_some_and(|a| self.equal(a, r)))
            }
            (Value::Array(a), Value::Array(r)) => {
                a.len() == r.len() && a.iter().zip(r).all(|(a, r)| self.equal(a, r))
            }
            (Value::Number(a), Value::Number(r)) => a == r || a.as_f64() == r.as_f64(),
            (actual, Value::String(r)) if self.0.contains(&r.as_str()) => !actual.is_null() || r.is_empty(),
            (Value::String(a), Value::String(r)) => a == r || self.matches(a, r),
            // A cause that the recorder parsed.
            (Value::String(_), Value::Object(_)) => self.equal(&parsed(actual), recorded),
            _ => actual == recorded,
        }
    }

    /// Whether `actual` is `recorded` with each token standing for any text.
    fn matches(&self, actual: &str, recorded: &str) -> bool {
        let next = self
            .0
            .iter()
            .filter(|token| !token.is_empty())
            .filter_map(|token| recorded.find(token).map(|at| (at, token.len())))
            .min_by_key(|(at, length)| (*at, usize::MAX - length));
        let Some((at, length)) = next else { return actual == recorded };
        let (before, after) = (&recorded[..at], &recorded[at + length..]);
        let Some(rest) = actual.strip_prefix(before) else { return false };
        (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| self.matches(&rest[at..], after))
    }
}
