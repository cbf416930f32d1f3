//! JSON that is given as a file or as it is.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::DeserializeOwned;

use super::definition::{not_json, read_text};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Where a JSON comes from.
#[derive(Debug, Clone)]
pub(in crate::commands::states) enum Source {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// The argument itself.
    Inline(String),
}

/// The text of a JSON, not read yet.
#[derive(Debug)]
pub(in crate::commands::states) struct Json {
    name: String,
    pub(in crate::commands::states) text: String,
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
    fn is_stdin(&self) -> bool {
        matches!(self, Self::File(file) if file.as_os_str() == "-")
    }

    /// The JSON `{}`.
    pub(in crate::commands::states) fn empty() -> Self {
        Self::Inline("{}".to_owned())
    }

    /// Checks that standard input, which can be read once, is named at most once; `definition` is the file of the definition.
    ///
    /// # Errors
    /// `states/not-valid`.
    pub(in crate::commands::states) fn check_stdin<'s>(
        definition: &Path,
        sources: impl IntoIterator<Item = &'s Option<Self>>,
    ) -> Result<(), CommandError> {
        let stdin = sources.into_iter().flatten().filter(|source| source.is_stdin()).count();
        if stdin + usize::from(definition.as_os_str() == "-") < 2 {
            return Ok(());
        }
        let message = "standard input is named more than once".to_owned();
        let help = "it can be read once; name files for the others, or give the JSON itself".to_owned();
        Err(CommandError::one(ExitCode::InvalidInput, Plain { code: "states/not-valid", message, help }))
    }

    /// The text; `option` is what it is called where it is no file.
    ///
    /// # Errors
    /// `states/file-absent`; a file that cannot be read or is not UTF-8.
    pub(in crate::commands::states) fn read(&self, option: &str) -> Result<Json, CommandError> {
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
    pub(in crate::commands::states) fn typed<T: DeserializeOwned>(&self) -> Result<T, CommandError> {
        if let Some(error) = self.not_json() {
            return Err(error);
        }
        let help = "what it takes is told by --help of the command";
        serde_json::from_str(&self.text)
            .map_err(|error| not_json(&self.name, &self.text, &error, "states/not-valid", help))
    }

    /// `states/not-json` where it is none.
    pub(in crate::commands::states) fn not_json(&self) -> Option<CommandError> {
        let error = serde_json::from_str::<serde_json::Value>(&self.text).err()?;
        Some(not_json(&self.name, &self.text, &error, "states/not-json", "write JSON"))
    }
}
