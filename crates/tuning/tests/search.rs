//! What holds of every search, whatever the ranges, the objective and how the trials end.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as the test does")]

use std::collections::HashSet;

use mlpp_tuning::{Candidate, Direction, Outcome, Prior, Range, Scaling, Search, Strategy, Trial};
use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;

/// What a value's text must be.
#[derive(Clone, Debug)]
enum Expected {
    Integer(i64, i64),
    Continuous(f64, f64),
    Categorical(Vec<String>),
}

impl Expected {
    /// Whether the text is one of the API's form and of the range.
    fn allows(&self, text: &str) -> bool {
        match self {
            Self::Integer(min, max) => {
                let value: i64 = text.parse().unwrap();
                value.to_string() == text && (min..=max).contains(&&value)
            }
            Self::Continuous(min, max) => {
                let form = text.chars().all(|it| it.is_ascii_digit() || "+-.e".contains(it));
                form && (min..=max).contains(&&text.parse::<f64>().unwrap())
            }
            Self::Categorical(values) => values.iter().any(|value| value == text),
        }
    }
}

fn integers() -> impl Generator<Value = (Expected, Scaling)> {
    let bounds = prop_oneof![
        (-1000_i64..1000, 1_i64..50),
        (1_i64..10, 1_i64..1_000_000_000),
        Just((i64::MIN / 2, i64::MAX)),
        Just((i64::MAX - 3, 3)),
    ];
    bounds.prop_flat_map(|(min, span)| {
        let scaling = if min > 0 {
            prop_oneof![Just(Scaling::Auto), Just(Scaling::Linear), Just(Scaling::Logarithmic)].boxed()
        } else {
            prop_oneof![Just(Scaling::Auto), Just(Scaling::Linear)].boxed()
        };
        scaling.prop_map(move |scaling| (Expected::Integer(min, min + span), scaling))
    })
}

fn numbers() -> impl Generator<Value = (Expected, Scaling)> {
    prop_oneof![
        (-1e3..1e3_f64, 1e-6..1e6_f64).prop_map(|(min, span)| (min, min + span, Scaling::Linear)),
        (-1e3..1e3_f64, 1e-6..1e6_f64).prop_map(|(min, span)| (min, min + span, Scaling::Auto)),
        (1e-12..1.0_f64, 1.001..1e9_f64).prop_map(|(min, factor)| (min, min * factor, Scaling::Logarithmic)),
        (0.0..0.9_f64, 0.01..0.999_f64)
            .prop_map(|(min, share)| { (min, min + share * (0.9999 - min), Scaling::ReverseLogarithmic) }),
    ]
    .prop_map(|(min, max, scaling)| (Expected::Continuous(min, max), scaling))
}

fn choices() -> impl Generator<Value = (Expected, Scaling)> {
    (1_usize..6).prop_map(|count| {
        let values = (0..count).map(|at| format!("choice {at}, of \"{count}\"")).collect();
        (Expected::Categorical(values), Scaling::Auto)
    })
}

fn spaces() -> impl Generator<Value = Vec<(Expected, Scaling)>> {
    prop::collection::vec(prop_oneof![integers(), numbers(), choices()], 1..6)
}

fn ranges(space: &[(Expected, Scaling)]) -> Vec<Range> {
    let range = |(at, (expected, scaling)): (usize, &(Expected, Scaling))| {
        let name = format!("h{at}");
        match expected {
            Expected::Integer(min, max) => {
                Range::integer(&name, &min.to_string(), &max.to_string(), *scaling)
            }
            Expected::Continuous(min, max) => {
                Range::continuous(&name, &format!("{min:?}"), &format!("{max:?}"), *scaling)
            }
            Expected::Categorical(values) => Range::categorical(&name, values.clone()),
        }
        .unwrap()
    };
    space.iter().enumerate().map(range).collect()
}

