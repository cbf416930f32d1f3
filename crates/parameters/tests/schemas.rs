//! The JSON Schemas for editors, in `schemas/`, are those that the rules give, allow what is right and refuse what a schema
//! can refuse.
//!
//! With `MLPP_WRITE_SCHEMAS=1` they are written anew instead of compared.

#![cfg(feature = "schema")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use mlpp_parameters::{Documents, rules, schema};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schemas() -> [(&'static str, Value); 3] {
    [
        ("ml-parameters", schema::ml_parameters()),
        ("hyperparameters", schema::hyperparameters()),
        ("manifest", schema::manifest()),
    ]
}

fn compiled() -> BTreeMap<&'static str, Validator> {
    let compile = |schema: Value| jsonschema::options().offline().build(&schema).unwrap();
    schemas().into_iter().map(|(name, schema)| (name, compile(schema))).collect()
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// What is wrong with a file, by the schema called `name`.
fn errors(schemas: &BTreeMap<&str, Validator>, name: &str, instance: &Value) -> Vec<String> {
    schemas[name].iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_schemas_are_those_that_the_rules_give() {
    for (name, schema) in schemas() {
        let file = root().join(format!("schemas/{name}.schema.json"));
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("MLPP_WRITE_SCHEMAS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(written, text, "{name}: write it anew with MLPP_WRITE_SCHEMAS=1");
    }
}

#[test]
fn the_examples_are_valid() {
    let shared = std::env::var_os("MLPP_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let golden = shared.join("golden/golden-inputs");
    let schemas = compiled();
    for folder in [root().join("examples/titanic"), golden] {
        if !folder.is_dir() {
            println!("skipped: golden files ({} is not there)", folder.display());
            if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
                use std::io::Write as _;
                let mut file = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
                writeln!(file, "golden files: crates/parameters/tests/schemas.rs").unwrap();
            }
            continue;
        }
        for name in schemas.keys() {
            let file = folder.join(format!("{name}.json"));
            assert_eq!(errors(&schemas, name, &read(&file)), [""; 0], "{}", file.display());
        }
    }
}

/// The samples of a folder, by the rule.
fn samples(folder: &str) -> Vec<(&'static str, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(folder);
    let file = |id: &str| folder.join(format!("{}.json", id.replace('/', "__")));
    rules::all().iter().map(|rule| (rule.id, file(rule.id))).collect()
}

/// Whether the schemas of the documents, or that of manifests, allow what a file holds.
fn is_allowed(schemas: &BTreeMap<&str, Validator>, id: &str, file: &Path) -> bool {
    let instance = read(file);
    if id.starts_with("manifest/") {
        return errors(schemas, "manifest", &instance).is_empty();
    }
    // A sample is all documents in one.
    let (mut parameters, mut hyperparameters) = (instance.clone(), json!({}));
    for name in ["parameterRanges", "staticHyperParameters"] {
        let moved = parameters.as_object_mut().and_then(|members| members.shift_remove(name));
        hyperparameters.as_object_mut().unwrap().extend(moved.map(|value| (name.to_owned(), value)));
    }
    errors(schemas, "ml-parameters", &parameters).is_empty()
        && errors(schemas, "hyperparameters", &hyperparameters).is_empty()
}

#[test]
fn what_the_rules_allow_the_schemas_allow() {
    let schemas = compiled();
    for (id, file) in samples("valid").into_iter().filter(|(id, _)| *id != "schema/not-valid") {
        assert!(is_allowed(&schemas, id, &file), "{id}");
    }
}

/// What takes arithmetic, comparison of several values, or knowledge of the project is beyond a schema.
#[test]
fn what_a_schema_can_refuse_the_schemas_refuse() {
    const REFUSED: [&str; 33] = [
        "document/reserved-name",
        "hyperparameter/count",
        "key/unknown-member",
        "manifest/augmented",
        "manifest/channel-name",
        "manifest/channels",
        "manifest/parameters",
        "manifest/release",
        "manifest/s3-data-type",
        "manifest/s3-uri",
        "manifest/unknown-key",
        "name/level",
        "name/releases",
        "name/too-long-once-stamped",
        "range/kind",
        "range/shape",
        "secret/in-list",
        "secret/shape",
        "secret/source",
        "secret/verbatim",
        "value/boolean",
        "value/bounds",
        "value/count",
        "value/elastic-inference",
        "value/enum",
        "value/integer",
        "value/length",
        "value/number",
        "value/pattern",
        "value/placeholder",
        "value/required",
        "value/s3-uri",
        "value/type",
    ];
    let schemas = compiled();
    let readable = |(id, file): &(&str, PathBuf)| {
        *id != "schema/not-valid" && Documents::merge([("a.json", std::fs::read(file).unwrap())]).is_ok()
    };
    let refused: Vec<_> = samples("invalid")
        .into_iter()
        .filter(readable)
        .filter(|(id, file)| !is_allowed(&schemas, id, file))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(refused, REFUSED);
}
