//! Reading the items of a distributed Map: one object, or the objects that a listing or a manifest names, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};

use super::engine::Engine;
use super::frame::{Activity, ReadWork};
use super::map_items::{self, ITEM_READER_FAILED};
use super::{FrameId, TaskPurpose};
use crate::data::Json;
use crate::definition::{CsvHeaders, InputType, ItemReader, Objects, State};
use crate::environment::Problem;

/// The items, and the Map Run's ARN.
type Read = (Vec<Value>, Arc<str>);

impl Engine<'_> {
    pub(super) fn begin_reading(
        &mut self,
        id: FrameId,
        state: &State,
        reader: &ItemReader,
        arguments: Json,
        map_run_arn: Arc<str>,
    ) {
        let work = Box::new(ReadWork {
            map_run_arn,
            arguments: Arc::clone(&arguments),
            objects: None,
            columns: None,
            items: Vec::new(),
        });
        self.read(id, state, &Arc::clone(&reader.resource), arguments, work);
    }

    /// Takes in what was read. The items with the Map Run's ARN, or `None` where another object is being read; `most` items are enough.
    pub(super) fn read_more(
        &mut self,
        id: FrameId,
        state: &State,
        reader: &ItemReader,
        (content, most): (&Value, usize),
        mut work: Box<ReadWork>,
    ) -> Result<Option<Read>, Problem> {
        let failed = |cause: String| Problem::named(ITEM_READER_FAILED, cause);
        if let (Some(named), None) = (reader.objects, &work.objects) {
            let (objects, columns) = name_objects(named, content, &work.arguments).map_err(failed)?;
            work.objects = Some(objects);
            work.columns = columns;
        } else {
            let parsed = match work.columns.take() {
                Some(columns) => {
                    let headers = CsvHeaders::Given(columns);
                    let input = InputType::Csv { headers, delimiter: b',' };
                    let parsed = map_items::parse(&input, content);
                    if let InputType::Csv { headers: CsvHeaders::Given(columns), .. } = input {
                        work.columns = Some(columns);
                    }
                    parsed
                }
                None => map_items::parse(&reader.input, content),
            };
            work.items.append(&mut parsed.map_err(failed)?);
        }
        let next = work.objects.as_mut().and_then(VecDeque::pop_front);
        match next {
            Some(object) if work.items.len() < most => {
                // `…:s3:listObjectsV2` names the objects, `…:s3:getObject` reads them.
                let service = reader.resource.rsplit_once(':').map_or("", |(service, _)| service);
                let resource = Arc::from(format!("{service}:getObject"));
                self.read(id, state, &resource, object, work);
                Ok(None)
            }
            _ => Ok(Some((work.items, work.map_run_arn))),
        }
    }

    fn read(
        &mut self,
        id: FrameId,
        state: &State,
        resource: &Arc<str>,
        arguments: Json,
        work: Box<ReadWork>,
    ) {
        let purpose = TaskPurpose::ReadItems;
        let task = self.request(id, purpose, &state.name, resource, arguments, (None, None), None);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.activity = Activity::Reading(task, work);
        }
    }
}

type Named = (VecDeque<Json>, Option<Vec<String>>);

/// The objects that `content` names, as `getObject` takes them, and the columns of their rows where it says so.
fn name_objects(named: Objects, content: &Value, arguments: &Value) -> Result<Named, String> {
    let text = || content.as_str().ok_or_else(|| String::from("The manifest's content is not text."));
    match named {
        Objects::Listed => {
            let keys = content.get("Contents").and_then(Value::as_array).into_iter().flatten();
            // A key that ends in a slash stands for a folder.
            let keys = keys.filter_map(|entry| entry.get("Key")?.as_str()).filter(|key| !key.ends_with('/'));
            let bucket = arguments.get("Bucket").cloned().unwrap_or_default();
            Ok((keys.map(|key| Arc::new(json!({"Bucket": bucket, "Key": key}))).collect(), None))
        }
        Objects::Athena => {
            let mut objects = VecDeque::new();
            for line in
                text()?.lines().map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty())
            {
                let place = line.strip_prefix("s3://").and_then(|place| place.split_once('/'));
                let (bucket, key) =
                    place.ok_or_else(|| format!("The manifest has a line that is no URI: {line}"))?;
                objects.push_back(Arc::new(json!({"Bucket": bucket, "Key": key})));
            }
            Ok((objects, None))
        }
        Objects::Inventory => inventory(text()?),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>
fn inventory(text: &str) -> Result<Named, String> {
    let manifest: Value =
        serde_json::from_str(text).map_err(|error| format!("The manifest is not JSON: {error}"))?;
    let format = manifest.get("fileFormat").and_then(Value::as_str).unwrap_or("CSV");
    if format != "CSV" {
        return Err(format!("The inventory's format is {format}, and only CSV can be read."));
    }
    let missing = |field: &str| format!("The manifest has no '{field}'.");
    let member = |field: &str| manifest.get(field).and_then(Value::as_str).ok_or_else(|| missing(field));
    let bucket = member("destinationBucket")?;
    let bucket = bucket.rsplit(':').next().unwrap_or(bucket);
    let columns = member("fileSchema")?.split(',').map(|column| column.trim().to_owned()).collect();
    let files = manifest.get("files").and_then(Value::as_array).ok_or_else(|| missing("files"))?;
    let keys = files.iter().map(|file| file.get("key").and_then(Value::as_str).ok_or_else(|| missing("key")));
    let objects = keys.map(|key| Ok(Arc::new(json!({"Bucket": bucket, "Key": key?}))));
    Ok((objects.collect::<Result<_, String>>()?, Some(columns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: Objects, content: &Value) -> Result<Value, String> {
        let arguments = json!({"Bucket": "listed", "Prefix": "p/"});
        let (objects, columns) = name_objects(kind, content, &arguments)?;
        let objects: Vec<Value> = objects.into_iter().map(|object| Value::clone(&object)).collect();
        Ok(json!([objects, columns]))
    }

    #[test]
    fn listings_and_manifests_name_objects() {
        let listing = json!({"Contents": [{"Key": "p/"}, {"Key": "p/a.json"}]});
        assert_eq!(
            named(Objects::Listed, &listing),
            Ok(json!([[{"Bucket": "listed", "Key": "p/a.json"}], null]))
        );
        assert_eq!(
            named(Objects::Athena, &json!("s3://b/x/1.csv\n\"s3://b/x/2.csv\"\n\n")),
            Ok(json!([[{"Bucket": "b", "Key": "x/1.csv"}, {"Bucket": "b", "Key": "x/2.csv"}], null]))
        );
        assert!(named(Objects::Athena, &json!("b/x")).is_err());
        let manifest = json!({"sourceBucket": "s", "destinationBucket": "arn:aws:s3:::d", "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, Size", "files": [{"key": "data/1.csv.gz", "size": 9}]});
        assert_eq!(
            named(Objects::Inventory, &json!(manifest.to_string())),
            Ok(json!([[{"Bucket": "d", "Key": "data/1.csv.gz"}], ["Bucket", "Key", "Size"]]))
        );
        for wrong in ["{}", "nothing", "{\"fileFormat\": \"Parquet\"}"] {
            assert!(named(Objects::Inventory, &json!(wrong)).is_err(), "{wrong}");
        }
    }
}
