//! The ranges of a search, and how a position in a range becomes the text of a value.

use std::collections::HashSet;

use thiserror::Error;

/// How positions are spread over a numeric range, by the names of SageMaker's
/// [`ScalingType`](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContinuousParameterRange.html).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// Logarithmic where the whole range is positive and its ends differ by a factor of 1,000 or more, else linear.
    /// (The service leaves its own choice open.)
    #[default]
    Auto,
    /// Evenly.
    Linear,
    /// Evenly in the logarithm; the range must be above 0.
    Logarithmic,
    /// Evenly in the logarithm of 1 − x; for continuous ranges within [0, 1).
    ReverseLogarithmic,
}

impl Scaling {
    /// The scaling that the service calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Auto" => Some(Self::Auto),
            "Linear" => Some(Self::Linear),
            "Logarithmic" => Some(Self::Logarithmic),
            "ReverseLogarithmic" => Some(Self::ReverseLogarithmic),
            _ => None,
        }
    }
}

/// Why a range cannot be searched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RangeError {
    /// A bound is not a number of the range's type.
    #[error("bound {text:?} of {name} is not {expected}")]
    Bound {
        /// The hyperparameter.
        name: String,
        /// The bound as given.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The lower bound is not below the upper one.
    #[error("lower bound {min} of {name} is not below its upper bound {max}")]
    Order {
        /// The hyperparameter.
        name: String,
        /// The lower bound as given.
        min: String,
        /// The upper bound as given.
        max: String,
    },
    /// The bounds lie where the scaling is not defined.
    #[error("{scaling} scaling of {name} needs bounds {needs}")]
    Scale {
        /// The hyperparameter.
        name: String,
        /// The scaling's name.
        scaling: &'static str,
        /// The condition on the bounds.
        needs: &'static str,
    },
    /// A categorical range without values.
    #[error("categorical range of {name} has no values")]
    Empty {
        /// The hyperparameter.
        name: String,
    },
}

/// The logarithmic range starts where the ends of an automatically scaled range differ by this factor.
const AUTO_LOGARITHMIC_FACTOR: f64 = 1000.0;

/// The values which one hyperparameter can take.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    name: String,
    domain: Domain,
}

#[derive(Clone, Debug, PartialEq)]
enum Domain {
    Integer { min: i64, max: i64, curve: Curve },
    Continuous { min: f64, max: f64, curve: Curve },
    Categorical(Vec<String>),
}

/// A scaling once `Auto` is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    Linear,
    Logarithmic,
    ReverseLogarithmic,
}

impl Range {
    /// A range of whole numbers, both bounds included, given as decimal text.
    pub fn integer(name: &str, min: &str, max: &str, scaling: Scaling) -> Result<Self, RangeError> {
        let bound = |text: &str| {
            text.parse::<i64>().map_err(|_| RangeError::Bound {
                name: name.to_owned(),
                text: text.to_owned(),
                expected: "a whole number of 64 bits",
            })
        };
        let (low, high) = (bound(min)?, bound(max)?);
        if low >= high {
            return Err(order(name, min, max));
        }
        let curve = curve(name, as_float(low), as_float(high), scaling)?;
        if curve == Curve::ReverseLogarithmic {
            return Err(RangeError::Scale {
                name: name.to_owned(),
                scaling: "ReverseLogarithmic",
                needs: "of a continuous range",
            });
        }
        Ok(Self { name: name.to_owned(), domain: Domain::Integer { min: low, max: high, curve } })
    }

