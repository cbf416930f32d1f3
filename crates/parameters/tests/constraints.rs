//! The table of constraints that the crate ships is a subset of the one that was taken from the services' models.
//!
//! With `MLPP_WRITE_CONSTRAINTS=1` this writes `data/constraints.json` anew instead of comparing it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

const ABOUT: &str = "Constraints of the request members that the documents' known keys feed, from the service models in \
    botocore. 'parameters' says which member a key feeds; 'source' of a member is its shape in the service's model. 'min' \
    and 'max' are lengths of strings, lists and maps, and values of numbers. Patterns hold for the whole string. Written by \
    tests/constraints.rs.";

/// The whole table, or `None` with a word about it.
fn whole_table() -> Option<Value> {
    let shared = std::env::var_os("MLPP_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let file = shared.join("constraints.json");
    if let Ok(text) = std::fs::read_to_string(&file) {
        return Some(serde_json::from_str(&text).unwrap());
    }
    println!("skipped: constraints ({} is not there)", file.display());
    if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(file, "constraints of the services: crates/parameters/tests/constraints.rs").unwrap();
    }
    None
}

/// What the crate ships of it.
fn subset(whole: &Value) -> Value {
    let parameters = whole["workflow_parameter_to_member"].as_object().unwrap();
    let mut members = Map::new();
    let mut enums = Map::new();
    for target in parameters.values() {
        let (operation, root) = target.as_str().unwrap().split_once(' ').unwrap();
        let service = operation.split_once(':').unwrap().0;
        for member in whole["operations"][operation]["members"].as_array().unwrap() {
            let path = member["path"].as_str().unwrap();
            let below =
                path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']));
            if below.is_some() {
                members.insert(format!("{operation} {path}"), entry(whole, service, member, &mut enums));
            }
        }
    }
    let botocore = &whole["botocore"];
    json!({
        "about": ABOUT, "botocore": botocore, "parameters": parameters, "members": members, "enums": enums,
    })
}

fn entry(whole: &Value, service: &str, member: &Value, enums: &mut Map<String, Value>) -> Value {
    let shape = member["shape"].as_str().unwrap();
    let mut entry = Map::new();
    entry.insert("type".into(), member["type"].clone());
    entry.insert("shape".into(), shape.into());
    entry.insert("source".into(), format!("{service} $.shapes.{shape}").into());
    for constraint in member["constraints"].as_array().into_iter().flatten() {
        let name = constraint["k"].as_str().unwrap();
        assert_eq!(constraint["at"], format!("$.shapes.{shape}.{name}"));
        let value = if name == "enum" {
            let key = format!("{service}:{shape}");
            let values = constraint.get("v").unwrap_or_else(|| &whole["enums"][&key]["values"]);
            assert!(values.is_array(), "{key}");
            enums.insert(key.clone(), values.clone());
            key.into()
        } else {
            constraint["v"].clone()
        };
        entry.insert(name.to_owned(), value);
    }
    entry.into()
}

#[test]
fn the_shipped_constraints_are_those_of_the_services_models() {
    let Some(whole) = whole_table() else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/constraints.json");
    let expected = subset(&whole);
    if std::env::var_os("MLPP_WRITE_CONSTRAINTS").is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(&expected).unwrap() + "\n").unwrap();
    }
    let shipped: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let names =
        |table: &Value| table["members"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&shipped), names(&expected));
    assert_eq!(shipped, expected, "write it anew with MLPP_WRITE_CONSTRAINTS=1");
}
