//! Payload templates: JSON in which some values are paths, intrinsic function calls or JSONata expressions.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::data::Json;
use crate::diagnostic::Code;
use crate::environment::{Environment, Problem};
use crate::intrinsic::Call;
use crate::jsonata::{Expression, Place};
use crate::jsonpath::Path;

/// A template, parsed once.
#[derive(Debug)]
pub(crate) enum Template {
    /// No part of it changes.
    Literal(Json),
    Path(Path),
    Call(Call),
    Expression(Box<Expression>),
    Object(Vec<(Arc<str>, Template)>),
    Array(Vec<Template>),
}

/// A template that cannot be parsed.
pub(crate) struct TemplateError {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) location: String,
}

/// Deeper templates are refused; the JSON parser refuses deeper text before.
const MAX_DEPTH: usize = 128;

impl Template {
    /// A JSONPath template: the value of a field whose name ends in `.$` is a path or a call.
    pub(crate) fn compile_json_path(value: &Value, location: &str) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let template = json_path(value, location, 0, &mut errors);
        if errors.is_empty() { Ok(template) } else { Err(errors) }
    }

    /// A JSONata template: any string `{% … %}` is an expression.
    pub(crate) fn compile_jsonata(
        value: &Value,
        location: &str,
        place: Place,
    ) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let template = jsonata(value, location, (0, place), &mut errors);
        if errors.is_empty() { Ok(template) } else { Err(errors) }
    }

    /// The template's value; `field` is its place in the state, for messages.
    pub(crate) fn evaluate<'p>(
        &self,
        environment: &mut Environment<'_>,
        field: impl Into<FieldPath<'p>>,
    ) -> Result<Json, Problem> {
        match self {
            Self::Literal(json) => Ok(Arc::clone(json)),
            Self::Path(path) => environment.json_path(path, &field.into()),
            _ => self.value(environment, field.into()).map(Arc::new),
        }
    }

    /// The values of the members of a template that is an object, as `Assign` is.
    pub(crate) fn members(
        &self,
        environment: &mut Environment<'_>,
        field: FieldPath<'_>,
    ) -> Result<Vec<(Arc<str>, Json)>, Problem> {
        match self {
            Self::Object(members) => {
                let mut values = Vec::with_capacity(members.len());
                for (name, template) in members {
                    let json = match template {
                        Self::Literal(json) => Arc::clone(json),
                        _ => Arc::new(template.value(environment, FieldPath::Member(&field, name))?),
                    };
                    values.push((Arc::clone(name), json));
                }
                Ok(values)
            }
            Self::Literal(json) => Ok(json
                .as_object()
                .map(|map| {
                    map.iter()
                        .map(|(name, value)| (Arc::from(name.as_str()), Arc::new(value.clone())))
                        .collect()
                })
                .unwrap_or_default()),
            _ => Ok(Vec::new()),
        }
    }

    fn value(&self, environment: &mut Environment<'_>, place: FieldPath<'_>) -> Result<Value, Problem> {
        match self {
            Self::Literal(json) => Ok(Value::clone(json)),
            Self::Path(path) => environment.json_path_value(path, &place),
            Self::Call(call) => environment.intrinsic(call),
            Self::Expression(expression) => environment.jsonata(expression, &place),
            Self::Object(members) => {
                let mut map = Map::with_capacity(members.len());
                for (name, template) in members {
                    let value = template.value(environment, FieldPath::Member(&place, name))?;
                    map.insert(String::from(&**name), value);
                }
                Ok(Value::Object(map))
            }
            Self::Array(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    values.push(item.value(environment, FieldPath::Element(&place, index))?);
                }
                Ok(Value::Array(values))
            }
        }
    }
}

/// Where a template stands in its state, `Output/total[0]`: put into words only where a message asks for it.
#[derive(Clone, Copy)]
pub(crate) enum FieldPath<'p> {
    Field(&'p str),
    /// A field of an entry of a list, as `Choices` is.
    OfEntry(&'p str, usize, &'p str),
    Member(&'p FieldPath<'p>, &'p str),
    Element(&'p FieldPath<'p>, usize),
}

impl<'p> From<&'p str> for FieldPath<'p> {
    fn from(name: &'p str) -> Self {
        Self::Field(name)
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => formatter.write_str(name),
            Self::OfEntry(list, index, name) => write!(formatter, "{list}[{index}]/{name}"),
            Self::Member(outer, name) => write!(formatter, "{outer}/{name}"),
            Self::Element(outer, index) => write!(formatter, "{outer}[{index}]"),
        }
    }
}