    /// A range of real numbers, both bounds included, given as text.
    pub fn continuous(name: &str, min: &str, max: &str, scaling: Scaling) -> Result<Self, RangeError> {
        let bound = |text: &str| {
            text.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| RangeError::Bound {
                name: name.to_owned(),
                text: text.to_owned(),
                expected: "a finite number",
            })
        };
        let (low, high) = (bound(min)?, bound(max)?);
        // The difference must be finite as well, since positions are spread over it.
        if low >= high || !(high - low).is_finite() {
            return Err(order(name, min, max));
        }
        let curve = curve(name, low, high, scaling)?;
        Ok(Self { name: name.to_owned(), domain: Domain::Continuous { min: low, max: high, curve } })
    }

    /// A choice among texts; one that is there twice counts once.
    pub fn categorical(name: &str, mut values: Vec<String>) -> Result<Self, RangeError> {
        if values.is_empty() {
            return Err(RangeError::Empty { name: name.to_owned() });
        }
        let mut seen = HashSet::new();
        values.retain(|value| seen.insert(value.clone()));
        Ok(Self { name: name.to_owned(), domain: Domain::Categorical(values) })
    }

    /// The hyperparameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The choices of a categorical range.
    pub(crate) fn choices(&self) -> Option<&[String]> {
        match &self.domain {
            Domain::Categorical(values) => Some(values),
            Domain::Integer { .. } | Domain::Continuous { .. } => None,
        }
    }

    /// The text of the value at `position`, which goes from 0 to 1.
    pub(crate) fn at(&self, position: f64) -> String {
        let position = position.clamp(0.0, 1.0);
        match &self.domain {
            Domain::Integer { min, max, curve } => integer_at(position, *min, *max, *curve).to_string(),
            // The debug form is the shortest text that reads back as the same number, and keeps `1.0` a real number.
            Domain::Continuous { min, max, curve } => {
                format!("{:?}", curve.value(position, *min, *max).clamp(*min, *max))
            }
            Domain::Categorical(values) => values[choice(position, values.len())].clone(),
        }
    }

    /// Where the value written as `text` lies, from 0 to 1; nothing for a categorical range, for another type's text, and
    /// outside of the bounds.
    pub(crate) fn position(&self, text: &str) -> Option<f64> {
        match &self.domain {
            Domain::Integer { min, max, .. } => {
                let value = text.parse::<i64>().ok()?;
                (min..=max).contains(&&value).then(|| self.of_integer(value))
            }
            Domain::Continuous { min, max, curve } => {
                let value = text.parse::<f64>().ok()?;
                (min..=max).contains(&&value).then(|| curve.position(value, *min, *max).clamp(0.0, 1.0))
            }
            Domain::Categorical(_) => None,
        }
    }

    /// How many values there are; nothing for a continuous range or too many.
    pub(crate) fn count(&self) -> Option<u64> {
        match &self.domain {
            Domain::Integer { min, max, .. } => max.abs_diff(*min).checked_add(1),
            Domain::Continuous { .. } => None,
            Domain::Categorical(values) => Some(values.len() as u64),
        }
    }

    /// The text of the value with a number below [`Self::count`].
    pub(crate) fn nth(&self, number: u64) -> Option<String> {
        match &self.domain {
            Domain::Integer { min, .. } => Some(min.checked_add_unsigned(number)?.to_string()),
            Domain::Continuous { .. } => None,
            Domain::Categorical(values) => values.get(usize::try_from(number).ok()?).cloned(),
        }
    }

    /// The position of the value that owns `position`, in a numeric range; each real number owns its own.
    pub(crate) fn snap(&self, position: f64) -> f64 {
        let position = position.clamp(0.0, 1.0);
        match &self.domain {
            Domain::Integer { min, max, curve } => self.of_integer(integer_at(position, *min, *max, *curve)),
            Domain::Continuous { .. } | Domain::Categorical(_) => position,
        }
    }

    /// The position of the next whole number, upwards or downwards; the same position where there is none.
    pub(crate) fn neighbour(&self, position: f64, upwards: bool) -> f64 {
        match &self.domain {
            Domain::Integer { min, max, curve } => {
                let value = integer_at(position, *min, *max, *curve);
                let next = if upwards { value.saturating_add(1) } else { value.saturating_sub(1) };
                self.of_integer(next.clamp(*min, *max))
            }
            Domain::Continuous { .. } | Domain::Categorical(_) => position,
        }
    }

    /// The middle of what a whole number owns.
    fn of_integer(&self, value: i64) -> f64 {
        match &self.domain {
            Domain::Integer { min, max, curve } => {
                let middle = as_float(value) + 0.5;
                curve.position(middle, as_float(*min), as_float(*max) + 1.0).clamp(0.0, 1.0)
            }
            Domain::Continuous { .. } | Domain::Categorical(_) => 0.0,
        }
    }
}

/// Each whole number owns the interval up to the next one, so that both ends are as likely as the others.
fn integer_at(position: f64, min: i64, max: i64, curve: Curve) -> i64 {
    as_integer(curve.value(position, as_float(min), as_float(max) + 1.0).floor()).clamp(min, max)
}

impl Curve {
    fn value(self, position: f64, min: f64, max: f64) -> f64 {
        match self {
            Self::Linear => min + position * (max - min),
            Self::Logarithmic => (min.ln() + position * (max.ln() - min.ln())).exp(),
            Self::ReverseLogarithmic => {
                let (start, end) = ((1.0 - min).ln(), (1.0 - max).ln());
                1.0 - (start + position * (end - start)).exp()
            }
        }
    }

    fn position(self, value: f64, min: f64, max: f64) -> f64 {
        match self {
            Self::Linear => (value - min) / (max - min),
            Self::Logarithmic => (value.ln() - min.ln()) / (max.ln() - min.ln()),
            Self::ReverseLogarithmic => {
                ((1.0 - value).ln() - (1.0 - min).ln()) / ((1.0 - max).ln() - (1.0 - min).ln())
            }
        }
    }
}

fn order(name: &str, min: &str, max: &str) -> RangeError {
    RangeError::Order { name: name.to_owned(), min: min.to_owned(), max: max.to_owned() }
}

