//! Where each item is from left to right.
//!
//! After Brandes and Köpf, "Fast and simple horizontal coordinate assignment" (2002): items are aligned with a median
//! neighbour to blocks, which are vertical lines, and blocks are put side by side as close as their sizes allow; done from
//! above and from below, from the left and from the right, and the middle of the four is taken. Blocks are placed by longest
//! ways instead of the classes of the paper, whose published form has an error. Weights say which of several neighbours is
//! preferred.

use std::collections::HashSet;

use super::rows::{Item, Rows, What};

/// Room between two boxes, and beside a line.
const BOXES: f64 = 32.0;
const LINES: f64 = 18.0;

/// The middle of each item.
pub(super) fn assign(rows: &Rows) -> Vec<f64> {
    let conflicts = conflicts(rows);
    let mut all = Vec::with_capacity(4);
    for down in [true, false] {
        for right in [false, true] {
            all.push(one_sided(rows, &conflicts, down, right));
        }
    }
    let bounds: Vec<(f64, f64)> = all.iter().map(|x| bounds(rows, x)).collect();
    let width = |bounds: &(f64, f64)| bounds.1 - bounds.0;
    let narrow = bounds.iter().copied().min_by(|one, other| width(one).total_cmp(&width(other)));
    let Some(narrow) = narrow else { return Vec::new() };
    for (index, x) in all.iter_mut().enumerate() {
        let right = index % 2 == 1;
        let shift = if right { narrow.1 - bounds[index].1 } else { narrow.0 - bounds[index].0 };
        for x in x.iter_mut() {
            *x += shift;
        }
    }
    let mut middle = Vec::with_capacity(rows.items.len());
    for item in 0..rows.items.len() {
        let mut four: Vec<f64> = all.iter().map(|x| x[item]).collect();
        four.sort_by(f64::total_cmp);
        middle.push(f64::midpoint(four[1], four[2]));
    }
    separate(rows, &mut middle);
    middle
}

fn bounds(rows: &Rows, x: &[f64]) -> (f64, f64) {
    let mut bounds = (f64::INFINITY, f64::NEG_INFINITY);
    for (item, x) in rows.items.iter().zip(x) {
        bounds.0 = bounds.0.min(x - item.size.width / 2.0);
        bounds.1 = bounds.1.max(x + item.size.width / 2.0);
    }
    bounds
}

/// The distance of two items' middles when they are next to each other.
fn distance(one: &Item, other: &Item) -> f64 {
    let gap = if one.what == What::Node && other.what == What::Node { BOXES } else { LINES };
    f64::midpoint(one.size.width, other.size.width) + gap
}

/// Rounding must not put one box over another.
fn separate(rows: &Rows, x: &mut [f64]) {
    for row in &rows.order {
        for pair in row.windows(2) {
            if let [left, right] = *pair {
                x[right] = x[right].max(x[left] + distance(&rows.items[left], &rows.items[right]));
            }
        }
    }
}

/// Links (upper, lower) that are not to be straight, since one of more weight crosses or competes.
fn conflicts(rows: &Rows) -> HashSet<(usize, usize)> {
    let mut conflicts = HashSet::new();
    let place = places(rows);
    for pair in rows.order.windows(2) {
        let [upper, lower] = pair else { continue };
        // Between two inner links that are next to each other nothing else may cross to the outside.
        let (mut from, mut scanned) = (0, 0);
        for (position, &item) in lower.iter().enumerate() {
            let inner = rows.items[item].up.iter().find(|next| next.weight == super::rows::Weight::Inner);
            if inner.is_none() && position + 1 < lower.len() {
                continue;
            }
            let to = inner.map_or(upper.len(), |next| place[next.item]);
            for &other in &lower[scanned..=position] {
                for next in &rows.items[other].up {
                    let outside = place[next.item] < from || place[next.item] > to;
                    if outside && next.weight != super::rows::Weight::Inner {
                        conflicts.insert((next.item, other));
                    }
                }
            }
            (from, scanned) = (to, position + 1);
        }
        for &item in upper {
            let down = &rows.items[item].down;
            let Some(most) = down.iter().map(|next| next.weight).max() else { continue };
            conflicts.extend(down.iter().filter(|next| next.weight < most).map(|next| (item, next.item)));
        }
        for &item in lower {
            let up = &rows.items[item].up;
            let Some(most) = up.iter().map(|next| next.weight).max() else { continue };
            conflicts.extend(up.iter().filter(|next| next.weight < most).map(|next| (next.item, item)));
        }
    }
    conflicts
}

