//! From rows and columns to boxes and lines.

use std::collections::BTreeMap;

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
    let left =
        rows.items.iter().zip(x).map(|(item, x)| x - item.size.width / 2.0).fold(f64::INFINITY, f64::min);
    let right =
        rows.items.iter().zip(x).map(|(item, x)| x + item.size.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let x: Vec<f64> = x.iter().map(|x| round(x - left)).collect();
    let turns = Turns::of(graph, ranks, rows);
    let lines = lines(rows, &x, &turns);
    let plan = Plan { rows, x, lines, turns };
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
    /// The room below.
    below: f64,
}

/// How far the first turn goes into the room between two rows, how far the next ones go further, and how many are told
/// apart.
const TURN: f64 = 16.0;
const NEXT_TURN: f64 = 7.0;
const MOST_TURNS: usize = 8;

/// The lines that turn back between two rows: those of one node together, those of others at heights of their own.
#[derive(Debug, Default)]
struct Turns {
    /// How far a node's turn goes, below it or above it.
    depth: BTreeMap<(usize, bool), f64>,
    /// The room that turns need between two rows; 0 is above the first.
    room: Vec<f64>,
}

impl Turns {
    fn of(graph: &Graph, ranks: &Ranks, rows: &Rows) -> Self {
        let mut depths = BTreeMap::new();
        let mut counts = vec![[0_usize; 2]; rows.order.len() + 1];
        let mut turn = |node: usize, below: bool| {
            depths.entry((node, below)).or_insert_with(|| {
                let count = &mut counts[ranks.rank[node] + usize::from(below)][usize::from(below)];
                let depth = TURN + NEXT_TURN * number(*count % MOST_TURNS);
                *count += 1;
                depth
            });
        };
        for (index, link) in graph.links.iter().enumerate().filter(|(index, _)| ranks.backward[*index]) {
            if rows.chains[index].end != RouteEnd::Stub {
                turn(link.from, true);
                turn(link.to, false);
            }
        }
        let need = |count: usize| match count.min(MOST_TURNS) {
            0 => 0.0,
            count => TURN + NEXT_TURN * number(count),
        };
        let room = counts.iter().map(|[above, below]| need(*above) + need(*below)).collect();
        Self { depth: depths, room }
    }

    fn depth(&self, node: usize, below: bool) -> f64 {
        self.depth.get(&(node, below)).copied().unwrap_or(TURN)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn number(count: usize) -> f64 {
    count as f64
}

fn lines(rows: &Rows, x: &[f64], turns: &Turns) -> Vec<Line> {
    // How far lines go to the side below each row; position 0 is above the first.
    let mut widest: Vec<Option<f64>> = vec![None; rows.order.len() + 1];
    let mut meet = |gap: usize, one: usize, other: usize| {
        let far = (x[one] - x[other]).abs();
        widest[gap] = Some(widest[gap].map_or(far, |widest| widest.max(far)));
    };
    for (index, item) in rows.items.iter().enumerate() {
        for next in &item.down {
            meet(item.row + 1, index, next.item);
        }
    }
    let gap = |far: f64| (GAP + SLOPE * far).min(WIDEST_GAP).round();
    let mut lines: Vec<Line> = Vec::with_capacity(rows.order.len());
    for (position, row) in rows.order.iter().enumerate() {
        let height = row.iter().map(|item| rows.items[*item].size.height).fold(0.0, f64::max);
        let between = |at: usize| {
            let room = if at == 0 || at == rows.order.len() { 0.0 } else { gap(widest[at].unwrap_or(0.0)) };
            room.max(turns.room[at])
        };
        let top = lines.last().map_or_else(|| between(0), |line| line.bottom + line.below);
        lines.push(Line { top, bottom: top + height, below: between(position + 1) });
    }
    lines
}

struct Plan<'r> {
    rows: &'r Rows,
    x: Vec<f64>,
    lines: Vec<Line>,
    turns: Turns,
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
        let path = if backward && chain.end != RouteEnd::Stub {
            self.up(&chain.items, chain.end)
        } else {
            self.down(&chain.items, chain.end)
        };
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
        path.turn_to(self.x[first], self.turns.depth(from, true));
        let mut x = self.x[first];
        let last = items.len() - 1;
        for (position, &item) in items.iter().enumerate().skip(2) {
            let (row, next) = (self.rows.items[item].row, self.x[item]);
            if position == last && end == RouteEnd::Target {
                // Past the target on its own row, and back down.
                path.line_to(x, line.top);
                path.turn_to(next, -self.turns.depth(item, false));
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
