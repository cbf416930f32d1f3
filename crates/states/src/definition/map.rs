//! Map states.

use std::sync::Arc;

use serde_json::Value;

use super::compile::Compiler;
use super::fields::Fields;
use super::{Language, NumberField, ScopeId, WorkflowType};
use crate::jsonpath::Path;
use crate::template::Template;

#[derive(Debug)]
pub(crate) struct MapState {
    pub(crate) processor: ScopeId,
    /// The items run as executions of their own; the history has `MapRun…` events.
    pub(crate) distributed: bool,
    pub(crate) items: ItemSource,
    pub(crate) item_selector: Option<Template>,
    pub(crate) max_concurrency: Option<NumberField>,
    pub(crate) tolerated_count: Option<NumberField>,
    pub(crate) tolerated_percentage: Option<NumberField>,
    pub(crate) reader: Option<ItemReader>,
    pub(crate) batcher: Option<ItemBatcher>,
    pub(crate) writer: Option<ResultWriter>,
}

#[derive(Debug)]
pub(crate) enum ItemSource {
    /// The state's input.
    Input,
    /// `ItemsPath`
    Path(Path),
    /// `Items`
    Template(Template),
}

/// `ItemReader`: where the items of a distributed Map are read from.
#[derive(Debug)]
pub(crate) struct ItemReader {
    pub(crate) resource: Arc<str>,
    pub(crate) arguments: Option<Template>,
    pub(crate) input: InputType,
    pub(crate) max_items: Option<NumberField>,
}

#[derive(Debug)]
pub(crate) enum InputType {
    Csv {
        headers: CsvHeaders,
        delimiter: u8,
    },
    /// A list, or with `ItemsPointer` the list at a JSON pointer.
    Json {
        pointer: Option<String>,
    },
    JsonLines,
    /// The keys of a listing.
    Listing,
}

impl InputType {
    /// Whether the reader's resource answers with a listing and not with an object.
    pub(crate) fn is_listing(&self) -> bool {
        matches!(self, Self::Listing)
    }
}

#[derive(Debug)]
pub(crate) enum CsvHeaders {
    FirstRow,
    Given(Vec<String>),
}

/// `ItemBatcher`
#[derive(Debug)]
pub(crate) struct ItemBatcher {
    pub(crate) max_items: Option<NumberField>,
    pub(crate) max_bytes: Option<NumberField>,
    pub(crate) batch_input: Option<Template>,
}

/// `ResultWriter`
#[derive(Debug)]
pub(crate) struct ResultWriter {
    pub(crate) resource: Arc<str>,
    pub(crate) arguments: Option<Template>,
}

pub(super) const FIELDS: &[&str] = &[
    "ItemProcessor",
    "Iterator",
    "ItemSelector",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "MaxConcurrency",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
    "Label",
    "Retry",
    "Catch",
];
pub(super) const JSON_PATH_FIELDS: &[&str] = &[
    "ItemsPath",
    "Parameters",
    "ResultSelector",
    "ResultPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
];
pub(super) const JSONATA_FIELDS: &[&str] = &["Items"];

const WHOLE: (f64, f64, bool) = (0.0, 1e9, true);

pub(super) fn parse(
    fields: &Fields<'_>,
    compiler: &mut Compiler<'_>,
    workflow: WorkflowType,
) -> Option<MapState> {
    let name = if fields.has("ItemProcessor") { "ItemProcessor" } else { "Iterator" };
    let Some(processor) = fields.object(name) else {
        if !fields.has(name) {
            fields.findings.schema("These fields are required: [ItemProcessor]", &fields.location);
        }
        return None;
    };
    let mode = processor.object("ProcessorConfig").and_then(|config| {
        config.only(&[&["Mode", "ExecutionType"]]);
        config.one_of("ExecutionType", &["STANDARD", "EXPRESS"]);
        config.one_of("Mode", &["INLINE", "DISTRIBUTED"])
    });
    let distributed = mode == Some("DISTRIBUTED");
    if distributed && workflow == WorkflowType::Express {
        processor.wrong("ProcessorConfig", "Express state machine does not support 'DISTRIBUTED' mode");
    }
    for only_distributed in ["ItemReader", "ItemBatcher", "ResultWriter"] {
        if !distributed && fields.has(only_distributed) {
            fields.wrong(
                only_distributed,
                format!("Field '{only_distributed}' is only supported in 'DISTRIBUTED' mode"),
            );
        }
    }
    let items = match fields.language {
        Language::JsonPath if fields.has("ItemsPath") => ItemSource::Path(fields.path("ItemsPath")?),
        Language::Jsonata if fields.has("Items") => ItemSource::Template(fields.template("Items")?),
        _ => ItemSource::Input,
    };
    let selector = if fields.has("ItemSelector") { "ItemSelector" } else { "Parameters" };
    Some(MapState {
        processor: compiler.scope(&processor, &["ProcessorConfig"])?,
        distributed,
        items,
        item_selector: fields.template(selector),
        max_concurrency: fields.number_field("MaxConcurrency", "MaxConcurrencyPath", WHOLE),
        tolerated_count: fields.number_field("ToleratedFailureCount", "ToleratedFailureCountPath", WHOLE),
        tolerated_percentage: fields.number_field(
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
            (0.0, 100.0, false),
        ),
        reader: fields.object("ItemReader").and_then(|reader| item_reader(&reader)),
        batcher: fields.object("ItemBatcher").map(|batcher| item_batcher(&batcher)),
        writer: fields.object("ResultWriter").and_then(|writer| result_writer(&writer)),
    })
}

