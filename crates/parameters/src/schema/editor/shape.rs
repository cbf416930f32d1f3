use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::text::{INTEGER, LEVEL, NUMBER, S3_DATA, SECRET_SOURCE, new_instance_type, pattern};
use crate::SECRET;
use crate::rules::{STAMP_LENGTH, Shape, Type, is_range};

/// What a channel's `S3DataType` may be, of what the service takes.
const DATA_TYPES: [&str; 2] = ["S3Prefix", "ManifestFile"];

/// Writes shapes as schemas, and collects what several of them refer to.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// By the name of the shape.
    instance_types: BTreeMap<String, Json>,
    manifest: bool,
}

impl Writer {
    /// A writer for what stands in a manifest: there data is read in File mode, and keys are no levels.
    pub(super) fn for_manifest() -> Self {
        Self { manifest: true, ..Self::default() }
    }

    /// What the schemas refer to, below `$defs`.
    pub(super) fn definitions(self) -> Json {
        let mut definitions: Map<_, _> = self.instance_types.into_iter().collect();
        if !self.manifest {
            definitions.insert("level".to_owned(), level());
            definitions.insert("listed".to_owned(), listed());
            definitions.insert("own".to_owned(), own());
            definitions.insert("secret".to_owned(), secret());
        }
        definitions.into()
    }

    /// The members of an object for which `has` holds.
    pub(super) fn members(&mut self, shape: &Shape, has: impl Fn(&str) -> bool) -> Map<String, Json> {
        let members = shape.members.iter().filter(|(name, _)| has(name));
        members
            .map(|(name, member)| {
                let schema = if is_range(shape) {
                    self.of_range(shape, name, member)
                } else {
                    self.shape(name, member)
                };
                (name.clone(), schema)
            })
            .collect()
    }

    /// A member of a range: its name is a level, and its bounds may be numbers.
    fn of_range(&mut self, range: &Shape, name: &str, member: &Shape) -> Json {
        let mut schema = self.shape(name, member);
        let integer = range.name.starts_with("Integer");
        match name {
            "Name" => set(&mut schema, "pattern", LEVEL.into()),
            "MinValue" | "MaxValue" => {
                set(&mut schema, "type", json!(["string", if integer { "integer" } else { "number" }]));
                set(&mut schema, "pattern", if integer { INTEGER } else { NUMBER }.into());
            }
            _ => {}
        }
        schema
    }

    /// What feeds a member of a request, called `name` in the document.
    pub(super) fn shape(&mut self, name: &str, shape: &Shape) -> Json {
        let mut schema = Map::new();
        if !shape.source.is_empty() {
            schema.insert("title".to_owned(), shape.source.clone().into());
        }
        if shape.name == "ProductionVariantAcceleratorType" {
            schema.insert(
                "description".to_owned(),
                "Elastic Inference no longer exists: leave this out.".into(),
            );
            schema.insert("not".to_owned(), json!({}));
            return schema.into();
        }
        let about = match shape.kind {
            Type::String => self.string(name, shape),
            Type::Integer => number("integer", INTEGER, shape),
            Type::Double => number("number", NUMBER, shape),
            Type::Boolean => json!({"enum": [true, false, "true", "false"]}),
            Type::List => self.list(name, shape),
            Type::Map => self.map(name, shape),
            Type::Structure => self.structure(shape),
        };
        if let Json::Object(about) = about {
            schema.extend(about);
        }
        schema.into()
    }

    fn string(&mut self, name: &str, shape: &Shape) -> Json {
        if let Some(allowed) = &shape.allowed {
            return self.one_of(shape, allowed);
        }
        let mut schema = Map::new();
        // A hyperparameter is sent as its text.
        let kinds = if shape.name == "HyperParameterValue" {
            json!(["string", "number", "boolean"])
        } else {
            json!("string")
        };
        schema.insert("type".to_owned(), kinds);
        let least = shape.min.filter(|min| *min > 0 && !shape.may_be_empty);
        schema.extend(least.map(|min| ("minLength".to_owned(), min.into())));
        if let Some(max) = shape.max.and_then(|max| usize::try_from(max).ok()) {
            let stamp = if shape.stamped { STAMP_LENGTH } else { 0 };
            schema.insert("maxLength".to_owned(), max.saturating_sub(stamp).into());
        }
        if shape.stamped {
            let text = "A launch appends \"-\" and 14 characters, which must fit as well.";
            schema.insert("description".to_owned(), text.into());
        }
        let pattern =
            if self.manifest && shape.name == "S3Uri" { Some(S3_DATA.to_owned()) } else { pattern(shape) };
        schema.extend(pattern.map(|pattern| ("pattern".to_owned(), pattern.into())));
        if name == "channelName" {
            schema.insert("not".to_owned(), json!({"enum": [".", ".."]}));
        }
        schema.into()
    }

