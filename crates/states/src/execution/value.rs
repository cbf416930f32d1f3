//! The values of fields that are written as a literal, a path or an expression.

use std::sync::Arc;

use serde_json::Value;

use super::FrameId;
use super::engine::Engine;
use super::failure::Failure;
use super::flow::foreign;
use super::inspect::Point;
use crate::data::Json;
use crate::definition::{Language, NumberField, Source, TextField};
use crate::environment::{Problem, unexpected_type};
use crate::jsonpath::Path;

/// A field's value with what a message about it needs.
pub(super) enum Found {
    Literal(f64),
    /// From a path; the path's text.
    Path(Value, String),
    /// From an expression.
    Query(Value),
}

impl Engine<'_> {
    /// A field that is a whole number, not negative unless `negative` says so; errors are the service's.
    pub(super) fn whole(
        &mut self,
        id: FrameId,
        data: &Json,
        field: &NumberField,
        at: &str,
    ) -> Result<i64, Problem> {
        let place = if at.is_empty() { field.name.to_owned() } else { format!("{at}/{}", field.name) };
        let number = match self.number(id, data, field, &place)? {
            #[expect(clippy::cast_possible_truncation, reason = "checked when the definition was read")]
            Found::Literal(number) => return Ok(number as i64),
            // The service reads numbers in strings, too.
            Found::Path(value, path) => {
                whole_number(&value).or_else(|| value.as_str()?.parse().ok()).ok_or_else(|| {
                    Problem::runtime(format!(
                        "The {} field refers to value \"{}\" which is not a valid integer: {path}",
                        field.name,
                        plain(&value)
                    ))
                })?
            }
            Found::Query(value) => {
                whole_number(&value).ok_or_else(|| wrong_type(field, &place, "integer", &value))?
            }
        };
        Ok(number)
    }

    /// A field that is a number.
    pub(super) fn float(&mut self, id: FrameId, data: &Json, field: &NumberField) -> Result<f64, Problem> {
        match self.number(id, data, field, field.name)? {
            Found::Literal(number) => Ok(number),
            Found::Path(value, path) => {
                value.as_f64().or_else(|| value.as_str()?.parse().ok()).ok_or_else(|| {
                    Problem::runtime(format!(
                        "The {} field refers to value \"{}\" which is not a valid float: {path}",
                        field.name,
                        plain(&value)
                    ))
                })
            }
            Found::Query(value) => {
                value.as_f64().ok_or_else(|| wrong_type(field, field.name, "number", &value))
            }
        }
    }

    pub(super) fn number(
        &mut self,
        id: FrameId,
        data: &Json,
        field: &NumberField,
        place: &str,
    ) -> Result<Found, Problem> {
        match &field.source {
            Source::Literal(number) => Ok(Found::Literal(*number)),
            Source::Path(path) => {
                let name = field.name;
                self.with_environment(id, data, (None, None), |env| env.read(path))
                    .unwrap_or_else(|| Err(String::new()))
                    .map(|value| Found::Path(Arc::unwrap_or_clone(value), path.text().to_owned()))
                    .map_err(|error| missing(name, path, &error))
            }
            Source::Expression(expression) => self
                .with_environment(id, data, (None, None), |env| env.jsonata(expression, &place))
                .unwrap_or_else(|| Err(foreign()))
                .map(Found::Query),
            Source::Call(_) => Err(foreign()),
        }
    }

    /// The text of `Timestamp`, `Error` and `Cause`.
    pub(super) fn text(&mut self, id: FrameId, data: &Json, field: &TextField) -> Result<Arc<str>, Problem> {
        let name = field.name;
        let value = match &field.source {
            Source::Literal(text) => return Ok(Arc::clone(text)),
            Source::Path(path) => self
                .with_environment(id, data, (None, None), |env| env.read(path))
                .unwrap_or_else(|| Err(String::new()))
                .map(Arc::unwrap_or_clone)
                .map_err(|error| missing(name, path, &error))?,
            Source::Call(call) => self
                .with_environment(id, data, (None, None), |env| env.intrinsic(call))
                .unwrap_or_else(|| Err(foreign()))?,
            Source::Expression(expression) => {
                let value = self
                    .with_environment(id, data, (None, None), |env| env.jsonata(expression, &name))
                    .unwrap_or_else(|| Err(foreign()))?;
                if !value.is_string() {
                    return Err(unexpected_type(expression, name, "string", &value));
                }
                value
            }
        };
        match value {
            Value::String(text) => Ok(Arc::from(text)),
            other => Err(match &field.source {
                Source::Path(path) if name == "TimestampPath" => not_a_timestamp(path, &plain(&other)),
                _ => Problem::runtime(format!(
                    "The {name} field refers to value \"{}\" which is not a valid string",
                    plain(&other)
                )),
            }),
        }
    }

    /// What a Fail state fails with.
    pub(super) fn fail_state(
        &mut self,
        id: FrameId,
        error: Option<&TextField>,
        cause: Option<&TextField>,
    ) -> Result<Failure, Problem> {
        let input = self.raw_input(id);
        let state = self.execution.frames.get(&id).and_then(|frame| self.state(frame));
        if state.is_some_and(|state| state.language() == Language::JsonPath) {
            self.note(Point::AfterInputPath, &input);
        }
        let error = error.map(|field| self.text(id, &input, field)).transpose()?;
        let cause = cause.map(|field| self.text(id, &input, field)).transpose()?;
        Ok(Failure::named(error, cause))
    }
}

/// A path of a field that finds nothing; a Wait state has words of its own for it.
fn missing(name: &str, path: &Path, error: &str) -> Problem {
    Problem::runtime(match name {
        "SecondsPath" | "TimestampPath" => {
            format!("The {name} parameter does not reference an input value: {path}")
        }
        _ => format!("Invalid path '{path}' : {error}"),
    })
}

pub(super) fn not_a_timestamp(path: &Path, value: &str) -> Problem {
    Problem::runtime(format!(
        "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: {path} == {value}"
    ))
}

fn wrong_type(field: &NumberField, place: &str, expected: &str, value: &Value) -> Problem {
    match &field.source {
        Source::Expression(expression) => unexpected_type(expression, place, expected, value),
        _ => foreign(),
    }
}

pub(super) fn whole_number(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
    value.as_i64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64))
}

/// A value as the service's messages quote it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
