//! Instants in the engine: milliseconds, as `GetExecutionHistory` reports them. The core reads no clock; every event carries its time.

use serde::{Deserialize, Serialize};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `milliseconds` later; saturates at the ends of time.
    #[must_use]
    pub fn plus_millis(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// The instant `seconds` later; saturates at the ends of time.
    #[must_use]
    pub fn plus_seconds(self, seconds: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        Self(self.0.saturating_add((seconds * 1000.0) as i64))
    }

    /// RFC 3339 text in UTC with milliseconds, as the context object and `$now()` show it.
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => format!("{instant:.3}"),
            Err(_) => String::from("+275760-09-13T00:00:00.000Z"),
        }
    }

    /// Reads RFC 3339 text with the upper-case `T` and an offset or `Z` that the language demands; `None` when it is anything else.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        if !has_rfc3339_form(text.as_bytes()) {
            return None;
        }
        text.parse::<jiff::Timestamp>().ok().map(|instant| Self(instant.as_millisecond()))
    }
}

/// `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`; whether the numbers are a date is the parser's question.
fn has_rfc3339_form(text: &[u8]) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00";
    let Some((head, mut tail)) = text.split_at_checked(FORM.len()) else { return false };
    let head_fits = head
        .iter()
        .zip(FORM)
        .all(|(&byte, &form)| if form == b'0' { byte.is_ascii_digit() } else { byte == form });
    if !head_fits {
        return false;
    }
    if let [b'.', fraction @ ..] = tail {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        tail = &fraction[digits..];
    }
    match tail {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_milliseconds() {
        assert_eq!(Timestamp(0).to_rfc3339(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_480_973_369_120).to_rfc3339(), "2016-12-05T21:29:29.120Z");
        assert!(!Timestamp(i64::MAX).to_rfc3339().is_empty());
    }

    #[test]
    fn reads_only_rfc_3339() {
        assert_eq!(Timestamp::parse_rfc3339("1970-01-01T00:00:01Z"), Some(Timestamp(1000)));
        assert_eq!(Timestamp::parse_rfc3339("1970-01-01T01:00:00.5+01:00"), Some(Timestamp(500)));
        for wrong in [
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "05-12-2016T21:29:29Z",
            "2016-12-05t21:29:29Z",
            "2016-12-05T21:29:29.Z",
            "",
            "é",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(wrong), None, "{wrong}");
        }
    }
}