    /// One of a set. Services get new families of instance types now and then.
    fn one_of(&mut self, shape: &Shape, allowed: &[String]) -> Json {
        let is_taken = |value: &&String| shape.name != "S3DataType" || DATA_TYPES.contains(&value.as_str());
        let allowed: Vec<_> = allowed.iter().filter(is_taken).cloned().collect();
        if !shape.name.ends_with("InstanceType") {
            return json!({"enum": allowed});
        }
        let new = json!({
            "description": "An instance type of a family that this version does not know.",
            "type": "string",
            "pattern": new_instance_type(&allowed),
        });
        self.instance_types.insert(shape.name.clone(), json!({"anyOf": [{"enum": allowed}, new]}));
        json!({"$ref": format!("#/$defs/{}", shape.name)})
    }

    fn list(&mut self, name: &str, shape: &Shape) -> Json {
        let mut schema = Map::from_iter([("type".to_owned(), "array".into())]);
        let least = shape.min.filter(|min| *min > 0 && !shape.may_be_empty);
        schema.extend(least.map(|min| ("minItems".to_owned(), min.into())));
        schema.extend(shape.max.map(|max| ("maxItems".to_owned(), max.into())));
        schema.extend(shape.inner.as_ref().map(|inner| ("items".to_owned(), self.shape(name, inner))));
        schema.into()
    }

    fn map(&mut self, name: &str, shape: &Shape) -> Json {
        let mut schema = Map::from_iter([("type".to_owned(), "object".into())]);
        schema.extend(shape.max.map(|max| ("maxProperties".to_owned(), max.into())));
        if let Some(key) = &shape.key {
            let mut names = self.shape(name, key);
            set(&mut names, "pattern", LEVEL.into());
            schema.insert("propertyNames".to_owned(), names);
        }
        schema.extend(
            shape.inner.as_ref().map(|inner| ("additionalProperties".to_owned(), self.shape(name, inner))),
        );
        schema.into()
    }

    fn structure(&mut self, shape: &Shape) -> Json {
        let mut schema = Map::from_iter([("type".to_owned(), "object".into())]);
        if !shape.members.is_empty() {
            schema.insert("properties".to_owned(), self.members(shape, |_| true).into());
        }
        if !shape.required.is_empty() {
            schema.insert("required".to_owned(), shape.required.clone().into());
        }
        if !shape.is_open() {
            schema.insert("additionalProperties".to_owned(), false.into());
        } else if !self.manifest {
            schema.insert("propertyNames".to_owned(), json!({"$ref": "#/$defs/level"}));
            schema.insert("additionalProperties".to_owned(), json!({"$ref": "#/$defs/own"}));
        }
        schema.into()
    }
}

/// A number, or a text that holds one.
fn number(kind: &str, pattern: &str, shape: &Shape) -> Json {
    let mut schema = Map::from_iter([
        ("type".to_owned(), json!([kind, "string"])),
        ("pattern".to_owned(), pattern.into()),
    ]);
    schema.extend(shape.min.map(|min| ("minimum".to_owned(), min.into())));
    schema.extend(shape.max.map(|max| ("maximum".to_owned(), max.into())));
    schema.into()
}

fn set(schema: &mut Json, keyword: &str, value: Json) {
    if let Json::Object(schema) = schema {
        schema.insert(keyword.to_owned(), value);
    }
}

fn level() -> Json {
    json!({
        "title": "Level of a parameter's name",
        "description": "A key becomes part of a name in Parameter Store (PutParameter, Name).",
        "type": "string",
        "pattern": LEVEL,
    })
}

fn own() -> Json {
    json!({
        "title": "Key of your own",
        "description": "It goes to the workflow as it is.",
        "if": {"type": "object", "required": [SECRET]},
        "then": {"$ref": "#/$defs/secret"},
        "else": {
            "propertyNames": {"$ref": "#/$defs/level"},
            "additionalProperties": {"$ref": "#/$defs/own"},
            "items": {"$ref": "#/$defs/listed"},
        },
    })
}

fn listed() -> Json {
    json!({
        "description": "A list is stored as one parameter: there is no secret in it.",
        "not": {"type": "object", "required": [SECRET]},
        "additionalProperties": {"$ref": "#/$defs/listed"},
        "items": {"$ref": "#/$defs/listed"},
    })
}

fn secret() -> Json {
    json!({
        "title": "Secret",
        "description": "It is stored as a SecureString, and its value is read when the documents are applied.",
        "type": "object",
        "properties": {
            SECRET: {
                "description": "env:NAME, file:PATH or ssm:/name.",
                "type": "string",
                "pattern": SECRET_SOURCE,
            },
        },
        "required": [SECRET],
        "additionalProperties": false,
    })
}
