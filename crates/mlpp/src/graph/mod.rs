//! State machines as pictures: `drawing` says what is where, `svg` paints it; `listing` tells nodes and edges to `dot` and
//! `mermaid`, whose readers lay them out.

mod dot;
mod drawing;
mod geometry;
mod icons;
mod labels;
mod layered;
mod listing;
mod mermaid;
mod svg;
mod text;

use std::collections::BTreeMap;

use mlpp_states::outline::Outline;
use serde::Serialize;

/// What became of a state when it was entered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StateStatus {
    /// It was entered and not left.
    Running,
    Succeeded,
    /// It failed, and the failure was caught.
    Caught,
    Failed,
    /// It was not left before the execution was stopped or ran out of time.
    Aborted,
}

impl StateStatus {
    /// The status as tables and drawings have it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Caught => "caught",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}

/// The machine as an SVG image; `title` names it.
pub(crate) fn svg(outline: &Outline<'_>, title: &str) -> String {
    svg::write(&drawing::Drawing::of(outline), title, outline.comment, None)
}

/// The machine with what became of its states, by their names; a state without a status was not entered.
pub(crate) fn svg_of_execution(
    outline: &Outline<'_>,
    title: &str,
    statuses: &BTreeMap<&str, StateStatus>,
) -> String {
    svg::write(&drawing::Drawing::of(outline), title, outline.comment, Some(statuses))
}

/// The machine in the language of Graphviz; `title` names it.
pub(crate) fn dot(outline: &Outline<'_>, title: &str) -> String {
    dot::write(outline, title)
}

/// The machine as a Mermaid flowchart.
pub(crate) fn mermaid(outline: &Outline<'_>) -> String {
    mermaid::write(outline)
}

#[cfg(test)]
mod tests;
