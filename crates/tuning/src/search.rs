//! The search itself: strategy, trials, the next candidate.

use std::collections::HashSet;

use thiserror::Error;

use crate::bayesian::{self, Question};
use crate::grid;
use crate::random::{self, Draws};
use crate::range::Range;

/// How candidates are chosen, by the names of SageMaker's
/// [`Strategy`](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTuningJobConfig.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Independent draws.
    Random,
    /// Expected improvement under a Gaussian process, after a few trials that are spread over the space.
    Bayesian,
    /// Every combination of categorical values, once.
    Grid,
    /// Independent draws as well; a trial that does worse than others with as much training is stopped, which
    /// [`Hyperband`](crate::Hyperband) decides.
    Hyperband,
}

/// Whether a larger or a smaller objective is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Larger is better.
    Maximize,
    /// Smaller is better.
    Minimize,
}

impl Direction {
    /// What no objective is worse than.
    pub(crate) fn worst(self) -> f64 {
        match self {
            Self::Maximize => f64::NEG_INFINITY,
            Self::Minimize => f64::INFINITY,
        }
    }

    /// Whether the objective `new` is better than `old`; never with NaN.
    pub fn improves(self, new: f64, old: f64) -> bool {
        match self {
            Self::Maximize => new > old,
            Self::Minimize => new < old,
        }
    }
}

/// The values of one trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Name and text of each value, in the ranges' order.
    pub values: Vec<(String, String)>,
}

impl Candidate {
    /// The text of the hyperparameter `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// How a trial ended, if it did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Still running.
    Pending,
    /// Ended with this objective.
    Completed(f64),
    /// Was stopped early, by the median rule or by Hyperband, when its objective was this.
    EarlyStopped(f64),
    /// Ended without an objective.
    Failed,
    /// Was stopped; says nothing about its values.
    Stopped,
}

/// A trial so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its number, from 0: how many were asked for before it.
    pub index: usize,
    /// Its values.
    pub candidate: Candidate,
    /// How it ended.
    pub outcome: Outcome,
}

/// A trial of an earlier search, whose objective this search learns from.
///
/// SageMaker calls it warm start, and the earlier search a
/// [parent](https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html).
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// Its values; those of static hyperparameters as well, since what was static there may be searched here.
    pub candidate: Candidate,
    /// Its objective.
    pub objective: f64,
}

/// Why a search cannot start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SearchError {
    /// Two ranges have one name.
    #[error("hyperparameter {name} has more than one range")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// No range at all.
    #[error("a search needs at least one range")]
    NoRanges,
    /// A grid over numbers.
    #[error("the range of {name} is not categorical, which Grid requires")]
    NotCategorical {
        /// The hyperparameter.
        name: String,
    },
}

/// A search over ranges.
#[derive(Clone, Debug)]
pub struct Search {
    strategy: Strategy,
    direction: Direction,
    ranges: Vec<Range>,
    seed: u64,
    priors: Vec<Prior>,
}

impl Search {
    /// A search that always proposes the same for the same `seed` and trials.
    pub fn new(
        strategy: Strategy,
        direction: Direction,
        ranges: Vec<Range>,
        seed: u64,
    ) -> Result<Self, SearchError> {
        if ranges.is_empty() {
            return Err(SearchError::NoRanges);
        }
        let mut names = HashSet::new();
        for range in &ranges {
            if !names.insert(range.name()) {
                return Err(SearchError::Duplicate { name: range.name().to_owned() });
            }
            if strategy == Strategy::Grid && range.choices().is_none() {
                return Err(SearchError::NotCategorical { name: range.name().to_owned() });
            }
        }
        Ok(Self { strategy, direction, ranges, seed, priors: Vec::new() })
    }

    /// The same search with a warm start: [`Strategy::Bayesian`] learns from these trials as from its own, except from
    /// those whose values are missing or outside of the present ranges. The other strategies learn from no trial.
    #[must_use]
    pub fn with_priors(mut self, priors: Vec<Prior>) -> Self {
        self.priors = priors;
        self
    }

    /// How many combinations of values there are; nothing with a continuous range or more than 2⁶⁴ − 1.
    pub fn combinations(&self) -> Option<u64> {
        self.ranges.iter().try_fold(1_u64, |product, range| product.checked_mul(range.count()?))
    }