fn json_path(value: &Value, location: &str, depth: usize, errors: &mut Vec<TemplateError>) -> Template {
    if depth > MAX_DEPTH {
        errors.push(TemplateError {
            code: Code::SchemaValidationFailed,
            message: String::from("Template is too deep"),
            location: location.to_owned(),
        });
        return Template::Literal(Json::default());
    }
    match value {
        Value::Object(map) => {
            let members = map
                .iter()
                .map(|(key, value)| {
                    if let Some(name) = key.strip_suffix(".$") {
                        (Arc::from(name), dynamic(key, value, location, errors))
                    } else {
                        let inner = json_path(value, &member_of(location, key), depth + 1, errors);
                        (Arc::from(key.as_str()), inner)
                    }
                })
                .collect();
            literal_or(value, Template::Object(members))
        }
        Value::Array(items) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(index, item)| json_path(item, &format!("{location}/{index}"), depth + 1, errors))
                .collect();
            literal_or(value, Template::Array(items))
        }
        scalar => Template::Literal(Arc::new(scalar.clone())),
    }
}

/// The pointer of a member.
fn member_of(location: &str, name: &str) -> String {
    format!("{location}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn dynamic(key: &str, value: &Value, location: &str, errors: &mut Vec<TemplateError>) -> Template {
    let parsed = match value {
        Value::String(text) if text.starts_with('$') => Path::parse(text).ok().map(Template::Path),
        Value::String(text) => Call::parse(text).ok().map(Template::Call),
        _ => None,
    };
    parsed.unwrap_or_else(|| {
        let message = format!(
            "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
        );
        let (code, location) = (Code::SchemaValidationFailed, location.to_owned());
        errors.push(TemplateError { code, message, location });
        Template::Literal(Json::default())
    })
}

fn jsonata(
    value: &Value,
    location: &str,
    (depth, place): (usize, Place),
    errors: &mut Vec<TemplateError>,
) -> Template {
    if depth > MAX_DEPTH {
        errors.push(TemplateError {
            code: Code::SchemaValidationFailed,
            message: String::from("Template is too deep"),
            location: location.to_owned(),
        });
        return Template::Literal(Json::default());
    }
    match value {
        Value::String(text) => match Expression::compile(text) {
            Ok(Some(expression)) => {
                errors.extend(expression.unsupported(place).into_iter().map(|message| TemplateError {
                    code: Code::UnsupportedJsonataExpression,
                    message,
                    location: location.to_owned(),
                }));
                Template::Expression(Box::new(expression))
            }
            Ok(None) => Template::Literal(Arc::new(value.clone())),
            Err(message) => {
                let (code, location) = (Code::InvalidJsonataExpression, location.to_owned());
                errors.push(TemplateError { code, message, location });
                Template::Literal(Json::default())
            }
        },
        Value::Object(map) => {
            let members = map
                .iter()
                .map(|(key, value)| {
                    let inner = jsonata(value, &member_of(location, key), (depth + 1, place), errors);
                    (Arc::from(key.as_str()), inner)
                })
                .collect();
            literal_or(value, Template::Object(members))
        }
        Value::Array(items) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    jsonata(item, &format!("{location}/{index}"), (depth + 1, place), errors)
                })
                .collect();
            literal_or(value, Template::Array(items))
        }
        scalar => Template::Literal(Arc::new(scalar.clone())),
    }
}

/// The template, or the value itself where no part of it changes.
fn literal_or(value: &Value, template: Template) -> Template {
    let constant = match &template {
        Template::Object(members) => members.iter().all(|(_, inner)| matches!(inner, Template::Literal(_))),
        Template::Array(items) => items.iter().all(|inner| matches!(inner, Template::Literal(_))),
        _ => false,
    };
    if constant { Template::Literal(Arc::new(value.clone())) } else { template }
}
