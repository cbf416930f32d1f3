//! What a distributed Map reads and writes: `ItemReader` and `ResultWriter` on the buckets of this machine.

use mlpp_provider::{Object, Which};
use mlpp_states::driver::TaskFailure;
use mlpp_states::{TaskPurpose, TaskRequest};
use serde_json::{Value, json};

use crate::LocalObjects;

/// The error of a Map whose items cannot be read (Step Functions developer guide, "Error names").
const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
/// The error of a Map whose results cannot be written.
const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";

/// The buckets as a distributed Map uses them.
#[derive(Debug, Clone)]
pub struct MapObjects(LocalObjects);

impl MapObjects {
    /// The Map's objects are in `objects`.
    pub fn new(objects: LocalObjects) -> Self {
        Self(objects)
    }

    /// Reads the items or writes the results that a distributed Map asks for.
    ///
    /// # Errors
    /// The error that the Map state has then.
    pub fn answer(&self, request: &TaskRequest) -> Result<Value, TaskFailure> {
        let error = match request.purpose {
            TaskPurpose::ReadItems => ITEM_READER_FAILED,
            TaskPurpose::Task | TaskPurpose::WriteResults => RESULT_WRITER_FAILED,
        };
        let answer = match (request.purpose, action(&request.resource)) {
            (TaskPurpose::ReadItems, Some("getObject")) => self.text(&request.parameters),
            (TaskPurpose::ReadItems, Some("listObjectsV2")) => self.listing(&request.parameters),
            _ => Err(format!("{} is not available on this machine.", request.resource)),
        };
        answer.map_err(|cause| TaskFailure::new(error, cause))
    }

    /// An object's text.
    fn text(&self, parameters: &Value) -> Result<Value, String> {
        let (bucket, key) = (text(parameters, "Bucket")?, text(parameters, "Key")?);
        let object = self.0.read(bucket, key, Which::Newest).map_err(|error| error.to_string())?;
        let text = String::from_utf8(object.bytes)
            .map_err(|error| format!("The object s3://{bucket}/{key} is not UTF-8: {error}"))?;
        Ok(Value::String(text))
    }

    /// A bucket's objects, as `ListObjectsV2` has them.
    fn listing(&self, parameters: &Value) -> Result<Value, String> {
        let bucket = text(parameters, "Bucket")?;
        let prefix = parameters.get("Prefix").and_then(Value::as_str).unwrap_or_default();
        let keys = self.0.keys(bucket, prefix).map_err(|error| error.to_string())?;
        let mut contents = Vec::with_capacity(keys.len());
        for key in keys {
            let object = self.0.read(bucket, &key, Which::Newest).map_err(|error| error.to_string())?;
            contents.push(entry(&key, &object));
        }
        Ok(json!({"Contents": contents}))
    }
}

fn entry(key: &str, object: &Object) -> Value {
    json!({
        "Etag": format!("\"{}\"", object.etag),
        "Key": key,
        "LastModified": object.last_modified,
        "Size": object.bytes.len(),
        "StorageClass": "STANDARD",
    })
}

fn action(resource: &str) -> Option<&str> {
    resource.strip_prefix("arn:aws:states:::").and_then(|rest| rest.strip_prefix("s3:"))
}

fn text<'p>(parameters: &'p Value, name: &str) -> Result<&'p str, String> {
    let value = parameters.get(name);
    value.and_then(Value::as_str).ok_or_else(|| match value {
        Some(value) => format!("The parameter {name} is no text: {value}"),
        None => format!("The parameter {name} is missing."),
    })
}
