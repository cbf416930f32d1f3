//! What is drawn where: a machine's scopes, each laid out by itself and put into the box of the state that owns it.

use std::collections::BTreeMap;

use mlpp_states::outline::{Kind, Outline, Reason, State};

use super::geometry::{Path, Point, Rect, Size};
use super::labels::{self, Label};
use super::layered::{self, Graph, Link, RouteEnd};
use super::text;

/// A machine, ready to be drawn.
#[derive(Debug)]
pub(super) struct Drawing<'m> {
    pub(super) size: Size,
    pub(super) figures: Vec<Figure<'m>>,
    pub(super) edges: Vec<Edge<'m>>,
}

/// A box; the ones before are below the ones after.
#[derive(Debug)]
pub(super) struct Figure<'m> {
    pub(super) rect: Rect,
    pub(super) shape: Shape<'m>,
}

#[derive(Debug)]
pub(super) enum Shape<'m> {
    Start,
    End,
    /// A state; its name as it is shown, and below what it is.
    State {
        state: &'m State<'m>,
        name: Vec<String>,
        about: Vec<String>,
    },
    /// A branch of a Parallel state.
    Branch,
}

/// The transitions from one place to another that are drawn as one line.
#[derive(Debug)]
pub(super) struct Edge<'m> {
    pub(super) from: Option<&'m str>,
    pub(super) to: Option<&'m str>,
    pub(super) class: Class,
    pub(super) path: Path,
    pub(super) end: RouteEnd,
    /// What is written at it, and where.
    pub(super) label: Option<(Rect, Label)>,
}

/// Kinds of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// `Next`, `Choices` and `Default`; from the start and to the end.
    Next,
    /// `Catch`.
    Catch,
}

/// Font sizes and room, in pixels.
pub(super) const NAME: f64 = 13.0;
pub(super) const ABOUT: f64 = 10.5;
pub(super) const NAME_LINE: f64 = 17.0;
pub(super) const ABOUT_LINE: f64 = 14.0;
pub(super) const PADDING: f64 = 12.0;
pub(super) const ICON: f64 = 18.0;
pub(super) const ICON_GAP: f64 = 9.0;
/// Widest text of a state's name, and most lines of it: names of up to 80 characters fit, unless they are shouted.
const NAME_WIDTH: f64 = 190.0;
const NAME_LINES: usize = 4;
const ABOUT_WIDTH: f64 = 200.0;
const ABOUT_LINES: usize = 3;
const LEAST_WIDTH: f64 = 120.0;
/// What the end is called.
const END: &str = "End";
/// Diameter of start and end.
const DOT: f64 = 26.0;
/// Room inside of a state's box around what it owns, and of a branch's.
const INSIDE: f64 = 16.0;
const BETWEEN: f64 = 16.0;
/// Branches are put side by side up to about this width, then below each other.
const BRANCHES_WIDTH: f64 = 1_800.0;
/// Around the whole drawing.
const MARGIN: f64 = 24.0;

impl<'m> Drawing<'m> {
    pub(super) fn of(outline: &'m Outline<'m>) -> Self {
        let mut block = scope(outline, true);
        block.move_by(Point { x: MARGIN, y: MARGIN });
        let size = Size {
            width: (block.size.width + 2.0 * MARGIN).ceil(),
            height: (block.size.height + 2.0 * MARGIN).ceil(),
        };
        Self { size, figures: block.figures, edges: block.edges }
    }
}

/// A part of the drawing with coordinates of its own.
#[derive(Default)]
struct Block<'m> {
    size: Size,
    figures: Vec<Figure<'m>>,
    edges: Vec<Edge<'m>>,
}

impl Block<'_> {
    fn move_by(&mut self, by: Point) {
        for figure in &mut self.figures {
            figure.rect = figure.rect.moved(by);
        }
        for edge in &mut self.edges {
            edge.path = std::mem::take(&mut edge.path).moved(by);
            if let Some((rect, _)) = &mut edge.label {
                *rect = rect.moved(by);
            }
        }
    }

    /// Takes another block in at a place.
    fn put(&mut self, mut other: Self, at: Point) {
        other.move_by(at);
        self.figures.append(&mut other.figures);
        self.edges.append(&mut other.edges);
    }
}