    /// The values of the next trial, whose index follows the highest of `trials`, which may come in any order; nothing
    /// when a grid is exhausted.
    ///
    /// A combination of values is proposed twice only when there is no other; by [`Strategy::Grid`] never.
    pub fn ask(&self, trials: &[Trial]) -> Option<Candidate> {
        let mut trials: Vec<&Trial> = trials.iter().collect();
        trials.sort_by_key(|trial| trial.index);
        let index = trials.last().map_or(0, |trial| trial.index + 1);
        let tried: HashSet<Vec<&str>> = trials
            .iter()
            .filter_map(|trial| self.ranges.iter().map(|range| trial.candidate.value(range.name())).collect())
            .collect();
        let draw = || random::draw(&self.ranges, &tried, Draws::of_trial(self.seed, index));
        let values = match self.strategy {
            Strategy::Random | Strategy::Hyperband => draw(),
            Strategy::Bayesian => {
                let question = Question {
                    ranges: &self.ranges,
                    direction: self.direction,
                    seed: self.seed,
                    index,
                    trials: &trials,
                    priors: &self.priors,
                };
                bayesian::propose(&question, &tried).unwrap_or_else(draw)
            }
            Strategy::Grid => grid::next(&self.ranges, &tried)?,
        };
        Some(Candidate {
            values: self.ranges.iter().map(|range| range.name().to_owned()).zip(values).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scaling;
    use proptest::{prop_assert, proptest};

    fn ranges() -> Vec<Range> {
        vec![
            Range::continuous("a", "0.0001", "1", Scaling::Logarithmic).unwrap(),
            Range::continuous("b", "-5", "5", Scaling::Linear).unwrap(),
            Range::integer("n", "1", "20", Scaling::Auto).unwrap(),
            Range::categorical("c", vec!["x".into(), "y".into()]).unwrap(),
        ]
    }

    /// Zero at its best: a = 0.01, b = 2, n = 7.
    fn objective(candidate: &Candidate) -> f64 {
        let number = |name| candidate.value(name).unwrap().parse::<f64>().unwrap();
        (number("a").log10() + 2.0).powi(2)
            + ((number("b") - 2.0) / 2.5).powi(2)
            + ((number("n") - 7.0) / 5.0).powi(2)
    }

    fn run(strategy: Strategy, direction: Direction, seed: u64, count: usize) -> Vec<Trial> {
        let search = Search::new(strategy, direction, ranges(), seed).unwrap();
        let mut trials = Vec::new();
        for index in 0..count {
            let candidate = search.ask(&trials).unwrap();
            let value = match direction {
                Direction::Minimize => objective(&candidate),
                Direction::Maximize => -objective(&candidate),
            };
            trials.push(Trial { index, candidate, outcome: Outcome::Completed(value) });
        }
        trials
    }

    fn mean_best(strategy: Strategy, direction: Direction) -> f64 {
        let best = |seed| {
            let trials = run(strategy, direction, seed, 25);
            trials.iter().map(|trial| objective(&trial.candidate)).fold(f64::INFINITY, f64::min)
        };
        (0..8).map(best).sum::<f64>() / 8.0
    }

    #[test]
    fn bayesian_learns_in_both_directions() {
        let random = mean_best(Strategy::Random, Direction::Minimize);
        for direction in [Direction::Minimize, Direction::Maximize] {
            let bayesian = mean_best(Strategy::Bayesian, direction);
            assert!(bayesian < random / 2.0, "{direction:?}: {bayesian} against {random} at random");
        }
    }

    #[test]
    fn the_same_trials_give_the_same_proposal() {
        for strategy in [Strategy::Random, Strategy::Bayesian] {
            let first = run(strategy, Direction::Maximize, 7, 15);
            assert_eq!(first, run(strategy, Direction::Maximize, 7, 15));
            assert_ne!(first, run(strategy, Direction::Maximize, 8, 15));
            // A search taken up again from stored trials goes on as the first one did.
            let again = Search::new(strategy, Direction::Maximize, ranges(), 7).unwrap();
            assert_eq!(again.ask(&first[..12]).unwrap(), first[12].candidate);
        }
    }

    #[test]
    fn parallel_and_failed_trials_are_told_apart() {
        let search = Search::new(Strategy::Bayesian, Direction::Minimize, ranges(), 3).unwrap();
        let mut trials = run(Strategy::Bayesian, Direction::Minimize, 3, 12);
        for index in 12..16 {
            let candidate = search.ask(&trials).unwrap();
            assert!(trials.iter().all(|trial| trial.candidate != candidate));
            let outcome = if index % 2 == 0 { Outcome::Pending } else { Outcome::Failed };
            trials.push(Trial { index, candidate, outcome });
        }
    }

    #[test]
    fn nothing_but_failures_still_searches() {
        let search = Search::new(Strategy::Bayesian, Direction::Minimize, ranges(), 3).unwrap();
        let mut trials = Vec::new();
        for index in 0..20 {
            let candidate = search.ask(&trials).unwrap();
            trials.push(Trial { index, candidate, outcome: Outcome::Failed });
        }
        assert_eq!(trials.len(), 20);
    }

    #[test]
    fn a_grid_is_every_combination_once() {
        let choices = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
        let ranges = vec![
            Range::categorical("c", choices(&["x", "y"])).unwrap(),
            Range::categorical("d", choices(&["1", "2", "3"])).unwrap(),
        ];
        let search = Search::new(Strategy::Grid, Direction::Minimize, ranges, 0).unwrap();
        let mut trials = Vec::new();
        while let Some(candidate) = search.ask(&trials) {
            trials.push(Trial { index: trials.len(), candidate, outcome: Outcome::Pending });
        }
        let seen: HashSet<_> = trials.iter().map(|trial| trial.candidate.values.clone()).collect();
        assert_eq!((trials.len(), seen.len()), (6, 6));
    }

    #[test]
    fn refuses_what_cannot_be_searched() {
        let twice = vec![ranges().remove(0), ranges().remove(0)];
        let new = |strategy, ranges| Search::new(strategy, Direction::Minimize, ranges, 0).map(|_| ());
        assert_eq!(new(Strategy::Random, twice), Err(SearchError::Duplicate { name: "a".into() }));
        assert_eq!(new(Strategy::Random, Vec::new()), Err(SearchError::NoRanges));
        assert_eq!(new(Strategy::Grid, ranges()), Err(SearchError::NotCategorical { name: "a".into() }));
    }

    proptest! {
        #[test]
        fn every_value_is_within_its_range(seed: u64, count in 1_usize..8) {
            for trial in run(Strategy::Bayesian, Direction::Minimize, seed, count) {
                let number = |name| trial.candidate.value(name).unwrap().parse::<f64>().unwrap();
                prop_assert!((0.0001..=1.0).contains(&number("a")));
                prop_assert!((-5.0..=5.0).contains(&number("b")));
                prop_assert!((1..=20).contains(&trial.candidate.value("n").unwrap().parse::<i64>().unwrap()));
                prop_assert!(["x", "y"].contains(&trial.candidate.value("c").unwrap()));
            }
        }
    }
}
