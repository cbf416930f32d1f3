//! Where the next trial is expected to improve most on the best so far.

use std::f64::consts::{PI, SQRT_2};

use super::process::{Point, Prediction, Process};
use crate::random::Draws;
use crate::space::Space;

/// Candidates all over the space, and close to each of the best points.
const ANYWHERE: usize = 400;
const NEAR_EACH: usize = 40;
/// As many of the best candidates are refined.
const REFINED: usize = 4;
/// The first and the last step of the refinement.
const STEPS: (f64, f64) = (0.1, 2e-4);
/// A refinement ends after so many looks, which is before its last step where there are many axes.
const MOST_LOOKS: usize = 800;

/// The point that is not `taken` with the largest expected improvement on `best`, a value to be minimised; nothing when
/// all candidates are taken. `promising` are points in whose neighbourhood to look.
pub(super) fn maximise(
    space: &Space<'_>,
    process: &Process,
    best: f64,
    promising: &[Point],
    draws: &mut Draws,
    taken: impl Fn(&[f64]) -> bool,
) -> Option<Point> {
    let worth = |point: &[f64]| log_expected_improvement(process.predict(point), best);
    let mut candidates: Vec<Point> = (0..ANYWHERE).map(|_| space.draw(draws)).collect();
    for centre in promising {
        candidates.extend((0..NEAR_EACH).map(|_| near(space, centre, draws)));
    }
    candidates.retain(|point| !taken(point));
    let mut rated: Vec<(f64, Point)> = candidates.into_iter().map(|point| (worth(&point), point)).collect();
    rated.sort_by(|left, right| right.0.total_cmp(&left.0));
    rated.truncate(REFINED);
    for (rate, point) in &mut rated {
        refine(space, rate, point, worth, &taken);
    }
    rated.into_iter().max_by(|left, right| left.0.total_cmp(&right.0)).map(|(_, point)| point)
}

/// A neighbour: some axes moved a little, at a scale drawn anew each time.
fn near(space: &Space<'_>, centre: &[f64], draws: &mut Draws) -> Point {
    let scale = 10.0_f64.powf(-0.5 - 2.5 * draws.uniform());
    let mut point = centre.to_vec();
    let always = draws.below(point.len());
    for (axis, coordinate) in point.iter_mut().enumerate() {
        if axis != always && draws.uniform() < 0.5 {
            continue;
        }
        *coordinate = if space.is_categorical(axis) {
            space.coordinate(axis, draws.uniform())
        } else {
            space.moved(axis, *coordinate, *coordinate + scale * draws.normal())
        };
    }
    point
}

/// Climbs along the axes by smaller and smaller steps, as long as each helps.
fn refine(
    space: &Space<'_>,
    rate: &mut f64,
    point: &mut Point,
    worth: impl Fn(&[f64]) -> f64,
    taken: impl Fn(&[f64]) -> bool,
) {
    let mut step = STEPS.0;
    let mut looks = 0;
    while step > STEPS.1 && looks < MOST_LOOKS {
        let mut improved = false;
        for axis in 0..point.len() {
            let here = point[axis];
            for there in space.around(axis, here, step) {
                looks += 1;
                let before = point[axis];
                point[axis] = there;
                let rate_there = worth(point);
                if rate_there > *rate && !taken(point) {
                    *rate = rate_there;
                    improved = true;
                } else {
                    point[axis] = before;
                }
            }
        }
        if !improved {
            step *= 0.4;
        }
    }
}

/// ln E[max(best − value, 0)]; as a logarithm it tells points apart where the expectation itself is 0 in double precision
/// (Ament and others, "Unexpected Improvements to Expected Improvement for Bayesian Optimization", 2023).
fn log_expected_improvement(prediction: Prediction, best: f64) -> f64 {
    let deviation = prediction.deviation.max(1e-9);
    deviation.ln() + log_improvement((best - prediction.mean) / deviation)
}

/// ln(φ(z) + z Φ(z)).
fn log_improvement(z: f64) -> f64 {
    if z > -6.0 {
        let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        return (density + z * 0.5 * complementary_error(-z / SQRT_2)).ln();
    }
    let square = z * z;
    -0.5 * square - 0.5 * (2.0 * PI).ln() - square.ln() + (1.0 - 3.0 / square + 15.0 / (square * square)).ln()
}

/// erfc, with a relative error of 1.2e-7 everywhere (Chebyshev fit of Press and others, "Numerical Recipes").
fn complementary_error(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let sum = COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| sum * t + coefficient);
    let tail = t * (sum - x * x).exp();
    if x < 0.0 { 2.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn improvement_at_known_places() {
        for (z, expected) in
            [(0.0, 0.398_942_280_4), (1.0, 1.083_315_470_6), (-2.0, 0.008_490_702_6), (9.0, 9.0)]
        {
            assert!((log_improvement(z).exp() - expected).abs() < 1e-6, "{z}");
        }
        // Where both forms meet, and where the expectation itself underflows.
        assert!((log_improvement(-5.999_999) - log_improvement(-6.000_001)).abs() < 0.02);
        assert!(log_improvement(-60.0) < log_improvement(-50.0));
    }
}
