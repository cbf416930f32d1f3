//! The rows with everything that is on them: nodes, labels, and the places where long links pass.

use std::collections::BTreeMap;

use super::ranks::Ranks;
use super::{Graph, RouteEnd, Size};

/// Something on a row.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) row: usize,
    pub(super) size: Size,
    pub(super) what: What,
    /// Neighbours on the row above.
    pub(super) up: Vec<Neighbour>,
    /// Neighbours on the row below.
    pub(super) down: Vec<Neighbour>,
    /// Items of the same row that a turn links it with.
    pub(super) beside: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Node,
    /// What is written at a link.
    Label,
    /// A place where a trunk passes.
    Trunk,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Neighbour {
    pub(super) item: usize,
    pub(super) weight: Weight,
}

/// How much a line is to be straight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Light,
    Main,
    /// Both ends are parts of one long link.
    Inner,
}

/// The way of a link over items; the first is the source's, the last one's meaning is told by the end.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) items: Vec<usize>,
    /// The item with the label; for a stub the last one.
    pub(super) label: Option<usize>,
    pub(super) end: RouteEnd,
}

#[derive(Debug)]
pub(super) struct Rows {
    /// The first ones are the nodes, by their positions in the graph.
    pub(super) items: Vec<Item>,
    /// The items of each row, from left to right.
    pub(super) order: Vec<Vec<usize>>,
    /// For each link.
    pub(super) chains: Vec<Chain>,
}

/// Items for trunks, for each node and in addition: what is above becomes stubs.
const TRUNKS_PER_NODE: usize = 30;
const TRUNKS: usize = 1_000;

/// Links that share a trunk.
struct Group {
    links: Vec<usize>,
    backward: bool,
    to: usize,
    /// The rows of the trunk; empty where no link needs one.
    trunk: std::ops::Range<usize>,
}

pub(super) fn build(graph: &Graph, ranks: &Ranks) -> Rows {
    let mut builder = Builder { graph, ranks, items: Vec::new(), chains: Vec::new(), only: Vec::new() };
    builder
        .items
        .extend(graph.nodes.iter().zip(&ranks.rank).map(|(size, row)| Item::new(*row, *size, What::Node)));
    let chain = Chain { items: Vec::new(), label: None, end: RouteEnd::Target };
    builder.chains = vec![chain; graph.links.len()];
    builder.only = builder.only();
    // The shortest trunks first, as long as there is room; then in the order of the links.
    let mut groups = builder.groups();
    let mut room = TRUNKS + TRUNKS_PER_NODE * graph.nodes.len();
    let mut by_length: Vec<usize> = (0..groups.len()).collect();
    by_length.sort_by_key(|index| groups[*index].trunk.len());
    let mut stubs = vec![false; groups.len()];
    for index in by_length {
        let length = groups[index].trunk.len();
        stubs[index] = length > room;
        room = room.saturating_sub(length);
    }
    for (group, stub) in groups.drain(..).zip(stubs) {
        if stub { builder.stubs(&group) } else { builder.trunk(&group) }
    }
    let count = builder.items.iter().map(|item| item.row + 1).max().unwrap_or(0);
    let mut order = vec![Vec::new(); count];
    for (index, item) in builder.items.iter().enumerate() {
        order[item.row].push(index);
    }
    Rows { items: builder.items, order, chains: builder.chains }
}

struct Builder<'g> {
    graph: &'g Graph,
    ranks: &'g Ranks,
    items: Vec<Item>,
    chains: Vec<Chain>,
    /// For each link, whether it is the only one of its source that goes down without a trunk.
    only: Vec<bool>,
}

