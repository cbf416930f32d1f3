//! Map states.

use std::sync::Arc;

use serde_json::Value;

use super::compile::Compiler;
use super::fields::Fields;
use super::{Language, NumberField, ScopeId, WorkflowType};
use crate::diagnostic::Code;
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
    /// `Label`: the Map's name in the names of its runs and child executions.
    pub(crate) label: Option<Arc<str>>,
    /// The child executions of a distributed Map are Express ones.
    pub(crate) express: bool,
    /// The state has fields that only a distributed Map can have, which the service tells when it gets there.
    pub(crate) misplaced: bool,
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
    /// What is in the object, or in each of `objects`.
    pub(crate) input: InputType,
    /// What the resource answers names objects, whose contents are the items.
    pub(crate) objects: Option<Objects>,
    pub(crate) max_items: Option<NumberField>,
}

/// How the objects to be read are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Objects {
    /// By a listing (`LOAD_AND_FLATTEN`).
    Listed,
    /// By the `manifest.json` of an S3 inventory.
    Inventory,
    /// By a manifest of Athena's: a URI in each line.
    Athena,
}

#[derive(Debug)]
pub(crate) enum InputType {
    Csv {
        headers: CsvHeaders,
        delimiter: u8,
    },
    /// A list, or with `ItemsPointer` what is at a JSON pointer.
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
    /// Where the results are written to; without it they are the state's result.
    pub(crate) resource: Option<Arc<str>>,
    pub(crate) arguments: Option<Template>,
    pub(crate) transformation: Transformation,
    /// The files have a result in each line, not a list.
    pub(crate) lines: bool,
}

