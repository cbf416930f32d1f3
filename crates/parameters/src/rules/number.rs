//! Numbers as text, compared without a detour over `f64` where that would lose digits.

use std::cmp::Ordering;
use std::fmt;

use crate::json::{Node, Value};

/// The text of a number or a string, if the node is one.
pub(super) fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Number(text) | Value::String(text) => Some(text),
        _ => None,
    }
}

/// The integer that a number, or a string that holds one, is.
pub(super) fn integer(node: &Node) -> Option<Integer<'_>> {
    text(node).and_then(Integer::parse)
}

/// The same for a count that a service can take: 1 to 2,147,483,647.
pub(super) fn count(node: &Node) -> Option<Integer<'_>> {
    integer(node).filter(|number| number.cmp_i64(0).is_gt() && number.cmp_i64(i64::from(i32::MAX)).is_le())
}

/// The finite number that a number, or a string that holds one, is.
pub(super) fn double(node: &Node) -> Option<f64> {
    text(node).and_then(parse_double)
}

/// A finite number in JSON's notation (RFC 8259, section 6).
pub(super) fn parse_double(text: &str) -> Option<f64> {
    if !is_json_number(text) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether `text` is a number in JSON's notation: no blanks, no `+`, no leading zeros, no `inf`.
pub(super) fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

/// An integer of any length, written as digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integer<'a> {
    negative: bool,
    /// Without leading zeros, which JSON's notation has not.
    digits: &'a str,
}

impl<'a> Integer<'a> {
    /// Reads digits with an optional minus.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let valid = is_json_number(text) && digits.bytes().all(|byte| byte.is_ascii_digit());
        valid.then_some(Self { negative: text.len() > digits.len() && digits != "0", digits })
    }

    /// Compares with a machine's integer.
    pub(super) fn cmp_i64(self, other: i64) -> Ordering {
        let text = other.to_string();
        Integer::parse(&text).map_or(Ordering::Equal, |other| self.cmp(&other))
    }
}

impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.negative { "-" } else { "" }, self.digits)
    }
}

impl Ord for Integer<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size =
            |a: &Self, b: &Self| a.digits.len().cmp(&b.digits.len()).then_with(|| a.digits.cmp(b.digits));
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

impl PartialOrd for Integer<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jsons_notation_is_a_number() {
        for text in ["0", "-0", "10", "1.5", "1e-9", "1E+2", "-0.0e0", "1e308"] {
            assert!(parse_double(text).is_some(), "{text}");
        }
        for text in [
            "", "-", "+1", "01", ".5", "1.", "1e", "1e+", "0x10", "NaN", "inf", " 1", "1 ", "1_0", "٣",
            "1e400",
        ] {
            assert!(parse_double(text).is_none(), "{text}");
        }
    }

    #[test]
    fn integers_are_compared_whatever_their_length() {
        let order = [
            "-100000000000000000000000000000000000000001",
            "-9007199254740993",
            "-1",
            "0",
            "9007199254740992",
            "9007199254740993",
            "100000000000000000000000000000000000000000",
        ];
        for pair in order.windows(2) {
            assert!(Integer::parse(pair[0]) < Integer::parse(pair[1]), "{pair:?}");
        }
        assert_eq!(Integer::parse("-0"), Integer::parse("0"));
        assert_eq!(Integer::parse("10.0"), None);
        assert_eq!(Integer::parse("1e3"), None);
        assert_eq!(Integer::parse("12").map(|twelve| twelve.cmp_i64(-3)), Some(Ordering::Greater));
    }
}
