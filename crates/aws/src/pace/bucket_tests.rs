use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

/// The service's side: tokens that fill at a rate, and a call without one is refused.
struct Service {
    rate: f64,
    burst: f64,
    tokens: f64,
    at: f64,
}

impl Service {
    fn takes(&mut self, at: f64) -> bool {
        self.tokens = (self.tokens + (at - self.at) * self.rate).min(self.burst);
        self.at = at;
        let takes = self.tokens >= 1.0;
        if takes {
            self.tokens -= 1.0;
        }
        takes
    }
}

/// What an import of `writes` parameters came to, one after the other.
#[derive(Debug)]
struct Import {
    seconds: f64,
    refused: u32,
    calls: u32,
}

const PUT: Quota = Quota { usual: 3.0, raised: 10.0, at_once: 1.0 };

/// Imports behind a service that fills at `rate` and has `burst` tokens at most, with calls of `latency` seconds, half as
/// much more or less.
fn import(writes: u32, rate: f64, burst: f64, latency: f64, seed: u64) -> Import {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut service = Service { rate, burst, tokens: burst, at: 0.0 };
    let mut now = Duration::ZERO;
    let mut bucket = Bucket::new(PUT, now);
    let (mut landed, mut refused) = (0, 0);
    while landed < writes {
        let permit = bucket.reserve(now);
        now += permit.wait;
        let mut leg = || Duration::from_secs_f64(latency * random.random_range(0.25..0.75));
        let (there, back) = (leg(), leg());
        let takes = service.takes((now + there).as_secs_f64());
        now += there + back;
        if takes {
            landed += 1;
            bucket.accepted(permit, now);
        } else {
            refused += 1;
            bucket.refused(permit, now);
        }
    }
    Import { seconds: now.as_secs_f64(), refused, calls: writes + refused }
}

/// The mean of what imports took beyond what the quota makes necessary, and the largest share of calls that were refused.
fn beyond_the_quota(writes: u32, rate: f64, burst: f64, latency: f64) -> (f64, f64) {
    const IMPORTS: u32 = 40;
    let imports: Vec<_> =
        (0..IMPORTS).map(|seed| import(writes, rate, burst, latency, seed.into())).collect();
    let necessary = (f64::from(writes) - burst) / rate;
    let seconds: f64 = imports.iter().map(|import| import.seconds).sum::<f64>() / f64::from(IMPORTS);
    let refused = imports.iter().map(|import| f64::from(import.refused) / f64::from(import.calls));
    (seconds / necessary - 1.0, refused.fold(0.0, f64::max))
}

// 56 and 500 leaves with the release's records, behind the two quotas that accounts have.
#[test]
fn an_import_takes_the_time_that_the_quota_makes_necessary() {
    for (writes, rate) in [(60, 3.0), (60, 10.0), (508, 3.0), (508, 10.0)] {
        for burst in [2.0, 3.0, 5.0, 10.0] {
            for latency in [0.002, 0.005, 0.01] {
                let (beyond, refused) = beyond_the_quota(writes, rate, burst, latency);
                let case = format!("{writes} at {rate} a second, {burst} at once, {latency} s a call");
                assert!(beyond < 0.03, "{case}: {:.2} % longer", beyond * 100.0);
                assert!(refused < 0.02, "{case}: {:.2} % refused", refused * 100.0);
            }
        }
    }
}

#[test]
fn calls_that_take_long_cost_little_more() {
    for (writes, rate, most) in [(60, 3.0, 0.03), (60, 10.0, 0.06), (508, 3.0, 0.01), (508, 10.0, 0.02)] {
        for burst in [2.0, 3.0, 5.0, 10.0] {
            let (beyond, refused) = beyond_the_quota(writes, rate, burst, 0.05);
            let case = format!("{writes} at {rate} a second, {burst} at once");
            assert!(beyond < most, "{case}: {:.2} % longer", beyond * 100.0);
            assert!(refused < 0.02, "{case}: {:.2} % refused", refused * 100.0);
        }
    }
}

#[test]
fn a_quota_that_nobody_foresaw_is_measured() {
    for rate in [1.0, 2.0, 5.0, 25.0] {
        let (beyond, refused) = beyond_the_quota(1000, rate, rate, 0.005);
        assert!(beyond < 0.2, "{rate} a second: {:.2} % longer", beyond * 100.0);
        assert!(refused < 0.02, "{rate} a second: {:.2} % refused", refused * 100.0);
    }
}

#[test]
fn refusals_of_calls_that_were_under_way_count_once() {
    let mut bucket = Bucket::new(PUT, Duration::ZERO);
    let permits = [(); 3].map(|()| bucket.reserve(Duration::ZERO));
    let now = Duration::from_secs(1);
    for permit in permits {
        bucket.refused(permit, now);
    }
    assert_eq!(bucket.rate(), Some(3.0));
    let again = bucket.reserve(now);
    bucket.refused(again, now + again.wait);
    assert_eq!(bucket.rate(), Some(3.0 * DECREASE));
}

#[test]
fn nothing_is_held_back_where_nothing_is_refused() {
    let import = import(2_000, 1e9, 1e9, 0.005, 1);
    assert_eq!(import.refused, 0);
    assert!(import.seconds < 13.0, "{import:?}");
}

#[test]
fn a_pause_fills_the_bucket_and_is_no_measure_of_the_rate() {
    let mut bucket = Bucket::new(PUT, Duration::ZERO);
    let mut now = Duration::ZERO;
    let first = bucket.reserve(now);
    bucket.refused(first, now);
    for _ in 0..10 {
        let permit = bucket.reserve(now);
        now += permit.wait;
        bucket.accepted(permit, now);
    }
    now += Duration::from_mins(5);
    let permit = bucket.reserve(now);
    assert_eq!(permit.wait, Duration::ZERO);
    bucket.refused(permit, now);
    assert_eq!(bucket.rate(), Some(3.0));
}