/// States that know each other, with a start and an end where they are the machine itself.
fn scope<'m>(outline: &'m Outline<'m>, whole: bool) -> Block<'m> {
    let mut blocks: Vec<Block<'m>> = outline.states.iter().map(state).collect();
    let (start, end) = (blocks.len(), blocks.len() + 1);
    let mut root = outline.start_at;
    let mut lines = Lines::default();
    if whole {
        blocks.extend([dot(Shape::Start), dot(Shape::End)]);
        root = start;
        let first = outline.states.get(outline.start_at).map(|state| state.name);
        lines.plain((start, None), (outline.start_at, first));
    }
    for (from, state) in outline.states.iter().enumerate() {
        if whole && state.ends {
            lines.plain((from, Some(state.name)), (end, None));
        }
        lines.transitions(outline, from, state);
    }
    let Lines { edges, links } = lines;
    let graph = Graph { nodes: blocks.iter().map(|block| block.size).collect(), links };
    let layout = layered::layout(&graph, root);
    let mut whole = Block { size: layout.size, ..Block::default() };
    for (block, rect) in blocks.into_iter().zip(&layout.nodes) {
        whole.put(block, Point { x: rect.x, y: rect.y });
    }
    for (mut edge, route) in edges.into_iter().zip(layout.routes) {
        edge.path = route.path;
        edge.end = route.end;
        let label = edge.label.take().map(|(_, label)| label);
        let label = match route.end {
            RouteEnd::Stub => Some(labels::stub(label, edge.to.unwrap_or(END))),
            RouteEnd::Target | RouteEnd::Trunk => label,
        };
        edge.label = route.label.zip(label);
        whole.edges.push(edge);
    }
    whole
}

/// The lines of a scope, and for each the link that is laid out.
#[derive(Default)]
struct Lines<'m> {
    edges: Vec<Edge<'m>>,
    links: Vec<Link>,
}

/// An end of a line: its position, and the state's name.
type Place<'m> = (usize, Option<&'m str>);

impl<'m> Lines<'m> {
    /// A line from the start, or to the end.
    fn plain(&mut self, from: Place<'m>, to: Place<'m>) {
        self.add(from, to, Class::Next, None, true);
    }

