//! The ranges as a space of points, for what calculates with them.

use crate::random::Draws;
use crate::range::{self, Range};

/// A point's coordinate for each range: the position in a numeric one, from 0 to 1, the choice's index in a categorical one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space<'a> {
    ranges: &'a [Range],
}

impl<'a> Space<'a> {
    pub(crate) fn new(ranges: &'a [Range]) -> Self {
        Self { ranges }
    }

    pub(crate) fn is_categorical(&self, axis: usize) -> bool {
        self.ranges[axis].choices().is_some()
    }

    /// The coordinate that owns a number in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "an index")]
    pub(crate) fn coordinate(&self, axis: usize, uniform: f64) -> f64 {
        match self.ranges[axis].choices() {
            Some(choices) => range::choice(uniform, choices.len()) as f64,
            None => self.ranges[axis].snap(uniform),
        }
    }

    /// In a numeric range, the position of the value that owns the position `to`; from a whole number at least the next one.
    pub(crate) fn moved(&self, axis: usize, from: f64, to: f64) -> f64 {
        let range = &self.ranges[axis];
        let there = range.snap(to);
        if (there - from).abs() > 0.0 { there } else { range.neighbour(from, to > from) }
    }

    /// The coordinates a step away from one: on both sides, or every other choice.
    #[expect(clippy::cast_precision_loss, reason = "an index")]
    pub(crate) fn around(&self, axis: usize, coordinate: f64, step: f64) -> Vec<f64> {
        if let Some(choices) = self.ranges[axis].choices() {
            return (0..choices.len()).map(|index| index as f64).collect();
        }
        vec![self.moved(axis, coordinate, coordinate + step), self.moved(axis, coordinate, coordinate - step)]
    }

    /// Any point.
    pub(crate) fn draw(&self, draws: &mut Draws) -> Vec<f64> {
        (0..self.ranges.len()).map(|axis| self.coordinate(axis, draws.uniform())).collect()
    }

    /// The point of the values that `text` finds by name; nothing when one is missing or outside of its range.
    #[expect(clippy::cast_precision_loss, reason = "an index")]
    pub(crate) fn point<'t>(&self, text: impl Fn(&str) -> Option<&'t str>) -> Option<Vec<f64>> {
        let coordinate = |range: &Range| {
            let text = text(range.name())?;
            match range.choices() {
                Some(choices) => choices.iter().position(|choice| choice == text).map(|index| index as f64),
                None => range.position(text),
            }
        };
        self.ranges.iter().map(coordinate).collect()
    }

    /// The texts of a point's values.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    pub(crate) fn values(&self, point: &[f64]) -> Vec<String> {
        let value = |(range, &coordinate): (&Range, &f64)| match range.choices() {
            Some(choices) => choices[coordinate as usize].clone(),
            None => range.at(coordinate),
        };
        self.ranges.iter().zip(point).map(value).collect()
    }
}
