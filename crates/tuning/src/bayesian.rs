//! Values with the largest expected improvement under a Gaussian process fitted to the trials so far.

mod acquisition;
mod design;
mod matrix;
mod process;

use std::collections::HashSet;

use crate::random::{self, Draws};
use crate::range::Range;
use crate::search::{Direction, Outcome, Prior, Trial};
use crate::space::Space;
use process::{Point, Process};

/// Completed trials before a process is fitted: one more than there are axes, within these bounds.
const FEWEST_STARTING: usize = 4;
const MOST_STARTING: usize = 10;
/// The process knows no more observations than this: the better half, and others spread over all trials.
const MOST_KNOWN: usize = 250;
/// The neighbourhoods of as many of the best points are searched closely.
const PROMISING: usize = 5;
/// No loss counts as worse than the median by more of the better half's deviations from it.
const MOST_DEVIATIONS: f64 = 4.0;

/// What the search knows when it is asked.
pub(crate) struct Question<'a> {
    pub(crate) ranges: &'a [Range],
    pub(crate) direction: Direction,
    pub(crate) seed: u64,
    /// The number of the trial that is asked for.
    pub(crate) index: usize,
    pub(crate) trials: &'a [&'a Trial],
    pub(crate) priors: &'a [Prior],
}

/// A point and what it counts as, to be minimised.
#[derive(Clone, Debug)]
struct Observation {
    point: Point,
    loss: f64,
}

/// What the trials say, as points of the space.
#[derive(Debug, Default)]
struct Known {
    /// With an objective.
    observed: Vec<Observation>,
    /// Without: they count as the worst.
    failed: Vec<Point>,
    pending: Vec<Point>,
}

/// The values of the next trial; nothing when the space has none that was not tried.
pub(crate) fn propose(question: &Question<'_>, tried: &HashSet<Vec<&str>>) -> Option<Vec<String>> {
    let space = Space::new(question.ranges);
    let known = Known::new(&space, question);
    let axes = question.ranges.len();
    let starting = (axes + 1).clamp(FEWEST_STARTING, MOST_STARTING);
    // As long as there is no better and no worse, there is nothing to learn from.
    let point = if known.observed.len() < starting || known.is_level() {
        design::point(&space, axes, starting, question.seed, question.index)
    } else {
        improving(&space, question, known, tried)?
    };
    let values = space.values(&point);
    (!random::is_tried(tried, &values)).then_some(values)
}

/// The point with the largest expected improvement.
fn improving(
    space: &Space<'_>,
    question: &Question<'_>,
    known: Known,
    tried: &HashSet<Vec<&str>>,
) -> Option<Point> {
    let mut observed = known.observed;
    let worst = observed.iter().map(|observation| observation.loss).fold(f64::NEG_INFINITY, f64::max);
    let promising = best_points(&observed);
    observed.extend(known.failed.into_iter().map(|point| Observation { point, loss: worst }));
    let observed = representative(&observed);

    let categorical: Vec<bool> = (0..question.ranges.len()).map(|axis| space.is_categorical(axis)).collect();
    let losses: Vec<f64> = observed.iter().map(|observation| observation.loss).collect();
    let values = standardised(&losses);
    let points: Vec<Point> = observed.into_iter().map(|observation| observation.point).collect();
    let process = Process::fit(&categorical, points, &values)?;
    // What noise alone makes good is no standard to improve on.
    let best = promising.iter().map(|point| process.predict(point).mean).fold(f64::INFINITY, f64::min);
    let process = process.believing(&known.pending, &values);
    let mut draws = Draws::of_trial(question.seed, question.index);
    let taken = |point: &[f64]| random::is_tried(tried, &space.values(point));
    acquisition::maximise(space, &process, best, &promising, &mut draws, taken)
}

impl Known {
    /// Whether one place is as good as any other, as far as it is known.
    fn is_level(&self) -> bool {
        let mut losses = self.observed.iter().map(|observation| observation.loss);
        let first = losses.next();
        self.failed.is_empty() && losses.all(|loss| Some(loss) == first)
    }

