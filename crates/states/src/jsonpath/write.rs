//! Writing a value at a reference path, as `ResultPath` does.

use serde_json::{Map, Value};

use super::evaluate::position;
use super::{Path, Segment};

/// Why a result cannot be put at a path: `States.ResultPathMatchFailure`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Unable to apply step \"{step}\" to input {input}")]
pub(crate) struct WriteError {
    step: String,
    input: String,
}

impl Path {
    /// Puts `value` at this path below `root`; objects on the way are made where there is nothing.
    pub(crate) fn write(&self, root: &mut Value, value: Value) -> Result<(), WriteError> {
        let mut current = root;
        for segment in &self.segments {
            current = child(current, segment)?;
        }
        *current = value;
        Ok(())
    }
}

fn child<'v>(value: &'v mut Value, segment: &Segment) -> Result<&'v mut Value, WriteError> {
    match segment {
        Segment::Name(name) => {
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            match value {
                Value::Object(map) => Ok(map.entry(name.as_str()).or_insert(Value::Null)),
                other => Err(mismatch(name, other)),
            }
        }
        Segment::Index(index) => {
            let at = value.as_array().and_then(|items| position(items.len(), *index));
            let error = mismatch(&index.to_string(), value);
            at.and_then(|at| value.get_mut(at)).ok_or(error)
        }
        _ => Err(mismatch("", value)),
    }
}

fn mismatch(step: &str, input: &Value) -> WriteError {
    WriteError { step: step.to_owned(), input: input.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(path: &str, mut root: Value, value: Value) -> Result<Value, WriteError> {
        Path::parse(path).unwrap().write(&mut root, value).map(|()| root)
    }

    #[test]
    fn makes_objects_on_the_way() {
        assert_eq!(write("$.a.b", json!({"x": 1}), json!(2)), Ok(json!({"x": 1, "a": {"b": 2}})));
        assert_eq!(write("$", json!({"x": 1}), json!(2)), Ok(json!(2)));
        assert_eq!(write("$.x", json!({"x": 1}), json!(2)), Ok(json!({"x": 2})));
    }

    #[test]
    fn replaces_elements_that_exist() {
        assert_eq!(write("$.a[1]", json!({"a": [1, 2]}), json!(3)), Ok(json!({"a": [1, 3]})));
        assert!(write("$.a[2]", json!({"a": [1, 2]}), json!(3)).is_err());
    }

    #[test]
    fn refuses_to_go_through_a_scalar() {
        let error = write("$.a.b", json!({"a": "text"}), json!(1)).unwrap_err();
        assert_eq!(error.to_string(), "Unable to apply step \"b\" to input \"text\"");
    }
}
