//! The JSONPath dialect of the States Language.
//!
//! It differs from RFC 9535: a dot may stand before a bracket, a path begins at the state's data (`$`), the context object (`$$`)
//! or a variable (`$name`), a path without wildcard, slice, filter, union or descent is *definite* and yields exactly one value,
//! and any other yields a list. `ResultPath` takes the *reference paths*: definite, beginning at `$`.

mod evaluate;
mod filter;
mod parse;
mod write;

use std::fmt;
use std::sync::Arc;

use filter::Filter;

/// Where a path begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Root {
    /// `$`: the state's data.
    Data,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(Arc<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Segment {
    Name(String),
    Index(i64),
    Names(Vec<String>),
    Indexes(Vec<i64>),
    Slice {
        start: Option<i64>,
        end: Option<i64>,
        step: i64,
    },
    Wildcard,
    /// `..`: the value and everything below it; the next segment selects.
    Descent,
    Filter(Filter),
}

/// A path, parsed once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    text: Arc<str>,
    root: Root,
    segments: Vec<Segment>,
    definite: bool,
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {position} of the path '{path}'")]
pub(crate) struct ParseError {
    path: String,
    position: usize,
    problem: &'static str,
}

impl Path {
    /// Parses `text` as a path.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        parse::path(text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the path yields exactly one value.
    pub(crate) fn is_definite(&self) -> bool {
        self.definite
    }

    /// Whether the path can be written to: definite, by names and indexes, and below the state's data.
    pub(crate) fn is_reference(&self) -> bool {
        self.definite && self.root == Root::Data
    }

    /// Whether the path is its root alone.
    pub(crate) fn is_root(&self) -> bool {
        self.segments.is_empty()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
