//! Any call, on any data: the same call gives the same value, also where it draws random numbers.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use super::{parts, pass};

/// A call, a separator, and the data as JSON.
pub(crate) fn run(text: &str) {
    let [call, data] = parts(text);
    let data: Value = serde_json::from_str(data).unwrap_or(Value::Null);
    let first = pass::run(json!({"Parameters": {"v.$": call}}), &data);
    let second = pass::run(json!({"Parameters": {"v.$": call}}), &data);
    assert_eq!(first, second);
    if let Some(Outcome::Failed { error, .. }) = &first {
        let error = error.as_deref().unwrap_or_default();
        assert!(error.starts_with("States."), "no error of the language: {error}");
    }
    // Once more, where the value is text.
    pass::run(json!({"Parameters": {"v.$": format!("States.Format('{{}}{{}}', {call}, {call})")}}), &data);
}
