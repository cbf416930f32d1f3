//! What the functions compute; `Format` is in [`super::text`].
//!
//! Rules: <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::Function;
use crate::data;
use crate::digest::hex_digest;
use crate::random::{Random, seeded_unit};

/// Most elements that `ArrayRange` makes.
const MAX_RANGE: u64 = 1000;
/// Most characters that the `Base64` functions and `Hash` take.
const MAX_TEXT: usize = 10_000;

pub(super) fn apply(
    function: Function,
    mut arguments: Vec<Value>,
    random: &mut Random,
) -> Result<Value, String> {
    let mut take = |index: usize| arguments.get_mut(index).map_or(Value::Null, Value::take);
    match function {
        Function::Array => Ok(Value::Array(arguments)),
        Function::ArrayContains => {
            let (items, wanted) = (array(take(0))?, take(1));
            Ok(Value::Bool(items.iter().any(|item| data::equal(item, &wanted))))
        }
        Function::ArrayGetItem => {
            let (mut items, index) = (array(take(0))?, integer(&take(1))?);
            match usize::try_from(index) {
                Ok(index) if index < items.len() => Ok(items.swap_remove(index)),
                _ => Err(format!("the index {index} is out of bounds of an array of {}", items.len())),
            }
        }
        Function::ArrayLength => Ok(Value::from(array(take(0))?.len())),
        Function::ArrayPartition => {
            let (items, size) = (array(take(0))?, integer(&take(1))?);
            match usize::try_from(size) {
                Ok(size) if size > 0 => {
                    Ok(Value::Array(items.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect()))
                }
                _ => Err(String::from("the chunk size must be a positive integer")),
            }
        }
        Function::ArrayRange => range(integer(&take(0))?, integer(&take(1))?, integer(&take(2))?),
        Function::ArrayUnique => Ok(unique(array(take(0))?)),
        Function::Base64Encode => Ok(Value::String(BASE64.encode(short_text(take(0))?))),
        Function::Base64Decode => {
            let bytes =
                BASE64.decode(short_text(take(0))?).map_err(|error| format!("not Base64: {error}"))?;
            String::from_utf8(bytes)
                .map(Value::String)
                .map_err(|_| String::from("the decoded bytes are not UTF-8"))
        }
        Function::Hash => {
            let (content, algorithm) = (take(0), text(take(1))?);
            let content = match content {
                Value::String(text) => text,
                other => other.to_string(),
            };
            if content.chars().count() > MAX_TEXT {
                return Err(format!("the data has more than {MAX_TEXT} characters"));
            }
            hex_digest(&content, &algorithm)
                .map(Value::String)
                .ok_or_else(|| format!("unknown algorithm '{algorithm}'"))
        }
        Function::JsonMerge => {
            let (first, second, deep) = (take(0), take(1), take(2));
            match (first, second, deep) {
                (Value::Object(mut merged), Value::Object(more), Value::Bool(false)) => {
                    merged.extend(more);
                    Ok(Value::Object(merged))
                }
                (_, _, Value::Bool(true)) => Err(String::from("only the shallow merging mode is supported")),
                _ => Err(String::from("the arguments must be two objects and false")),
            }
        }
        Function::JsonToString => json_text(&take(0)),
        Function::MathAdd => integer(&take(0))?
            .checked_add(integer(&take(1))?)
            .map(Value::from)
            .ok_or_else(|| String::from("the sum is out of range")),
        Function::MathRandom => {
            let (start, end) = (integer(&take(0))?, integer(&take(1))?);
            let unit = match take(2) {
                Value::Null => random.unit(),
                seed => seeded_unit(integer(&seed)?),
            };
            between(start, end, unit)
        }
        Function::StringSplit => {
            let (content, separators) = (text(take(0))?, text(take(1))?);
            let separators: HashSet<char> = separators.chars().collect();
            let parts = content.split(|c| separators.contains(&c)).filter(|part| !part.is_empty());
            Ok(Value::Array(parts.map(Value::from).collect()))
        }
        Function::StringToJson => {
            let content = text(take(0))?;
            if content.trim().is_empty() {
                return Ok(Value::Null);
            }
            match serde_json::from_str(&content) {
                // JSON's negative zero is the integer zero here.
                Ok(Value::Number(number)) if number.as_f64() == Some(0.0) => Ok(Value::from(0)),
                Ok(value) => Ok(value),
                Err(error) => Err(format!("not JSON: {error}")),
            }
        }
        Function::Uuid => Ok(Value::String(random.uuid())),
        Function::Format => Err(String::from("the template is missing")),
    }
}

/// Each value once, in order.
fn unique(items: Vec<Value>) -> Value {
    // Equal values have equal keys; only those are compared.
    let mut unique: Vec<Value> = Vec::new();
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for item in items {
        let same = places.entry(data::key(&item)).or_default();
        if !same.iter().any(|place| unique.get(*place).is_some_and(|seen| data::equal(seen, &item))) {
            same.push(unique.len());
            unique.push(item);
        }
    }
    Value::Array(unique)
}

fn json_text(value: &Value) -> Result<Value, String> {
    // Each time that a text is quoted, its quotes double.
    if data::text_len(value) > data::COPIES / 32 {
        return Err(String::from("the text is too long"));
    }
    Ok(Value::String(value.to_string()))
}

