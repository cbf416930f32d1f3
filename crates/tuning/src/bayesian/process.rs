//! A Gaussian process: what the trials so far say about every other point.
//!
//! Matérn 5/2 covariance with a length scale for each axis, and noise; all of them by the largest posterior density under
//! weak priors (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, chapters 2 and 5). Two different
//! choices of a categorical range are one unit apart, so their axis' length scale says how much the choice matters.

use super::matrix::{Cholesky, dot};

/// A point's coordinate for each axis: a position from 0 to 1, or a choice's index.
pub(super) type Point = Vec<f64>;

/// Steps of the search for the parameters.
const STEPS: usize = 40;
/// The search for the parameters sees no more points than this.
const MOST_FITTED: usize = 100;
/// Priors of the logarithms, as mean and standard deviation. The mean of the length scales grows with the number of axes,
/// since distances do (Hvarfner and others, "Vanilla Bayesian Optimization Performs Great in High Dimensions", 2024).
const LENGTH_SPREAD: f64 = 1.0;
const AMPLITUDE: (f64, f64) = (0.0, 1.0);
const NOISE: (f64, f64) = (-9.0, 2.5);
/// The logarithms stay within these.
const LENGTHS: (f64, f64) = (-4.0, 4.0);
const AMPLITUDES: (f64, f64) = (-4.0, 5.0);
const NOISES: (f64, f64) = (-13.0, 0.0);

/// The covariance of two points.
#[derive(Clone, Debug)]
struct Covariance {
    /// For each axis one over the square of its length scale.
    precisions: Vec<f64>,
    amplitude: f64,
    noise: f64,
}

/// The process given its observations.
#[derive(Clone, Debug)]
pub(super) struct Process {
    categorical: Vec<bool>,
    covariance: Covariance,
    points: Vec<Point>,
    factor: Cholesky,
    weights: Vec<f64>,
}

/// Mean and standard deviation of the objective, its noise not counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prediction {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

impl Process {
    /// Fits a process to values at points. `categorical` says which axes are. Values are expected around 0, with a
    /// variance of about 1, better ones first where not all can be looked at.
    ///
    /// Nothing when the values are not finite.
    pub(super) fn fit(categorical: &[bool], points: Vec<Point>, values: &[f64]) -> Option<Self> {
        let looked_at = points.len().min(MOST_FITTED);
        let likelihood = Likelihood::new(categorical, &points[..looked_at], &values[..looked_at]);
        let covariance = likelihood.maximise()?;
        Self::new(categorical.to_vec(), covariance, points, values)
    }

    fn new(
        categorical: Vec<bool>,
        mut covariance: Covariance,
        points: Vec<Point>,
        values: &[f64],
    ) -> Option<Self> {
        let size = points.len();
        let mut matrix = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..row {
                let distance = squared_distance(&categorical, &covariance, &points[row], &points[column]);
                matrix[row * size + column] = covariance.amplitude * matern(distance);
            }
        }
        // Points that nearly coincide may need more noise for a factor than the values have.
        let factor = loop {
            for row in 0..size {
                matrix[row * (size + 1)] = covariance.amplitude + covariance.noise;
            }
            match Cholesky::new(size, &matrix) {
                Some(factor) => break factor,
                None if covariance.noise > covariance.amplitude => return None,
                None => covariance.noise *= 10.0,
            }
        };
        let mut weights = values.to_vec();
        factor.solve(&mut weights);
        weights.iter().all(|weight| weight.is_finite()).then_some(Self {
            categorical,
            covariance,
            points,
            factor,
            weights,
        })
    }

    /// The same process with further points, at which what it predicts has been observed: it becomes more certain around
    /// them and says the same everywhere. (Ginsbourger and others, "Kriging is well-suited to parallelize optimization",
    /// 2010: the kriging believer.)
    pub(super) fn believing(self, further: &[Point], values: &[f64]) -> Self {
        if further.is_empty() {
            return self;
        }
        let mut all = values.to_vec();
        all.extend(further.iter().map(|point| self.predict(point).mean));
        let points = self.points.iter().chain(further).cloned().collect();
        Self::new(self.categorical.clone(), self.covariance.clone(), points, &all).unwrap_or(self)
    }

    /// What the objective is at a point.
    pub(super) fn predict(&self, point: &[f64]) -> Prediction {
        let covariance = &self.covariance;
        let mut with_points: Vec<f64> = self
            .points
            .iter()
            .map(|known| {
                covariance.amplitude * matern(squared_distance(&self.categorical, covariance, known, point))
            })
            .collect();
        let mean = dot(&with_points, &self.weights);
        self.factor.solve_lower(&mut with_points);
        let variance = covariance.amplitude - dot(&with_points, &with_points);
        Prediction { mean, deviation: variance.max(0.0).sqrt() }
    }
}

