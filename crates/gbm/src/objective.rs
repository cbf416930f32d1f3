//! What is learned: how the model's raw outputs become probabilities or values, and which way they must move.

use serde::{Deserialize, Serialize};

use crate::metrics::{self, Metric, most_probable};

/// The target of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Objective {
    /// One of two labels; the raw output is the logarithm of the second label's odds.
    Bernoulli { labels: [String; 2] },
    /// One of several labels; the raw outputs are the logarithms of their probabilities up to a common summand.
    Multinomial { labels: Vec<String> },
    /// A number; the raw output is the number.
    Gaussian,
}

/// The targets of a set of rows.
#[derive(Debug, Clone)]
pub(crate) enum Truth {
    /// Each row's label, by number.
    Classes(Vec<usize>),
    /// Each row's number.
    Numbers(Vec<f64>),
}

impl Objective {
    /// The labels in the order of their probabilities; none of a number.
    pub(crate) fn labels(&self) -> &[String] {
        match self {
            Self::Bernoulli { labels } => labels,
            Self::Multinomial { labels } => labels,
            Self::Gaussian => &[],
        }
    }

    /// Raw outputs for each row, and trees for each round.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Self::Bernoulli { .. } | Self::Gaussian => 1,
            Self::Multinomial { labels } => labels.len(),
        }
    }

    /// For each output, each row's number: the target itself, or 1 where the output's label is the row's.
    pub(crate) fn responses(&self, truth: &Truth) -> Vec<Vec<f64>> {
        match (self, truth) {
            (_, Truth::Numbers(numbers)) => vec![numbers.clone()],
            (Self::Multinomial { labels }, Truth::Classes(classes)) => {
                (0..labels.len()).map(|label| indicator(classes, label)).collect()
            }
            (_, Truth::Classes(classes)) => vec![indicator(classes, 1)],
        }
    }

    /// The raw outputs before the first tree, from the weighted means of the responses. The labels of a class all occur,
    /// so every logarithm is finite.
    pub(crate) fn start(&self, means: &[f64]) -> Vec<f64> {
        match self {
            Self::Bernoulli { .. } => means.iter().map(|mean| (mean / (1.0 - mean)).ln()).collect(),
            Self::Multinomial { .. } => means.iter().map(|mean| mean.ln()).collect(),
            Self::Gaussian => means.to_vec(),
        }
    }

    /// Raw outputs made into probabilities of the labels, or left as the number they are.
    pub(crate) fn answer(&self, raw: &[f64]) -> Vec<f64> {
        match self {
            Self::Bernoulli { .. } => {
                let second = logistic(raw[0]);
                vec![1.0 - second, second]
            }
            Self::Multinomial { .. } => softmax(raw),
            Self::Gaussian => raw.to_vec(),
        }
    }

    /// The loss's second derivative at most, for a row of weight 1.
    pub(crate) fn largest_hessian(&self) -> f64 {
        match self {
            Self::Bernoulli { .. } => 0.25,
            Self::Multinomial { labels } => 0.25 * class_factor(labels.len()),
            Self::Gaussian => 1.0,
        }
    }

    /// The loss's first and second derivative in one output, from the row's answer and its response.
    pub(crate) fn derivatives(&self, answer: &[f64], output: usize, response: f64) -> (f64, f64) {
        match self {
            Self::Bernoulli { .. } => (answer[1] - response, answer[1] * answer[0]),
            Self::Multinomial { labels } => {
                let probability = answer[output];
                let hessian = probability * (1.0 - probability) * class_factor(labels.len());
                (probability - response, hessian)
            }
            Self::Gaussian => (answer[0] - response, 1.0),
        }
    }

    /// The metrics of such a target, in the order printed.
    pub(crate) fn metrics(&self) -> &'static [Metric] {
        match self {
            Self::Bernoulli { .. } => Metric::BINARY,
            Self::Multinomial { .. } => Metric::MULTICLASS,
            Self::Gaussian => Metric::REGRESSION,
        }
    }

    /// The metric by which training stops early if none is named.
    pub(crate) fn stopping_metric(&self) -> Metric {
        match self {
            Self::Bernoulli { .. } | Self::Multinomial { .. } => Metric::Logloss,
            Self::Gaussian => Metric::Rmse,
        }
    }
}

