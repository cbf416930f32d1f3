//! Reading a value by a path.

use serde_json::Value;

use super::{Path, Segment};
use crate::data;

/// Why a definite path found nothing; the texts are those of the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("No results for path: ${path}")]
    NoResults { path: String },
    #[error("Missing property in path ${path}")]
    MissingProperty { path: String },
    #[error("Expected to find an object with property ['{name}'] in path ${path} but found '{found}'")]
    NotAnObject { path: String, name: String, found: &'static str },
    #[error("Too many results for path: {path}")]
    TooMany { path: String },
}

/// Most values that a path selects on its way: `$..*..*` selects each of them many times.
const MAX_SELECTED: usize = 500_000;

impl Path {
    /// What the path selects below `root`: one value where the path is definite, else a list.
    pub(crate) fn read(&self, root: &Value) -> Result<Value, PathError> {
        if self.is_definite() { self.locate(root).cloned() } else { self.read_list(root) }
    }

    /// The one value of a definite path.
    pub(crate) fn locate<'v>(&self, root: &'v Value) -> Result<&'v Value, PathError> {
        self.locate_from(root, 0)
    }

    /// As [`Self::locate`], with the first `skip` segments already followed to `value`.
    pub(crate) fn locate_from<'v>(&self, value: &'v Value, skip: usize) -> Result<&'v Value, PathError> {
        let mut current = value;
        for (position, segment) in self.segments.iter().enumerate().skip(skip) {
            let found = match segment {
                Segment::Name(name) => current.get(name.as_str()),
                Segment::Index(index) => element(current, *index),
                _ => None,
            };
            match found {
                Some(value) => current = value,
                None => return Err(self.missing(current, position)),
            }
        }
        Ok(current)
    }

    /// The values of an indefinite path, as a JSON array.
    fn read_list(&self, root: &Value) -> Result<Value, PathError> {
        let too_many = || PathError::TooMany { path: self.text.to_string() };
        let selected = select(root, &self.segments).ok_or_else(too_many)?;
        let mut left = data::COPIES;
        selected.iter().try_for_each(|value| data::charge(value, &mut left)).ok_or_else(too_many)?;
        Ok(Value::Array(selected.into_iter().cloned().collect()))
    }

    fn missing(&self, at: &Value, position: usize) -> PathError {
        let upto = |end: usize| self.segments[..end].iter().map(bracketed).collect::<String>();
        let last = position + 1 == self.segments.len();
        match (&self.segments[position], at) {
            (Segment::Name(name), Value::Object(_) | Value::Null) if !last => {
                let _ = name;
                PathError::MissingProperty { path: upto(position + 1) }
            }
            (Segment::Name(name), Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
                PathError::NotAnObject { path: upto(position), name: name.clone(), found: java_name(at) }
            }
            _ => PathError::NoResults { path: upto(position + 1) },
        }
    }
}

/// What `segments` select below `value`, in order; `None` where it is too much.
pub(super) fn select<'v>(value: &'v Value, segments: &[Segment]) -> Option<Vec<&'v Value>> {
    let mut current = vec![value];
    for segment in segments {
        let mut next = Vec::new();
        for value in current {
            step(value, segment, &mut next);
            if next.len() > MAX_SELECTED {
                return None;
            }
        }
        current = next;
    }
    Some(current)
}

fn step<'v>(value: &'v Value, segment: &Segment, out: &mut Vec<&'v Value>) {
    match segment {
        Segment::Name(name) => {
            if let Value::Object(map) = value {
                out.extend(map.get(name.as_str()));
            }
        }
        Segment::Names(names) => {
            if let Value::Object(map) = value {
                out.extend(names.iter().filter_map(|name| map.get(name.as_str())));
            }
        }
        Segment::Index(index) => out.extend(element(value, *index)),
        Segment::Indexes(indexes) => out.extend(indexes.iter().filter_map(|index| element(value, *index))),
        Segment::Slice { start, end, step } => {
            if let Value::Array(items) = value {
                out.extend(slice(items, *start, *end, *step));
            }
        }
        Segment::Wildcard => match value {
            Value::Array(items) => out.extend(items),
            Value::Object(map) => out.extend(map.values()),
            _ => {}
        },
        Segment::Descent => descend(value, out),
        Segment::Filter(filter) => match value {
            Value::Array(items) => out.extend(items.iter().filter(|item| filter.accepts(item))),
            Value::Object(_) if filter.accepts(value) => out.push(value),
            _ => {}
        },
    }
}

