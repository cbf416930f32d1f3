//! Every combination of categorical values, once.

use std::collections::HashSet;

use crate::random;
use crate::range::Range;

/// The first combination that no trial has, the last range changing fastest; nothing when all have been tried.
pub(crate) fn next(ranges: &[Range], tried: &HashSet<Vec<&str>>) -> Option<Vec<String>> {
    let mut combinations = (0..).map_while(|number| random::combination(ranges, number));
    combinations.find(|values| !random::is_tried(tried, values))
}