    /// The lines that leave a state: transitions of one class to one target are one.
    fn transitions(&mut self, outline: &'m Outline<'m>, from: usize, state: &'m State<'m>) {
        let mut grouped: Vec<(usize, Class, Vec<&Reason<'m>>)> = Vec::new();
        let mut known = BTreeMap::new();
        for transition in &state.transitions {
            let class = match transition.reason {
                Reason::Catch { .. } => Class::Catch,
                Reason::Next | Reason::Choice { .. } | Reason::Default => Class::Next,
            };
            let position = *known.entry((transition.target, class)).or_insert_with(|| {
                grouped.push((transition.target, class, Vec::new()));
                grouped.len() - 1
            });
            grouped[position].2.push(&transition.reason);
        }
        for (to, class, reasons) in grouped {
            let name = outline.states.get(to).map(|target| target.name);
            let main = matches!(reasons.as_slice(), [Reason::Next]);
            self.add((from, Some(state.name)), (to, name), class, labels::of(&reasons), main);
        }
    }

    fn add(&mut self, from: Place<'m>, to: Place<'m>, class: Class, label: Option<Label>, main: bool) {
        self.links.push(Link {
            from: from.0,
            to: to.0,
            label: label.as_ref().map(labels::size),
            stub: labels::size(&labels::stub(label.clone(), to.1.unwrap_or(END))),
            class: class as u8,
            main,
        });
        self.edges.push(Edge {
            from: from.1,
            to: to.1,
            class,
            path: Path::default(),
            end: RouteEnd::Target,
            label: label.map(|label| (Rect::default(), label)),
        });
    }
}

fn dot(shape: Shape<'_>) -> Block<'_> {
    let rect = Rect { x: 0.0, y: 0.0, width: DOT, height: DOT };
    let figures = vec![Figure { rect, shape }];
    Block { size: Size { width: DOT, height: DOT }, figures, edges: Vec::new() }
}

/// A state's box, with what it owns inside.
fn state<'m>(state: &'m State<'m>) -> Block<'m> {
    let inner = match &state.kind {
        Kind::Parallel { branches } => Some(side_by_side(branches.iter().map(branch).collect())),
        Kind::Map { processor, .. } => Some(scope(processor, false)),
        _ => None,
    };
    let name_width = inner.as_ref().map_or(NAME_WIDTH, |inner| NAME_WIDTH.max(inner.size.width * 0.8));
    let mut name = text::wrap(state.name, NAME, name_width, NAME_LINES);
    if name.is_empty() {
        name.push(String::new());
    }
    let about = text::wrap(&labels::about(&state.kind), ABOUT, ABOUT_WIDTH, ABOUT_LINES);
    let widths = name.iter().map(|line| text::width(line, NAME));
    let widest = widths.chain(about.iter().map(|line| text::width(line, ABOUT))).fold(0.0, f64::max);
    let mut size = Size {
        width: (widest + ICON + ICON_GAP + 2.0 * PADDING).max(LEAST_WIDTH).ceil(),
        height: lines(name.len()) * NAME_LINE + lines(about.len()) * ABOUT_LINE + PADDING * 1.4,
    };
    let mut block = Block::default();
    let header = size.height;
    if let Some(inner) = &inner {
        size.width = size.width.max(inner.size.width + 2.0 * INSIDE).ceil();
        size.height = (header + inner.size.height + INSIDE).ceil();
    }
    let rect = Rect { x: 0.0, y: 0.0, width: size.width, height: size.height };
    block.figures.push(Figure { rect, shape: Shape::State { state, name, about } });
    if let Some(inner) = inner {
        let at = Point { x: ((size.width - inner.size.width) / 2.0).round(), y: header };
        block.put(inner, at);
    }
    block.size = size;
    block
}

#[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
pub(super) fn lines(count: usize) -> f64 {
    count as f64
}

/// A branch with its frame.
fn branch<'m>(outline: &'m Outline<'m>) -> Block<'m> {
    let inner = scope(outline, false);
    let size = Size { width: inner.size.width + 2.0 * INSIDE, height: inner.size.height + 2.0 * INSIDE };
    let rect = Rect { x: 0.0, y: 0.0, width: size.width, height: size.height };
    let mut block = Block { size, figures: vec![Figure { rect, shape: Shape::Branch }], edges: Vec::new() };
    block.put(inner, Point { x: INSIDE, y: INSIDE });
    block
}

/// Branches next to each other, in as many rows as their width needs; those of a row have one height.
fn side_by_side(branches: Vec<Block<'_>>) -> Block<'_> {
    let mut whole = Block::default();
    let mut row: Vec<Block<'_>> = Vec::new();
    let mut width = 0.0;
    for branch in branches {
        if !row.is_empty() && width + branch.size.width > BRANCHES_WIDTH {
            whole.put_row(std::mem::take(&mut row));
            width = 0.0;
        }
        width += branch.size.width + BETWEEN;
        row.push(branch);
    }
    whole.put_row(row);
    whole
}

impl Block<'_> {
    fn put_row(&mut self, row: Vec<Self>) {
        let height = row.iter().map(|branch| branch.size.height).fold(0.0, f64::max);
        let top = if self.size.height > 0.0 { self.size.height + BETWEEN } else { 0.0 };
        let mut x = 0.0;
        for mut branch in row {
            if let Some(frame) = branch.figures.first_mut() {
                frame.rect.height = height;
            }
            let width = branch.size.width;
            self.put(branch, Point { x, y: top });
            self.size.width = self.size.width.max(x + width);
            x += width + BETWEEN;
        }
        self.size.height = top + height;
    }
}