fn range(first: i64, last: i64, step: i64) -> Result<Value, String> {
    if step == 0 {
        return Err(String::from("the step must not be zero"));
    }
    let span = i128::from(last) - i128::from(first);
    let steps = span / i128::from(step);
    if span != 0 && (span < 0) != (step < 0) {
        return Ok(Value::Array(Vec::new()));
    }
    if steps >= i128::from(MAX_RANGE) {
        return Err(format!("the range has more than {MAX_RANGE} elements"));
    }
    let count = usize::try_from(steps).map_or(0, |steps| steps + 1);
    Ok(Value::Array(
        std::iter::successors(Some(first), |at| at.checked_add(step)).take(count).map(Value::from).collect(),
    ))
}

fn between(start: i64, end: i64, unit: f64) -> Result<Value, String> {
    if start >= end {
        return Err(String::from("the start must be less than the end"));
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "an offset within the range"
    )]
    let offset = (unit * (end.wrapping_sub(start).cast_unsigned() as f64)) as i64;
    Ok(Value::from(start.wrapping_add(offset).min(end - 1)))
}

fn array(value: Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(format!("an array is expected but a {} was given", data::type_name(&other))),
    }
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("a string is expected but a {} was given", data::type_name(&other))),
    }
}

fn short_text(value: Value) -> Result<String, String> {
    let text = text(value)?;
    if text.chars().count() > MAX_TEXT {
        return Err(format!("the data has more than {MAX_TEXT} characters"));
    }
    Ok(text)
}

/// An integer; a fraction is rounded to the nearest, halves up.
fn integer(value: &Value) -> Result<i64, String> {
    let number = value.as_i64().or_else(|| {
        let rounded = (value.as_f64()? + 0.5).floor();
        #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
        (rounded.abs() < 9.2e18).then_some(rounded as i64)
    });
    number.ok_or_else(|| format!("a number is expected but a {} was given", data::type_name(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intrinsic::Call;
    use serde_json::json;

    fn call(text: &str) -> Result<Value, String> {
        let call = Call::parse(text).map_err(|error| error.to_string())?;
        let read = |path: &crate::jsonpath::Path| {
            path.read(&json!({"a": {"b": [1, "x"]}})).map_err(|e| e.to_string())
        };
        call.evaluate(&read, &mut Random::new(1)).map_err(|error| error.to_string())
    }

    #[test]
    fn arrays() {
        assert_eq!(call("States.Array()"), Ok(json!([])));
        assert_eq!(call("States.ArrayPartition($.a.b, 1)"), Ok(json!([[1], ["x"]])));
        assert_eq!(call("States.ArrayContains($.a.b, 1.0)"), Ok(json!(true)));
        assert_eq!(call("States.ArrayRange(1, 9, 2)"), Ok(json!([1, 3, 5, 7, 9])));
        assert_eq!(call("States.ArrayRange(0, -4, -2)"), Ok(json!([0, -2, -4])));
        assert_eq!(call("States.ArrayRange(3, 1, 1)"), Ok(json!([])));
        assert!(call("States.ArrayRange(0, 1000000, 1)").is_err());
        assert_eq!(call("States.ArrayGetItem($.a.b, 1)"), Ok(json!("x")));
        assert!(call("States.ArrayGetItem($.a.b, -1)").is_err());
        assert_eq!(call("States.ArrayUnique(States.Array(1, 1.0, 'a', 'a'))"), Ok(json!([1, "a"])));
        assert_eq!(call("States.ArrayLength($['a']['b'])"), Ok(json!(2)));
    }

    #[test]
    fn text_functions() {
        assert_eq!(call("States.Format('{} and \\{\\} {}', 1, $.a)"), Ok(json!("1 and {} {b=[1, x]}")));
        assert!(call("States.Format('{}')").is_err());
        assert_eq!(call("States.StringSplit('a..b,c', '.,')"), Ok(json!(["a", "b", "c"])));
        assert_eq!(call("States.Base64Decode(States.Base64Encode('é'))"), Ok(json!("é")));
        assert_eq!(call("States.StringToJson('{\"a\": [1]}')"), Ok(json!({"a": [1]})));
        assert_eq!(call("States.JsonToString($.a)"), Ok(json!("{\"b\":[1,\"x\"]}")));
        assert_eq!(call("States.Hash('', 'MD5')"), Ok(json!("d41d8cd98f00b204e9800998ecf8427e")));
    }

    #[test]
    fn halves_round_up() {
        assert_eq!(call("States.MathAdd(-1.5, -1.51)"), Ok(json!(-3)));
        assert_eq!(call("States.MathAdd(0.5, 0)"), Ok(json!(1)));
        assert!(call("States.MathAdd(9223372036854775807, 1)").is_err());
    }

    #[test]
    fn random_numbers_stay_in_range() {
        for _ in 0..50 {
            let number = call("States.MathRandom(-2, 2)").unwrap().as_i64().unwrap();
            assert!((-2..2).contains(&number));
        }
        assert_eq!(call("States.MathRandom(0, 999, 3)"), call("States.MathRandom(0, 999, 3)"));
        assert_eq!(call("States.UUID()").unwrap().as_str().unwrap().len(), 36);
    }

    #[test]
    fn refuses_malformed_calls() {
        for text in [
            "States.Nope()",
            "States.Format(",
            "States.Format('a",
            "States.Format(\"a\")",
            "States.UUID(1)",
            "States.Format('\\\"')",
            "States.Array(1 2)",
            "States.Array(,)",
            "States.Array($.)",
            "x",
            "",
        ] {
            assert!(Call::parse(text).is_err(), "{text}");
        }
        assert!(Call::parse(&"States.Array(".repeat(5000)).is_err());
    }
}
