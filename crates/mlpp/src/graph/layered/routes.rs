//! From rows and columns to boxes and lines.

use super::super::geometry::{Path, Point, Rect, Size};
use super::ranks::Ranks;
use super::rows::{Item, Rows, What};
use super::{Graph, Layout, Route, RouteEnd};

/// Room between two rows; more where a line goes far to the side.
const GAP: f64 = 30.0;
const WIDEST_GAP: f64 = 84.0;
const SLOPE: f64 = 0.07;
/// Items lower than their row by more than this are put at its top: the row has something large.
const CENTERED: f64 = 48.0;

pub(super) fn draw(graph: &Graph, ranks: &Ranks, rows: &Rows, x: &[f64]) -> Layout {
    let left = rows.items.iter().zip(x).map(|(item, x)| x - item.size.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = rows.items.iter().zip(x).map(|(item, x)| x + item.size.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let x: Vec<f64> = x.iter().map(|x| round(x - left)).collect();
    let lines = lines(rows, &x);
    let plan = Plan { rows, x, lines };
    let nodes = (0..graph.nodes.len()).map(|node| plan.rect(node)).collect();
    let routes = (0..graph.links.len()).map(|link| plan.route(link, ranks.backward[link])).collect();
    let height = plan.lines.last().map_or(0.0, |line| line.bottom + line.below);
    let width = if rows.items.is_empty() { 0.0 } else { round(right - left) };
    Layout { size: Size { width, height }, nodes, routes }
}

/// Tenths of a pixel are enough; fewer digits are a smaller drawing.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A row from top to bottom.
#[derive(Clone, Copy, Debug)]
struct Line {
    top: f64,
    bottom: f64,
    /// The room above and below.
    above: f64,
    below: f64,
}

fn lines(rows: &Rows, x: &[f64]) -> Vec<Line> {
    // How far lines go to the side below each row; position 0 is above the first.
    let mut widest: Vec<Option<f64>> = vec![None; rows.rows.len() + 1];
    let mut meet = |gap: usize, one: usize, other: usize| {
        let far = (x[one] - x[other]).abs();
        widest[gap] = Some(widest[gap].map_or(far, |widest| widest.max(far)));
    };
    for (index, item) in rows.items.iter().enumerate() {
        for next in &item.down {
            meet(item.row + 1, index, next.item);
        }
        for &other in item.beside.iter().filter(|other| **other > index) {
            meet(item.row, index, other);
            meet(item.row + 1, index, other);
        }
    }
    let gap = |far: f64| (GAP + SLOPE * far).min(WIDEST_GAP).round();
    let mut lines: Vec<Line> = Vec::with_capacity(rows.rows.len());
    for (position, row) in rows.rows.iter().enumerate() {
        let height = row.iter().map(|item| rows.items[*item].size.height).fold(0.0, f64::max);
        let between = |at: usize| match widest[at] {
            Some(far) => gap(far),
            // Nothing turns above the first row or below the last one.
            None if at == 0 || at == rows.rows.len() => 0.0,
            None => GAP,
        };
        let above = between(position);
        let top = lines.last().map_or(0.0, |line| line.bottom) + above;
        lines.push(Line { top, bottom: top + height, above, below: between(position + 1) });
    }
    lines
}

struct Plan<'r> {
    rows: &'r Rows,
    x: Vec<f64>,
    lines: Vec<Line>,
}

impl Plan<'_> {
    fn line(&self, item: &Item) -> Line {
        self.lines[item.row]
    }

    fn rect(&self, index: usize) -> Rect {
        let item = &self.rows.items[index];
        let line = self.line(item);
        let spare = line.bottom - line.top - item.size.height;
        let down = if item.what == What::Label || spare > CENTERED { 0.0 } else { spare / 2.0 };
        let rect = Rect::around(Point { x: self.x[index], y: 0.0 }, item.size);
        Rect { y: line.top + down, ..rect }
    }

    fn route(&self, link: usize, backward: bool) -> Route {
        let chain = &self.rows.chains[link];
        let path = if backward && chain.end != RouteEnd::Stub { self.up(&chain.items, chain.end) } else { self.down(&chain.items, chain.end) };
        Route { path, label: chain.label.map(|item| self.rect(item)), end: chain.end }
    }

    /// From row to row downwards.
    fn down(&self, items: &[usize], end: RouteEnd) -> Path {
        let Some((&from, rest)) = items.split_first() else { return Path::default() };
        let mut path = Path::from(self.x[from], self.rect(from).bottom());
        let mut x = self.x[from];
        let mut line = self.line(&self.rows.items[from]);
        for (position, &item) in rest.iter().enumerate() {
            path.line_to(x, line.bottom);
            x = self.x[item];
            line = self.line(&self.rows.items[item]);
            path.bend_to(x, line.top);
            if position + 1 == rest.len() && end != RouteEnd::Trunk {
                path.line_to(x, self.rect(item).y);
            }
        }
        path
    }

    /// Out below the source, up beside it, and into the target from above.
    fn up(&self, items: &[usize], end: RouteEnd) -> Path {
        let [from, first, ..] = *items else { return Path::default() };
        let mut path = Path::from(self.x[from], self.rect(from).bottom());
        let mut line = self.line(&self.rows.items[from]);
        path.line_to(self.x[from], line.bottom);
        path.turn_to(self.x[first], line.below);
        let mut x = self.x[first];
        let last = items.len() - 1;
        for (position, &item) in items.iter().enumerate().skip(2) {
            let (row, next) = (self.rows.items[item].row, self.x[item]);
            if position == last && end == RouteEnd::Target {
                // Past the target on its own row, and back down.
                path.line_to(x, line.top);
                path.turn_to(next, -line.above);
                path.line_to(next, self.rect(item).y);
            } else {
                path.line_to(x, line.top);
                line = self.lines[row];
                path.bend_to(next, line.bottom);
                x = next;
            }
        }
        path
    }
}
