//! JSON values as the engine passes them on: shared, and never copied by a transition that does not change them.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use serde::Serialize;
use serde_json::{Number, Value};

/// A JSON value shared between states, variables and history events.
pub type Json = Arc<Value>;

static EMPTY_OBJECT: LazyLock<Json> = LazyLock::new(|| Arc::new(Value::Object(serde_json::Map::new())));
static NULL: LazyLock<Json> = LazyLock::new(|| Arc::new(Value::Null));

/// The shared empty object, which a null `InputPath` or `OutputPath` yields.
pub(crate) fn empty_object() -> Json {
    Arc::clone(&EMPTY_OBJECT)
}

/// The shared `null`.
pub(crate) fn null() -> Json {
    Arc::clone(&NULL)
}

/// Length in bytes of the compact JSON text of `value`, without writing it anywhere.
pub(crate) fn text_len(value: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        // A counter never fails and every key is a string.
        Err(_) => usize::MAX,
    }
}

/// Whether `value` has at most `bytes` bytes of JSON text and is nested at most `depth` deep.
pub(crate) fn fits(value: &Value, bytes: usize, depth: usize) -> bool {
    size(value, bytes, depth).is_some()
}

/// The bytes of the JSON text of `value`, where there are at most `bytes` and it is nested at most `depth` deep.
pub(crate) fn size(value: &Value, bytes: usize, depth: usize) -> Option<usize> {
    let mut left = bytes;
    spend(value, depth, &mut left)?;
    Some(bytes - left)
}

/// Takes from `left` at least what `value` needs as text; exactly that for all but strings, which may need escapes and are measured.
fn spend(value: &Value, depth: usize, left: &mut usize) -> Option<()> {
    let mut take = |bytes: usize| left.checked_sub(bytes).map(|rest| *left = rest);
    match value {
        Value::Null => take(4),
        Value::Bool(flag) => take(if *flag { 4 } else { 5 }),
        Value::Number(number) => take(number_len(number)),
        Value::String(text) => take(string_len(text)),
        Value::Array(items) => {
            take(2 + items.len().saturating_sub(1))?;
            let depth = depth.checked_sub(1)?;
            items.iter().try_for_each(|item| spend(item, depth, left))
        }
        Value::Object(map) => {
            take(2 + map.len().saturating_sub(1))?;
            let depth = depth.checked_sub(1)?;
            map.iter().try_for_each(|(key, item)| {
                *left = left.checked_sub(string_len(key) + 1)?;
                spend(item, depth, left)
            })
        }
    }
}

/// Length of a number's text; whole numbers, which most are, need not be written for it.
fn number_len(number: &Number) -> usize {
    let digits = |value: u64| value.checked_ilog10().map_or(1, |log| log as usize + 1);
    match (number.as_u64(), number.as_i64()) {
        (Some(value), _) => digits(value),
        (None, Some(value)) => 1 + digits(value.unsigned_abs()),
        (None, None) => text_len(number),
    }
}

/// Length of a string's JSON text; one without escapes need not be written for it.
fn string_len(text: &str) -> usize {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        text.len() + 2
    } else {
        text_len(&text)
    }
}

/// Bytes that the values of one evaluation may take when they are copied together: far more than any data, and no more than there is.
pub(crate) const COPIES: usize = 256 * 1024 * 1024;

/// Takes from `left` about what a copy of `value` needs; `None` where there is not enough.
pub(crate) fn charge(value: &Value, left: &mut usize) -> Option<()> {
    const NODE: usize = 72;
    let own = if let Value::String(text) = value { text.len() } else { 0 };
    *left = left.checked_sub(NODE + own)?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| charge(item, left)),
        Value::Object(map) => map.iter().try_for_each(|(key, item)| {
            *left = left.checked_sub(NODE + key.len())?;
            charge(item, left)
        }),
        _ => Some(()),
    }
}

/// The name that error texts give to the type of a JSON value.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Equality of JSON values where `1` and `1.0` are the same number.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => left == right,
    }
}

/// A text that is the same for values that are [`equal`].
pub(crate) fn key(value: &Value) -> String {
    match value {
        // An integer and the double next to it are equal where either is a double.
        Value::Number(number) => {
            number.as_f64().map_or_else(String::new, |number| (number + 0.0).to_string())
        }
        Value::Array(items) => {
            let keys: Vec<String> = items.iter().map(key).collect();
            format!("[{}]", keys.join(","))
        }
        Value::Object(map) => {
            let mut keys: Vec<String> =
                map.iter().map(|(name, item)| format!("{name:?}:{}", key(item))).collect();
            keys.sort_unstable();
            format!("{{{}}}", keys.join(","))
        }
        other => other.to_string(),
    }
}

/// A number as JSON has it: an integer where it is one that a double holds exactly.
pub(crate) fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
        Value::from(value as i64)
    } else {
        serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
    }
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_len_is_the_length_of_the_compact_text() {
        let value = json!({"a": [1, 2.5, "é\n"], "b": null});
        assert_eq!(text_len(&value), value.to_string().len());
    }

    #[test]
    fn fits_counts_bytes_and_depth() {
        let value = json!({"a": [1, 2.5, "é\n", true], "b": null, "c": {}, "d": []});
        let length = value.to_string().len();
        assert!(fits(&value, length, 2));
        assert!(!fits(&value, length - 1, 2));
        assert!(!fits(&value, length, 1));
    }

    #[test]
    fn lengths_are_those_of_the_text() {
        for value in [
            json!(0),
            json!(9),
            json!(10),
            json!(u64::MAX),
            json!(-1),
            json!(i64::MIN),
            json!(-1e300),
            json!(1.0),
        ] {
            assert!(
                fits(&value, value.to_string().len(), 1) && !fits(&value, value.to_string().len() - 1, 1),
                "{value}"
            );
        }
        for text in ["", "a", "é", "\"", "\\", "\n", "\u{1}", "\u{7f}", "/"] {
            let value = json!(text);
            assert!(
                fits(&value, value.to_string().len(), 1) && !fits(&value, value.to_string().len() - 1, 1),
                "{value}"
            );
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        assert!(equal(&json!({"a": [1]}), &json!({"a": [1.0]})));
        assert!(!equal(&json!([1]), &json!([1, 1])));
        assert!(!equal(&json!({"a": 1}), &json!({"b": 1})));
    }

    #[test]
    fn equal_values_have_equal_keys() {
        let (one, other) = (json!({"a": [1, 0], "b": "x"}), json!({"b": "x", "a": [1.0, -0.0]}));
        assert!(equal(&one, &other));
        assert_eq!(key(&one), key(&other));
        assert_ne!(key(&json!("1")), key(&json!(1)));
    }

    #[test]
    fn whole_numbers_stay_integers() {
        assert_eq!(number(5000.0).to_string(), "5000");
        assert_eq!(number(-0.5).to_string(), "-0.5");
        assert_eq!(number(f64::NAN), Value::Null);
    }
}