fn places(rows: &Rows) -> Vec<usize> {
    let mut place = vec![0; rows.items.len()];
    for row in &rows.order {
        for (position, &item) in row.iter().enumerate() {
            place[item] = position;
        }
    }
    place
}

/// One of the four: aligned with the row above or below, as far left or right as can be.
fn one_sided(rows: &Rows, conflicts: &HashSet<(usize, usize)>, down: bool, right: bool) -> Vec<f64> {
    let mut order: Vec<Vec<usize>> = rows.order.clone();
    if !down {
        order.reverse();
    }
    if right {
        for row in &mut order {
            row.reverse();
        }
    }
    let root = align(rows, &order, conflicts, down);
    let mut x = compact(rows, &order, &root);
    if right {
        for x in &mut x {
            *x = -*x;
        }
    }
    x
}

/// The block of each item, by the block's first item.
fn align(rows: &Rows, order: &[Vec<usize>], conflicts: &HashSet<(usize, usize)>, down: bool) -> Vec<usize> {
    let mut root: Vec<usize> = (0..rows.items.len()).collect();
    let mut place = vec![0; rows.items.len()];
    for row in order {
        for (position, &item) in row.iter().enumerate() {
            place[item] = position;
        }
    }
    let mut neighbours = Vec::new();
    for row in order {
        // The first position of the row before that is still free: alignments do not cross.
        let mut free = 0;
        for &item in row {
            let before = if down { &rows.items[item].up } else { &rows.items[item].down };
            let allowed =
                |other: usize| !conflicts.contains(&if down { (other, item) } else { (item, other) });
            neighbours.clear();
            neighbours.extend(before.iter().map(|next| next.item).filter(|other| allowed(*other)));
            neighbours.sort_by_key(|other| place[*other]);
            let Some(last) = neighbours.len().checked_sub(1) else { continue };
            let aligned = [last / 2, last.div_ceil(2)].into_iter().map(|middle| neighbours[middle]);
            if let Some(other) = aligned.into_iter().find(|other| place[*other] >= free) {
                root[item] = root[other];
                free = place[other] + 1;
            }
        }
    }
    root
}

/// Puts the blocks as far left as they can be, then back to the right as far as that moves no other.
fn compact(rows: &Rows, order: &[Vec<usize>], root: &[usize]) -> Vec<f64> {
    let count = rows.items.len();
    let mut after: Vec<Vec<(usize, f64)>> = vec![Vec::new(); count];
    let mut before = vec![0_usize; count];
    for row in order {
        for pair in row.windows(2) {
            if let [left, right] = *pair {
                let apart = distance(&rows.items[left], &rows.items[right]);
                after[root[left]].push((root[right], apart));
                before[root[right]] += 1;
            }
        }
    }
    let mut x = vec![0.0_f64; count];
    let mut sorted: Vec<usize> =
        (0..count).filter(|item| root[*item] == *item && before[*item] == 0).collect();
    let mut next = 0;
    while let Some(&block) = sorted.get(next) {
        next += 1;
        for &(other, apart) in &after[block] {
            x[other] = x[other].max(x[block] + apart);
            before[other] -= 1;
            if before[other] == 0 {
                sorted.push(other);
            }
        }
    }
    for &block in sorted.iter().rev() {
        let limit = after[block].iter().map(|(other, apart)| x[*other] - apart).fold(f64::INFINITY, f64::min);
        if limit.is_finite() {
            x[block] = x[block].max(limit);
        }
    }
    (0..count).map(|item| x[root[item]]).collect()
}
