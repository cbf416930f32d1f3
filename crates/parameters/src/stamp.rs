use std::fmt;

use crate::Digest;

/// The digits of a stamp, in the order of their value.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Digits for the time and for the hash, each.
const PART: usize = 7;

/// What an event says of the manifest that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEvent {
    /// The bucket.
    pub bucket: String,
    /// The key, URL-decoded.
    pub key: String,
    /// The object's version.
    pub version: String,
    /// The object's `LastModified`, in seconds since 1970-01-01T00:00:00Z.
    pub last_modified: u64,
}

/// What makes the names of one launch unique: seven base-36 digits of the manifest's `LastModified` in seconds, then seven
/// of a hash of bucket, key and version.
///
/// It is a function of the event alone, sorts by time, and differs for different manifests. An event that is delivered
/// twice gives the same stamp.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(String);

impl Stamp {
    /// The stamp of `event`.
    pub fn of(event: &ManifestEvent) -> Self {
        // Lengths stand before the parts: no two events share a text.
        let text = format!(
            "{}:{}{}:{}{}",
            event.bucket.len(),
            event.bucket,
            event.key.len(),
            event.key,
            event.version
        );
        let digest = Digest::of(text);
        let hash = u64::from_str_radix(&digest.as_str()[..16], 16).unwrap_or_default();
        Self(format!("{}{}", base36(event.last_modified), base36(hash)))
    }

    /// Its 14 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The lowest seven base-36 digits of `number`; for seconds they suffice until the year 4453.
fn base36(mut number: u64) -> String {
    let mut digits = [b'0'; PART];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(number % 36).unwrap_or_default()];
        number /= 36;
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: &str, version: &str, last_modified: u64) -> ManifestEvent {
        ManifestEvent {
            bucket: "demo-bucket".into(),
            key: key.into(),
            version: version.into(),
            last_modified,
        }
    }

    #[test]
    fn a_stamp_is_a_function_of_the_event() {
        let first = Stamp::of(&event("manifests/manifest.json", "v1", 1_594_981_230));
        assert_eq!(first, Stamp::of(&event("manifests/manifest.json", "v1", 1_594_981_230)));
        assert_eq!(first.as_str().len(), 14);
        assert!(first.as_str().starts_with("0qdlze6"), "{first}");
        assert_ne!(first, Stamp::of(&event("manifests/manifest.json", "v2", 1_594_981_230)));
        assert_ne!(first, Stamp::of(&event("manifests/other.json", "v1", 1_594_981_230)));
    }

    #[test]
    fn stamps_sort_by_time() {
        let times = [0, 35, 36, 1_594_981_230, 1_594_981_231, 78_364_164_095];
        let stamps: Vec<_> = times.iter().map(|&time| Stamp::of(&event("m.json", "v", time))).collect();
        assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
    }
}
