//! The order of each row, so that few links cross: sweeps down and up that sort a row by where its neighbours are, then
//! exchanges of neighbours. The best order that was met is kept.

use super::rows::{Item, Neighbour, Rows, Weight};

/// Most sweeps, and how much all of them may look at: with a million links every look is dear.
const SWEEPS: usize = 24;
const WORK: usize = 6_000_000;
/// Rows up to this length are improved by exchanging neighbours.
const EXCHANGED: usize = 60;
/// How often, while that helps.
const EXCHANGES: usize = 4;

pub(super) fn sort(rows: &mut Rows, root: usize) {
    let work: usize = rows.items.iter().map(|item| item.up.len() + item.down.len() + 1).sum();
    let sweeps = (WORK / work.max(1)).clamp(2, SWEEPS);
    let mut sweep = Sweep { items: &rows.items, place: vec![0; rows.items.len()] };
    let mut best: Option<(usize, Vec<Vec<usize>>)> = None;
    for mirrored in [false, true] {
        let mut order = first(&rows.items, rows.order.len(), root, mirrored);
        sweep.number(&order);
        for turn in 0..=sweeps {
            let cost = sweep.cost(&order);
            if best.as_ref().is_none_or(|(best, _)| cost < *best) {
                best = Some((cost, order.clone()));
            }
            if cost == 0 {
                break;
            }
            let down = turn % 2 == 0;
            let count = order.len();
            for step in 0..count {
                let row = if down { step } else { count - 1 - step };
                sweep.sort(&mut order[row], down, turn % 4 >= 2);
            }
            sweep.exchange(&mut order);
        }
    }
    if let Some((_, order)) = best {
        rows.order = order;
    }
}

/// The order in which a walk from the root meets the items, the first ones first or last.
fn first(items: &[Item], count: usize, root: usize, mirrored: bool) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); count];
    let mut met = vec![false; items.len()];
    for start in std::iter::once(root).chain(0..items.len()) {
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            let Some(item) = items.get(index).filter(|_| !met[index]) else { continue };
            met[index] = true;
            rows[item.row].push(index);
            // The last one is looked at first: the main line is to be on the left of what branches off.
            let (main, other): (Vec<&Neighbour>, Vec<&Neighbour>) =
                item.down.iter().rev().partition(|next| next.weight == Weight::Main);
            open.extend(other.into_iter().chain(main).map(|next| next.item));
            open.extend(item.beside.iter().rev());
        }
    }
    if mirrored {
        for row in &mut rows {
            row.reverse();
        }
    }
    rows
}

/// What it costs that a line is crossed, to be multiplied with the other one's.
fn price(weight: Weight) -> usize {
    match weight {
        Weight::Light => 1,
        Weight::Inner => 2,
        Weight::Main => 4,
    }
}

struct Sweep<'r> {
    items: &'r [Item],
    /// Each item's position on its row.
    place: Vec<usize>,
}