/// The name of the field that holds a resource's arguments.
fn arguments_field(fields: &Fields<'_>) -> &'static str {
    match fields.language {
        Language::JsonPath => "Parameters",
        Language::Jsonata => "Arguments",
    }
}

fn item_reader(fields: &Fields<'_>) -> Option<ItemReader> {
    let arguments = arguments_field(fields);
    fields.only(&[&["Resource", "ReaderConfig", arguments, "Comment"]]);
    let resource = fields.required_text("Resource")?;
    let config = fields.object("ReaderConfig");
    let kind = config.as_ref().and_then(|config| config.text("InputType"));
    let input = match kind {
        Some("CSV") => csv(config.as_ref()?),
        Some("JSON") => InputType::Json { pointer: items_pointer(config.as_ref()?) },
        Some("JSONL") => InputType::JsonLines,
        None if resource.ends_with(":listObjectsV2") => InputType::Listing,
        Some(_) | None => {
            fields.findings.schema(
                "InputType must be one of the following: [\"CSV\", \"JSON\", \"JSONL\"]; others are not supported",
                &fields.at("ReaderConfig"),
            );
            return None;
        }
    };
    let max_items = config.as_ref().and_then(|config| {
        config.only(&[&[
            "InputType",
            "CSVHeaderLocation",
            "CSVHeaders",
            "CSVDelimiter",
            "MaxItems",
            "MaxItemsPath",
            "ItemsPointer",
        ]]);
        config.number_field("MaxItems", "MaxItemsPath", (0.0, 1e9, true))
    });
    Some(ItemReader {
        resource: Arc::from(resource),
        arguments: fields.template(arguments),
        input,
        max_items,
    })
}

/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>
fn items_pointer(config: &Fields<'_>) -> Option<String> {
    let pointer = config.text("ItemsPointer")?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        config.wrong("ItemsPointer", "Value is not a valid JSON Pointer");
    }
    Some(pointer.to_owned())
}

fn csv(config: &Fields<'_>) -> InputType {
    let headers = match config.text("CSVHeaderLocation") {
        Some("GIVEN") => {
            let names = config.get("CSVHeaders").and_then(Value::as_array);
            let names =
                names.and_then(|items| items.iter().map(|item| item.as_str().map(String::from)).collect());
            CsvHeaders::Given(names.unwrap_or_else(|| {
                config.wrong("CSVHeaders", "Expected a non-empty Array of String");
                Vec::new()
            }))
        }
        Some("FIRST_ROW") => CsvHeaders::FirstRow,
        _ => {
            config
                .wrong("CSVHeaderLocation", "Value must be one of the following: [\"FIRST_ROW\", \"GIVEN\"]");
            CsvHeaders::FirstRow
        }
    };
    let delimiter = match config.text("CSVDelimiter") {
        None | Some("COMMA") => b',',
        Some("PIPE") => b'|',
        Some("SEMICOLON") => b';',
        Some("SPACE") => b' ',
        Some("TAB") => b'\t',
        Some(_) => {
            config.wrong("CSVDelimiter", "Value must be one of [COMMA, PIPE, SEMICOLON, SPACE, TAB]");
            b','
        }
    };
    InputType::Csv { headers, delimiter }
}

fn item_batcher(fields: &Fields<'_>) -> ItemBatcher {
    fields.only(&[&[
        "MaxItemsPerBatch",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath",
        "BatchInput",
    ]]);
    ItemBatcher {
        max_items: fields.number_field("MaxItemsPerBatch", "MaxItemsPerBatchPath", WHOLE),
        max_bytes: fields.number_field("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", WHOLE),
        batch_input: fields.template("BatchInput"),
    }
}

fn result_writer(fields: &Fields<'_>) -> Option<ResultWriter> {
    let arguments = arguments_field(fields);
    fields.only(&[&["Resource", arguments, "WriterConfig", "Comment"]]);
    let resource = fields.required_text("Resource")?;
    Some(ResultWriter { resource: Arc::from(resource), arguments: fields.template(arguments) })
}
