//! The metrics a model is judged by, written from their definitions.
//!
//! Each takes the truth and the model's answer for the same rows; none of them is given an empty set, and classes are
//! counted from 0.

use serde::{Deserialize, Serialize};

/// A metric's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Area under the receiver operating characteristic; two classes.
    Auc,
    /// Mean negative logarithm of the probability given to the true class; natural logarithm.
    Logloss,
    /// Share of rows whose most probable class is not the true one.
    Misclassification,
    /// Share of rows whose most probable class is the true one.
    Accuracy,
    /// Root of the mean squared error; a number.
    Rmse,
    /// Mean squared error; a number.
    Mse,
    /// Mean absolute error; a number.
    Mae,
    /// Share of the variance that is explained; a number.
    R2,
}

impl Metric {
    /// All of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Auc,
        Self::Logloss,
        Self::Misclassification,
        Self::Accuracy,
        Self::Rmse,
        Self::Mse,
        Self::Mae,
        Self::R2,
    ];

    /// Those of a target with two classes, in the order printed.
    pub(crate) const BINARY: &[Self] = &[Self::Auc, Self::Logloss, Self::Misclassification, Self::Accuracy];
    /// Those of a target with several classes.
    pub(crate) const MULTICLASS: &[Self] = &[Self::Logloss, Self::Misclassification, Self::Accuracy];
    /// Those of a number.
    pub(crate) const REGRESSION: &[Self] = &[Self::Rmse, Self::Mse, Self::Mae, Self::R2];

    /// The name in hyperparameters and in what is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auc => "auc",
            Self::Logloss => "logloss",
            Self::Misclassification => "misclassification",
            Self::Accuracy => "accuracy",
            Self::Rmse => "rmse",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::R2 => "r2",
        }
    }

    /// Whether more of it is better.
    pub(crate) fn higher_is_better(self) -> bool {
        matches!(self, Self::Auc | Self::Accuracy | Self::R2)
    }
}

/// A probability of exactly 0 would make the logarithm infinite; so much is the distance of 1 from the next number.
const SMALLEST: f64 = f64::EPSILON;

/// The area under the receiver operating characteristic: the share of pairs of a positive and a negative row in which
/// the positive one has the higher score, a tie counting as half. Nothing if one of the two classes has no row.
///
/// By ranks (the Mann–Whitney statistic), in n log n steps.
pub(crate) fn auc(is_positive: &[bool], scores: &[f64]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let (mut positives, mut negatives, mut twice_won) = (0_u64, 0_u64, 0_u128);
    // Rows with equal scores are one step: `==`, since -0.0 ties with 0.0.
    #[expect(clippy::float_cmp, reason = "a tie is equality")]
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let tied_positives = tied.iter().filter(|row| is_positive[**row]).count() as u64;
        let tied_negatives = tied.len() as u64 - tied_positives;
        twice_won += u128::from(tied_positives) * u128::from(2 * negatives + tied_negatives);
        positives += tied_positives;
        negatives += tied_negatives;
    }
    let pairs = u128::from(positives) * u128::from(negatives);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits than a double has")]
    (pairs > 0).then(|| twice_won as f64 / (2.0 * pairs as f64))
}

/// Mean negative logarithm of the probability that each row's true class was given.
pub(crate) fn logloss(of_truth: impl ExactSizeIterator<Item = f64>) -> f64 {
    mean(of_truth.map(|probability| -probability.clamp(SMALLEST, 1.0).ln()))
}

/// Share of rows whose most probable class is not the true one.
pub(crate) fn misclassification(truth: &[usize], predicted: impl Iterator<Item = usize>) -> f64 {
    mean(truth.iter().zip(predicted).map(|(truth, predicted)| f64::from(u8::from(*truth != predicted))))
}

/// Mean squared error.
pub(crate) fn mse(truth: &[f64], predicted: &[f64]) -> f64 {
    mean(truth.iter().zip(predicted).map(|(truth, predicted)| (truth - predicted).powi(2)))
}

/// Mean absolute error.
pub(crate) fn mae(truth: &[f64], predicted: &[f64]) -> f64 {
    mean(truth.iter().zip(predicted).map(|(truth, predicted)| (truth - predicted).abs()))
}

