//! Between JSON as the engine has it and JSONata's values.

use indexmap::IndexMap;
use jsonata_core::value::{JArray, JValue};
use serde_json::{Map, Value};

use super::EvaluationError;
use crate::data;

/// Deepest nesting of a result; what is deeper could not be read back from a journal.
const MAX_DEPTH: usize = 100;

pub(super) fn from_json(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(flag) => JValue::Bool(*flag),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => {
            let flat = !items.iter().any(Value::is_array);
            JValue::Array(JArray::new_flat(items.iter().map(from_json).collect(), flat))
        }
        Value::Object(map) => JValue::object(
            map.iter().map(|(key, value)| (key.clone(), from_json(value))).collect::<IndexMap<_, _>>(),
        ),
    }
}

/// The JSON of a result, `None` for undefined. A result shared many times inside itself is small in memory and huge as JSON: `size`
/// bounds the number of values.
pub(super) fn to_json(value: &JValue, size: usize) -> Result<Option<Value>, EvaluationError> {
    if value.is_undefined() {
        return Ok(None);
    }
    let mut left = size;
    build(value, MAX_DEPTH, &mut left).map(Some)
}

fn build(value: &JValue, depth: usize, left: &mut usize) -> Result<Value, EvaluationError> {
    let too_large = || EvaluationError::Message(String::from("D2015: The result is too large"));
    *left = left.checked_sub(1).ok_or_else(too_large)?;
    if depth == 0 {
        return Err(EvaluationError::Message(String::from("D1011: The result is nested too deeply")));
    }
    Ok(match value {
        JValue::Null | JValue::Undefined => Value::Null,
        JValue::Bool(flag) => Value::Bool(*flag),
        // JSON has no such numbers: the service gives them the names that JavaScript has for them.
        JValue::Number(number) if number.is_nan() => Value::from("NaN"),
        JValue::Number(number) if number.is_infinite() => {
            Value::from(if *number > 0.0 { "Infinity" } else { "-Infinity" })
        }
        JValue::Number(number) => data::number(*number),
        JValue::String(text) => {
            *left = left.checked_sub(text.len()).ok_or_else(too_large)?;
            Value::from(&**text)
        }
        JValue::Array(items) => {
            let mut values = Vec::new();
            for item in items.iter().filter(|item| !item.is_undefined()) {
                values.push(build(item, depth - 1, left)?);
            }
            Value::Array(values)
        }
        JValue::Object(members) => {
            let mut map = Map::new();
            for (key, item) in members.iter().filter(|(_, item)| !item.is_undefined()) {
                map.insert(key.clone(), build(item, depth - 1, left)?);
            }
            Value::Object(map)
        }
        _ => return Err(EvaluationError::Unsupported),
    })
}
