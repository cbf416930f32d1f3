//! What can be wrong with the hyperparameters.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::literal::LiteralError;
use crate::suggest::Suggestion;

/// A hyperparameter, or the file that holds them, is not as it must be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HyperparameterError {
    /// The file cannot be read.
    #[error("read the hyperparameters from {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no JSON object of strings.
    #[error("the hyperparameters in {} are not a JSON object: {source}", path.display())]
    NotAnObject {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A value that is no string; the platform passes strings only.
    #[error(
        "hyperparameter `{name}` is {value}: every hyperparameter is a string, so write it in double quotes"
    )]
    NotAString {
        /// The hyperparameter.
        name: String,
        /// Its value as JSON.
        value: String,
    },
    /// A value outside what is allowed.
    #[error("hyperparameter `{name}` is `{value}`: it must be {allowed}")]
    Value {
        /// The hyperparameter.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// A hyperparameter nobody here knows.
    #[error("there is no hyperparameter `{name}`{suggestion}")]
    Unknown {
        /// The hyperparameter.
        name: String,
        /// The nearest known one.
        suggestion: Suggestion,
    },
    /// The hyperparameter `training` is absent.
    #[error("hyperparameter `training` is required: an object such as {{'target': 'survived'}}")]
    NoTraining,
    /// The hyperparameter `training` cannot be read.
    #[error("hyperparameter `training` is no object, {source}")]
    TrainingSyntax {
        /// The place.
        source: LiteralError,
    },
    /// A key of `training` nobody here knows.
    #[error("there is no key `{key}` in the hyperparameter `training`{suggestion}")]
    TrainingUnknown {
        /// The key.
        key: String,
        /// The nearest known one.
        suggestion: Suggestion,
    },
    /// A key of `training` has a value outside what is allowed.
    #[error("`{key}` in the hyperparameter `training` is `{value}`: it must be {allowed}")]
    TrainingValue {
        /// The key.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// The key `target` is absent.
    #[error("the hyperparameter `training` has no `target`: the name of the column to predict")]
    NoTarget,
    /// Two hyperparameters that do not go together.
    #[error("{first} does not go with {second}: {why}")]
    Conflict {
        /// One of them, with its value.
        first: String,
        /// The other, with its value.
        second: String,
        /// What is wrong about it.
        why: &'static str,
    },
}