/// A metric's value; nothing where it is undefined, as auc is for rows of a single class.
pub(crate) fn measure(metric: Metric, truth: &Truth, answers: &[Vec<f64>]) -> Option<f64> {
    match truth {
        Truth::Classes(classes) => {
            let wrong = || metrics::misclassification(classes, answers.iter().map(|it| most_probable(it)));
            match metric {
                Metric::Auc => {
                    let is_second: Vec<_> = classes.iter().map(|class| *class == 1).collect();
                    let scores: Vec<_> = answers.iter().map(|it| it[1]).collect();
                    metrics::auc(&is_second, &scores)
                }
                Metric::Logloss => {
                    Some(metrics::logloss(classes.iter().zip(answers).map(|(class, it)| it[*class])))
                }
                Metric::Misclassification => Some(wrong()),
                Metric::Accuracy => Some(1.0 - wrong()),
                Metric::Rmse | Metric::Mse | Metric::Mae | Metric::R2 => None,
            }
        }
        Truth::Numbers(numbers) => {
            let predicted: Vec<_> = answers.iter().map(|it| it[0]).collect();
            match metric {
                Metric::Rmse => Some(metrics::mse(numbers, &predicted).sqrt()),
                Metric::Mse => Some(metrics::mse(numbers, &predicted)),
                Metric::Mae => Some(metrics::mae(numbers, &predicted)),
                Metric::R2 => metrics::r2(numbers, &predicted),
                Metric::Auc | Metric::Logloss | Metric::Misclassification | Metric::Accuracy => None,
            }
        }
    }
}

fn indicator(classes: &[usize], label: usize) -> Vec<f64> {
    classes.iter().map(|class| f64::from(u8::from(*class == label))).collect()
}

/// The factor of Friedman's multiclass boosting (K over K - 1), by which a class's step is damped for the others' steps.
#[expect(clippy::cast_precision_loss, reason = "a count of labels is small")]
fn class_factor(labels: usize) -> f64 {
    labels as f64 / (labels as f64 - 1.0)
}

fn logistic(raw: f64) -> f64 {
    1.0 / (1.0 + (-raw).exp())
}

fn softmax(raw: &[f64]) -> Vec<f64> {
    let largest = raw.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<_> = raw.iter().map(|it| (it - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objectives() -> [Objective; 3] {
        let labels = ["a", "b", "c"].map(String::from);
        [
            Objective::Bernoulli { labels: ["a", "b"].map(String::from) },
            Objective::Multinomial { labels: labels.to_vec() },
            Objective::Gaussian,
        ]
    }

    #[test]
    fn the_start_answers_with_the_means() {
        for (objective, means) in objectives().iter().zip([vec![0.3], vec![0.2, 0.3, 0.5], vec![7.0]]) {
            let answer = objective.answer(&objective.start(&means));
            let last = if means.len() == 1 { &answer[answer.len() - 1..] } else { &answer[..] };
            assert!(last.iter().zip(&means).all(|(a, b)| (a - b).abs() < 1e-12), "{objective:?} {answer:?}");
        }
    }

    #[test]
    fn the_first_derivative_is_the_slope_of_the_loss() {
        let step = 1e-6;
        for objective in objectives() {
            let raw: Vec<_> = [0.4, -0.2, 1.1][..objective.outputs()].to_vec();
            let truth = match objective {
                Objective::Gaussian => Truth::Numbers(vec![2.0]),
                _ => Truth::Classes(vec![1]),
            };
            let metric = if objective == Objective::Gaussian { Metric::Mse } else { Metric::Logloss };
            let half = if objective == Objective::Gaussian { 0.5 } else { 1.0 };
            let loss = |raw: &[f64]| half * measure(metric, &truth, &[objective.answer(raw)]).unwrap();
            let responses = objective.responses(&truth);
            for output in 0..objective.outputs() {
                let moved = |by: f64| {
                    let mut raw = raw.clone();
                    raw[output] += by;
                    loss(&raw)
                };
                let slope = (moved(step) - moved(-step)) / (2.0 * step);
                let (gradient, hessian) =
                    objective.derivatives(&objective.answer(&raw), output, responses[output][0]);
                assert!((slope - gradient).abs() < 1e-6, "{objective:?} {slope} {gradient}");
                assert!(hessian > 0.0 && hessian <= objective.largest_hessian());
            }
        }
    }

    #[test]
    fn extreme_outputs_stay_probabilities() {
        let [bernoulli, multinomial, _] = objectives();
        assert_eq!(bernoulli.answer(&[1e6]), [0.0, 1.0]);
        assert_eq!(bernoulli.answer(&[-1e6]), [1.0, 0.0]);
        assert_eq!(multinomial.answer(&[1e6, 0.0, -1e6]), [1.0, 0.0, 0.0]);
    }
}
