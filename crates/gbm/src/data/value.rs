//! How a field's text is read, the same in training and in prediction.

/// The texts that stand for a missing value.
const MISSING: [&str; 7] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"];

/// Whether a text, already without spaces around it, stands for a missing value: an empty field, `NA`, `N/A`, `NaN`, `nan`,
/// `null` or `NULL`.
pub(crate) fn is_missing(text: &str) -> bool {
    MISSING.contains(&text)
}

/// A finite number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A category's or label's name: a whole number is the same with and without `.0` at its end, since tools that
/// hold a column as floating point numbers write it so.
pub(crate) fn category(text: &str) -> &str {
    let Some((whole, fraction)) = text.split_once('.') else { return text };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_whole = !digits.is_empty()
        && digits.bytes().all(|it| it.is_ascii_digit())
        && !fraction.is_empty()
        && fraction.bytes().all(|it| it == b'0');
    if is_whole { whole } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_one_name() {
        assert_eq!(category("3.0"), "3");
        assert_eq!(category("-3.00"), "-3");
        for same in ["3", "3.5", "3.", ".0", "v3.0", "-.0", "1.0.0"] {
            assert_eq!(category(same), same);
        }
    }

    #[test]
    fn numbers_are_finite() {
        assert_eq!(number("1e3"), Some(1000.0));
        for no_number in ["", "inf", "NaN", "1e999", "12x", "1,5"] {
            assert_eq!(number(no_number), None, "{no_number}");
        }
    }
}