    fn new(space: &Space<'_>, question: &Question<'_>) -> Self {
        let loss = |value: f64| match question.direction {
            Direction::Minimize => value,
            Direction::Maximize => -value,
        };
        let mut known = Self::default();
        for prior in question.priors {
            // What a parent tried outside of these ranges says nothing about a point of this space.
            let point = space.point(|name| prior.candidate.value(name));
            if let Some(point) = point.filter(|_| prior.objective.is_finite()) {
                known.observed.push(Observation { point, loss: loss(prior.objective) });
            }
        }
        for trial in question.trials {
            let Some(point) = space.point(|name| trial.candidate.value(name)) else { continue };
            match trial.outcome {
                Outcome::Completed(value) | Outcome::EarlyStopped(value) if value.is_finite() => {
                    known.observed.push(Observation { point, loss: loss(value) });
                }
                Outcome::Completed(_) | Outcome::EarlyStopped(_) | Outcome::Failed => {
                    known.failed.push(point);
                }
                Outcome::Pending => known.pending.push(point),
                Outcome::Stopped => {}
            }
        }
        known
    }
}

fn best_points(observed: &[Observation]) -> Vec<Point> {
    let mut sorted: Vec<&Observation> = observed.iter().collect();
    sorted.sort_by(|left, right| left.loss.total_cmp(&right.loss));
    sorted.iter().take(PROMISING).map(|observation| observation.point.clone()).collect()
}

/// The observations that the process knows: the better ones first, then others in even steps through the trials, all if
/// there are few.
fn representative(observed: &[Observation]) -> Vec<Observation> {
    let count = observed.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&left, &right| observed[left].loss.total_cmp(&observed[right].loss));
    let mut rest = order.split_off(count.min(MOST_KNOWN / 2));
    // Evenly spread in every beginning of the list, as the process looks at a beginning only where it must be quick.
    rest.sort_unstable();
    rest.sort_by_key(|index| index.reverse_bits());
    order.extend(rest);
    order.truncate(MOST_KNOWN);
    order.into_iter().map(|index| observed[index].clone()).collect()
}

/// Losses around 0 with a variance of 1. Those far worse than usual are drawn in: how bad they are would else hide the
/// differences of good ones.
#[expect(clippy::cast_precision_loss, reason = "a number of trials")]
fn standardised(losses: &[f64]) -> Vec<f64> {
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    // Halves have a difference where the numbers themselves have none.
    let distance = |loss: &f64| loss / 2.0 - median / 2.0;
    let largest = |losses: &[f64]| losses.iter().map(|loss| distance(loss).abs()).fold(0.0, f64::max);
    // In units of the largest distance to a better one no square of these overflows, and not all are 0.
    let better = &sorted[..sorted.len() / 2];
    let (unit, worst) = match largest(better) {
        unit if unit > 0.0 => {
            let distances: Vec<f64> = better.iter().map(|loss| distance(loss) / unit).collect();
            (unit, MOST_DEVIATIONS * deviation(&distances, 0.0))
        }
        _ => (largest(&sorted), f64::INFINITY),
    };
    if unit <= 0.0 {
        return vec![0.0; losses.len()];
    }
    let centred: Vec<f64> = losses.iter().map(|loss| (distance(loss) / unit).min(worst)).collect();
    let mean = centred.iter().sum::<f64>() / centred.len().max(1) as f64;
    let deviation = deviation(&centred, mean);
    centred.iter().map(|loss| (loss - mean) / deviation).collect()
}

/// The root of the mean square of the distances to a number.
#[expect(clippy::cast_precision_loss, reason = "a number of trials")]
fn deviation(numbers: &[f64], from: f64) -> f64 {
    let squares: f64 = numbers.iter().map(|number| (number - from).powi(2)).sum();
    (squares / numbers.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_standardised_whatever_their_size() {
        for size in [1e-300, 1.0, 1e300] {
            let values = standardised(&[-size, 0.0, size, 0.0]);
            assert!((values[2] - 2.0_f64.sqrt()).abs() < 1e-9 && values[1].abs() < 1e-9, "{values:?}");
        }
        assert_eq!(standardised(&[0.1; 7]), [0.0; 7]);
        assert_eq!(standardised(&[]), [] as [f64; 0]);
    }

    #[test]
    fn one_terrible_loss_does_not_hide_the_differences_of_the_others() {
        for terrible in [1e12, f64::MAX] {
            let values = standardised(&[1.0, 2.0, 3.0, 4.0, 5.0, terrible]);
            assert!(values[4] - values[0] > 1.0 && values[5] > values[4], "{values:?}");
        }
        // Nor one that is very good.
        assert!(standardised(&[f64::MIN, 2.0, f64::MAX]).iter().all(|value| value.is_finite()));
    }
}
