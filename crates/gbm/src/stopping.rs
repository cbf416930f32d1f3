//! When to stop before all trees are built.
//!
//! The rule is H2O's (`stopping_rounds` and `stopping_tolerance` in its documentation): with k rounds, the metric's moving
//! averages over k scorings are compared, the best of the last k averages with the one before them; when it is not better by
//! the relative tolerance, training stops. So nothing stops before 2k scorings.

use crate::metrics::Metric;

/// Watches one metric.
#[derive(Debug)]
pub(crate) struct Stopping {
    rounds: usize,
    tolerance: f64,
    higher_is_better: bool,
    values: Vec<f64>,
}

impl Stopping {
    /// `rounds` of 0 never stops.
    pub(crate) fn new(metric: Metric, rounds: usize, tolerance: f64) -> Self {
        Self { rounds, tolerance, higher_is_better: metric.higher_is_better(), values: Vec::new() }
    }

    /// Whether it ever stops.
    pub(crate) fn is_on(&self) -> bool {
        self.rounds > 0
    }

    /// Takes the value of one more scoring and tells whether to stop.
    pub(crate) fn scored(&mut self, value: f64) -> bool {
        self.values.push(value);
        let rounds = self.rounds;
        if rounds == 0 || self.values.len() < 2 * rounds {
            return false;
        }
        let recent = &self.values[self.values.len() - 2 * rounds..];
        #[expect(clippy::cast_precision_loss, reason = "a count of scorings is small")]
        let mut averages = recent.windows(rounds).map(|window| window.iter().sum::<f64>() / rounds as f64);
        let Some(reference) = averages.next() else { return false };
        // The tolerance is relative to the size of the reference, whatever its sign (r2 may be negative).
        let needed = self.tolerance * reference.abs();
        let improved = if self.higher_is_better {
            averages.any(|average| average > reference + needed)
        } else {
            averages.any(|average| average < reference - needed)
        };
        !improved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many scorings it stops.
    fn stops_at(metric: Metric, rounds: usize, tolerance: f64, values: &[f64]) -> Option<usize> {
        let mut stopping = Stopping::new(metric, rounds, tolerance);
        values.iter().position(|value| stopping.scored(*value)).map(|index| index + 1)
    }

    #[test]
    fn a_metric_that_stands_still_stops_after_twice_the_rounds() {
        assert_eq!(stops_at(Metric::Auc, 3, 0.001, &[0.8; 10]), Some(6));
        assert_eq!(stops_at(Metric::Logloss, 1, 0.0, &[0.5; 10]), Some(2));
    }

    #[test]
    fn a_metric_that_improves_goes_on() {
        let rising: Vec<_> = (0..20).map(|step| 0.5 + 0.01 * f64::from(step)).collect();
        let falling: Vec<_> = rising.iter().map(|it| 1.0 - it).collect();
        assert_eq!(stops_at(Metric::Auc, 3, 0.001, &rising), None);
        assert_eq!(stops_at(Metric::Logloss, 3, 0.001, &falling), None);
        assert_eq!(stops_at(Metric::Logloss, 3, 0.001, &rising), Some(6));
    }

    #[test]
    fn an_improvement_below_the_tolerance_is_none() {
        let slow: Vec<_> = (0..20).map(|step| 0.8 + 1e-6 * f64::from(step)).collect();
        assert_eq!(stops_at(Metric::Auc, 2, 0.001, &slow), Some(4));
        assert_eq!(stops_at(Metric::Auc, 2, 1e-9, &slow), None);
    }

    #[test]
    fn no_rounds_never_stop() {
        assert_eq!(stops_at(Metric::Auc, 0, 0.001, &[0.8; 50]), None);
    }
}
