//! JSON Schemas with which an editor completes and checks documents and manifests while they are written.
//!
//! They come from what the rules know of the known keys. They allow what validation allows: keys of the user's own, and
//! numbers that are written as texts; validation knows more than they can say.

mod shape;
mod text;

use serde_json::{Value as Json, json};

use self::shape::Writer;
use crate::rules::{RESERVED, known};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The known keys that `hyperparameters.json` has by custom; the others stand in `ml-parameters.json`.
const HYPERPARAMETERS: [&str; 2] = ["parameterRanges", "staticHyperParameters"];
/// `CreateTrainingJob`, member `InputDataConfig`: at most 20 channels.
const MAX_CHANNELS: usize = 20;

/// The schema of `ml-parameters.json`.
pub fn ml_parameters() -> Json {
    document(
        "Parameters of an ML workflow",
        "ml-parameters.json: the parameters of an ML workflow but for its hyperparameters. Keys of your own may stand \
         beside the known ones.",
        |name| !HYPERPARAMETERS.contains(&name),
    )
}

/// The schema of `hyperparameters.json`.
pub fn hyperparameters() -> Json {
    document(
        "Hyperparameters of an ML workflow",
        "hyperparameters.json: the hyperparameters that are tuned, and those that are not. Keys of your own may stand \
         beside the known ones.",
        |name| HYPERPARAMETERS.contains(&name),
    )
}

/// A document with those known keys for which `has` holds.
fn document(title: &str, description: &str, has: impl Fn(&str) -> bool) -> Json {
    let mut writer = Writer::default();
    let root = &known().root;
    let mut properties = writer.members(root, |name| has(name));
    properties.extend(RESERVED.map(|name| (name.to_owned(), Json::Bool(false))));
    json!({
        "$schema": DRAFT,
        "title": title,
        "description": description,
        "type": "object",
        "propertyNames": {"$ref": "#/$defs/level"},
        "properties": properties,
        "additionalProperties": {"$ref": "#/$defs/own"},
        "$defs": writer.definitions(),
    })
}

/// The schema of a manifest.
pub fn manifest() -> Json {
    let mut writer = Writer::for_manifest();
    let name = writer.shape("channelName", &known().channel_name);
    let source = writer.shape("s3DataSource", &known().s3_data_source);
    json!({
        "$schema": DRAFT,
        "title": "Manifest of a launch",
        "description": "Names the data of one launch of an ML workflow. Putting it into the bucket starts the workflow.",
        "type": "object",
        "properties": {
            "channels": {
                "title": "Data channels",
                "description": "Each is a folder of data for the training program (CreateTrainingJob, InputDataConfig).",
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_CHANNELS,
                "items": {
                    "type": "object",
                    "properties": {"channelName": name, "s3DataSource": source},
                    "required": ["channelName", "s3DataSource"],
                },
            },
            "parameters": {
                "title": "Parameters of this launch alone",
                "description": "What is given here takes the place of what the documents say, for this launch.",
                "type": "object",
            },
            "release": {
                "title": "Release to launch",
                "description": "The number of the release whose parameters are read, as they were recorded; without it \
                                the current ones.",
                "type": "integer",
                "minimum": 1,
            },
        },
        "required": ["channels"],
        "additionalProperties": false,
        "$defs": writer.definitions(),
    })
}