/// `value` and all containers below it, parents before children.
fn descend<'v>(value: &'v Value, out: &mut Vec<&'v Value>) {
    out.push(value);
    match value {
        Value::Array(items) => {
            items.iter().filter(|item| is_container(item)).for_each(|item| descend(item, out));
        }
        Value::Object(map) => {
            map.values().filter(|item| is_container(item)).for_each(|item| descend(item, out));
        }
        _ => {}
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

fn element(value: &Value, index: i64) -> Option<&Value> {
    let items = value.as_array()?;
    items.get(position(items.len(), index)?)
}

/// The place of `index` in an array of `len`, counted from the end where it is negative.
pub(super) fn position(len: usize, index: i64) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => len.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

fn slice(items: &[Value], start: Option<i64>, end: Option<i64>, step: i64) -> impl Iterator<Item = &Value> {
    let len = items.len();
    let clamp = |bound: i64| position(len, bound).unwrap_or(0).min(len);
    let from = start.map_or(0, clamp);
    let to = end.map_or(len, clamp).max(from);
    items[from..to].iter().step_by(usize::try_from(step).unwrap_or(1).max(1))
}

fn bracketed(segment: &Segment) -> String {
    match segment {
        Segment::Name(name) => format!("['{name}']"),
        Segment::Index(index) => format!("[{index}]"),
        _ => String::new(),
    }
}

/// The Java class that the service's messages name for a value.
fn java_name(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) if number.is_f64() => "java.lang.Double",
        Value::Number(_) => "java.lang.Integer",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Object(_) | Value::Null => "java.util.LinkedHashMap",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(path: &str, data: &Value) -> Result<Value, String> {
        Path::parse(path).unwrap().read(data).map_err(|error| error.to_string())
    }

    #[test]
    fn definite_paths_yield_one_value_or_say_what_is_missing() {
        let data = json!({"a": {"b": [10, 20]}, "s": "text"});
        assert_eq!(read("$.a.b[1]", &data), Ok(json!(20)));
        assert_eq!(read("$.a['b'][-1]", &data), Ok(json!(20)));
        assert_eq!(read("$", &data), Ok(data.clone()));
        assert_eq!(read("$.no.such", &data), Err("Missing property in path $['no']".into()));
        assert_eq!(read("$.a.no", &data), Err("No results for path: $['a']['no']".into()));
        assert_eq!(read("$.a.b[2]", &data), Err("No results for path: $['a']['b'][2]".into()));
        assert!(read("$.s.x", &data).unwrap_err().contains("in path $['s'] but found 'java.lang.String'"));
    }

    #[test]
    fn indefinite_paths_yield_lists() {
        let data = json!({"items": [{"v": 1, "n": "x"}, {"v": 2}, 3], "o": {"p": 1, "q": 2}});
        assert_eq!(read("$.items[*].v", &data), Ok(json!([1, 2])));
        assert_eq!(read("$.items[1:]", &data), Ok(json!([{"v": 2}, 3])));
        assert_eq!(read("$.items[-1:]", &data), Ok(json!([3])));
        assert_eq!(read("$.items[0,2]", &data), Ok(json!([{"v": 1, "n": "x"}, 3])));
        assert_eq!(read("$.o.*", &data), Ok(json!([1, 2])));
        assert_eq!(read("$.o['p','q']", &data), Ok(json!([1, 2])));
        assert_eq!(read("$..v", &data), Ok(json!([1, 2])));
        assert_eq!(read("$.none[*]", &data), Ok(json!([])));
    }

    #[test]
    fn refuses_to_select_without_end() {
        let deep = (0..90).fold(json!(1), |inner, _| json!({"a": inner, "b": [1, 2]}));
        assert!(read("$..*..*..*..*..*", &deep).unwrap_err().starts_with("Too many results"));
        assert!(read(&format!("${}", "..[*]".repeat(12)), &deep).is_err());
        let large = json!(["x".repeat(200_000)]);
        assert!(read(&format!("$[0{}]", ",0".repeat(100_000)), &large).is_err());
        assert_eq!(read("$[?(@..*..*..*..*..*)]", &json!([deep])), Ok(json!([])));
    }

    #[test]
    fn filters_compare_fields_of_objects() {
        let data = json!([{"v": 1, "n": "x"}, {"v": 2}, 3]);
        assert_eq!(read("$[?(@.v == 1)]", &data), Ok(json!([{"v": 1, "n": "x"}])));
        assert_eq!(read("$[?(@.v >= 1 && !@.n)]", &data), Ok(json!([{"v": 2}])).map(|v: Value| v));
        assert_eq!(read("$[?(@.n == 'x' || @.v > 1)].v", &data), Ok(json!([1, 2])));
        assert_eq!(read("$[?(@ == 3)]", &data), Ok(json!([])));
    }
}
