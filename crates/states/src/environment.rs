//! What paths and expressions of a state can see: its data, the context object, variables, time and randomness.

use std::cell::Cell;
use std::fmt::Display;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

use crate::context::ContextObject;
use crate::data::{self, Json};
use crate::intrinsic::Call;
use crate::jsonata::{self, EvaluationError, Expression, Scope};
use crate::jsonpath::{Path, Root};
use crate::random::Random;
use crate::time::Timestamp;

/// Finds the variables that are visible in a state.
pub(crate) trait Variables {
    fn get(&self, name: &str) -> Option<&Json>;
}

/// Everything that the evaluation of one field can see.
pub(crate) struct Environment<'e> {
    /// `$` of JSONPath.
    pub(crate) data: &'e Json,
    /// `$states.input`.
    pub(crate) input: &'e Json,
    /// `$states.result`.
    pub(crate) result: Option<&'e Json>,
    /// `$states.errorOutput`.
    pub(crate) error_output: Option<&'e Json>,
    pub(crate) context: &'e ContextObject<'e>,
    pub(crate) variables: &'e dyn Variables,
    pub(crate) random: &'e mut Random,
    pub(crate) now: Timestamp,
    pub(crate) limits: &'e jsonata::Limits,
    /// Bytes that the values which a template copies may still take; begins at [`data::COPIES`].
    pub(crate) copies: Cell<usize>,
}

/// Why a field has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The error's name.
    pub(crate) error: &'static str,
    /// What went wrong, without the prefix that names the state.
    pub(crate) cause: String,
    /// The field of a JSONata evaluation, which the history reports in an event of its own; empty where there is none.
    pub(crate) location: Option<String>,
}

pub(crate) const DATA_LIMIT: &str = "States.DataLimitExceeded";
pub(crate) const RUNTIME: &str = "States.Runtime";
pub(crate) const QUERY_EVALUATION: &str = "States.QueryEvaluationError";

impl Problem {
    /// `States.Runtime`, which ends the execution.
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self { error: RUNTIME, cause: cause.into(), location: None }
    }

    /// Another error, which `Retry` and `Catch` see.
    pub(crate) fn named(error: &'static str, cause: impl Into<String>) -> Self {
        Self { error, cause: cause.into(), location: None }
    }

    /// `States.QueryEvaluationError` at a field.
    pub(crate) fn query(location: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: QUERY_EVALUATION, cause: cause.into(), location: Some(location.into()) }
    }
}

