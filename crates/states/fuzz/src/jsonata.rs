//! Any expression, on any input: a value or an error, soon and within bounds.

use std::time::{Duration, Instant};

use mlpp_states::Outcome;
use serde_json::{Value, json};

use super::{parts, pass};

/// An expression, a separator, and `$states.input` as JSON.
pub(crate) fn run(text: &str) {
    let [expression, input] = parts(text);
    let input: Value = serde_json::from_str(input).unwrap_or_else(|_| sample());
    let fields = json!({"QueryLanguage": "JSONata", "Output": format!("{{% {expression} %}}")});
    let start = Instant::now();
    let first = pass::run(fields.clone(), &input);
    let spent = start.elapsed();
    // Far above the expression's own limit: a machine may be busy, an unbounded expression is slower still.
    assert!(spent < Duration::from_secs(8), "{spent:?} for {expression}");
    let Some(outcome) = first else { return };
    if let Outcome::Failed { error, cause } = &outcome {
        let error = error.as_deref().unwrap_or_default();
        assert!(error.starts_with("States."), "no error of the language: {error}");
        let cause = cause.as_deref().unwrap_or_default();
        assert!(!cause.contains("D1001: The evaluation failed"), "the evaluator panicked at {expression}");
        if cause.contains("D1012") {
            return;
        }
    }
    if spent < Duration::from_millis(20) {
        let again = pass::run(fields, &input);
        assert!(again.as_ref() == Some(&outcome), "another value for the same input: {expression}");
    }
}

fn sample() -> Value {
    json!({
        "n": 5000, "s": "text, more text", "t": "2016-12-05T21:29:29.120Z", "f": -1.5, "z": null, "yes": true,
        "items": [{"v": 1, "n": "x", "tags": ["a", "b"]}, {"v": 2, "n": "y", "tags": []}, {"v": 3, "n": "x"}],
        "one": [{"v": 3}], "deep": {"a": {"b": {"c": [[1, 2], [3, [4]]]}}}, "list": [3, 1, 2]
    })
}
