//! What a distributed Map reads and writes: `ItemReader` and `ResultWriter` on the buckets of this machine.

use std::io::Read as _;

use mlpp_provider::{Object, Which};
use mlpp_states::driver::TaskFailure;
use mlpp_states::{TaskPurpose, TaskRequest};
use serde_json::{Value, json};

use crate::LocalObjects;

/// The error of a Map whose items cannot be read (Step Functions developer guide, "Error names").
const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";
/// The error of a Map whose results cannot be written.
const RESULT_WRITER_FAILED: &str = "States.ResultWriterFailed";

/// What a compressed object begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The most bytes of an object that was compressed.
const MAX_BYTES: u64 = 1 << 30;

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
            (TaskPurpose::WriteResults, Some("putObject")) => self.write(&request.parameters),
            _ => Err(format!("{} is not available on this machine.", request.resource)),
        };
        answer.map_err(|cause| TaskFailure::new(error, cause))
    }

    /// An object's text.
    fn text(&self, parameters: &Value) -> Result<Value, String> {
        let (bucket, key) = (text(parameters, "Bucket")?, text(parameters, "Key")?);
        let object = self.0.read(bucket, key, Which::Newest).map_err(|error| error.to_string())?;
        let bytes = inflated(object.bytes)
            .map_err(|error| format!("The object s3://{bucket}/{key} cannot be decompressed: {error}"))?;
        let text = String::from_utf8(bytes)
            .map_err(|error| format!("The object s3://{bucket}/{key} is not UTF-8: {error}"))?;
        Ok(Value::String(text))
    }

    fn write(&self, parameters: &Value) -> Result<Value, String> {
        let names = ["Bucket", "Key", "Body"].map(|name| text(parameters, name));
        let [bucket, key, body] = names;
        let written = self.0.write(bucket?, key?, body?.as_bytes()).map_err(|error| error.to_string())?;
        Ok(json!({"ETag": format!("\"{}\"", written.etag)}))
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

/// The bytes of an object that may be compressed, as those of an S3 inventory are.
fn inflated(bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut whole = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).take(MAX_BYTES + 1).read_to_end(&mut whole)?;
    if whole.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other(format!("it has more than {MAX_BYTES} bytes")));
    }
    Ok(whole)
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use mlpp_states::TaskId;

    use super::*;

    fn request(purpose: TaskPurpose, action: &str, parameters: Value) -> TaskRequest {
        TaskRequest {
            id: TaskId(1),
            purpose,
            state_name: "M".into(),
            resource: format!("arn:aws:states:::s3:{action}").into(),
            parameters: Arc::new(parameters),
            attempt: 0,
            iterations: Vec::new(),
            timeout_seconds: None,
            heartbeat_seconds: None,
            credentials: None,
            task_token: None,
        }
    }

    #[test]
    fn what_is_written_is_read_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        let objects = MapObjects::new(LocalObjects::new(folder.path()));
        let put = json!({"Bucket": "demo", "Key": "a/b.json", "Body": "[1]"});
        objects.answer(&request(TaskPurpose::WriteResults, "putObject", put)).unwrap();
        let read = |key: &str| {
            let get = json!({"Bucket": "demo", "Key": key});
            objects.answer(&request(TaskPurpose::ReadItems, "getObject", get))
        };
        assert_eq!(read("a/b.json"), Ok(json!("[1]")));
        let list = json!({"Bucket": "demo", "Prefix": "a/"});
        let listed = objects.answer(&request(TaskPurpose::ReadItems, "listObjectsV2", list)).unwrap();
        let entry = &listed["Contents"][0];
        assert_eq!((&entry["Key"], &entry["Size"]), (&json!("a/b.json"), &json!(3)));

        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a,b\n").unwrap();
        std::fs::write(folder.path().join("demo/rows.csv.gz"), packed.finish().unwrap()).unwrap();
        assert_eq!(read("rows.csv.gz"), Ok(json!("a,b\n")));
    }

    #[test]
    fn what_cannot_be_read_or_written_fails_the_map() {
        let folder = tempfile::tempdir().unwrap();
        let objects = MapObjects::new(LocalObjects::new(folder.path()));
        let failed = |purpose, action: &str, parameters| {
            objects.answer(&request(purpose, action, parameters)).unwrap_err().error.unwrap()
        };
        let reading = TaskPurpose::ReadItems;
        assert_eq!(failed(reading, "getObject", json!({"Bucket": "demo", "Key": "x"})), ITEM_READER_FAILED);
        assert_eq!(failed(reading, "getObject", json!({"Bucket": 1, "Key": "x"})), ITEM_READER_FAILED);
        assert_eq!(failed(reading, "getObject", json!({"Bucket": "..", "Key": "x"})), ITEM_READER_FAILED);
        assert_eq!(failed(reading, "deleteObject", json!({})), ITEM_READER_FAILED);
        let put = json!({"Bucket": "demo", "Key": "../x", "Body": ""});
        assert_eq!(failed(TaskPurpose::WriteResults, "putObject", put), RESULT_WRITER_FAILED);
        std::fs::create_dir(folder.path().join("demo")).unwrap();
        std::fs::write(folder.path().join("demo/x"), [0xff, 0xfe]).unwrap();
        assert_eq!(failed(reading, "getObject", json!({"Bucket": "demo", "Key": "x"})), ITEM_READER_FAILED);
    }
}
