//! The items of a distributed Map: what `ItemReader` reads, and how `ItemBatcher` groups them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::FrameId;
use super::engine::Engine;
use super::failure::Failure;
use super::flow::foreign;
use crate::data::{self, Json};
use crate::definition::{CsvHeaders, InputType, ItemBatcher};
use crate::environment::Problem;

pub(super) const ITEM_READER_FAILED: &str = "States.ItemReaderFailed";

pub(super) fn reader_failure(cause: &str) -> Failure {
    Failure::named(Some(Arc::from(ITEM_READER_FAILED)), Some(Arc::from(cause)))
}

/// The items in what the reader's resource answered: an object's text, or a listing.
pub(super) fn parse(input: &InputType, content: &Value) -> Result<Vec<Value>, String> {
    let text = || content.as_str().ok_or_else(|| String::from("The object's content is not text."));
    match input {
        InputType::Json { pointer } => {
            let mut value: Value = serde_json::from_str(text()?)
                .map_err(|error| format!("The object's content is not JSON: {error}"))?;
            match value.pointer_mut(pointer.as_deref().unwrap_or_default()) {
                Some(Value::Array(items)) => Ok(std::mem::take(items)),
                // Recordings of the service refuse an object as a whole; where a pointer leads to one, its members are the items.
                Some(Value::Object(members)) if pointer.is_some() => Ok(std::mem::take(members)
                    .into_iter()
                    .map(|(key, value)| json!({"Key": key, "Value": value}))
                    .collect()),
                Some(_) => Err(String::from("Attempting to map over non-iterable node.")),
                None => Err(String::from(
                    "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
                )),
            }
        }
        InputType::JsonLines => text()?
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                serde_json::from_str(line)
                    .map_err(|error| format!("A line of the object is not JSON: {error}"))
            })
            .collect(),
        InputType::Listing => match content.get("Contents") {
            Some(Value::Array(items)) => Ok(items.clone()),
            None => Ok(Vec::new()),
            Some(_) => Err(String::from("Attempting to map over non-iterable node.")),
        },
        InputType::Csv { headers, delimiter } => csv(text()?, headers, *delimiter),
    }
}

/// Each row as an object of strings; a row that is too short has empty strings, one that is too long loses its end.
fn csv(text: &str, headers: &CsvHeaders, delimiter: u8) -> Result<Vec<Value>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes());
    let mut rows =
        reader.records().map(|row| row.map_err(|error| format!("The object's content is not CSV: {error}")));
    let names: Vec<String> = match headers {
        CsvHeaders::Given(names) => names.clone(),
        CsvHeaders::FirstRow => match rows.next().transpose()? {
            Some(row) => row.iter().map(String::from).collect(),
            None => Vec::new(),
        },
    };
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(String::from("CSV headers cannot contain duplicates."));
    }
    let mut items = Vec::new();
    for row in rows {
        let row = row?;
        let mut item = Map::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            item.insert(name.clone(), Value::from(row.get(index).unwrap_or_default()));
        }
        items.push(Value::Object(item));
    }
    Ok(items)
}

impl Engine<'_> {
    /// Groups items as `ItemBatcher` says.
    pub(super) fn batches(
        &mut self,
        id: FrameId,
        input: &Json,
        batcher: &ItemBatcher,
        items: Vec<Json>,
    ) -> Result<Vec<Json>, Problem> {
        let mut bound = |field: Option<&crate::definition::NumberField>| match field {
            Some(field) => {
                let bound = self.whole(id, input, field, "ItemBatcher")?;
                let positive = usize::try_from(bound).ok().filter(|bound| *bound > 0);
                positive
                    .map(Some)
                    .ok_or_else(|| Problem::runtime(format!("field {} must be positive", field.name)))
            }
            None => Ok(None),
        };
        let most_items = bound(batcher.max_items.as_ref())?.unwrap_or(usize::MAX);
        let most_bytes = bound(batcher.max_bytes.as_ref())?.unwrap_or(usize::MAX);
        let batch_input = match &batcher.batch_input {
            Some(template) => Some(
                self.with_environment(id, input, (None, None), |env| {
                    template.evaluate(env, "ItemBatcher/BatchInput")
                })
                .unwrap_or_else(|| Err(foreign()))?,
            ),
            None => None,
        };
        let empty = batch(batch_input.as_ref(), Vec::new());
        let overhead = data::text_len(&empty);
        let mut done = Vec::new();
        let mut current: Vec<Value> = Vec::new();
        let mut bytes = overhead;
        for item in items {
            let size = data::text_len(&*item) + usize::from(!current.is_empty());
            if !current.is_empty() && (current.len() >= most_items || bytes + size > most_bytes) {
                done.push(Arc::new(batch(batch_input.as_ref(), std::mem::take(&mut current))));
                bytes = overhead;
            }
            bytes += size;
            current.push(Arc::unwrap_or_clone(item));
        }
        if !current.is_empty() {
            done.push(Arc::new(batch(batch_input.as_ref(), current)));
        }
        Ok(done)
    }
}

fn batch(batch_input: Option<&Json>, items: Vec<Value>) -> Value {
    let mut batch = Map::new();
    if let Some(input) = batch_input {
        batch.insert(String::from("BatchInput"), Value::clone(input));
    }
    batch.insert(String::from("Items"), Value::Array(items));
    Value::Object(batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_row(text: &str) -> Result<Vec<Value>, String> {
        csv(text, &CsvHeaders::FirstRow, b',')
    }

    #[test]
    fn rows_are_objects_of_strings() {
        assert_eq!(
            first_row("a,b\n1,\"x,y\"\n2\n3,4,5\n"),
            Ok(vec![json!({"a": "1", "b": "x,y"}), json!({"a": "2", "b": ""}), json!({"a": "3", "b": "4"}),])
        );
        assert_eq!(first_row(""), Ok(vec![]));
        assert!(first_row("a,a\n1,2").is_err());
    }

    #[test]
    fn other_inputs() {
        assert_eq!(
            parse(&InputType::JsonLines, &json!("1\n\n{\"a\":2}\n")),
            Ok(vec![json!(1), json!({"a": 2})])
        );
        assert!(parse(&InputType::Json { pointer: None }, &json!("{}")).is_err());
        let pointed = |pointer: &str| {
            parse(
                &InputType::Json { pointer: Some(pointer.into()) },
                &json!("{\"a\": {\"b\": [1, 2]}, \"c\": 1}"),
            )
        };
        assert_eq!(pointed("/a/b"), Ok(vec![json!(1), json!(2)]));
        assert_eq!(pointed("/a"), Ok(vec![json!({"Key": "b", "Value": [1, 2]})]));
        assert_eq!(pointed("/c"), Err(String::from("Attempting to map over non-iterable node.")));
        assert!(pointed("/d").unwrap_err().contains("ItemsPointer does not match"));
        assert_eq!(
            parse(&InputType::Listing, &json!({"Contents": [{"Key": "k"}]})),
            Ok(vec![json!({"Key": "k"})])
        );
    }
}
