//! Every combination of categorical values, once.

use crate::range::Range;

/// The combination with number `index`, the last range changing fastest; nothing after the last combination.
pub(crate) fn combination(ranges: &[Range], index: usize) -> Option<Vec<String>> {
    let mut rest = index;
    let mut values = Vec::with_capacity(ranges.len());
    for range in ranges.iter().rev() {
        let choices = range.choices()?;
        values.push(choices[rest % choices.len()].clone());
        rest /= choices.len();
    }
    values.reverse();
    (rest == 0).then_some(values)
}
