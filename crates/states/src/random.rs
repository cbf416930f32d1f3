//! Randomness that a journal can repeat: a stream that is a function of the execution's seed and of how much was drawn before.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Draws of an execution. Its state is two numbers, and the same two numbers draw the same again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Random {
    seed: u64,
    draws: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, draws: 0 }
    }

    /// The next 64 random bits.
    pub(crate) fn next(&mut self) -> u64 {
        let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
        stream.set_stream(self.draws);
        self.draws += 1;
        stream.next_u64()
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        unit(self.next())
    }

    /// A number below `bound`, 0 where there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.next()) * bound as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let high = (self.next() & 0xffff_ffff_ffff_0fff) | 0x4000;
        let low = (self.next() & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

/// A number in [0, 1) that depends on `seed` alone: the first that Java's `Random` gives, as on the service.
pub(crate) fn seeded_unit(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed.cast_unsigned() ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    let bits = (next(26) << 27) + next(27);
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
    let mantissa = bits as f64;
    mantissa / 9_007_199_254_740_992.0
}

fn unit(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
    let mantissa = (bits >> 11) as f64;
    mantissa / 9_007_199_254_740_992.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_state_draws_the_same() {
        let mut a = Random::new(7);
        let first = (a.next(), a.uuid());
        let copy = a.clone();
        assert_eq!(
            {
                let mut b = Random::new(7);
                (b.next(), b.uuid())
            },
            first
        );
        assert_eq!(a.unit().to_bits(), copy.clone().unit().to_bits());
        assert_ne!(Random::new(8).next(), Random::new(7).next());
    }

    #[test]
    fn uuids_have_version_and_variant() {
        let uuid = Random::new(1).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"), "{uuid}");
    }

    #[test]
    fn units_are_below_one() {
        assert!(unit(u64::MAX) < 1.0);
        assert!((0.0..1.0).contains(&seeded_unit(-3)));
        assert_eq!(seeded_unit(42).to_bits(), 0.727_563_680_032_868_1_f64.to_bits());
    }
}
