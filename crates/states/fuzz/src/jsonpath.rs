//! Any path, on any data: reads what it wrote, and nothing larger than the data allow.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use super::{parts, pass};

/// `path`, a separator, and the data as JSON.
pub(crate) fn run(text: &str) {
    let [path, data] = parts(text);
    let data: Value = serde_json::from_str(data).unwrap_or(Value::Null);
    let data = if fits(&data) { data } else { Value::Null };
    let read = pass::run(json!({"Parameters": {"v.$": path}}), &data);
    let selected = pass::run(json!({"InputPath": path}), &data);
    if let (Some(Outcome::Succeeded { output: read }), Some(Outcome::Succeeded { output: selected })) =
        (&read, &selected)
    {
        assert_eq!(&read["v"], &**selected, "a template and InputPath disagree");
    }
    for fields in [json!({"OutputPath": path}), json!({"Parameters": {"a": [{"v.$": path}]}})] {
        pass::run(fields, &data);
    }
    let marker = json!({"written": [1]});
    if let Some(Outcome::Succeeded { output }) =
        pass::run(json!({"Result": marker, "ResultPath": path}), &data)
    {
        let back = pass::run(json!({"InputPath": path}), &output);
        assert_eq!(back.as_ref().and_then(pass::output), Some(&marker), "written and not found again");
    }
}

/// Whether an execution takes the data at all.
fn fits(data: &Value) -> bool {
    data.to_string().len() < 200_000
}
