//! A layered drawing of a directed graph: nodes in rows, links from one row down to the next.
//!
//! The steps are those of Sugiyama, Tagawa and Toda: `ranks` turns links round until there is no cycle and gives each
//! node a row; `rows` puts items on the rows that a long link passes, so that it has room of its own; `order` sorts each
//! row so that few links cross; `coordinates` gives every item its place from left to right after Brandes and Köpf;
//! `routes` draws the links. Two things are particular:
//!
//! - Links of one class with one target share a *trunk*: they join on their way, and a state that every other one may
//!   fail into is reached by one line.
//! - A link against the direction leaves its source below, passes beside it, and enters its target from above.
//!
//! Between two rows is nothing but links, and on a row every item has its own stretch. So no link crosses a box.
//! The work is bounded by the number of nodes and links: a link that would make the drawing much too large ends in a
//! *stub*, which names its target.

mod coordinates;
mod order;
mod ranks;
mod routes;
mod rows;

use super::geometry::{Path, Rect, Size};

/// What is to be drawn.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Size>,
    pub(super) links: Vec<Link>,
}

/// A directed link between two nodes, which may be the same.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The room for what is written at the link.
    pub(super) label: Option<Size>,
    /// The same where the link ends as a stub.
    pub(super) stub: Size,
    /// Only links of one class share a trunk.
    pub(super) class: u8,
    /// Whether its line is to be straight rather than another's.
    pub(super) main: bool,
}

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) size: Size,
    pub(super) nodes: Vec<Rect>,
    pub(super) routes: Vec<Route>,
}

/// A link's line.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) path: Path,
    pub(super) label: Option<Rect>,
    pub(super) end: RouteEnd,
}

/// Where a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteEnd {
    /// At its target.
    Target,
    /// At the trunk of another line to the same target.
    Trunk,
    /// At its label, which names the target.
    Stub,
}

/// Lays a graph out; `root` comes first.
pub(super) fn layout(graph: &Graph, root: usize) -> Layout {
    let ranks = ranks::assign(graph, root);
    let mut rows = rows::build(graph, &ranks);
    order::sort(&mut rows, root);
    let x = coordinates::assign(&rows);
    routes::draw(graph, &ranks, &rows, &x)
}
