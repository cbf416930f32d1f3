//! Values drawn independently of each other.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::range::Range;

/// The generator of the trial `index`: each trial has a stream of its own, so that it does not depend on the others.
pub(crate) fn generator(seed: u64, index: usize) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(index as u64);
    generator
}

/// One value for each range, in the ranges' order.
pub(crate) fn draw(ranges: &[Range], seed: u64, index: usize) -> Vec<String> {
    let mut generator = generator(seed, index);
    ranges.iter().map(|range| range.at(position(&mut generator))).collect()
}

/// A number in [0, 1) with the 53 bits that an `f64` holds.
#[expect(clippy::cast_precision_loss)]
fn position(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
