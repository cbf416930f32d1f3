//! Documents to parameters and back.
//!
//! A leaf of the documents is one entry. The lists below `parameterRanges` are keyed by the `Name` of their elements, as
//! `/parameterRanges/IntegerParameterRanges/ntrees/MinValue`; every other list is a leaf.

mod decode;
mod encode;

pub use decode::{DecodeError, decode};
pub use encode::encode;
pub(crate) use encode::encode_with_warnings;

/// The member whose lists of ranges are keyed by name (`CreateHyperParameterTuningJob`, member `HyperParameterRanges`).
const RANGES: &str = "parameterRanges";
/// The member of a range that becomes a level.
pub(crate) const NAME: &str = "Name";

/// Whether the list at `levels` is a list of ranges.
pub(crate) fn is_range_list(levels: &[impl AsRef<str>]) -> bool {
    levels.len() == 2 && levels[0].as_ref() == RANGES
}

#[cfg(test)]
mod tests;