impl Sweep<'_> {
    fn number(&mut self, order: &[Vec<usize>]) {
        for row in order {
            self.number_row(row);
        }
    }

    fn number_row(&mut self, row: &[usize]) {
        for (position, &item) in row.iter().enumerate() {
            self.place[item] = position;
        }
    }

    /// Sorts a row by the mean position of the neighbours on the row before. What has none stays at its position, unless
    /// a turn links it with something: then it goes there.
    fn sort(&mut self, row: &mut [usize], down: bool, backwards: bool) {
        let mut keyed = Vec::with_capacity(row.len());
        let mut slots = Vec::with_capacity(row.len());
        for (position, &item) in row.iter().enumerate() {
            if let Some(key) = self.key(item, down) {
                keyed.push((key, item));
                slots.push(position);
            }
        }
        if backwards {
            // Among equals the last one comes first: another order to go on from.
            keyed.reverse();
        }
        keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (slot, (_, item)) in slots.into_iter().zip(keyed) {
            row[slot] = item;
        }
        self.number_row(row);
    }

    fn key(&self, item: usize, down: bool) -> Option<f64> {
        let own = self.mean(item, down);
        if own.is_some() {
            return own;
        }
        let mut beside = self.items[item].beside.iter().copied();
        let (other, key) = beside.find_map(|other| Some((other, self.mean(other, down)?)))?;
        let side = if self.place[item] < self.place[other] { -0.01 } else { 0.01 };
        Some(key + side)
    }

    #[expect(clippy::cast_precision_loss, reason = "positions are far below 2^52")]
    fn mean(&self, item: usize, down: bool) -> Option<f64> {
        let neighbours = self.before(item, down);
        if neighbours.is_empty() {
            return None;
        }
        let sum: usize = neighbours.iter().map(|next| price(next.weight) * self.place[next.item]).sum();
        let weights: usize = neighbours.iter().map(|next| price(next.weight)).sum();
        Some(sum as f64 / weights as f64)
    }

    fn before(&self, item: usize, down: bool) -> &[Neighbour] {
        if down { &self.items[item].up } else { &self.items[item].down }
    }

    /// Exchanges items next to each other where that is better, in short rows.
    fn exchange(&mut self, order: &mut [Vec<usize>]) {
        for row in order.iter_mut().filter(|row| (2..=EXCHANGED).contains(&row.len())) {
            for _ in 0..EXCHANGES {
                if !self.exchange_once(row) {
                    break;
                }
            }
        }
    }

    fn exchange_once(&mut self, row: &mut [usize]) -> bool {
        let mut exchanged = false;
        for position in 1..row.len() {
            let (left, right) = (row[position - 1], row[position]);
            if self.pair(right, left) < self.pair(left, right) {
                row.swap(position - 1, position);
                self.place[left] = position;
                self.place[right] = position - 1;
                exchanged = true;
            }
        }
        exchanged
    }

    /// What crosses between two items while they are in this order, with the turns' ways past them.
    fn pair(&self, left: usize, right: usize) -> usize {
        let mut crossings = 0;
        for down in [true, false] {
            for one in self.before(left, down) {
                for other in self.before(right, down) {
                    if self.place[one.item] > self.place[other.item] {
                        crossings += price(one.weight) * price(other.weight);
                    }
                }
            }
        }
        let (low, high) = {
            let places = (self.place[left], self.place[right]);
            (places.0.min(places.1), places.0.max(places.1))
        };
        let past = |item: usize, at: usize, neighbour: usize| -> usize {
            let beside = self.items[item].beside.iter().filter(|other| **other != neighbour);
            beside.map(|other| self.place[*other].abs_diff(at)).sum()
        };
        crossings + past(left, low, right) + past(right, high, left)
    }

    /// How many links cross, and how many items the turns pass.
    fn cost(&self, order: &[Vec<usize>]) -> usize {
        let mut cost = 0;
        for pair in order.windows(2) {
            if let [upper, lower] = pair {
                cost += self.crossings(upper, lower.len());
            }
        }
        for (index, item) in self.items.iter().enumerate() {
            let turns = item.beside.iter().filter(|other| **other > index);
            cost += turns
                .map(|other| self.place[*other].abs_diff(self.place[index]).saturating_sub(1))
                .sum::<usize>();
        }
        cost
    }

    /// The crossings between two rows, counted with a tree of sums (Barth, Jünger and Mutzel).
    fn crossings(&self, upper: &[usize], lower: usize) -> usize {
        let mut sums = vec![0_usize; lower + 1];
        let (mut crossings, mut seen) = (0, 0);
        let mut ends: Vec<(usize, usize)> = Vec::new();
        for &item in upper {
            ends.clear();
            ends.extend(self.items[item].down.iter().map(|next| (self.place[next.item], price(next.weight))));
            ends.sort_unstable();
            for &(end, price) in &ends {
                // Those seen before that end further right are crossed.
                let (mut at, mut left) = (end + 1, 0);
                while at > 0 {
                    left += sums[at];
                    at &= at - 1;
                }
                crossings += (seen - left) * price;
                // Links of one item do not cross each other: sorted, none of them ends right of a later one.
                let mut at = end + 1;
                while at < sums.len() {
                    sums[at] += price;
                    at += at & at.wrapping_neg();
                }
                seen += price;
            }
        }
        crossings
    }
}