/// What becomes of the results of child executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transformation {
    /// Outputs with what is known of the executions.
    None,
    /// Outputs.
    Compact,
    /// Outputs, and the elements of those that are lists.
    Flatten,
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
    let (mut mode, mut execution) = (None, None);
    if let Some(config) = processor.object("ProcessorConfig") {
        config.only(&[&["Mode", "ExecutionType"]]);
        mode = config.one_of("Mode", &["INLINE", "DISTRIBUTED"]);
        execution = config.one_of("ExecutionType", &["STANDARD", "EXPRESS"]);
    }
    let distributed = mode == Some("DISTRIBUTED");
    if distributed && workflow == WorkflowType::Express {
        processor.wrong("ProcessorConfig", "Express state machine does not support 'DISTRIBUTED' mode");
    }
    let misplaced =
        !distributed && ["ItemReader", "ItemBatcher", "ResultWriter"].iter().any(|name| fields.has(name));
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
        label: label(fields),
        express: execution == Some("EXPRESS"),
        misplaced,
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
    let (input, objects) = inputs(fields, config.as_ref(), resource.ends_with(":listObjectsV2"))?;
    let max_items = config.as_ref().and_then(|config| {
        config.only(&[&[
            "InputType",
            "Transformation",
            "ManifestType",
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
        objects,
        max_items,
    })
}

/// What `ReaderConfig` says of the items.
fn inputs(
    reader: &Fields<'_>,
    config: Option<&Fields<'_>>,
    listing: bool,
) -> Option<(InputType, Option<Objects>)> {
    let option = |name, values: &[&str]| config.and_then(|config| config.one_of(name, values));
    let kind = option("InputType", &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]);
    let flatten = option("Transformation", &["NONE", "LOAD_AND_FLATTEN"]) == Some("LOAD_AND_FLATTEN");
    let manifest = option("ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]);
    // A row of an inventory has the columns of its manifest.
    let inventory = InputType::Csv { headers: CsvHeaders::Given(Vec::new()), delimiter: b',' };
    let objects = match (manifest, kind) {
        (Some("S3_INVENTORY"), None) | (None, Some("MANIFEST")) => {
            return Some((inventory, Some(Objects::Inventory)));
        }
        (Some("ATHENA_DATA"), Some(_)) => Some(Objects::Athena),
        _ if flatten => Some(Objects::Listed),
        _ => None,
    };
    let input = match (kind, config) {
        (Some("CSV"), Some(config)) => csv(config),
        (Some("JSON"), Some(config)) => InputType::Json { pointer: items_pointer(config) },
        (Some("JSONL"), _) => InputType::JsonLines,
        (None, _) if listing && !flatten => InputType::Listing,
        (Some("PARQUET"), Some(config)) => {
            config.wrong("InputType", "Parquet cannot be read here; write the items as CSV, JSON or JSONL");
            return None;
        }
        // What is no text, or none of these, has been told.
        _ if config.is_some_and(|config| config.has("InputType")) && kind.is_none() => return None,
        _ => {
            let message = "The field 'InputType' is required but was missing";
            let location = if config.is_some() { reader.at("ReaderConfig") } else { reader.location.clone() };
            reader.findings.schema(message, &location);
            return None;
        }
    };
    Some((input, objects))
}

/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>
fn items_pointer(config: &Fields<'_>) -> Option<String> {
    let pointer = config.text("ItemsPointer")?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        config.wrong("ItemsPointer", "Value is not a valid JSON Pointer");
    }
    Some(pointer.to_owned()).filter(|pointer| !pointer.is_empty())
}

/// At most 40 characters: <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>
fn label(fields: &Fields<'_>) -> Option<Arc<str>> {
    const MAX_LABEL: usize = 40;
    let label = fields.text("Label")?;
    let wrong = |c: char| c.is_whitespace() || c.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"".contains(c);
    if label.is_empty() || label.chars().count() > MAX_LABEL || label.contains(wrong) {
        let message = format!("Invalid label name '{label}'");
        fields.findings.error(Code::InvalidLabelName, message, &fields.at("Label"));
    }
    Some(Arc::from(label))
}

fn csv(config: &Fields<'_>) -> InputType {
    let headers = match config.one_of("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]) {
        Some("GIVEN") => {
            let names = config.get("CSVHeaders").and_then(Value::as_array);
            let names =
                names.and_then(|items| items.iter().map(|item| item.as_str().map(String::from)).collect());
            CsvHeaders::Given(names.unwrap_or_else(|| {
                config.wrong("CSVHeaders", "Expected a non-empty Array of String");
                Vec::new()
            }))
        }
        Some(_) => CsvHeaders::FirstRow,
        None => {
            if !config.has("CSVHeaderLocation") {
                let message = "These fields are required: [CSVHeaderLocation]";
                config.findings.schema(message, &config.location);
            }
            CsvHeaders::FirstRow
        }
    };
    let delimiter = match config.one_of("CSVDelimiter", &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]) {
        Some("PIPE") => b'|',
        Some("SEMICOLON") => b';',
        Some("SPACE") => b' ',
        Some("TAB") => b'\t',
        _ => b',',
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
    if !["Resource", "WriterConfig"].iter().any(|name| fields.has(name)) {
        let message = "One of these fields is required: [Resource, WriterConfig]";
        fields.findings.schema(message, &fields.location);
        return None;
    }
    let resource = fields.text("Resource").map(Arc::from);
    if resource.is_some() && !fields.has(arguments) {
        fields.findings.schema(format!("These fields are required: [{arguments}]"), &fields.location);
    }
    let (mut transformation, mut lines) = (None, false);
    if let Some(config) = fields.object("WriterConfig") {
        config.only(&[&["Transformation", "OutputType"]]);
        transformation = config.one_of("Transformation", &["NONE", "COMPACT", "FLATTEN"]);
        lines = config.one_of("OutputType", &["JSON", "JSONL"]) == Some("JSONL");
    }
    let transformation = match transformation {
        Some("COMPACT") => Transformation::Compact,
        Some("FLATTEN") => Transformation::Flatten,
        Some(_) => Transformation::None,
        None if resource.is_some() => Transformation::None,
        None => Transformation::Compact,
    };
    Some(ResultWriter { resource, arguments: fields.template(arguments), transformation, lines })
}
