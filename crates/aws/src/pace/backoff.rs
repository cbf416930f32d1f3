//! How often a call is tried, and how long after the last attempt.

use std::time::Duration;

/// So many failures of one call are borne: up to 25 seconds.
const FAILURES: u32 = 8;
/// So many refusals of one call are borne: up to two minutes beside the waits that the bucket asks for.
const REFUSALS: u32 = 12;
/// The longest wait after the first failure; it doubles with each.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(20);

/// The attempts at one call so far.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    refusals: u32,
}

impl Backoff {
    /// How long to wait after a failure; `None` when there were enough. `random` is from 0 to 1: waits are spread over the
    /// whole range, so that those who failed together do not try again together.
    pub(super) fn after_failure(&mut self, random: f64) -> Option<Duration> {
        self.failures += 1;
        (self.failures <= FAILURES).then(|| wait(self.failures - 1).mul_f64(random))
    }

    /// How long to wait after a refusal beside what the bucket asks for: nothing at first, since the bucket has learned from it.
    pub(super) fn after_refusal(&mut self, random: f64) -> Option<Duration> {
        self.refusals += 1;
        match self.refusals {
            1 => Some(Duration::ZERO),
            2..=REFUSALS => Some(wait(self.refusals - 2).mul_f64(random)),
            _ => None,
        }
    }
}

fn wait(doubled: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(doubled)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_come_to_an_end() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> =
            std::iter::from_fn(|| backoff.after_failure(1.0)).map(|w| w.as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12800]);
        let waits: Vec<_> =
            std::iter::from_fn(|| backoff.after_refusal(0.5)).map(|w| w.as_millis()).collect();
        assert_eq!(waits, [0, 50, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000]);
    }
}