/// Along one axis, the square of the distance.
fn squared_difference(categorical: bool, left: f64, right: f64) -> f64 {
    let difference = left - right;
    if categorical { f64::from(u8::from(difference.abs() > 0.5)) } else { difference * difference }
}

fn squared_distance(categorical: &[bool], covariance: &Covariance, left: &[f64], right: &[f64]) -> f64 {
    let axes = categorical.iter().zip(&covariance.precisions).zip(left.iter().zip(right));
    axes.map(|((&categorical, precision), (&left, &right))| {
        precision * squared_difference(categorical, left, right)
    })
    .sum()
}

/// The Matérn 5/2 correlation at the square of a distance.
fn matern(squared: f64) -> f64 {
    let scaled = (5.0 * squared).sqrt();
    (1.0 + scaled + scaled * scaled / 3.0) * (-scaled).exp()
}

/// −2 d matern / d squared.
fn matern_slope(squared: f64) -> f64 {
    let scaled = (5.0 * squared).sqrt();
    5.0 / 3.0 * (1.0 + scaled) * (-scaled).exp()
}

/// The posterior density of the parameters' logarithms: length scales, amplitude, noise.
struct Likelihood<'a> {
    values: &'a [f64],
    /// Axis by axis, for each pair of points below the diagonal.
    differences: Vec<Vec<f64>>,
    length_mean: f64,
}

impl<'a> Likelihood<'a> {
    fn new(categorical: &[bool], points: &[Point], values: &'a [f64]) -> Self {
        let of_axis = |(axis, &categorical): (usize, &bool)| {
            let pairs = (0..points.len()).flat_map(|row| (0..row).map(move |column| (row, column)));
            pairs
                .map(|(row, column)| squared_difference(categorical, points[row][axis], points[column][axis]))
                .collect()
        };
        #[expect(clippy::cast_precision_loss, reason = "a number of axes")]
        let axes = categorical.len() as f64;
        Self {
            values,
            differences: categorical.iter().enumerate().map(of_axis).collect(),
            length_mean: -1.0 + 0.5 * axes.ln(),
        }
    }

    fn bounds(&self, index: usize) -> (f64, f64) {
        match index.checked_sub(self.differences.len()) {
            None => LENGTHS,
            Some(0) => AMPLITUDES,
            Some(_) => NOISES,
        }
    }

    fn prior(&self, index: usize) -> (f64, f64) {
        match index.checked_sub(self.differences.len()) {
            None => (self.length_mean, LENGTH_SPREAD),
            Some(0) => AMPLITUDE,
            Some(_) => NOISE,
        }
    }

    /// Climbs from the priors' means by the signs of the slopes (Riedmiller and Braun's Rprop, 1993), which needs no line
    /// search and no scale.
    fn maximise(&self) -> Option<Covariance> {
        let count = self.differences.len() + 2;
        let mut logarithms: Vec<f64> = (0..count).map(|index| self.prior(index).0).collect();
        let mut steps = vec![0.3; count];
        let mut last = vec![0.0; count];
        let mut best: Option<(f64, Vec<f64>)> = None;
        for _ in 0..STEPS {
            let Some((density, slopes)) = self.density(&logarithms) else {
                // Too little noise for these points.
                logarithms[count - 1] += 2.0;
                if logarithms[count - 1] > NOISES.1 {
                    break;
                }
                continue;
            };
            if best.as_ref().is_none_or(|(so_far, _)| density > *so_far) {
                best = Some((density, logarithms.clone()));
            }
            for index in 0..count {
                let turned = slopes[index] * last[index];
                let factor = if turned > 0.0 {
                    1.3
                } else if turned < 0.0 {
                    0.4
                } else {
                    1.0
                };
                steps[index] = f64::clamp(steps[index] * factor, 1e-3, 1.0);
                let (low, high) = self.bounds(index);
                let step = if slopes[index] == 0.0 { 0.0 } else { steps[index].copysign(slopes[index]) };
                logarithms[index] = (logarithms[index] + step).clamp(low, high);
            }
            last = slopes;
            if steps.iter().all(|&step| step < 0.01) {
                break;
            }
        }
        best.map(|(_, logarithms)| self.covariance(&logarithms))
    }

    fn covariance(&self, logarithms: &[f64]) -> Covariance {
        let axes = self.differences.len();
        Covariance {
            precisions: logarithms[..axes].iter().map(|length| (-2.0 * length).exp()).collect(),
            amplitude: logarithms[axes].exp(),
            noise: logarithms[axes + 1].exp(),
        }
    }

