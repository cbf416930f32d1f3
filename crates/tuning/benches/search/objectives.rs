//! What is searched: functions that stand for training.

use std::f64::consts::PI;

use mlpp_tuning::{Candidate, Range, Scaling};
use serde::{Deserialize, Serialize};

/// A function to be minimised or maximised, and the ranges of what it takes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Description {
    pub(crate) objective: String,
    pub(crate) maximize: bool,
    pub(crate) ranges: Vec<DescribedRange>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum DescribedRange {
    Integer { name: String, min: String, max: String, logarithmic: bool },
    Continuous { name: String, min: String, max: String, logarithmic: bool },
    Categorical { name: String, values: Vec<String> },
}

impl Description {
    pub(crate) fn ranges(&self) -> Vec<Range> {
        let scaling = |logarithmic| if logarithmic { Scaling::Logarithmic } else { Scaling::Linear };
        let range = |range: &DescribedRange| match range {
            DescribedRange::Integer { name, min, max, logarithmic } => {
                Range::integer(name, min, max, scaling(*logarithmic))
            }
            DescribedRange::Continuous { name, min, max, logarithmic } => {
                Range::continuous(name, min, max, scaling(*logarithmic))
            }
            DescribedRange::Categorical { name, values } => Range::categorical(name, values.clone()),
        };
        self.ranges.iter().map(|described| range(described).unwrap()).collect()
    }
}

/// A function that is calculated here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    /// Two numbers, three equal minima, 0.398 (Surjanovic and Bingham, "Virtual Library of Simulation Experiments").
    Branin,
    /// Six numbers, six local minima, the best −3.322 (the same).
    Hartmann6,
    /// A whole number, a number on a logarithmic scale, a number, and a choice that moves the best of the second; least 0.
    Mixed,
}

impl Function {
    pub(crate) const ALL: [Self; 3] = [Self::Branin, Self::Hartmann6, Self::Mixed];

    pub(crate) fn description(self) -> Description {
        let linear = |name: &str, min: &str, max: &str| DescribedRange::Continuous {
            name: name.into(),
            min: min.into(),
            max: max.into(),
            logarithmic: false,
        };
        let (objective, ranges) = match self {
            Self::Branin => ("branin", vec![linear("x1", "-5", "10"), linear("x2", "0", "15")]),
            Self::Hartmann6 => ("hartmann6", (1..=6).map(|at| linear(&format!("x{at}"), "0", "1")).collect()),
            Self::Mixed => (
                "mixed",
                vec![
                    DescribedRange::Integer {
                        name: "depth".into(),
                        min: "1".into(),
                        max: "100".into(),
                        logarithmic: false,
                    },
                    DescribedRange::Continuous {
                        name: "rate".into(),
                        min: "0.00001".into(),
                        max: "1".into(),
                        logarithmic: true,
                    },
                    linear("share", "0", "1"),
                    DescribedRange::Categorical {
                        name: "kind".into(),
                        values: ["a", "b", "c", "d"].map(String::from).into(),
                    },
                ],
            ),
        };
        Description { objective: objective.into(), maximize: false, ranges }
    }

    pub(crate) fn value(self, candidate: &Candidate) -> f64 {
        let number = |name: &str| -> f64 { candidate.value(name).unwrap().parse().unwrap() };
        match self {
            Self::Branin => {
                let (x, y) = (number("x1"), number("x2"));
                let inner = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
                inner * inner + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
            }
            Self::Hartmann6 => hartmann6([1, 2, 3, 4, 5, 6].map(|at| number(&format!("x{at}")))),
            Self::Mixed => {
                // Each choice has its own best rate, and its own price.
                let (rate, price) = match candidate.value("kind").unwrap() {
                    "a" => (-1.0, 0.2),
                    "b" => (-3.0, 0.0),
                    "c" => (-4.0, 0.1),
                    _ => (-2.0, 0.4),
                };
                let depth = (number("depth") - 30.0) / 40.0;
                price
                    + depth * depth
                    + ((number("rate").log10() - rate) / 2.0).powi(2)
                    + (number("share") - 0.3).powi(2)
            }
        }
    }
}

fn hartmann6(x: [f64; 6]) -> f64 {
    const WEIGHTS: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const SCALES: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const CENTRES: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let peak = |which: usize| {
        let distance: f64 =
            (0..6).map(|axis| SCALES[which][axis] * (x[axis] - CENTRES[which][axis]).powi(2)).sum();
        WEIGHTS[which] * (-distance).exp()
    };
    -(0..4).map(peak).sum::<f64>()
}
