//! Findings for people, and as data for editors and reviews.

mod sarif;
#[cfg(test)]
mod tests;

use std::path::Path;

use clap::ValueEnum;
use mlpp_parameters::{Diagnostic, Sources};
use serde::Serialize;

use crate::error::CommandError;
use crate::output;

/// How findings are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, on standard error
    Text,
    /// As JSON, on standard output
    Json,
    /// As SARIF 2.1.0, on standard output
    Sarif,
}

/// How much a finding weighs, with the words that SARIF has for it as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Error,
    Warning,
}

/// A finding as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Record {
    pub(crate) code: String,
    pub(crate) severity: Severity,
    pub(crate) message: String,
    /// JSON pointer into the document; null where there is none.
    pub(crate) pointer: Option<String>,
    #[serde(flatten)]
    pub(crate) place: Place,
    /// What is shown under the place.
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
    /// Whether the file is an overlay of an environment.
    pub(crate) overlay: bool,
}

/// Where a finding is; everything is null where it has no place in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    /// The file, relative to the project's folder.
    pub(crate) file: Option<String>,
    /// From 1.
    pub(crate) line: Option<usize>,
    /// In characters, from 1.
    pub(crate) column: Option<usize>,
    pub(crate) end_line: Option<usize>,
    /// The first column behind it.
    pub(crate) end_column: Option<usize>,
}

impl Place {
    /// The place of the bytes from `start` to `end` of a file's text.
    pub(crate) fn new(file: &str, text: &str, start: usize, end: usize) -> Self {
        let (line, column) = line_column(text, start);
        let (end_line, end_column) = line_column(text, end.max(start));
        Self {
            file: Some(file.to_owned()),
            line: Some(line),
            column: Some(column),
            end_line: Some(end_line),
            end_column: Some(end_column),
        }
    }
}

/// Line and column of a byte, from 1; what lies behind the text or within a character counts as the place before.
fn line_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Findings of one call, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    records: Vec<Record>,
    errors: Vec<CommandError>,
}

#[derive(Serialize)]
struct Json<'a> {
    findings: &'a [Record],
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Adds findings, and the sources that they point into.
    pub(crate) fn add(&mut self, findings: &[Diagnostic], sources: &Sources) {
        self.add_error(CommandError::invalid(findings, sources));
    }

    /// Adds what ended a check early.
    pub(crate) fn add_error(&mut self, error: CommandError) {
        self.records.extend(error.records());
        self.errors.push(error);
    }

    /// How many are errors.
    pub(crate) fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// How many are warnings.
    pub(crate) fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.records.iter().filter(|record| record.severity == severity).count()
    }

    /// Gives the findings of the project in `folder`: to people on standard error, as data on standard output.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(crate) fn print(mut self, format: Format, folder: &Path) -> Result<(), CommandError> {
        if format == Format::Text {
            if let Some(all) = self.errors.into_iter().reduce(CommandError::join) {
                all.show();
            }
            return Ok(());
        }
        for file in self.records.iter_mut().filter_map(|record| record.place.file.as_mut()) {
            *file = relative(file, folder);
        }
        if format == Format::Sarif {
            return output::json(&sarif::log(&self.records));
        }
        output::json(&Json { findings: &self.records, errors: self.errors(), warnings: self.warnings() })
    }
}

/// A file's name within a folder, with forward slashes; the name as it is for a file elsewhere.
fn relative(file: &str, folder: &Path) -> String {
    let file = Path::new(file);
    let inner = file.strip_prefix(folder).unwrap_or(file);
    let inner = inner.strip_prefix(".").unwrap_or(inner);
    let levels: Vec<_> = inner.iter().map(|level| level.to_string_lossy()).collect();
    // The root is a level of its own, which the slash behind it would double.
    levels.join("/").replacen("//", "/", 1)
}