    /// The logarithm of the density, up to a constant, and its slopes.
    fn density(&self, logarithms: &[f64]) -> Option<(f64, Vec<f64>)> {
        let Covariance { precisions, amplitude, noise } = self.covariance(logarithms);
        let (size, axes) = (self.values.len(), precisions.len());
        let pairs = size * size.saturating_sub(1) / 2;
        let mut squared = vec![0.0; pairs];
        for (differences, precision) in self.differences.iter().zip(&precisions) {
            for (sum, difference) in squared.iter_mut().zip(differences) {
                *sum += precision * difference;
            }
        }
        let mut matrix = vec![0.0; size * size];
        let mut pair = 0;
        for row in 0..size {
            for column in 0..row {
                matrix[row * size + column] = amplitude * matern(squared[pair]);
                pair += 1;
            }
            matrix[row * (size + 1)] = amplitude + noise;
        }
        let factor = Cholesky::new(size, &matrix)?;
        let mut weights = self.values.to_vec();
        factor.solve(&mut weights);
        let mut density = -0.5 * (dot(self.values, &weights) + factor.log_determinant());
        let inverse = factor.inverse();

        // ½ tr((w wᵀ − K⁻¹) dK), of which each pair below the diagonal counts twice.
        let mut slopes = vec![0.0; axes + 2];
        let mut by_pair = Vec::with_capacity(pairs);
        let (mut of_amplitude, mut of_noise) = (0.0, 0.0);
        for row in 0..size {
            for column in 0..row {
                let at = row * size + column;
                let outer = weights[row] * weights[column] - inverse[at];
                of_amplitude += outer * matrix[at];
                by_pair.push(outer * amplitude * matern_slope(squared[by_pair.len()]));
            }
            let outer = weights[row] * weights[row] - inverse[row * (size + 1)];
            of_amplitude += 0.5 * outer * amplitude;
            of_noise += 0.5 * outer * noise;
        }
        for (axis, differences) in self.differences.iter().enumerate() {
            slopes[axis] = precisions[axis] * dot(&by_pair, differences);
        }
        slopes[axes] = of_amplitude;
        slopes[axes + 1] = of_noise;
        for (index, slope) in slopes.iter_mut().enumerate() {
            let (mean, spread) = self.prior(index);
            let away = (logarithms[index] - mean) / spread;
            density -= 0.5 * away * away;
            *slope -= away / spread;
        }
        density.is_finite().then_some((density, slopes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: u32) -> (Vec<Point>, Vec<f64>) {
        let points: Vec<Point> = (0..count)
            .map(|at| vec![f64::from(at * 7 % count) / f64::from(count), f64::from(at % 3)])
            .collect();
        let values = points.iter().map(|point| (6.0 * point[0]).sin() + 0.3 * point[1]).collect();
        (points, values)
    }

    #[test]
    fn slopes_are_those_of_the_density() {
        let (points, values) = wave(12);
        let likelihood = Likelihood::new(&[false, true], &points, &values);
        let at = [-0.7, 0.3, 0.2, -3.0];
        let (_, slopes) = likelihood.density(&at).unwrap();
        for index in 0..at.len() {
            let density = |step: f64| {
                let mut moved = at;
                moved[index] += step;
                likelihood.density(&moved).unwrap().0
            };
            let slope = (density(1e-5) - density(-1e-5)) / 2e-5;
            assert!(
                (slope - slopes[index]).abs() < 1e-4 * (1.0 + slope.abs()),
                "{index}: {slope} {}",
                slopes[index]
            );
        }
    }

    #[test]
    fn a_smooth_objective_is_predicted_and_doubt_grows_with_distance() {
        let (points, values) = wave(20);
        let process = Process::fit(&[false, true], points.clone(), &values).unwrap();
        for (point, value) in points.iter().zip(&values) {
            assert!((process.predict(point).mean - value).abs() < 0.05);
        }
        let between = process.predict(&[0.525, 1.0]);
        assert!((between.mean - (6.0_f64 * 0.525).sin() - 0.3).abs() < 0.1, "{between:?}");
        assert!(process.predict(&[1.8, 1.0]).deviation > 3.0 * between.deviation);
    }

    #[test]
    fn what_is_believed_takes_doubt_away_and_nothing_else() {
        let (points, values) = wave(8);
        let process = Process::fit(&[false, true], points, &values).unwrap();
        let further = vec![vec![0.95, 2.0]];
        let before = process.predict(&further[0]);
        let after = process.believing(&further, &values).predict(&further[0]);
        assert!((before.mean - after.mean).abs() < 1e-3);
        assert!(after.deviation < before.deviation / 2.0, "{before:?} {after:?}");
    }

    #[test]
    fn equal_points_with_different_values_are_noise() {
        let points = vec![vec![0.5]; 6];
        let values = [-1.0, 1.0, -0.5, 0.5, 0.8, -0.8];
        let process = Process::fit(&[false], points, &values).unwrap();
        assert!(process.predict(&[0.5]).mean.abs() < 0.2);
        assert!(Process::fit(&[false], vec![vec![0.5]], &[f64::NAN]).is_none());
    }
}
