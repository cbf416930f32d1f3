//! The JSON Schema of `mlpp.toml`, for editors that complete and check it.

use serde_json::{Map, Value, json};

use super::file::{OF_ENVIRONMENT, OF_PREDICT, OTHERS};
use super::registry::{SETTINGS, Setting};

fn scalar(setting: &Setting) -> Value {
    let mut schema = json!({"description": setting.about, "default": setting.default});
    if setting.name == "keep_releases" {
        schema["type"] = json!(["integer", "string"]);
        schema["default"] = json!(20);
    } else {
        schema["type"] = json!("string");
    }
    if !setting.choices.is_empty() {
        schema["enum"] = json!(setting.choices);
    }
    schema
}

fn texts(description: &str) -> Value {
    json!({"description": description, "type": "array", "items": {"type": "string"}})
}

fn pairs(description: &str) -> Value {
    json!({"description": description, "type": "object", "additionalProperties": {"type": "string"}})
}

fn secrets() -> Value {
    json!({
        "description": "Values that are secret: JSON pointers into the documents, and where each value is read",
        "type": "object",
        "propertyNames": {"pattern": "^/"},
        "additionalProperties": {"type": "string", "pattern": "^(env:|file:|ssm:/)"},
    })
}

fn other(name: &str) -> Value {
    match name {
        "documents" => texts("Documents of the user's own, beside the two"),
        "schemas" => texts("JSON Schemas that the effective documents must be valid against"),
        "buckets" => texts("The buckets that S3 URIs may lie in; any when it is left out"),
        "overridable" => texts("What a manifest may override: JSON pointers, each with all below it"),
        "overlays" => texts("Documents that are laid over the others in this environment, in order"),
        "algorithms" => texts("Files that declare the algorithms of this machine"),
        "secrets" => secrets(),
        "substitutions" => pairs("Values for ${Name} in state machines"),
        "tags" => pairs("Tags of the parameters that are created on AWS"),
        "data" => pairs("The objects of the local buckets by S3 URI, and the files they are copied from"),
        "state_machines" => pairs("State machines of the project's own: files by name"),
        "input_schemas" => {
            pairs("JSON Schemas of what state machines of the project's own read: files by name")
        }
        "predict" => {
            let members = OF_PREDICT.iter().map(|name| ((*name).to_owned(), json!({"type": "string"})));
            json!({
                "description": "What the endpoint is asked at the end of a run",
                "type": "object",
                "properties": members.collect::<Map<_, _>>(),
                "required": ["file"],
                "additionalProperties": false,
            })
        }
        "environments" => json!({
            "description": "Settings and overlays of one environment each, by its name",
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": members(|setting| setting.name != "environment", &OF_ENVIRONMENT),
                "additionalProperties": false,
            },
        }),
        _ => json!({"type": "string"}),
    }
}

fn members(of: impl Fn(&Setting) -> bool, others: &[&str]) -> Map<String, Value> {
    let scalars = SETTINGS.iter().filter(|setting| of(setting));
    let mut members: Map<_, _> = scalars.map(|setting| (setting.name.to_owned(), scalar(setting))).collect();
    members.extend(others.iter().map(|name| ((*name).to_owned(), other(name))));
    members
}

fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The settings of an mlpp project (mlpp.toml)",
        "type": "object",
        "properties": members(|_| true, &OTHERS),
        "additionalProperties": false,
    })
}

#[test]
fn the_schema_that_is_checked_in_is_this_one() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/mlpp.schema.json");
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("MLPP_WRITE_SCHEMAS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(checked_in, text, "write it anew with MLPP_WRITE_SCHEMAS=1");
}

#[test]
fn the_schema_takes_the_valid_samples_and_the_example_and_refuses_unknown_settings() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("../../examples/titanic/mlpp.toml")];
    let samples = std::fs::read_dir(root.join("tests/sample-configs/valid")).unwrap();
    files.extend(samples.map(|entry| entry.unwrap().path()));
    assert!(files.len() > 2);
    let value = |text: &str| toml::from_str::<Value>(text).unwrap();
    for file in files {
        let settings = value(&std::fs::read_to_string(&file).unwrap());
        assert!(validator.is_valid(&settings), "{}", file.display());
    }
    assert!(!validator.is_valid(&value("enviroment = \"x\"")));
    assert!(!validator.is_valid(&value("drift = \"sometimes\"")));
}
