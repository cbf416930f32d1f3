//! Load over time against the decision and what is kept of it, minute by minute, with the clock in hand.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::history::VariantScaling;
use super::tracking::{Change, Policy, Situation, decide};

/// A variant under a load.
struct Variant {
    policies: Vec<Policy>,
    min: usize,
    max: usize,
    instances: usize,
    scaling: VariantScaling,
    now: Timestamp,
}

/// What happened in a minute.
struct Minute {
    number: usize,
    invocations: f64,
    before: usize,
    change: Option<Change>,
}

impl Minute {
    fn after(&self) -> usize {
        self.change.as_ref().map_or(self.before, |change| change.to)
    }
}

fn policy(out: u64, inward: u64) -> Policy {
    Policy {
        name: "p".to_owned(),
        target: 5_000.0,
        scale_out_cooldown: Duration::from_secs(out),
        scale_in_cooldown: Duration::from_secs(inward),
        disable_scale_in: false,
    }
}

impl Variant {
    fn new(policies: Vec<Policy>, min: usize, max: usize) -> Self {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        Self { policies, min, max, instances: min, scaling: VariantScaling::default(), now }
    }

    /// A minute in which there were so many invocations has passed.
    fn look(&mut self, invocations: f64) -> Option<Change> {
        self.now += SignedDuration::from_mins(1);
        let situation = Situation {
            min: self.min,
            max: self.max,
            current: self.instances,
            invocations: Some(invocations),
            since_out: self.scaling.since_out(self.now),
            since_in: self.scaling.since_in(self.now),
            out_suspended: false,
            in_suspended: false,
        };
        let change = decide(&self.policies, &situation)?;
        self.scaling.add(&change, self.instances, self.now);
        self.instances = change.to;
        Some(change)
    }

    fn run(&mut self, load: &[f64]) -> Vec<Minute> {
        let minute = |(index, invocations): (usize, &f64)| {
            let before = self.instances;
            let change = self.look(*invocations);
            Minute { number: index + 1, invocations: *invocations, before, change }
        };
        load.iter().enumerate().map(minute).collect()
    }

    /// The process ends, and the next one knows what is on record.
    fn restart(&mut self, down: SignedDuration) {
        let record = serde_json::to_string(&self.scaling).unwrap();
        self.scaling = serde_json::from_str(&record).unwrap();
        self.now += down;
    }
}

fn table(minutes: &[Minute]) -> String {
    let mut table = String::from("minute  invocations  each   instances  cause\n");
    for minute in minutes {
        #[expect(clippy::cast_precision_loss, reason = "a number of instances")]
        let each = minute.invocations / minute.before.max(1) as f64;
        let cause = minute.change.as_ref().map_or("", |change| change.cause.as_str());
        let cause = cause.split(": ").last().unwrap_or_default();
        let counts = format!("{} → {}", minute.before, minute.after());
        let line =
            format!("{:>6}  {:>11}  {each:>5.0}  {counts:<9}  {cause}", minute.number, minute.invocations);
        writeln!(table, "{}", line.trim_end()).unwrap();
    }
    table
}

/// Each of these loads for so many minutes.
fn load(steps: &[(f64, usize)]) -> Vec<f64> {
    steps.iter().flat_map(|(invocations, minutes)| std::iter::repeat_n(*invocations, *minutes)).collect()
}

#[test]
fn load_that_rises_and_falls_moves_the_count_up_and_down() {
    let mut variant = Variant::new(vec![policy(120, 180)], 1, 5);
    let minutes = variant.run(&load(&[(100.0, 2), (12_000.0, 2), (30_000.0, 3), (13_000.0, 4), (0.0, 4)]));
    let expected = "\
minute  invocations  each   instances  cause
     1          100    100  1 → 1
     2          100    100  1 → 1
     3        12000  12000  1 → 3      above the target 5000 of policy p
     4        12000   4000  3 → 3
     5        30000  10000  3 → 5      above the target 5000 of policy p
     6        30000   6000  5 → 5
     7        30000   6000  5 → 5
     8        13000   2600  5 → 3      below the target 5000 of policy p
     9        13000   4333  3 → 3
    10        13000   4333  3 → 3
    11        13000   4333  3 → 3
    12            0      0  3 → 1      below the target 5000 of policy p
    13            0      0  1 → 1
    14            0      0  1 → 1
    15            0      0  1 → 1
";
    assert_eq!(table(&minutes), expected);
}

#[test]
fn a_restart_in_a_cooldown_does_not_end_it() {
    let mut variant = Variant::new(vec![policy(120, 300)], 1, 5);
    variant.run(&load(&[(20_000.0, 1)]));
    assert_eq!(variant.instances, 4);
    variant.restart(SignedDuration::from_mins(2));
    // Two minutes away and two looks: not yet five.
    assert!(variant.run(&load(&[(0.0, 2)])).iter().all(|minute| minute.after() == 4));
    assert_eq!(variant.run(&load(&[(0.0, 1)]))[0].after(), 1);
}

#[test]
fn without_scaling_in_the_count_only_rises() {
    let kept = Policy { disable_scale_in: true, ..policy(0, 0) };
    let mut variant = Variant::new(vec![kept], 1, 4);
    let minutes = variant.run(&load(&[(100.0, 2), (12_000.0, 1), (0.0, 20), (30_000.0, 1), (0.0, 20)]));
    assert!(minutes.iter().all(|minute| minute.after() >= minute.before));
    assert_eq!((minutes[2].after(), variant.instances), (3, 4));
}

/// A generator of load that is the same in every run.
fn random_load(mut state: u64, minutes: usize) -> Vec<f64> {
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap()
    };
    (0..minutes).map(|_| if next() % 4 == 0 { 0.0 } else { f64::from(next() % 60_000) }).collect()
}

#[test]
fn bounds_and_cooldowns_hold_under_any_load() {
    let mut changes = 0;
    for seed in 0..50 {
        let (out, inward) = (60 * (seed % 4), 60 * (seed % 7));
        let (min, max) = (usize::try_from(seed % 3).unwrap(), usize::try_from(3 + seed % 5).unwrap());
        let mut variant = Variant::new(vec![policy(out, inward)], min, max);
        let (mut last_out, mut last_in) = (None, None);
        for minute in variant.run(&random_load(seed, 200)) {
            let after = minute.after();
            assert!((min..=max).contains(&after), "seed {seed}, minute {}: {after}", minute.number);
            let waited = |last: Option<usize>, cooldown: u64| {
                last.is_none_or(|last| (minute.number - last) as u64 * 60 >= cooldown)
            };
            match after.cmp(&minute.before) {
                Ordering::Greater => {
                    assert!(waited(last_out, out), "seed {seed}, minute {}", minute.number);
                    last_out = Some(minute.number);
                }
                Ordering::Less => {
                    let rested = waited(last_out, inward) && waited(last_in, inward);
                    assert!(rested, "seed {seed}, minute {}", minute.number);
                    last_in = Some(minute.number);
                }
                Ordering::Equal => continue,
            }
            changes += 1;
        }
    }
    assert!(changes > 1_000, "{changes}");
}
