//! What the services' models say of a request: types, required members, bounds, patterns, enumerations.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

static TABLE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("request_shapes.json")).unwrap());

/// What the models' patterns have and the crate has not, and what is put in its place. (That a name does not end in `-` is
/// left out.)
const OTHER_SYNTAX: [(&str, &str); 3] = [
    ("(?<!-)", ""),
    ("\\p{Print}", "[\\x20-\\x7E]"),
    ("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\u{10000}-\\u{10FFFF}"),
];

/// The patterns by shape; they hold for the whole text.
static PATTERNS: LazyLock<BTreeMap<&str, Regex>> = LazyLock::new(|| {
    let shapes = TABLE["shapes"].as_object().unwrap();
    let pattern = |shape: &Value| {
        let pattern = shape["pattern"].as_str()?.to_owned();
        let pattern =
            OTHER_SYNTAX.iter().fold(pattern, |pattern, (theirs, ours)| pattern.replace(theirs, ours));
        Some(Regex::new(&format!("^(?:{pattern})$")).unwrap())
    };
    shapes.iter().filter_map(|(name, shape)| Some((name.as_str(), pattern(shape)?))).collect()
});

/// What is wrong with a request by the service's model, each with its place. A request without a model is a fault.
pub(crate) fn faults(action: &str, request: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    match TABLE["requests"][action].as_str() {
        Some(shape) => check(shape, request, action, &mut faults),
        None => faults.push(format!("{action} has no model")),
    }
    faults
}

fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn check(name: &str, value: &Value, at: &str, faults: &mut Vec<String>) {
    let shape = &TABLE["shapes"][name];
    let mut fault = |what: &str| faults.push(format!("{at}: {what}: {value}"));
    let size = match (shape["type"].as_str().unwrap(), value) {
        ("structure" | "map", Value::Object(members)) => count(members.len()),
        ("list", Value::Array(list)) => count(list.len()),
        ("string", Value::String(text)) => count(text.chars().count()),
        ("integer" | "long", Value::Number(number)) if number.as_f64().unwrap().fract() == 0.0 => {
            number.as_f64().unwrap()
        }
        ("float" | "double", Value::Number(number)) => number.as_f64().unwrap(),
        ("boolean", Value::Bool(_)) => 0.0,
        (kind, _) => return fault(&format!("is no {kind}")),
    };
    if shape["min"].as_f64().is_some_and(|min| size < min)
        || shape["max"].as_f64().is_some_and(|max| size > max)
    {
        fault(&format!("is not within {} and {}", shape["min"], shape["max"]));
    }
    if let (Some(pattern), Some(text)) = (PATTERNS.get(name), value.as_str())
        && !pattern.is_match(text)
    {
        fault(&format!("does not match {pattern}"));
    }
    if shape["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
        fault(&format!("is none of {}", shape["enum"]));
    }
    for member in shape["required"].as_array().into_iter().flatten() {
        if value.get(member.as_str().unwrap()).is_none() {
            fault(&format!("lacks {member}"));
        }
    }
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let at = format!("{at}.{member}");
                let known = shape.get("value").or_else(|| shape["members"].get(member));
                match known.map(Value::as_str) {
                    Some(Some(shape)) => check(shape, value, &at, faults),
                    Some(None) => faults.push(format!("{at}: its shape is to be added by request_shapes.py")),
                    None => faults.push(format!("{at}: is not known")),
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                check(shape["member"].as_str().unwrap(), value, &format!("{at}[{index}]"), faults);
            }
        }
        _ => {}
    }
}

#[test]
fn what_is_wrong_with_a_request_is_found() {
    let model = json!({"ModelName": "m", "PrimaryContainer": {"Image": "i", "Environment": {"A": "1"}},
        "VpcConfig": {"Subnets": ["s"], "SecurityGroupIds": ["g"]}});
    assert_eq!(faults("CreateModel", &model), [""; 0]);
    for (pointer, value, expected) in [
        ("/ModelName", json!(1), "is no string"),
        ("/ModelName", json!("m-"), "does not match"),
        ("/ModelName", json!("m".repeat(64)), "is not within"),
        ("/VpcConfig/Subnets", json!("s"), "is no list"),
        ("/VpcConfig/Subnets", json!([]), "is not within"),
        ("/VpcConfig", json!({"Subnets": ["s"]}), "lacks \"SecurityGroupIds\""),
        ("/PrimaryContainer/Environment/A", json!(true), "is no string"),
        ("/PrimaryContainer", json!({"Nothing": 1}), "is not known"),
        ("/PrimaryContainer", json!({"MultiModelConfig": {}}), "is to be added"),
    ] {
        let mut model = model.clone();
        *model.pointer_mut(pointer).unwrap() = value.clone();
        let found = faults("CreateModel", &model);
        assert!(found.len() == 1 && found[0].contains(expected), "{pointer} {value}: {found:?}");
    }
    assert_eq!(faults("DeleteModel", &model), ["DeleteModel has no model"]);
    let sorted = json!({"SortBy": "Size"});
    assert!(faults("ListModels", &sorted)[0].contains("is none of"));
}