fn outcomes() -> impl Generator<Value = Outcome> {
    prop_oneof![
        8 => (-1.0..1.0_f64).prop_map(Outcome::Completed),
        2 => Just(Outcome::Completed(0.25)),
        1 => prop_oneof![
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::MAX),
            Just(f64::MIN),
            Just(f64::MIN_POSITIVE),
            Just(-0.0),
        ]
        .prop_map(Outcome::Completed),
        1 => (-1.0..1.0_f64).prop_map(Outcome::EarlyStopped),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Stopped),
        1 => Just(Outcome::Pending),
    ]
}

fn strategies() -> impl Generator<Value = Strategy> {
    prop_oneof![3 => Just(Strategy::Bayesian), 1 => Just(Strategy::Random), 1 => Just(Strategy::Hyperband)]
}

fn directions() -> impl Generator<Value = Direction> {
    prop_oneof![Just(Direction::Maximize), Just(Direction::Minimize)]
}

/// Asks as many times as there are outcomes.
fn run(search: &Search, outcomes: &[Outcome]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (index, &outcome) in outcomes.iter().enumerate() {
        let Some(candidate) = search.ask(&trials) else { break };
        trials.push(Trial { index, candidate, outcome });
    }
    trials
}

fn values(trial: &Trial) -> &[(String, String)] {
    &trial.candidate.values
}

/// The numbers of a candidate.
fn coordinates(candidate: &Candidate) -> Vec<f64> {
    candidate.values.iter().map(|(_, text)| text.parse().unwrap()).collect()
}

/// `count` axes from 0 to 1.
fn cube(count: usize) -> Vec<Range> {
    (0..count)
        .map(|axis| Range::continuous(&format!("x{axis}"), "0", "1", Scaling::Linear).unwrap())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_is_of_its_range_and_in_its_form(
        space in spaces(),
        strategy in strategies(),
        direction in directions(),
        seed: u64,
        outcomes in prop::collection::vec(outcomes(), 1..25),
    ) {
        let search = Search::new(strategy, direction, ranges(&space), seed).unwrap();
        let trials = run(&search, &outcomes);
        prop_assert_eq!(trials.len(), outcomes.len());
        for trial in &trials {
            prop_assert_eq!(values(trial).len(), space.len());
            for (at, ((name, text), (expected, _))) in values(trial).iter().zip(&space).enumerate() {
                prop_assert_eq!(name, &format!("h{at}"));
                prop_assert!(expected.allows(text), "{} for {:?}", text, expected);
            }
        }
    }

    /// A new search over the stored trials, which may lie in any order, goes on as the first did.
    #[test]
    fn the_same_trials_in_any_order_give_the_same_proposal(
        space in spaces(),
        strategy in strategies(),
        seed: u64,
        outcomes in prop::collection::vec(outcomes(), 2..20),
        turn in 0_usize..20,
    ) {
        let new = || Search::new(strategy, Direction::Maximize, ranges(&space), seed).unwrap();
        let search = new();
        let mut trials = run(&search, &outcomes);
        let next = search.ask(&trials);
        let middle = turn % trials.len();
        trials.rotate_left(middle);
        prop_assert_eq!(new().ask(&trials), next);
    }

    /// To make larger is to make the negative smaller.
    #[test]
    fn directions_are_mirror_images(
        space in spaces(),
        seed: u64,
        objectives in prop::collection::vec(-1.0..1.0_f64, 1..20),
    ) {
        let up: Vec<Outcome> = objectives.iter().map(|&it| Outcome::Completed(it)).collect();
        let down: Vec<Outcome> = objectives.iter().map(|it| Outcome::Completed(-it)).collect();
        let run = |direction, outcomes: &[Outcome]| {
            let search = Search::new(Strategy::Bayesian, direction, ranges(&space), seed).unwrap();
            run(&search, outcomes).into_iter().map(|trial| trial.candidate).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(Direction::Maximize, &up), run(Direction::Minimize, &down));
    }

    #[test]
    fn a_finite_space_is_exhausted_before_anything_comes_twice(
        counts in prop::collection::vec(1_usize..5, 1..4),
        strategy in prop_oneof![
            Just(Strategy::Bayesian), Just(Strategy::Random), Just(Strategy::Hyperband), Just(Strategy::Grid)
        ],
        seed: u64,
        outcome in outcomes(),
    ) {
        let ranges: Vec<Range> = counts
            .iter()
            .enumerate()
            .map(|(at, &count)| match strategy {
                // A range of numbers has two at least.
                Strategy::Bayesian if at == 0 => {
                    Range::integer("h0", "1", &(count + 1).to_string(), Scaling::Logarithmic).unwrap()
                }
                _ => {
                    let values = (0..count).map(|it| it.to_string()).collect();
                    Range::categorical(&format!("h{at}"), values).unwrap()
                }
            })
            .collect();
        let search = Search::new(strategy, Direction::Minimize, ranges, seed).unwrap();
        let all = usize::try_from(search.combinations().unwrap()).unwrap();
        let trials = run(&search, &vec![outcome; all]);
        let different: HashSet<_> = trials.iter().map(values).collect();
        prop_assert_eq!(different.len(), all);
        prop_assert_eq!(search.ask(&trials).is_none(), strategy == Strategy::Grid);
    }

    #[test]
    fn a_batch_has_no_two_points_close_together(seed: u64, count in 6_usize..20) {
        let search = Search::new(Strategy::Bayesian, Direction::Minimize, cube(2), seed).unwrap();
        let mut trials = Vec::new();
        for index in 0..count + 4 {
            let candidate = search.ask(&trials).unwrap();
            let bowl = |it: f64| (it - 0.4).powi(2);
            let value = coordinates(&candidate).into_iter().map(bowl).sum();
            let outcome = if index < count { Outcome::Completed(value) } else { Outcome::Pending };
            trials.push(Trial { index, candidate, outcome });
        }
        let batch: HashSet<_> = trials[count..].iter().map(values).collect();
        prop_assert_eq!(batch.len(), 4);
    }
}