impl Environment<'_> {
    /// What `path` yields, for a field of a payload template.
    pub(crate) fn json_path(&self, path: &Path, field: &dyn Display) -> Result<Json, Problem> {
        self.read(path).map_err(|_| self.not_found(path, field))
    }

    pub(crate) fn json_path_value(&self, path: &Path, field: &dyn Display) -> Result<Value, Problem> {
        let found = self.find(path).map_err(|_| self.not_found(path, field))?;
        self.copy(&found)?;
        Ok(found.into_value())
    }

    /// What `path` yields, for `InputPath` and `OutputPath`.
    pub(crate) fn select(&self, path: &Path) -> Result<Json, Problem> {
        self.read(path).map_err(|error| Problem::runtime(format!("Invalid path '{path}' : {error}")))
    }

    /// What `path` yields as a value of its own, or why it yields nothing.
    pub(crate) fn read(&self, path: &Path) -> Result<Json, String> {
        self.find(path).map(Found::into_json)
    }

    /// What `path` yields where it lies, or why it yields nothing.
    pub(crate) fn find(&self, path: &Path) -> Result<Found<'_>, String> {
        let root = match path.root() {
            Root::Data => self.data,
            Root::Context => {
                if let Some((json, skip)) = self.context.direct(path)
                    && path.is_definite()
                {
                    if path.segments().len() == skip {
                        return Ok(Found::Shared(json));
                    }
                    return path
                        .locate_from(json, skip)
                        .map(Found::Inside)
                        .map_err(|error| error.to_string());
                }
                let context = self.context.to_value();
                if path.is_root() {
                    return Ok(Found::Made(context));
                }
                return path.read(&context).map(Found::Made).map_err(|error| error.to_string());
            }
            Root::Variable(name) => {
                self.variables.get(name).ok_or_else(|| format!("the variable '${name}' is not defined"))?
            }
        };
        if path.is_root() {
            return Ok(Found::Shared(root));
        }
        let found = if path.is_definite() {
            path.locate(root).map(Found::Inside)
        } else {
            path.read(root).map(Found::Made)
        };
        found.map_err(|error| error.to_string())
    }

    pub(crate) fn intrinsic(&mut self, call: &Call) -> Result<Value, Problem> {
        let mut random = self.random.clone();
        let read = |path: &Path| {
            let value = self.find(path).map_err(|_| {
                format!(
                    "The JsonPath argument for the field '{path}' could not be found in the input '{}'",
                    self.data
                )
            })?;
            self.copy(&value).map_err(|problem| problem.cause)?;
            Ok(value.into_value())
        };
        let value = call.evaluate(&read, &mut random);
        *self.random = random;
        value.map_err(|error| {
            let name = if error.missing_argument { RUNTIME } else { "States.IntrinsicFailure" };
            Problem::named(name, error.to_string())
        })
    }

    /// The value of `expression`, which stands in field `place`.
    pub(crate) fn jsonata(&mut self, expression: &Expression, place: &dyn Display) -> Result<Value, Problem> {
        let scope = Scope {
            input: self.input,
            result: self.result,
            error_output: self.error_output,
            context: self.context,
            variables: self.variables,
            now: self.now,
            limits: self.limits,
        };
        let named = |what: String| {
            Problem::query(
                place.to_string(),
                format!(
                    "The JSONata expression '{}' specified for the field '{place}' {what}",
                    expression.text()
                ),
            )
        };
        match expression.evaluate(&scope, self.random) {
            Ok(Some(value)) => self.copy(&value).map(|()| value),
            Ok(None) => Err(named(String::from("returned nothing (undefined)."))),
            Err(EvaluationError::Message(error)) => {
                Err(named(format!("threw an error during evaluation. {error}")))
            }
            Err(EvaluationError::Unsupported) => {
                Err(named(String::from("returned an unsupported result type.")))
            }
        }
    }

    /// Counts what a copy of `value` takes.
    fn copy(&self, value: &Value) -> Result<(), Problem> {
        let mut left = self.copies.get();
        let taken = data::charge(value, &mut left);
        self.copies.set(left);
        taken.ok_or_else(|| Problem::named(DATA_LIMIT, "The values of a payload template are too large."))
    }

    fn not_found(&self, path: &Path, field: &dyn Display) -> Problem {
        let field = field.to_string();
        let field = field.rsplit('/').next().unwrap_or(&field);
        match path.root() {
            Root::Variable(name) if self.variables.get(name).is_none() => Problem::runtime(format!(
                "The variable '${name}' specified for the field '{field}.$' is not defined"
            )),
            Root::Variable(_) | Root::Context | Root::Data => {
                let input = match path.root() {
                    Root::Context => self.context.to_value().to_string(),
                    Root::Variable(name) => {
                        self.variables.get(name).map(ToString::to_string).unwrap_or_default()
                    }
                    Root::Data => self.data.to_string(),
                };
                Problem::runtime(format!(
                    "The JSONPath '{path}' specified for the field '{field}.$' could not be found in the input '{input}'"
                ))
            }
        }
    }
}

/// What a path yields.
pub(crate) enum Found<'e> {
    /// All of a shared value.
    Shared(&'e Json),
    /// A part of one.
    Inside(&'e Value),
    /// A value that was there nowhere before.
    Made(Value),
}

impl Found<'_> {
    fn into_json(self) -> Json {
        match self {
            Self::Shared(json) => Arc::clone(json),
            Self::Inside(value) => Arc::new(value.clone()),
            Self::Made(value) => Arc::new(value),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Shared(json) => Value::clone(json),
            Self::Inside(value) => value.clone(),
            Self::Made(value) => value,
        }
    }
}

impl Deref for Found<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Self::Shared(json) => json,
            Self::Inside(value) => value,
            Self::Made(value) => value,
        }
    }
}

/// The error of an expression whose value has the wrong type.
pub(crate) fn unexpected_type(
    expression: &Expression,
    place: impl Display,
    expected: &str,
    value: &Value,
) -> Problem {
    Problem::query(
        place.to_string(),
        format!(
            "The JSONata expression '{}' specified for the field '{place}' returned an unexpected result type. \
             Expected '{expected}', but was '{}' for value: {value}",
            expression.text(),
            crate::data::type_name(value),
        ),
    )
}
