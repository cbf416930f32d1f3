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

use mlpp_states::outline::Outline;

/// The machine as an SVG image; `title` names it.
pub(crate) fn svg(outline: &Outline<'_>, title: &str) -> String {
    svg::write(&drawing::Drawing::of(outline), title, outline.comment)
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
