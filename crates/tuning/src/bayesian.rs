//! Values with the largest expected improvement under a Gaussian process fitted to the trials so far.

use std::collections::HashMap;

use optimizer::distribution::{CategoricalDistribution, Distribution, FloatDistribution};
use optimizer::param::ParamValue;
use optimizer::parameter::ParamId;
use optimizer::sampler::gp::GpSampler;
use optimizer::sampler::{CompletedTrial, Sampler};
use rand_chacha::rand_core::Rng;

use crate::random;
use crate::range::Range;
use crate::search::{Direction, Outcome, Trial};

/// Trials drawn at random before the process is fitted: one more than there are numeric dimensions, within these bounds.
const FEWEST_RANDOM_TRIALS: usize = 3;
const MOST_RANDOM_TRIALS: usize = 10;

/// The values of trial `index`; nothing while there are too few completed trials for a fit.
pub(crate) fn propose(
    ranges: &[Range],
    direction: Direction,
    seed: u64,
    index: usize,
    trials: &[Trial],
) -> Option<Vec<String>> {
    let numeric = ranges.iter().filter(|range| range.choices().is_none()).count();
    let observed = observations(direction, trials);
    let completed = trials.iter().filter(|trial| matches!(trial.outcome, Outcome::Completed(_))).count();
    if numeric == 0 || completed < (numeric + 1).clamp(FEWEST_RANDOM_TRIALS, MOST_RANDOM_TRIALS) {
        return None;
    }

    // The sampler tells equal dimensions apart by the order of their ids, and ids are handed out in ascending order.
    let dimensions: Vec<(ParamId, Distribution)> =
        ranges.iter().map(|range| (ParamId::new(), distribution(range))).collect();
    let history: Vec<CompletedTrial> =
        observed.iter().filter_map(|(trial, loss)| record(ranges, &dimensions, trial, *loss)).collect();

    let sampler = GpSampler::builder()
        .n_startup_trials(FEWEST_RANDOM_TRIALS)
        .seed(random::generator(seed, index).next_u64())
        .build();
    // Its first trial is spent on learning the dimensions, and the trial which ends that phase is drawn without history.
    for (_, distribution) in &dimensions {
        sampler.sample(distribution, 0, &history);
    }
    for (_, distribution) in &dimensions {
        sampler.sample(distribution, 1, &history);
    }
    Some(
        ranges
            .iter()
            .zip(&dimensions)
            .map(|(range, (_, distribution))| match sampler.sample(distribution, 2, &history) {
                ParamValue::Float(position) => range.at(position),
                ParamValue::Categorical(choice) => {
                    range.choices().map_or_else(String::new, |choices| choices[choice].clone())
                }
                ParamValue::Int(_) => range.at(0.5),
            })
            .collect(),
    )
}

/// What each trial counts as, to be minimised. A trial that failed counts as the worst so far, so that the search
/// leaves its neighbourhood; one that still runs counts as the mean, so that trials in parallel spread.
fn observations(direction: Direction, trials: &[Trial]) -> Vec<(&Trial, f64)> {
    let loss = |value: f64| match direction {
        Direction::Minimize => value,
        Direction::Maximize => -value,
    };
    let completed: Vec<f64> = trials
        .iter()
        .filter_map(|trial| match trial.outcome {
            Outcome::Completed(value) if value.is_finite() => Some(loss(value)),
            _ => None,
        })
        .collect();
    let worst = completed.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    #[expect(clippy::cast_precision_loss)]
    let mean = completed.iter().sum::<f64>() / completed.len().max(1) as f64;
    trials
        .iter()
        .filter_map(|trial| match trial.outcome {
            Outcome::Completed(value) if value.is_finite() => Some((trial, loss(value))),
            Outcome::Completed(_) | Outcome::Failed => Some((trial, worst)),
            Outcome::Pending => Some((trial, mean)),
            Outcome::Stopped => None,
        })
        .collect()
}

/// A numeric range is searched by position: the scaling is in the range's own mapping.
fn distribution(range: &Range) -> Distribution {
    match range.choices() {
        Some(choices) => Distribution::Categorical(CategoricalDistribution { n_choices: choices.len() }),
        None => Distribution::Float(FloatDistribution { low: 0.0, high: 1.0, log_scale: false, step: None }),
    }
}

fn record(
    ranges: &[Range],
    dimensions: &[(ParamId, Distribution)],
    trial: &Trial,
    loss: f64,
) -> Option<CompletedTrial> {
    let mut params = HashMap::new();
    for (range, (id, _)) in ranges.iter().zip(dimensions) {
        let text = trial.candidate.value(range.name())?;
        let value = match range.choices() {
            Some(choices) => ParamValue::Categorical(choices.iter().position(|choice| choice == text)?),
            None => ParamValue::Float(range.position(text)?),
        };
        params.insert(*id, value);
    }
    let distributions = dimensions.iter().cloned().collect();
    Some(CompletedTrial::new(trial.index as u64, params, distributions, HashMap::new(), loss))
}
