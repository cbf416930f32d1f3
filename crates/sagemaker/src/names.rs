//! Names, ARNs, S3 URIs and times as the services write them.

use jiff::Timestamp;

/// The time now, in ISO 8601 with milliseconds.
pub(crate) fn now() -> String {
    time(Timestamp::now())
}

/// A time in ISO 8601 with milliseconds.
pub(crate) fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// The whole seconds from one time as [`now`] writes it to another; nothing when one of them is no time.
pub(crate) fn seconds_between(start: Option<&str>, end: &str) -> Option<u64> {
    let (start, end): (Timestamp, Timestamp) = (start?.parse().ok()?, end.parse().ok()?);
    Some(u64::try_from(end.as_second() - start.as_second()).unwrap_or(0))
}

/// What ARNs of this platform have in common.
#[derive(Clone, Debug)]
pub(crate) struct Arns {
    pub(crate) region: String,
    pub(crate) account_id: String,
}

impl Arns {
    /// The ARN of a resource of SageMaker, which writes names in ARNs in lower case.
    pub(crate) fn sagemaker(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:sagemaker:{}:{}:{kind}/{}", self.region, self.account_id, name.to_lowercase())
    }
}

/// `s3://bucket/key` taken apart; the key may be empty.
pub(crate) fn s3_uri(uri: &str) -> Option<(&str, &str)> {
    let (bucket, key) =
        uri.strip_prefix("s3://")?.split_once('/').unwrap_or((uri.strip_prefix("s3://")?, ""));
    (!bucket.is_empty()).then_some((bucket, key))
}

/// `key` below `prefix`, with one slash between them.
pub(crate) fn join_key(prefix: &str, key: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => key.to_owned(),
        prefix => format!("{prefix}/{key}"),
    }
}

/// FNV-1a: a short digest that stays the same from release to release.
pub(crate) fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        assert_eq!(s3_uri("s3://b/a/c.csv"), Some(("b", "a/c.csv")));
        assert_eq!(s3_uri("s3://b"), Some(("b", "")));
        assert_eq!(s3_uri("s3:///x"), None);
        assert_eq!(s3_uri("https://b/x"), None);
        assert_eq!(join_key("a/", "b"), "a/b");
        assert_eq!(join_key("", "b"), "b");
    }

    #[test]
    fn seconds() {
        let start = Some("2024-01-01T00:00:00.900Z");
        assert_eq!(seconds_between(start, "2024-01-01T00:01:03.000Z"), Some(63));
        assert_eq!(seconds_between(start, "2023-01-01T00:01:03.000Z"), Some(0));
        assert_eq!(seconds_between(None, "2023-01-01T00:01:03.000Z"), None);
    }

    #[test]
    fn times_have_milliseconds() {
        let now = now();
        assert_eq!((now.len(), &now[19..20], &now[23..]), (24, ".", "Z"), "{now}");
    }
}
