//! Every entry of the shipped table of constraints is enforced, at its very bounds.

#![allow(clippy::unwrap_used)]

use mlpp_parameters::{Diagnostic, Documents, ProjectRules, Severity, validate};
use serde_json::{Value, json};

fn table() -> Value {
    serde_json::from_str(include_str!("../data/constraints.json")).unwrap()
}

/// The known keys of documents with the entries of what they feed.
fn known(table: &Value) -> Vec<(&str, &Value)> {
    let parameters = table["parameters"].as_object().unwrap().iter();
    let of_documents = parameters.filter(|(name, _)| !name.starts_with("channels["));
    let known: Vec<_> = of_documents
        .map(|(name, member)| (name.as_str(), &table["members"][member.as_str().unwrap()]))
        .collect();
    assert!(known.len() > 25 && known.iter().all(|(_, entry)| entry.is_object()));
    known
}

/// A document with `value` at the dotted path `name`.
fn document(name: &str, value: Value) -> String {
    name.rsplit('.').fold(value, |value, level| json!({level: value})).to_string()
}

fn findings(name: &str, value: Value) -> Vec<Diagnostic> {
    let documents = Documents::merge([("a.json", document(name, value))]).unwrap();
    match validate(&documents, &"/p".parse().unwrap(), &ProjectRules::default()) {
        Ok(valid) => valid.warnings,
        Err(findings) => findings,
    }
}

fn codes(name: &str, value: Value) -> Vec<&'static str> {
    findings(name, value).into_iter().map(|finding| finding.code).collect()
}

/// Names to which 15 characters are appended.
fn stamp(name: &str) -> usize {
    if ["tuningJobName", "model.name", "endpointName"].contains(&name) { 15 } else { 0 }
}

#[test]
fn a_text_has_at_most_the_greatest_length() {
    let table = table();
    let mut count = 0;
    for (name, entry) in known(&table).into_iter().filter(|(_, entry)| entry["type"] == "string") {
        let Some(max) = entry["max"].as_u64() else { continue };
        let max = usize::try_from(max).unwrap() - stamp(name);
        let text = |length: usize| match entry["shape"].as_str().unwrap() {
            "S3Uri" => format!("s3://demo-bucket/{}", "a".repeat(length - 17)),
            "ArnOrName" => {
                format!(
                    "arn:aws:sagemaker:{}:123456789012:algorithm/{}",
                    "r".repeat(length - 105),
                    "a".repeat(63)
                )
            }
            _ => "a".repeat(length),
        };
        let found: Vec<_> = findings(name, json!(text(max)));
        assert!(found.iter().all(|finding| finding.severity == Severity::Warning), "{name}: {found:?}");
        let code = if stamp(name) > 0 { "name/too-long-once-stamped" } else { "value/length" };
        assert!(codes(name, json!(text(max + 1))).contains(&code), "{name}");
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn each_value_of_a_set_is_allowed_and_no_other() {
    let table = table();
    let mut count = 0;
    for (name, entry) in known(&table) {
        let Some(values) = entry["enum"].as_str().map(|key| table["enums"][key].as_array().unwrap()) else {
            continue;
        };
        if name.ends_with("acceleratorType") {
            assert!(values.iter().all(|value| codes(name, value.clone()) == ["value/elastic-inference"]));
            continue;
        }
        for value in values {
            assert!(codes(name, value.clone()).is_empty(), "{name}: {value}");
        }
        assert_eq!(codes(name, json!("none-such")), ["value/enum"], "{name}");
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn a_number_lies_within_its_bounds() {
    let table = table();
    let mut count = 0;
    for (name, entry) in known(&table).into_iter().filter(|(_, entry)| entry["type"] == "integer") {
        let least = entry["min"].as_i64().unwrap_or(1);
        for written in [json!(least), json!(least.to_string())] {
            assert!(codes(name, written).is_empty(), "{name}");
        }
        for written in [json!(least - 1), json!((least - 1).to_string()), json!(i64::from(i32::MAX) + 1)] {
            assert_eq!(codes(name, written), ["value/bounds"], "{name}");
        }
        for written in [json!("1.5"), json!(1.5), json!("one"), json!("")] {
            assert_eq!(codes(name, written), ["value/integer"], "{name}");
        }
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn a_list_is_as_long_as_the_service_takes_it() {
    let table = table();
    let mut count = 0;
    for (name, entry) in known(&table).into_iter().filter(|(_, entry)| entry["type"] == "list") {
        let max = usize::try_from(entry["max"].as_u64().unwrap()).unwrap();
        let list = |length| Value::Array((0..length).map(|index| json!(format!("id-{index}"))).collect());
        assert!(!codes(name, list(max)).contains(&"value/count"), "{name}");
        assert!(codes(name, list(max + 1)).contains(&"value/count"), "{name}");
        assert!(codes(name, json!(["a b"])).contains(&"value/pattern"), "{name}");
        count += 1;
    }
    assert_eq!(count, 4);
}

#[test]
fn a_value_of_another_type_is_refused_everywhere() {
    let table = table();
    for (name, entry) in known(&table).into_iter().filter(|(name, _)| !name.ends_with("acceleratorType")) {
        for value in [json!(null), json!(true), json!(1), json!("x"), json!(["x"]), json!({"x": "y"})] {
            let right = match entry["type"].as_str().unwrap() {
                "string" => value.is_string(),
                "integer" => value.is_number() || value.is_string(),
                "boolean" => value.is_boolean(),
                "list" => value.is_array(),
                "map" | "structure" => value.is_object(),
                other => panic!("{other}"),
            };
            if !right {
                let code = if entry["type"] == "boolean" { "value/boolean" } else { "value/type" };
                assert!(codes(name, value.clone()).contains(&code), "{name}: {value}");
            }
        }
    }
}

#[test]
fn a_secret_is_refused_at_every_known_key() {
    let table = table();
    let names = known(&table).into_iter().map(|(name, _)| name);
    for name in names.chain(["model", "model.hosting"]) {
        for source in [json!("env:TOKEN"), json!("hunter2"), json!(1)] {
            assert_eq!(codes(name, json!({"$secret": source})), ["secret/verbatim"], "{name}");
        }
    }
}
