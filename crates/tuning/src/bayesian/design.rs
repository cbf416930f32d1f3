//! The trials before there is anything to learn from: spread over the space rather than drawn independently.

use crate::random::Draws;
use crate::space::Space;

use super::process::Point;

/// The point of trial `index`: blocks of `size` trials are Latin hypercubes, in which each axis is cut into `size` parts
/// and each part has one trial (`McKay`, Beckman and Conover, 1979).
pub(super) fn point(space: &Space<'_>, axes: usize, size: usize, seed: u64, index: usize) -> Point {
    let (block, row) = (index / size, index % size);
    let mut of_block = Draws::of_block(seed, block);
    let mut of_trial = Draws::of_trial(seed, index);
    let coordinate = |axis| {
        let mut parts: Vec<usize> = (0..size).collect();
        for last in (1..size).rev() {
            parts.swap(last, of_block.below(last + 1));
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
        let position = (parts[row] as f64 + of_trial.uniform()) / size as f64;
        space.coordinate(axis, position)
    };
    (0..axes).map(coordinate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::{Range, Scaling};

    #[test]
    fn each_part_of_each_axis_has_one_trial_of_a_block() {
        let ranges = [
            Range::continuous("a", "0", "1", Scaling::Linear).unwrap(),
            Range::categorical("c", (0..5).map(|it| it.to_string()).collect()).unwrap(),
        ];
        let space = Space::new(&ranges);
        for block in 0..3 {
            let points: Vec<Point> = (0..10).map(|row| point(&space, 2, 10, 7, block * 10 + row)).collect();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small whole numbers"
            )]
            let parts = |axis: usize, count: f64| {
                let mut parts: Vec<u8> = points.iter().map(|point| (point[axis] * count) as u8).collect();
                parts.sort_unstable();
                parts
            };
            assert_eq!(parts(0, 10.0), (0..10).collect::<Vec<_>>());
            assert_eq!(parts(1, 1.0), (0..10).map(|it| it / 2).collect::<Vec<_>>());
        }
    }
}
