//! Whether a mocked result looks like the answer of the service that the task calls.
//!
//! The shapes lie in `shapes/` beside `src/`; what is not there is not checked. Fields that a shape does not know are taken, as the service
//! takes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::FieldValidationMode;

/// The shapes of one service.
#[derive(Deserialize)]
struct Table {
    /// The shape of each action's output.
    operations: BTreeMap<String, String>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Shape {
    Object {
        members: BTreeMap<String, String>,
        #[serde(default)]
        required: Vec<String>,
    },
    Array {
        items: String,
        min: Option<f64>,
        max: Option<f64>,
    },
    Map {
        items: String,
    },
    String {
        min: Option<f64>,
        max: Option<f64>,
        #[serde(rename = "enum")]
        values: Option<Vec<String>>,
    },
    Number {
        min: Option<f64>,
        max: Option<f64>,
    },
}

/// Checks `result` as the answer to `action` of `service`, the parts of a resource's name.
///
/// # Errors
/// The service's text about the first thing that is wrong.
pub(super) fn check(
    service: &str,
    action: &str,
    mode: FieldValidationMode,
    result: &Value,
) -> Result<(), String> {
    if mode == FieldValidationMode::None || result.is_null() {
        return Ok(());
    }
    let Some((table, action)) = text(service).zip(answering(service, action)) else { return Ok(()) };
    // The tables are our own; a test reads each.
    let Ok(table) = serde_json::from_str::<Table>(table) else { return Ok(()) };
    let Some(shape) = table.operations.get(action) else { return Ok(()) };
    let checker = Checker { table: &table, strict: mode == FieldValidationMode::Strict };
    checker.check(shape, result, None)
}

/// The action whose answer a task has as its result. A job's is that of the action that tells of the job.
fn answering<'a>(service: &str, action: &'a str) -> Option<&'a str> {
    match action.split_once('.') {
        None => Some(action),
        Some((start, pattern)) if pattern.starts_with("sync") => match (service, start) {
            ("states", "startExecution") => Some("describeExecution"),
            ("athena", "startQueryExecution") => Some("getQueryExecution"),
            ("sagemaker", "createHyperParameterTuningJob") => Some("describeHyperParameterTuningJob"),
            ("sagemaker", "createLabelingJob") => Some("describeLabelingJob"),
            ("sagemaker", "createProcessingJob") => Some("describeProcessingJob"),
            ("sagemaker", "createTrainingJob") => Some("describeTrainingJob"),
            ("sagemaker", "createTransformJob") => Some("describeTransformJob"),
            _ => None,
        },
        // Whoever has the token says what the result is.
        Some(_) => None,
    }
}

/// The table of a service, by its name in a resource.
fn text(service: &str) -> Option<&'static str> {
    // SDK integrations have a few services under other names.
    let name = match service.strip_prefix("aws-sdk:").unwrap_or(service) {
        "emrcontainers" => "emr-containers",
        "emrserverless" => "emr-serverless",
        "eventbridge" => "events",
        "sfn" => "states",
        name => name,
    };
    TABLES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../shapes/", $name, ".json")))),*]
    };
}

/// The tables by service.
const TABLES: &[(&str, &str)] = tables!(
    "athena",
    "batch",
    "codebuild",
    "databrew",
    "dynamodb",
    "ecs",
    "eks",
    "emr-containers",
    "emr-serverless",
    "events",
    "glue",
    "kms",
    "lambda",
    "s3",
    "sagemaker",
    "secretsmanager",
    "sns",
    "sqs",
    "states",
    "sts",
);

struct Checker<'t> {
    table: &'t Table,
    strict: bool,
}

impl Checker<'_> {
    /// Checks a value against a shape by its name; `field` is where it is, `None` for the whole result.
    fn check(&self, shape: &str, value: &Value, field: Option<&str>) -> Result<(), String> {
        match shape {
            "any" => Ok(()),
            "string" => string(value, field, (None, None), None),
            "number" => number(value, field, (None, None)),
            "boolean" if value.is_boolean() => Ok(()),
            "boolean" => Err(wrong(field, "must be a boolean")),
            name => match self.table.shapes.get(name) {
                Some(shape) => self.bounded(shape, value, field),
                None => Ok(()),
            },
        }
    }

    fn bounded(&self, shape: &Shape, value: &Value, field: Option<&str>) -> Result<(), String> {
        match (shape, value) {
            (Shape::Object { members, required }, Value::Object(map)) => {
                if let Some(missing) = required.iter().find(|name| self.strict && !map.contains_key(*name)) {
                    return Err(format!(
                        "Mock result schema validation error: Required field '{missing}' is missing"
                    ));
                }
                map.iter().try_for_each(|(name, value)| match members.get(name) {
                    Some(shape) => self.check(shape, value, Some(name)),
                    None => Ok(()),
                })
            }
            (Shape::Map { items }, Value::Object(map)) => {
                map.values().try_for_each(|value| self.check(items, value, field))
            }
            (Shape::Object { .. } | Shape::Map { .. }, _) => Err(wrong(field, "must be an object")),
            (Shape::Array { items, min, max }, Value::Array(values)) => {
                length(values.len(), field, (*min, *max))?;
                values.iter().try_for_each(|value| self.check(items, value, field))
            }
            (Shape::Array { .. }, _) => Err(wrong(field, "must be an array")),
            (Shape::String { min, max, values }, value) => {
                string(value, field, (*min, *max), values.as_deref())
            }
            (Shape::Number { min, max }, value) => number(value, field, (*min, *max)),
        }
    }
}

