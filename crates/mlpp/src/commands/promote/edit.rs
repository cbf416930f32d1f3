//! Changes of a document's text that leave the rest of it as it is written.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::{Map, Value};

/// The lists of ranges below `parameterRanges`.
const RANGES: [&str; 3] =
    ["IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges"];

/// A document that is an object.
pub(super) struct Document {
    root: CstRootNode,
    object: CstObject,
}

impl Document {
    /// Reads a text; `None` when it is no JSON object.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let root = CstRootNode::parse(text, &ParseOptions::default()).ok()?;
        let object = root.object_value()?;
        Some(Self { root, object })
    }

    /// Whether it has `staticHyperParameters`.
    pub(super) fn has_static(&self) -> bool {
        self.object.object_value("staticHyperParameters").is_some()
    }

    /// Gives `staticHyperParameters` these members; new ones come last.
    pub(super) fn set_static(&self, values: &Map<String, Value>) {
        let fixed = self.object.object_value_or_set("staticHyperParameters");
        fixed.ensure_multiline();
        for (name, value) in values {
            let value = CstInputValue::String(text(value));
            match fixed.get(name) {
                Some(member) => member.set_value(value),
                None => {
                    fixed.append(name, value);
                }
            }
        }
    }

    /// Takes the ranges with these names out.
    pub(super) fn remove_ranges(&self, values: &Map<String, Value>) {
        let Some(ranges) = self.object.object_value("parameterRanges") else { return };
        for list in RANGES {
            let Some(list) = ranges.array_value(list) else { continue };
            for range in list.elements() {
                let name = range
                    .as_object()
                    .and_then(|range| range.get("Name")?.value()?.as_string_lit()?.decoded_value().ok());
                if name.is_some_and(|name| values.contains_key(&name)) {
                    range.remove();
                }
            }
        }
    }

    /// The text as it is now.
    pub(super) fn text(&self) -> String {
        self.root.to_string()
    }
}

/// A hyperparameter as SageMaker has it: a text.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edited(text: &str, values: &Value) -> String {
        let document = Document::parse(text).unwrap();
        document.remove_ranges(values.as_object().unwrap());
        document.set_static(values.as_object().unwrap());
        document.text()
    }

    #[test]
    fn only_what_changes_is_written_anew() {
        let before = r#"{
    "parameterRanges": {
        "IntegerParameterRanges": [
            {"Name": "ntrees",   "MinValue": "1", "MaxValue": "9"},
            {"Name": "depth",   "MinValue": "1", "MaxValue": "9"}
        ],
        "ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.1", "MaxValue": "1"}],
        "CategoricalParameterRanges": []
    },
    "staticHyperParameters": { "seed": "1",
        "quoted": "a \"b\"" }
}
"#;
        let after = edited(before, &json!({"ntrees": "7", "rate": "0.25", "seed": "2"}));
        let value: Value = serde_json::from_str(&after).unwrap();
        assert_eq!(
            value,
            json!({
                "parameterRanges": {
                    "IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}],
                    "ContinuousParameterRanges": [],
                    "CategoricalParameterRanges": [],
                },
                "staticHyperParameters": {"seed": "2", "quoted": "a \"b\"", "ntrees": "7", "rate": "0.25"},
            })
        );
        assert!(after.contains(r#"{"Name": "depth",   "MinValue": "1", "MaxValue": "9"}"#), "{after}");
        assert!(after.starts_with("{\n    \"parameterRanges\": {\n") && after.ends_with("}\n"), "{after}");
    }

    #[test]
    fn a_document_without_either_gets_the_values() {
        let after: Value = serde_json::from_str(&edited("{}", &json!({"a": "1"}))).unwrap();
        assert_eq!(after, json!({"staticHyperParameters": {"a": "1"}}));
        assert!(Document::parse("[]").is_none());
        assert!(Document::parse("{").is_none());
    }
}
