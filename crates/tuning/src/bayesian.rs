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
    let point = if known.observed.len() < starting {
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
    // Only where every value is one of few can a candidate be one that was tried.
    let finite = question.ranges.iter().all(|range| range.count().is_some());
    let taken = |point: &[f64]| finite && random::is_tried(tried, &space.values(point));
    acquisition::maximise(space, &process, best, &promising, &mut draws, taken)
}

impl Known {
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

/// Losses around 0 with a variance of 1.
#[expect(clippy::cast_precision_loss, reason = "a number of trials")]
fn standardised(losses: &[f64]) -> Vec<f64> {
    let count = losses.len().max(1) as f64;
    let mean = losses.iter().map(|loss| loss / count).sum::<f64>();
    let variance = losses.iter().map(|loss| (loss - mean) * (loss - mean) / count).sum::<f64>();
    let deviation = if variance > 0.0 && variance.is_finite() { variance.sqrt() } else { 1.0 };
    losses.iter().map(|loss| (loss - mean) / deviation).collect()
}
