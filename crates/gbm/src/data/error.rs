//! What can be wrong with the data.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::suggest::Suggestion;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1; the header is in line 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, line {}", self.path.display(), self.line)
    }
}

/// The data of a channel are not as they must be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or directory cannot be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A channel's directory holds no file.
    #[error("channel `{channel}` has no file in {}", directory.display())]
    NoFile {
        /// The channel.
        channel: &'static str,
        /// Its directory.
        directory: PathBuf,
    },
    /// A file holds nothing, not even a header.
    #[error("{} is empty: a header with the names of the columns was expected", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The files of a channel hold headers only.
    #[error("channel `{channel}` has no row below the header in {}", directory.display())]
    NoRow {
        /// The channel.
        channel: &'static str,
        /// Its directory.
        directory: PathBuf,
    },
    /// A field is not UTF-8 text.
    #[error("{place}: not UTF-8 text; the data must be uncompressed CSV")]
    NotText {
        /// The row.
        place: Place,
    },
    /// A row is longer or shorter than the header.
    #[error("{place}: {found} fields, but the header has {expected}")]
    Ragged {
        /// The row.
        place: Place,
        /// Fields in the header.
        expected: usize,
        /// Fields in the row.
        found: usize,
    },
    /// A header has a column without a name.
    #[error("{}: column {number} has no name in the header", path.display())]
    Unnamed {
        /// The file.
        path: PathBuf,
        /// The column, counted from 1.
        number: usize,
    },
    /// A header has one name twice.
    #[error("{}: the header has the column `{name}` twice", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A column that is needed is not there.
    #[error(
        "{}: {what} `{name}` is not among the columns ({}){suggestion}",
        path.display(),
        columns.join(", ")
    )]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// What the column is for, such as "the target".
        what: &'static str,
        /// Its name.
        name: String,
        /// The columns there are.
        columns: Vec<String>,
        /// The nearest of them.
        suggestion: Suggestion,
    },
    /// A column that the first training file does not have.
    #[error("{}: the column `{name}` is not in the training data{suggestion}", path.display())]
    ExtraColumn {
        /// The file.
        path: PathBuf,
        /// Its name.
        name: String,
        /// The nearest column of the training data.
        suggestion: Suggestion,
    },
    /// Nothing is left to learn from.
    #[error("{}: no column is left to learn from beside the target and the ignored ones", path.display())]
    NoFeature {
        /// The file.
        path: PathBuf,
    },
    /// There are columns to learn from, but no value in any of them.
    #[error("every value to learn from is missing in the training data")]
    NoValue,
    /// A text in a column of numbers.
    #[error(
        "{place}: `{value}` in column `{column}` is not a number; if the column holds categories, name it in \
         `categorical_columns`"
    )]
    NotANumber {
        /// The row.
        place: Place,
        /// The column.
        column: String,
        /// The text.
        value: String,
    },
    /// A row without a target.
    #[error("{place}: the target `{column}` is missing")]
    NoTarget {
        /// The row.
        place: Place,
        /// The target.
        column: String,
    },
    /// A target that is not one of the training data's labels.
    #[error("{place}: `{value}` in the target `{column}` is not among the labels of the training data ({})", labels.join(", "))]
    UnknownLabel {
        /// The row.
        place: Place,
        /// The target.
        column: String,
        /// The label.
        value: String,
        /// The known labels.
        labels: Vec<String>,
    },
    /// A distribution needs another number of labels.
    #[error("the target `{column}` has {count} label{} ({sample}): {needed}", if *count == 1 { "" } else { "s" })]
    Labels {
        /// The target.
        column: String,
        /// How many labels there are.
        count: usize,
        /// Some of them.
        sample: String,
        /// What is needed.
        needed: &'static str,
    },
    /// A stopping metric that the kind of target does not have.
    #[error("the stopping metric `{metric}` is not one of this target's ({allowed})")]
    StoppingMetric {
        /// The metric.
        metric: &'static str,
        /// Those that are.
        allowed: String,
    },
    /// A stopping metric that these data leave undefined.
    #[error(
        "the stopping metric `{metric}` is undefined for the {channel} data: all of its targets are the same"
    )]
    UndefinedMetric {
        /// The metric.
        metric: &'static str,
        /// The channel.
        channel: &'static str,
    },
}
