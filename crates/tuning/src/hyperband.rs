//! Hyperband: many trials begin, and at each rung of the training the better ones go on.

use thiserror::Error;

use crate::course::{Course, Decision};
use crate::search::Direction;

/// Of this many trials at a rung one goes on.
const REDUCTION: usize = 3;
const GOLDEN_RATIO: f64 = 1.618_033_988_749_895;
/// The largest `MaxResource` that the service takes.
const LARGEST_RESOURCE: usize = 20_000;

/// Asynchronous Hyperband as SageMaker has it, with an iteration of the training for a resource
/// ([`HyperbandStrategyConfig`](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperbandStrategyConfig.html);
/// Li and others, "Hyperband", 2018, and "A System for Massively Parallel Hyperparameter Tuning", 2020, whose algorithm ASHA
/// the service uses, in the variant that stops trials and never takes one up again).
///
/// Rungs are at the smallest resource and after three times as many iterations each. A trial goes on from a rung when it is
/// among the best third, rounded up, of those of its bracket that have got there, itself included. At the largest resource
/// every trial ends. In bracket 0 trials are stopped from the first rung on, in each further one from a rung later on, for
/// trials that begin slowly, and in the last only at the largest resource. Trials are dealt out to the brackets by their
/// numbers, so many to each that each takes about as many iterations as the others.
///
/// # Example
///
/// ```
/// use mlpp_tuning::{Course, Decision, Direction, Hyperband};
///
/// let hyperband = Hyperband::new(1, 9)?;
/// // Both trials are of bracket 0.
/// let better = Course { index: 0, objectives: &[0.8, 0.9], completed: false };
/// let worse = Course { index: 2, objectives: &[0.5], completed: false };
/// let decision = hyperband.decide(Direction::Maximize, &worse, 0, &[better]);
/// assert_eq!(decision, Decision::Stop { iteration: 1 });
/// # Ok::<(), mlpp_tuning::HyperbandError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hyperband {
    /// The iterations of the rungs of bracket 0 below the largest resource; bracket n begins at rung n.
    rungs: Vec<usize>,
    max: usize,
}

/// Why there is no Hyperband with these resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HyperbandError {
    /// A training of no iteration.
    #[error("MinResource is 0, and must be at least 1")]
    NoResource,
    /// The smallest is not below the largest.
    #[error("MinResource {min} is not below MaxResource {max}")]
    Order {
        /// The smallest resource.
        min: usize,
        /// The largest.
        max: usize,
    },
    /// More than the service takes.
    #[error("MaxResource {max} is above {LARGEST_RESOURCE}")]
    TooLarge {
        /// The largest resource.
        max: usize,
    },
}

impl Hyperband {
    /// Hyperband between these numbers of iterations: no trial is stopped before `min`, and each at `max`.
    pub fn new(min: usize, max: usize) -> Result<Self, HyperbandError> {
        if min == 0 {
            return Err(HyperbandError::NoResource);
        }
        if min >= max {
            return Err(HyperbandError::Order { min, max });
        }
        if max > LARGEST_RESOURCE {
            return Err(HyperbandError::TooLarge { max });
        }
        let rungs: Vec<usize> = std::iter::successors(Some(min), |rung| Some(rung * REDUCTION))
            .take_while(|&rung| rung < max)
            .collect();
        Ok(Self { rungs, max })
    }

    /// What is to be done with a running trial.
    ///
    /// `judged` of its iterations were decided on before: only rungs after them are looked at now. `others` are the further
    /// trials, running, ended or stopped, in any order. The first to get to a rung goes on from there.
    ///
    /// The answer depends on which others have got to the rung by now: a trial that was let go on is not called back.
    pub fn decide(
        &self,
        direction: Direction,
        trial: &Course<'_>,
        judged: usize,
        others: &[Course<'_>],
    ) -> Decision {
        let bracket = self.bracket(trial.index);
        for &rung in &self.rungs[bracket..] {
            let Some(&objective) = trial.objectives.get(rung - 1) else { return Decision::Continue };
            if rung <= judged {
                continue;
            }
            let there = others
                .iter()
                .filter(|other| other.index != trial.index && self.bracket(other.index) == bracket)
                .filter_map(|other| other.objectives.get(rung - 1));
            let (mut count, mut better) = (1_usize, 0_usize);
            for &other in there {
                count += 1;
                better += usize::from(beats(direction, other, objective));
            }
            let go_on = count.div_ceil(REDUCTION);
            if better >= go_on || objective.is_nan() {
                return Decision::Stop { iteration: rung };
            }
        }
        if trial.objectives.len() >= self.max {
            Decision::Stop { iteration: self.max }
        } else {
            Decision::Continue
        }
    }

    /// The bracket of a trial. The trials' numbers, as multiples of the golden ratio, are spread evenly over the brackets'
    /// shares in every beginning of the search.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn bracket(&self, index: usize) -> usize {
        let last = self.rungs.len();
        // As in Hyperband: the more often a bracket stops, the more trials it begins with.
        let share = |bracket: usize| {
            let stops = last - bracket;
            (REDUCTION as f64).powf(stops as f64) / (stops + 1) as f64
        };
        let total: f64 = (0..=last).map(share).sum();
        let mut rest = (index as f64 * GOLDEN_RATIO).fract() * total;
        for bracket in 0..last {
            rest -= share(bracket);
            if rest < 0.0 {
                return bracket;
            }
        }
        last
    }
}