fn curve(name: &str, min: f64, max: f64, scaling: Scaling) -> Result<Curve, RangeError> {
    let refuse = |scaling, needs| Err(RangeError::Scale { name: name.to_owned(), scaling, needs });
    match scaling {
        Scaling::Auto if min > 0.0 && max / min >= AUTO_LOGARITHMIC_FACTOR => Ok(Curve::Logarithmic),
        Scaling::Auto | Scaling::Linear => Ok(Curve::Linear),
        Scaling::Logarithmic if min > 0.0 => Ok(Curve::Logarithmic),
        Scaling::Logarithmic => refuse("Logarithmic", "above 0"),
        Scaling::ReverseLogarithmic if min >= 0.0 && max < 1.0 => Ok(Curve::ReverseLogarithmic),
        Scaling::ReverseLogarithmic => refuse("ReverseLogarithmic", "within [0, 1)"),
    }
}

/// The index among `count` choices which owns `position`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub(crate) fn choice(position: f64, count: usize) -> usize {
    ((position * count as f64) as usize).min(count.saturating_sub(1))
}

/// Beyond 2⁵³ neighbours share a position; every value is clamped to its bounds afterwards.
#[expect(clippy::cast_precision_loss)]
fn as_float(value: i64) -> f64 {
    value as f64
}

/// Saturates, which the clamp to the bounds relies on.
#[expect(clippy::cast_possible_truncation)]
fn as_integer(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_has_no_positions() {
        assert!(matches!(Range::integer("n", "1.5", "3", Scaling::Auto), Err(RangeError::Bound { .. })));
        assert!(matches!(Range::integer("n", "3", "3", Scaling::Auto), Err(RangeError::Order { .. })));
        assert!(matches!(Range::continuous("x", "0", "inf", Scaling::Auto), Err(RangeError::Bound { .. })));
        assert!(matches!(
            Range::continuous("x", "0", "1", Scaling::Logarithmic),
            Err(RangeError::Scale { .. })
        ));
        assert!(matches!(
            Range::continuous("x", "0.5", "1", Scaling::ReverseLogarithmic),
            Err(RangeError::Scale { .. })
        ));
        assert!(matches!(
            Range::integer("n", "0", "1", Scaling::ReverseLogarithmic),
            Err(RangeError::Scale { .. })
        ));
        assert!(matches!(Range::categorical("c", Vec::new()), Err(RangeError::Empty { .. })));
    }

    #[test]
    fn the_middle_of_each_scaling() {
        let middle = |low, high, scaling| {
            Range::continuous("x", low, high, scaling).unwrap().at(0.5).parse::<f64>().unwrap()
        };
        assert!((middle("0.001", "0.1", Scaling::Linear) - 0.0505).abs() < 1e-12);
        assert!((middle("0.001", "0.1", Scaling::Logarithmic) - 0.01).abs() < 1e-12);
        assert!((middle("0.9", "0.999", Scaling::ReverseLogarithmic) - 0.99).abs() < 1e-12);
        assert!((middle("0.001", "1", Scaling::Auto) - 0.001_f64.sqrt()).abs() < 1e-12);
        assert!((middle("0.01", "1", Scaling::Auto) - 0.505).abs() < 1e-12);
    }

    #[test]
    fn text_keeps_the_type() {
        assert_eq!(Range::continuous("x", "0", "1", Scaling::Linear).unwrap().at(1.0), "1.0");
        assert_eq!(Range::integer("n", "-3", "5", Scaling::Linear).unwrap().at(0.0), "-3");
        assert_eq!(Range::integer("n", "-3", "5", Scaling::Linear).unwrap().at(1.0), "5");
        let widest =
            Range::integer("n", &i64::MIN.to_string(), &i64::MAX.to_string(), Scaling::Auto).unwrap();
        assert_eq!(widest.at(1.0), i64::MAX.to_string());
    }

    proptest! {
        #[test]
        fn a_value_lies_at_its_position(min in 1_i64..1000, span in 1_i64..1000, position in 0.0..1.0_f64) {
            for scaling in [Scaling::Linear, Scaling::Logarithmic] {
                let range = Range::integer("n", &min.to_string(), &(min + span).to_string(), scaling).unwrap();
                let text = range.at(position);
                let value: i64 = text.parse().unwrap();
                prop_assert!((min..=min + span).contains(&value));
                prop_assert_eq!(range.at(range.position(&text).unwrap()), text);
            }
        }

        #[test]
        fn real_values_stay_inside(min in 1e-9..10.0_f64, factor in 1.001..1e6_f64, position in 0.0..=1.0_f64) {
            let max = min * factor;
            for scaling in [Scaling::Auto, Scaling::Linear, Scaling::Logarithmic] {
                let range = Range::continuous("x", &format!("{min}"), &format!("{max}"), scaling).unwrap();
                let text = range.at(position);
                let value: f64 = text.parse().unwrap();
                prop_assert!((min..=max).contains(&value), "{} outside [{}, {}]", value, min, max);
                prop_assert!((range.position(&text).unwrap() - position).abs() < 1e-6);
            }
        }
    }
}
