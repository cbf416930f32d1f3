//! Early stopping by the median rule.

use crate::course::{Course, Decision};
use crate::search::Direction;

/// Fewer completed trials say too little of what is usual.
const FEWEST_COMPLETED: usize = 3;

/// Early stopping of the type `Auto`: a trial is stopped after an iteration whose objective is worse than the median of the
/// completed trials' running averages up to the same iteration
/// ([Stop Training Jobs Early](https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html);
/// Golovin and others, "Google Vizier", 2017, section 3.2.2).
///
/// `judged` of the trial's iterations were decided on before: only later ones are looked at now, one after the other, so
/// that it makes no difference how many are reported at once. `others` are further trials, in any order. A trial that was
/// stopped is not among those it is compared with, nor are such as ended before this iteration, nor the trial itself.
///
/// The service does not say how many trials it needs for a median; here it is 3.
pub fn median_rule(
    direction: Direction,
    trial: &Course<'_>,
    judged: usize,
    others: &[Course<'_>],
) -> Decision {
    for (at, &objective) in trial.objectives.iter().enumerate().skip(judged) {
        let iteration = at + 1;
        let mut averages: Vec<f64> = others
            .iter()
            .filter(|other| other.completed && other.index != trial.index)
            .filter_map(|other| average(direction, other.objectives.get(..iteration)?))
            .collect();
        if averages.len() >= FEWEST_COMPLETED && worse(direction, objective, median(&mut averages)) {
            return Decision::Stop { iteration };
        }
    }
    Decision::Continue
}

/// The average, in which NaN is the worst of all.
#[expect(clippy::cast_precision_loss, reason = "a number of iterations")]
fn average(direction: Direction, objectives: &[f64]) -> Option<f64> {
    if objectives.is_empty() {
        return None;
    }
    let mean = objectives.iter().sum::<f64>() / objectives.len() as f64;
    Some(if mean.is_nan() { direction.worst() } else { mean })
}

/// The middle one; of an even number the mean of both.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let (low, high) =
        (numbers[middle.saturating_sub(usize::from(numbers.len().is_multiple_of(2)))], numbers[middle]);
    // Infinities of one sign have no mean in floating point.
    #[expect(clippy::float_cmp, reason = "the same number has no other mean")]
    if low == high { low } else { low / 2.0 + high / 2.0 }
}

fn worse(direction: Direction, objective: f64, standard: f64) -> bool {
    objective.is_nan() || direction.improves(standard, objective)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn completed(index: usize, objectives: &[f64]) -> Course<'_> {
        Course { index, objectives, completed: true }
    }

    fn running(objectives: &[f64]) -> Course<'_> {
        Course { index: 9, objectives, completed: false }
    }

    const RISING: [[f64; 4]; 3] = [[1.0, 3.0, 5.0, 7.0], [2.0, 4.0, 6.0, 8.0], [3.0, 5.0, 7.0, 9.0]];

    fn rising() -> Vec<Course<'static>> {
        RISING.iter().enumerate().map(|(index, objectives)| completed(index, objectives)).collect()
    }

    #[test]
    fn the_median_of_running_averages_decides() {
        // The averages up to each iteration are 1 2 3 4, then 1 more, then 2 more: the medians 2 3 4 5.
        let decide =
            |objectives: &[f64]| median_rule(Direction::Maximize, &running(objectives), 0, &rising());
        assert_eq!(decide(&[2.0, 3.0, 4.0, 5.0]), Decision::Continue);
        assert_eq!(decide(&[1.9]), Decision::Stop { iteration: 1 });
        assert_eq!(decide(&[3.0, 3.1, 3.2, 9.0]), Decision::Stop { iteration: 3 });
        // Nobody trained for longer.
        assert_eq!(decide(&[2.0, 3.0, 4.0, 5.0, 0.0]), Decision::Continue);
        assert_eq!(decide(&[f64::NAN]), Decision::Stop { iteration: 1 });
        assert_eq!(decide(&[]), Decision::Continue);
    }

    #[test]
    fn smaller_is_better_when_minimised() {
        let decide = |objective| median_rule(Direction::Minimize, &running(&[objective]), 0, &rising());
        assert_eq!(decide(2.1), Decision::Stop { iteration: 1 });
        assert_eq!(decide(2.0), Decision::Continue);
        assert_eq!(decide(f64::INFINITY), Decision::Stop { iteration: 1 });
    }

    #[test]
    fn what_was_decided_on_is_not_decided_on_again() {
        let decide = |judged| median_rule(Direction::Maximize, &running(&[0.0, 9.0, 9.0]), judged, &rising());
        assert_eq!(decide(0), Decision::Stop { iteration: 1 });
        assert_eq!(decide(1), Decision::Continue);
    }

    #[test]
    fn only_completed_trials_are_a_standard() {
        let mut others = rising();
        others[2].completed = false;
        assert_eq!(median_rule(Direction::Maximize, &running(&[0.0]), 0, &others), Decision::Continue);
        others[2] = completed(9, &RISING[2]);
        assert_eq!(median_rule(Direction::Maximize, &running(&[0.0]), 0, &others), Decision::Continue);
    }

    #[test]
    fn odd_objectives_do_not_hide_the_others() {
        let nan = [f64::NAN; 4];
        let infinite = [f64::NEG_INFINITY; 4];
        let mut others = rising();
        others.extend([completed(3, &nan), completed(4, &infinite)]);
        // The median of −∞ −∞ 1 2 3.
        assert_eq!(
            median_rule(Direction::Maximize, &running(&[0.9]), 0, &others),
            Decision::Stop { iteration: 1 }
        );
        assert_eq!(median_rule(Direction::Maximize, &running(&[1.0]), 0, &others), Decision::Continue);
    }

    proptest! {
        #[test]
        fn reports_in_parts_decide_as_one_report(
            courses in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 1..12), 3..8),
            trial in prop::collection::vec(-1.0..1.0_f64, 1..12),
            cut in 0_usize..12,
        ) {
            let others: Vec<_> = courses.iter().enumerate().map(|(at, it)| completed(at, it)).collect();
            let whole = median_rule(Direction::Minimize, &running(&trial), 0, &others);
            let cut = cut.min(trial.len());
            let part = median_rule(Direction::Minimize, &running(&trial[..cut]), 0, &others);
            let parts = match part {
                Decision::Stop { .. } => part,
                Decision::Continue => median_rule(Direction::Minimize, &running(&trial), cut, &others),
            };
            prop_assert_eq!(whole, parts);
        }
    }
}