/// Whether one objective is better than another, where a number is better than none.
fn beats(direction: Direction, left: f64, right: f64) -> bool {
    direction.improves(left, right) || (right.is_nan() && !left.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn course(index: usize, objectives: &[f64]) -> Course<'_> {
        Course { index, objectives, completed: false }
    }

    /// Numbers of trials in bracket 0.
    fn hasty(hyperband: &Hyperband) -> Vec<usize> {
        (0..100).filter(|&index| hyperband.bracket(index) == 0).collect()
    }

    #[test]
    fn refuses_what_leaves_no_choice() {
        assert_eq!(Hyperband::new(0, 9), Err(HyperbandError::NoResource));
        assert_eq!(Hyperband::new(9, 9), Err(HyperbandError::Order { min: 9, max: 9 }));
        assert_eq!(Hyperband::new(1, 20_001), Err(HyperbandError::TooLarge { max: 20_001 }));
        assert!(Hyperband::new(1, 20_000).is_ok());
    }

    #[test]
    fn the_best_third_goes_on() {
        let hyperband = Hyperband::new(2, 50).unwrap();
        assert_eq!(hyperband.rungs, [2, 6, 18]);
        let of = hasty(&hyperband);
        let objectives: Vec<[f64; 2]> = (0..5).map(|at| [0.0, f64::from(at)]).collect();
        let others: Vec<_> = objectives.iter().zip(&of).map(|(it, &index)| course(index, it)).collect();
        let decide = |direction, last| hyperband.decide(direction, &course(of[5], &[0.0, last]), 0, &others);
        // Two of six go on.
        assert_eq!(decide(Direction::Maximize, 3.5), Decision::Continue);
        assert_eq!(decide(Direction::Maximize, 2.5), Decision::Stop { iteration: 2 });
        assert_eq!(decide(Direction::Minimize, 0.5), Decision::Continue);
        assert_eq!(decide(Direction::Minimize, 1.5), Decision::Stop { iteration: 2 });
        assert_eq!(decide(Direction::Maximize, f64::NAN), Decision::Stop { iteration: 2 });
    }

    #[test]
    fn nobody_is_stopped_below_the_first_rung_and_everybody_at_the_largest_resource() {
        let hyperband = Hyperband::new(3, 10).unwrap();
        let of = hasty(&hyperband);
        let good = [9.0; 10];
        let others = [course(of[0], &good), course(of[1], &good), course(of[2], &good)];
        let decide = |objectives: &[f64]| {
            hyperband.decide(Direction::Maximize, &course(of[3], objectives), 0, &others)
        };
        assert_eq!(decide(&[0.0; 2]), Decision::Continue);
        assert_eq!(decide(&[0.0; 3]), Decision::Stop { iteration: 3 });
        assert_eq!(decide(&[10.0; 9]), Decision::Continue);
        assert_eq!(decide(&[10.0; 10]), Decision::Stop { iteration: 10 });
    }

    #[test]
    fn a_later_bracket_lets_a_slow_trial_begin() {
        let hyperband = Hyperband::new(1, 9).unwrap();
        let of: Vec<usize> = (0..100).filter(|&index| hyperband.bracket(index) == 1).collect();
        let good = [1.0; 9];
        let others = [course(of[0], &good), course(of[1], &good), course(of[2], &good)];
        let decide = |objectives: &[f64]| {
            hyperband.decide(Direction::Maximize, &course(of[3], objectives), 0, &others)
        };
        assert_eq!(decide(&[0.0, 0.5]), Decision::Continue);
        assert_eq!(decide(&[0.0, 0.5, 0.6]), Decision::Stop { iteration: 3 });
        assert_eq!(decide(&[0.0, 0.5, 1.1]), Decision::Continue);
    }

    #[test]
    fn a_decision_is_final() {
        let hyperband = Hyperband::new(1, 9).unwrap();
        let of = hasty(&hyperband);
        let better = [1.0];
        let others = [course(of[1], &better)];
        let trial = [0.0, 0.0];
        let decide = |judged| hyperband.decide(Direction::Maximize, &course(of[0], &trial), judged, &others);
        assert_eq!(decide(0), Decision::Stop { iteration: 1 });
        assert_eq!(decide(1), Decision::Continue);
    }

    #[test]
    fn brackets_have_the_shares_of_the_paper() {
        let hyperband = Hyperband::new(1, 81).unwrap();
        let mut counts = [0; 5];
        (0..143).for_each(|index| counts[hyperband.bracket(index)] += 1);
        for (count, expected) in counts.into_iter().zip([81_i32, 34, 15, 8, 5]) {
            assert!((count - expected).abs() <= 2, "{counts:?}");
        }
        assert_eq!(Hyperband::new(1, 3).unwrap().bracket(0), 0);
    }

    proptest! {
        /// Whatever the courses, training takes less than without stopping, and the best objective at the first rung survives.
        #[test]
        fn the_best_so_far_goes_on(
            firsts in prop::collection::vec(-1.0..1.0_f64, 2..20),
            min in 1_usize..5,
        ) {
            let hyperband = Hyperband::new(min, 100).unwrap();
            let of = hasty(&hyperband);
            let courses: Vec<Vec<f64>> = firsts.iter().map(|&first| vec![first; min]).collect();
            let courses: Vec<_> = courses.iter().zip(&of).map(|(it, &index)| course(index, it)).collect();
            let stopped = |at: usize| {
                hyperband.decide(Direction::Minimize, &courses[at], 0, &courses) != Decision::Continue
            };
            let best = (0..firsts.len()).min_by(|&left, &right| firsts[left].total_cmp(&firsts[right])).unwrap();
            prop_assert!(!stopped(best));
            let gone_on = (0..firsts.len()).filter(|&at| !stopped(at)).count();
            prop_assert!(gone_on <= firsts.len().div_ceil(REDUCTION).max(1));
        }
    }
}