/// How close a search comes to 0.3 in every axis, where `distort` makes an objective of a place and its distance's square.
fn distance(strategy: Strategy, axes: usize, count: usize, distort: impl Fn(&[f64], f64) -> Outcome) -> f64 {
    let search = Search::new(strategy, Direction::Minimize, cube(axes), 5).unwrap();
    let mut trials = Vec::new();
    let mut best = f64::INFINITY;
    for index in 0..count {
        let candidate = search.ask(&trials).unwrap();
        let place = coordinates(&candidate);
        let squares: f64 = place.iter().map(|it| (it - 0.3).powi(2)).sum();
        best = best.min(squares.sqrt());
        trials.push(Trial { index, candidate, outcome: distort(&place, squares) });
    }
    best
}

#[test]
fn one_axis_and_thirty_are_searched() {
    let distance =
        |strategy, axes, count| distance(strategy, axes, count, |_, value| Outcome::Completed(value));
    let one = distance(Strategy::Bayesian, 1, 15);
    assert!(one < 0.01, "{one}");
    let (thirty, random) = (distance(Strategy::Bayesian, 30, 80), distance(Strategy::Random, 30, 80));
    assert!(thirty < 0.6 * random, "{thirty} against {random} at random");
}

#[test]
fn any_size_of_the_objective_is_searched_alike() {
    for size in [1e-300, 1e-9, 1e9, 1e300] {
        let best = distance(Strategy::Bayesian, 2, 25, |_, value| Outcome::Completed(value * size));
        assert!(best < 0.02, "{best} with objectives times {size}");
    }
    let shifted = distance(Strategy::Bayesian, 2, 25, |_, value| Outcome::Completed(1e6 + value));
    assert!(shifted < 0.02, "{shifted} with objectives around a million");
}

#[test]
fn failures_and_objectives_that_are_none_do_not_end_the_learning() {
    for odd in [
        Outcome::Failed,
        Outcome::Pending,
        Outcome::Completed(f64::NAN),
        Outcome::Completed(f64::INFINITY),
        Outcome::Completed(1e300),
    ] {
        // The upper left is of no use.
        let best = distance(Strategy::Bayesian, 2, 40, |place, value| {
            if place[0] < 0.6 && place[1] > 0.4 { odd } else { Outcome::Completed(value) }
        });
        assert!(best < 0.03, "{best} where the upper left is {odd:?}");
    }
}