/// One less the squared error over that of the truth's own mean. Nothing if all truths are the same.
pub(crate) fn r2(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    let center = mean(truth.iter().copied());
    let variance = mean(truth.iter().map(|truth| (truth - center).powi(2)));
    (variance > 0.0).then(|| 1.0 - mse(truth, predicted) / variance)
}

/// The index of the largest, the first of equals.
pub(crate) fn most_probable(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (class, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = class;
        }
    }
    best
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    sum / count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn values_worked_out_by_hand() {
        assert!(close(auc(&[false, false, true, true], &[0.1, 0.4, 0.35, 0.8]).unwrap(), 0.75));
        assert!(close(auc(&[false, true], &[0.5, 0.5]).unwrap(), 0.5));
        assert_eq!(auc(&[true, true], &[0.1, 0.2]), None);
        assert!(close(logloss([0.5, 0.25].into_iter()), f64::ln(8.0) / 2.0));
        assert!(close(misclassification(&[0, 1, 2, 1], [0, 2, 2, 1].into_iter()), 0.25));
        assert!(close(mse(&[1.0, 2.0], &[2.0, 4.0]), 2.5));
        assert!(close(mae(&[1.0, 2.0], &[2.0, 4.0]), 1.5));
        assert!(close(r2(&[1.0, 2.0, 3.0], &[1.0, 2.0, 4.0]).unwrap(), 0.5));
        assert_eq!(r2(&[2.0, 2.0], &[1.0, 3.0]), None);
        assert_eq!(most_probable(&[0.2, 0.4, 0.4]), 1);
    }

    #[test]
    fn a_sure_mistake_is_bad_and_not_infinite() {
        let loss = logloss([0.0].into_iter());
        assert!(loss > 30.0 && loss.is_finite());
    }

    fn rows() -> impl Strategy<Value = (Vec<bool>, Vec<f64>)> {
        // Few distinct scores, so that ties are common.
        proptest::collection::vec((any::<bool>(), (-8_i8..8).prop_map(f64::from)), 2..60)
            .prop_map(|rows| rows.into_iter().unzip())
    }

    fn by_pairs(is_positive: &[bool], scores: &[f64]) -> Option<f64> {
        let (mut won, mut pairs) = (0.0, 0.0);
        for (a, positive) in is_positive.iter().enumerate().filter(|(_, it)| **it) {
            for (b, _) in is_positive.iter().enumerate().filter(|(_, it)| *it != positive) {
                pairs += 1.0;
                if scores[a] > scores[b] {
                    won += 1.0;
                } else if (scores[a] - scores[b]).abs() < f64::EPSILON {
                    won += 0.5;
                }
            }
        }
        (pairs > 0.0).then(|| won / pairs)
    }

    proptest! {
        #[test]
        fn auc_is_the_share_of_pairs_in_order((is_positive, scores) in rows()) {
            match (auc(&is_positive, &scores), by_pairs(&is_positive, &scores)) {
                (Some(fast), Some(slow)) => prop_assert!(close(fast, slow), "{fast} {slow}"),
                (fast, slow) => prop_assert_eq!(fast, slow),
            }
        }

        #[test]
        fn auc_sees_the_order_only((is_positive, scores) in rows()) {
            let probabilities: Vec<_> = scores.iter().map(|it| 1.0 / (1.0 + (-it).exp())).collect();
            prop_assert_eq!(auc(&is_positive, &scores), auc(&is_positive, &probabilities));
        }

        #[test]
        fn auc_of_the_reverse_is_the_rest((is_positive, scores) in rows()) {
            let negated: Vec<_> = scores.iter().map(|it| -it).collect();
            if let (Some(forth), Some(back)) = (auc(&is_positive, &scores), auc(&is_positive, &negated)) {
                prop_assert!(close(forth + back, 1.0));
            }
        }

        #[test]
        fn no_constant_beats_the_mean_in_squared_error(truth in proptest::collection::vec(-9.0..9.0_f64, 2..20), guess in -9.0..9.0_f64) {
            let center = truth.iter().sum::<f64>() / f64::from(u32::try_from(truth.len()).unwrap());
            prop_assert!(mse(&truth, &vec![center; truth.len()]) <= mse(&truth, &vec![guess; truth.len()]) + 1e-12);
        }
    }
}