impl Builder<'_> {
    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut known = BTreeMap::new();
        for (index, link) in self.graph.links.iter().enumerate() {
            let backward = self.ranks.backward[index];
            let position = *known.entry((link.to, link.class, backward)).or_insert_with(|| {
                groups.push(Group { links: Vec::new(), backward, to: link.to, trunk: 0..0 });
                groups.len() - 1
            });
            groups[position].links.push(index);
        }
        for group in &mut groups {
            let target = self.ranks.rank[group.to];
            let joins = group.links.iter().map(|index| self.join(*index));
            group.trunk = if group.backward {
                target..joins.max().flatten().map_or(target, |row| row + 1)
            } else {
                joins.flatten().min().map_or(target, |row| row.min(target))..target
            };
        }
        groups
    }

    /// The row where a link comes to its trunk, or past its end where it needs none.
    ///
    /// A label is on the row below the source, or beside the source where the link goes up; `None` where no row is above.
    fn join(&self, index: usize) -> Option<usize> {
        let link = &self.graph.links[index];
        let row = self.ranks.rank[link.from];
        match (self.ranks.backward[index], link.label.is_some()) {
            (false, false) => Some(row + 1),
            (false, true) => Some(row + 2),
            (true, false) => Some(row),
            (true, true) => row.checked_sub(1),
        }
    }

    fn only(&self) -> Vec<bool> {
        let short = |index: usize| {
            let target = self.ranks.rank[self.graph.links[index].to];
            !self.ranks.backward[index] && self.join(index).is_some_and(|row| row >= target)
        };
        let mut counts = vec![0_usize; self.graph.nodes.len()];
        for (index, link) in self.graph.links.iter().enumerate() {
            counts[link.from] += usize::from(short(index));
        }
        let links = self.graph.links.iter().enumerate();
        links.map(|(index, link)| short(index) && counts[link.from] == 1).collect()
    }

    fn trunk(&mut self, group: &Group) {
        let first = self.items.len();
        for row in group.trunk.clone() {
            self.items.push(Item::new(row, Size::default(), What::Trunk));
            let item = self.items.len() - 1;
            if item > first {
                self.connect(item - 1, item, Weight::Inner);
            }
        }
        let item_of = |row: usize| first + row - group.trunk.start;
        if group.backward && !group.trunk.is_empty() {
            self.beside(group.to, first);
        }
        if !group.backward && !group.trunk.is_empty() {
            self.connect(item_of(group.trunk.end - 1), group.to, self.weight_in(group));
        }
        // The link with the longest way draws the trunk, the others end where they join it.
        let joins = group.links.iter().map(|index| (self.join(*index), *index));
        let owner = if group.backward {
            joins.max_by_key(|(join, index)| (*join, std::cmp::Reverse(*index)))
        } else {
            joins.min()
        };
        for &index in &group.links {
            let link = &self.graph.links[index];
            let weight = if link.main || self.only[index] { Weight::Main } else { Weight::Light };
            let mut items = vec![link.from];
            let label = link.label.map(|size| self.label(index, size, &mut items, weight));
            let last = items[items.len() - 1];
            let owner = owner.is_some_and(|(_, owner)| owner == index);
            let join = self.join(index).filter(|row| group.trunk.contains(row));
            // What joins a trunk is bent there anyway.
            let straight = label.is_some() && (owner || join.is_none());
            let weight = if straight { Weight::Main } else { weight };
            self.step(last, join.map_or(group.to, item_of), weight);
            let end = match join {
                Some(row) if owner && group.backward => {
                    items.extend((first..=item_of(row)).rev());
                    RouteEnd::Target
                }
                Some(row) if owner => {
                    items.extend(item_of(row)..item_of(group.trunk.end));
                    RouteEnd::Target
                }
                Some(row) => {
                    items.push(item_of(row));
                    RouteEnd::Trunk
                }
                None => RouteEnd::Target,
            };
            if end == RouteEnd::Target {
                items.push(group.to);
            }
            self.chains[index] = Chain { items, label, end };
        }
    }

    /// How straight a trunk is to enter its target.
    fn weight_in(&self, group: &Group) -> Weight {
        let main = group.links.iter().any(|index| self.graph.links[*index].main);
        if main { Weight::Main } else { Weight::Light }
    }

    fn stubs(&mut self, group: &Group) {
        for &index in &group.links {
            let link = &self.graph.links[index];
            let row = self.ranks.rank[link.from] + 1;
            self.items.push(Item::new(row, link.stub, What::Label));
            let item = self.items.len() - 1;
            self.connect(link.from, item, Weight::Light);
            let items = vec![link.from, item];
            self.chains[index] = Chain { items, label: Some(item), end: RouteEnd::Stub };
        }
    }

    /// An item for a link's label, with the way to it.
    fn label(&mut self, index: usize, size: Size, items: &mut Vec<usize>, weight: Weight) -> usize {
        let from = self.graph.links[index].from;
        let row = self.ranks.rank[from];
        let row = if self.ranks.backward[index] { row } else { row + 1 };
        self.items.push(Item::new(row, size, What::Label));
        let item = self.items.len() - 1;
        self.step(from, item, weight);
        items.push(item);
        item
    }

    /// Links two items of one row or of two rows next to each other.
    fn step(&mut self, one: usize, other: usize, weight: Weight) {
        match self.items[one].row.cmp(&self.items[other].row) {
            std::cmp::Ordering::Less => self.connect(one, other, weight),
            std::cmp::Ordering::Equal => self.beside(one, other),
            std::cmp::Ordering::Greater => self.connect(other, one, weight),
        }
    }

    fn connect(&mut self, upper: usize, lower: usize, weight: Weight) {
        self.items[upper].down.push(Neighbour { item: lower, weight });
        self.items[lower].up.push(Neighbour { item: upper, weight });
    }

    fn beside(&mut self, one: usize, other: usize) {
        self.items[one].beside.push(other);
        self.items[other].beside.push(one);
    }
}

impl Item {
    fn new(row: usize, size: Size, what: What) -> Self {
        Self { row, size, what, up: Vec::new(), down: Vec::new(), beside: Vec::new() }
    }
}