#[test]
fn a_region_that_fails_is_left() {
    let search = Search::new(Strategy::Bayesian, Direction::Minimize, cube(2), 9).unwrap();
    let mut trials = Vec::new();
    for index in 0..40 {
        let candidate = search.ask(&trials).unwrap();
        let at = coordinates(&candidate);
        let outcome = if at[0] > 0.5 { Outcome::Failed } else { Outcome::Completed((at[1] - 0.3).powi(2)) };
        trials.push(Trial { index, candidate, outcome });
    }
    let failed = trials[20..].iter().filter(|trial| trial.outcome == Outcome::Failed).count();
    assert!(failed <= 4, "{failed} of 20");
}

#[test]
fn a_constant_objective_is_searched_all_over() {
    let search = Search::new(Strategy::Bayesian, Direction::Maximize, cube(1), 1).unwrap();
    let trials = run(&search, &[Outcome::Completed(0.5); 24]);
    let mut at: Vec<f64> = trials.iter().flat_map(|trial| coordinates(&trial.candidate)).collect();
    at.sort_by(f64::total_cmp);
    let widest = at.windows(2).map(|pair| pair[1] - pair[0]).fold(at[0].max(1.0 - at[23]), f64::max);
    assert!(widest < 0.25, "{at:?}");
}

#[test]
fn many_trials_are_no_trouble() {
    let search = Search::new(Strategy::Bayesian, Direction::Minimize, cube(3), 1).unwrap();
    let random = Search::new(Strategy::Random, Direction::Minimize, cube(3), 1).unwrap();
    let bowl = |candidate: &Candidate| -> f64 {
        coordinates(candidate).into_iter().map(|it| (it - 0.3).powi(2)).sum()
    };
    let mut trials: Vec<Trial> = Vec::new();
    for index in 0..1010 {
        let candidate = if index < 1000 { &random } else { &search }.ask(&trials).unwrap();
        let outcome = Outcome::Completed(bowl(&candidate));
        trials.push(Trial { index, candidate, outcome });
    }
    let best = |trials: &[Trial]| trials.iter().map(|it| bowl(&it.candidate)).fold(f64::INFINITY, f64::min);
    assert!(best(&trials[1000..]) < best(&trials[..1000]) / 10.0);
}

#[test]
fn a_warm_start_saves_the_first_trials() {
    let named = |name: &str, value: f64| (name.to_owned(), format!("{value:?}"));
    let prior = |at: u32| {
        let (x, y) = (f64::from(at * 7 % 20) / 20.0, f64::from(at * 3 % 20) / 20.0);
        // In the parent one was static, and there was one more.
        let values = vec![named("x1", y), named("x0", x), named("other", 3.0)];
        Prior { candidate: Candidate { values }, objective: -(x - 0.3).powi(2) - (y - 0.6).powi(2) }
    };
    let priors: Vec<Prior> = (0..20).map(prior).collect();
    let search = |priors| {
        let cold = Search::new(Strategy::Bayesian, Direction::Maximize, cube(2), 3).unwrap();
        cold.with_priors(priors)
    };
    let first = coordinates(&search(priors.clone()).ask(&[]).unwrap());
    assert!((first[0] - 0.3).abs() < 0.1 && (first[1] - 0.6).abs() < 0.1, "{first:?}");

    // What says nothing about this space, or nothing at all, is as if it were not there.
    let mut outside = priors[0].clone();
    outside.candidate.values[0].1 = "1.5".into();
    let mut missing = priors[1].clone();
    missing.candidate.values.remove(1);
    let mut nothing = priors[2].clone();
    nothing.objective = f64::NAN;
    assert_eq!(search(vec![outside, missing, nothing]).ask(&[]), search(Vec::new()).ask(&[]));
}
