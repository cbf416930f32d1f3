//! Rows' weights when classes are to count the same.

use crate::objective::{Objective, Truth};

/// The weights of rows in training, and the shift of the raw outputs that takes their effect out of the probabilities:
/// with a label's rows weighted by w the model learns odds that are w times too large.
#[derive(Debug)]
pub(crate) struct Balance {
    /// For each row; 1 on average.
    pub(crate) weights: Vec<f64>,
    /// For each output.
    pub(crate) shift: Vec<f64>,
}

impl Balance {
    /// Equal weights for the labels if `wanted`, else for the rows. A number has no labels to balance.
    pub(crate) fn new(objective: &Objective, truth: &Truth, wanted: bool) -> Self {
        let plain = |rows| Self { weights: vec![1.0; rows], shift: vec![0.0; objective.outputs()] };
        let classes = match truth {
            Truth::Classes(classes) if wanted => classes,
            Truth::Classes(classes) => return plain(classes.len()),
            Truth::Numbers(numbers) => return plain(numbers.len()),
        };
        let mut counts = vec![0.0; objective.labels().len()];
        for class in classes {
            counts[*class] += 1.0;
        }
        // Every label occurs: labels are those of the training data.
        let labels: f64 = counts.iter().map(|_| 1.0).sum();
        let fair = counts.iter().sum::<f64>() / labels;
        let of_label: Vec<f64> = counts.iter().map(|count| fair / count).collect();
        let shift = match objective {
            Objective::Bernoulli { .. } => vec![(of_label[0] / of_label[1]).ln()],
            _ => of_label.iter().map(|weight| -weight.ln()).collect(),
        };
        Self { weights: classes.iter().map(|class| of_label[*class]).collect(), shift }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_weigh_the_same_and_the_shift_restores_their_shares() {
        let truth = Truth::Classes(vec![0, 0, 0, 1]);
        let bernoulli = Objective::Bernoulli { labels: ["a", "b"].map(String::from) };
        let multinomial = Objective::Multinomial { labels: ["a", "b"].map(String::from).to_vec() };
        for objective in [bernoulli, multinomial] {
            let balance = Balance::new(&objective, &truth, true);
            let weight = |rows: &[f64]| rows.iter().sum::<f64>();
            assert!((weight(&balance.weights[..3]) - weight(&balance.weights[3..])).abs() < 1e-12);
            assert!((weight(&balance.weights) - 4.0).abs() < 1e-12);
            // A model that has learned nothing but the balanced shares answers with the true ones.
            let balanced = objective.start(&vec![0.5; objective.outputs()]);
            let raw: Vec<_> = balanced.iter().zip(&balance.shift).map(|(raw, shift)| raw + shift).collect();
            let answer = objective.answer(&raw);
            assert!((answer[0] - 0.75).abs() < 1e-12 && (answer[1] - 0.25).abs() < 1e-12, "{answer:?}");
        }
    }

    #[test]
    fn unbalanced_rows_weigh_one_each() {
        let balance = Balance::new(&Objective::Gaussian, &Truth::Numbers(vec![1.0, 2.0]), true);
        assert_eq!((balance.weights, balance.shift), (vec![1.0, 1.0], vec![0.0]));
    }
}