type Bounds = (Option<f64>, Option<f64>);

fn string(
    value: &Value,
    field: Option<&str>,
    bounds: Bounds,
    values: Option<&[String]>,
) -> Result<(), String> {
    let Value::String(text) = value else { return Err(wrong(field, "must be a string")) };
    if values.is_some_and(|values| !values.contains(text)) {
        return Err(wrong(field, "is not an expected value"));
    }
    length(text.chars().count(), field, bounds)
}

fn length(length: usize, field: Option<&str>, (min, max): Bounds) -> Result<(), String> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let length = length as f64;
    if min.is_some_and(|min| length < min) {
        return Err(wrong(field, "is smaller than the minimum length"));
    }
    if max.is_some_and(|max| length > max) {
        return Err(wrong(field, "exceeds the maximum length"));
    }
    Ok(())
}

fn number(value: &Value, field: Option<&str>, (min, max): Bounds) -> Result<(), String> {
    let Some(number) = value.as_f64() else { return Err(wrong(field, "must be a number")) };
    if min.is_some_and(|min| number < min) {
        return Err(wrong(field, "is less than the minimum value"));
    }
    if max.is_some_and(|max| number > max) {
        return Err(wrong(field, "exceeds the maximum value"));
    }
    Ok(())
}

fn wrong(field: Option<&str>, what: &str) -> String {
    match field {
        Some(field) => format!("Mock result schema validation error: Field '{field}' {what}"),
        None => format!("Mock result schema validation error: Mock result {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn strict(service: &str, action: &str, result: &Value) -> Result<(), String> {
        check(service, action, FieldValidationMode::Strict, result)
    }

    #[test]
    fn every_table_is_read_and_refers_to_shapes_that_it_has() {
        for (name, text) in TABLES {
            let table: Table = serde_json::from_str(text).unwrap();
            assert!(!table.operations.is_empty(), "{name}");
            let known = |shape: &String| {
                matches!(shape.as_str(), "any" | "string" | "number" | "boolean")
                    || table.shapes.contains_key(shape)
            };
            assert!(table.operations.values().all(known), "{name}");
            for shape in table.shapes.values() {
                match shape {
                    Shape::Object { members, required } => {
                        assert!(members.values().all(known), "{name}");
                        assert!(required.iter().all(|field| members.contains_key(field)), "{name}");
                    }
                    Shape::Array { items, .. } | Shape::Map { items } => assert!(known(items), "{name}"),
                    Shape::String { .. } | Shape::Number { .. } => {}
                }
            }
        }
    }

    #[test]
    fn checks_types_bounds_enumerations_and_what_is_required() {
        let wrong = |service: &str, action: &str, result: Value| {
            let text = strict(service, action, &result).unwrap_err();
            text.strip_prefix("Mock result schema validation error: ").unwrap().to_owned()
        };
        assert_eq!(
            wrong("sqs", "sendMessage", json!({"MessageId": 1})),
            "Field 'MessageId' must be a string"
        );
        assert_eq!(
            wrong("aws-sdk:dynamodb", "getItem", json!({"Item": {"a": {"SS": ["x", 1]}}})),
            "Field 'SS' must be a string"
        );
        assert_eq!(
            wrong("aws-sdk:s3", "listBuckets", json!({"Buckets": {}})),
            "Field 'Buckets' must be an array"
        );
        assert_eq!(
            wrong("aws-sdk:kms", "describeKey", json!({"KeyMetadata": {}})),
            "Required field 'KeyId' is missing"
        );
        assert_eq!(
            wrong("aws-sdk:sfn", "describeExecution", json!({"Status": "GONE"})),
            "Required field 'ExecutionArn' is missing"
        );
        assert_eq!(wrong("ecs", "runTask", json!([])), "Mock result must be an object");
        assert_eq!(
            wrong("sagemaker", "createTrainingJob.sync", json!({"TrainingJobStatus": "Done"})),
            "Required field 'TrainingJobName' is missing"
        );
    }

    #[test]
    fn takes_what_it_does_not_know() {
        assert_eq!(strict("aws-sdk:unknown", "getThing", &json!(1)), Ok(()));
        assert_eq!(strict("sqs", "unknown", &json!(1)), Ok(()));
        assert_eq!(strict("sqs", "sendMessage", &json!({"New": 1})), Ok(()));
        assert_eq!(strict("sqs", "sendMessage.waitForTaskToken", &json!({"MessageId": 1})), Ok(()));
        assert_eq!(strict("sqs", "sendMessage", &Value::Null), Ok(()));
        let present = FieldValidationMode::Present;
        assert_eq!(check("states", "startExecution", present, &json!({})), Ok(()));
        assert!(check("states", "startExecution", present, &json!({"StartDate": 1})).is_err());
        assert_eq!(check("sqs", "sendMessage", FieldValidationMode::None, &json!(1)), Ok(()));
    }
}
