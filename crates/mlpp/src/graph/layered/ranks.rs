//! Which row each node is on, and which links go against the direction.

use super::Graph;

#[derive(Debug)]
pub(super) struct Ranks {
    /// The row of each node.
    pub(super) rank: Vec<usize>,
    /// For each link, whether its target is not below its source.
    pub(super) backward: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    Open,
    Done,
}

pub(super) fn assign(graph: &Graph, root: usize) -> Ranks {
    let mut out = vec![Vec::new(); graph.nodes.len()];
    for (index, link) in graph.links.iter().enumerate() {
        out[link.from].push(index);
    }
    let (backward, finished) = backward(graph, root, &out);
    // Every forward link leads to a node that was finished before: the reverse is a topological order.
    let mut rank = vec![0; graph.nodes.len()];
    for &node in finished.iter().rev() {
        for &index in out[node].iter().filter(|index| !backward[**index]) {
            let link = &graph.links[index];
            rank[link.to] = rank[link.to].max(rank[node] + length(graph, index));
        }
    }
    tighten(graph, root, &out, &backward, &finished, &mut rank);
    Ranks { rank, backward }
}

/// The rows that a link spans at least: one more where it needs a row for its label.
fn length(graph: &Graph, link: usize) -> usize {
    if graph.links[link].label.is_some() { 2 } else { 1 }
}

/// The links that close a cycle, by a depth-first walk; and the nodes in the order in which the walk was done with them.
fn backward(graph: &Graph, root: usize, out: &[Vec<usize>]) -> (Vec<bool>, Vec<usize>) {
    let mut backward = vec![false; graph.links.len()];
    let mut finished = Vec::with_capacity(graph.nodes.len());
    let mut visits = vec![Visit::Not; graph.nodes.len()];
    let mut entered = vec![false; graph.nodes.len()];
    for link in graph.links.iter().filter(|link| link.from != link.to) {
        entered[link.to] = true;
    }
    // What nothing leads to begins a walk of its own; then what is left, which are cycles that nothing leads into.
    let sources = (0..graph.nodes.len()).filter(|node| !entered[*node]);
    for start in std::iter::once(root).chain(sources).chain(0..graph.nodes.len()) {
        if visits.get(start) != Some(&Visit::Not) {
            continue;
        }
        visits[start] = Visit::Open;
        let mut open = vec![(start, 0)];
        while let Some((node, next)) = open.last_mut() {
            let node = *node;
            let Some(&index) = out[node].get(*next) else {
                visits[node] = Visit::Done;
                finished.push(node);
                open.pop();
                continue;
            };
            *next += 1;
            let target = graph.links[index].to;
            match visits[target] {
                Visit::Open => backward[index] = true,
                Visit::Done => {}
                Visit::Not => {
                    visits[target] = Visit::Open;
                    open.push((target, 0));
                }
            }
        }
    }
    (backward, finished)
}

/// Moves nodes down that have more links below than above, which makes links shorter.
fn tighten(
    graph: &Graph,
    root: usize,
    out: &[Vec<usize>],
    backward: &[bool],
    finished: &[usize],
    rank: &mut [usize],
) {
    let mut entering = vec![0; graph.nodes.len()];
    for (link, _) in graph.links.iter().zip(backward).filter(|(_, backward)| !**backward) {
        entering[link.to] += 1;
    }
    for &node in finished.iter().filter(|node| **node != root) {
        let leaving = out[node].iter().filter(|index| !backward[**index]);
        let (mut count, mut lowest) = (0, usize::MAX);
        for &index in leaving {
            count += 1;
            lowest = lowest.min(rank[graph.links[index].to].saturating_sub(length(graph, index)));
        }
        if count > entering[node] && lowest > rank[node] {
            rank[node] = lowest;
        }
    }
}
