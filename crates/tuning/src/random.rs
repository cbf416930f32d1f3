//! Values drawn independently of each other.

use std::collections::HashSet;
use std::f64::consts::TAU;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::range::Range;
use crate::space::Space;

/// Draws before what is left of a finite space is counted.
const ATTEMPTS: usize = 64;
/// A larger space is not counted: what was tried is little of it.
const MOST_COUNTED: u64 = 100_000;

/// Numbers drawn from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    /// The draws of trial `index`: each trial has a stream of its own, so that it does not depend on the others.
    pub(crate) fn of_trial(seed: u64, index: usize) -> Self {
        Self::of_stream(seed, index as u64)
    }

    /// The draws that a block of starting trials has in common.
    pub(crate) fn of_block(seed: u64, block: usize) -> Self {
        Self::of_stream(seed, u64::MAX - block as u64)
    }

    fn of_stream(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// A number in [0, 1) with the 53 bits that an `f64` holds.
    #[expect(clippy::cast_precision_loss)]
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `count`, which is not 0; its bias is beyond notice for the counts here.
    #[expect(clippy::cast_possible_truncation, reason = "less than the count")]
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// A number of the standard normal distribution (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }
}

/// One value for each range, in the ranges' order, which are not all in `tried` as long as there are others.
pub(crate) fn draw(ranges: &[Range], tried: &HashSet<Vec<&str>>, mut draws: Draws) -> Vec<String> {
    let space = Space::new(ranges);
    let mut draw = || space.values(&space.draw(&mut draws));
    let mut values = draw();
    for _ in 1..ATTEMPTS {
        if !is_tried(tried, &values) {
            return values;
        }
        values = draw();
    }
    let count = ranges.iter().try_fold(1_u64, |product, range| product.checked_mul(range.count()?));
    let Some(count) = count.filter(|&count| count <= MOST_COUNTED) else { return values };
    let mut left = (0..count).filter_map(|number| {
        let values = combination(ranges, number)?;
        (!is_tried(tried, &values)).then_some(values)
    });
    let skipped = match left.clone().count() {
        0 => return values,
        several => draws.below(several),
    };
    left.nth(skipped).unwrap_or(values)
}

/// Whether a trial has these values.
pub(crate) fn is_tried(tried: &HashSet<Vec<&str>>, values: &[String]) -> bool {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    tried.contains(&values)
}

/// The combination with a number in a finite space, the last range changing fastest; nothing after the last combination.
pub(crate) fn combination(ranges: &[Range], number: u64) -> Option<Vec<String>> {
    let mut rest = number;
    let mut values = Vec::with_capacity(ranges.len());
    for range in ranges.iter().rev() {
        let count = range.count()?;
        values.push(range.nth(rest % count)?);
        rest /= count;
    }
    values.reverse();
    (rest == 0).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_draws_have_mean_0_and_variance_1() {
        let mut draws = Draws::of_trial(1, 2);
        let numbers: Vec<f64> = (0..20_000).map(|_| draws.normal()).collect();
        let moment = |power| numbers.iter().map(|number| number.powi(power)).sum::<f64>() / 20_000.0;
        assert!(moment(1).abs() < 0.03 && (moment(2) - 1.0).abs() < 0.05 && (moment(4) - 3.0).abs() < 0.3);
    }

    #[test]
    fn whole_numbers_are_below_their_count() {
        let mut draws = Draws::of_block(1, 0);
        let mut seen = [0; 3];
        (0..3000).for_each(|_| seen[draws.below(3)] += 1);
        assert!(seen.iter().all(|count| (900..1100).contains(count)), "{seen:?}");
    }
}
