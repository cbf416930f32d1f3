//! JSON that is given as a file or as it is.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::DeserializeOwned;

use super::super::definition::{not_json, read_text};
use crate::error::CommandError;

/// Where a JSON comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// The argument itself.
    Inline(String),
}

/// The text of a JSON, not read yet.
#[derive(Debug)]
pub(super) struct Json {
    name: String,
    pub(super) text: String,
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(argument: &str) -> Result<Self, Infallible> {
        if argument.trim_start().starts_with(['{', '[', '"']) {
            return Ok(Self::Inline(argument.to_owned()));
        }
        Ok(Self::File(PathBuf::from(argument)))
    }
}

impl Source {
    /// Whether it is standard input.
    pub(super) fn is_stdin(&self) -> bool {
        matches!(self, Self::File(file) if file.as_os_str() == "-")
    }

    /// The text; `option` is what it is called where it is no file.
    ///
    /// # Errors
    /// `states/file-absent`; a file that cannot be read or is not UTF-8.
    pub(super) fn read(&self, option: &str) -> Result<Json, CommandError> {
        let (name, text) = match self {
            Self::File(file) => read_text(file)?,
            Self::Inline(text) => (option.to_owned(), text.clone()),
        };
        Ok(Json { name, text })
    }
}

impl Json {
    /// The value as one of a type.
    ///
    /// # Errors
    /// `states/not-json` and `states/not-valid`, at the place that is wrong.
    pub(super) fn typed<T: DeserializeOwned>(&self) -> Result<T, CommandError> {
        if let Some(error) = self.not_json() {
            return Err(error);
        }
        let help = "what it takes is told by mlpp states test --help";
        serde_json::from_str(&self.text)
            .map_err(|error| not_json(&self.name, &self.text, &error, "states/not-valid", help))
    }

    /// `states/not-json` where it is none.
    pub(super) fn not_json(&self) -> Option<CommandError> {
        let error = serde_json::from_str::<serde_json::Value>(&self.text).err()?;
        Some(not_json(&self.name, &self.text, &error, "states/not-json", "write JSON"))
    }
}
