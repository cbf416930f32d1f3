//! State machines as pictures.

mod drawing;
mod geometry;
mod icons;
mod labels;
mod layered;
mod svg;
mod text;

use mlpp_states::outline::Outline;

/// The machine as an SVG image; `title` names it.
pub(crate) fn svg(outline: &Outline<'_>, title: &str) -> String {
    svg::write(&drawing::Drawing::of(outline), title, outline.comment)
}
