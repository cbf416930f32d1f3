use std::fmt;
use std::num::NonZeroU32;

use crate::{Digest, ManifestEvent, Revision};

/// The digits of a stamp, in the order of their value.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Digits for the time and for the hash, each.
const PART: usize = 7;
/// One more than the largest number that they hold; as seconds it is in the year 4453.
const LIMIT: u64 = 36_u64.pow(7);

/// What makes the names of one launch unique: seven base-36 digits of the time at which the manifest was written, in
/// seconds, then seven of a hash of bucket, key and revision — and of the attempt, from the second one on.
///
/// It is a function of the event and the attempt alone, sorts by time, and differs for different manifests. An event that
/// is delivered twice gives the same stamp.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    text: String,
    attempt: NonZeroU32,
}

impl Stamp {
    /// The stamp of the launch for `event`; `attempt` is 1 but for who wants one event launched again.
    pub fn of(event: &ManifestEvent, attempt: NonZeroU32) -> Self {
        let digest = Digest::of(hashed(event, attempt));
        let hash = u64::from_str_radix(&digest.as_str()[..16], 16).unwrap_or_default();
        let seconds = event.last_modified.min(LIMIT - 1);
        Self { text: format!("{}{}", base36(seconds), base36(hash % LIMIT)), attempt }
    }

    /// Its 14 characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which attempt it is at launching the event, from 1.
    pub fn attempt(&self) -> NonZeroU32 {
        self.attempt
    }

    /// The name of the execution: the stamp, with `-<attempt>` behind it from the second attempt on.
    pub fn execution_name(&self) -> String {
        match self.attempt.get() {
            1 => self.text.clone(),
            attempt => format!("{}-{attempt}", self.text),
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text that no other event and attempt have: lengths stand before the parts.
fn hashed(event: &ManifestEvent, attempt: NonZeroU32) -> String {
    let (kind, revision, sequencer) = match &event.revision {
        Revision::Version(version) => ("version", version, None),
        Revision::ETag { etag, sequencer } => ("etag", etag, sequencer.as_deref()),
    };
    let parts = [&event.bucket, &event.key, kind, revision, sequencer.unwrap_or_default()];
    let mut text = String::new();
    for part in parts {
        text.push_str(&part.len().to_string());
        text.push(':');
        text.push_str(part);
    }
    if attempt.get() > 1 {
        text.push_str(&attempt.to_string());
    }
    text
}

/// The seven base-36 digits of a number below [`LIMIT`].
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
    use proptest::prelude::*;

    use super::*;

    const FIRST: NonZeroU32 = NonZeroU32::MIN;

    fn event(key: &str, version: &str, last_modified: u64) -> ManifestEvent {
        ManifestEvent {
            bucket: "demo-bucket".into(),
            key: key.into(),
            revision: Revision::Version(version.into()),
            last_modified,
        }
    }

    // DEFECTS C5
    #[test]
    fn a_stamp_is_a_function_of_the_event() {
        let event = event("manifests/manifest.json", "v1", 1_594_981_230);
        let first = Stamp::of(&event, FIRST);
        assert_eq!(first, Stamp::of(&event.clone(), FIRST));
        assert_eq!(first.as_str().len(), 14);
        assert!(first.as_str().starts_with("0qdlze6"), "{first}");
        assert_eq!(first.execution_name(), first.as_str());
    }

    // DEFECTS C7
    #[test]
    fn manifests_of_one_second_have_different_stamps() {
        let etag = |etag: &str, sequencer: Option<&str>| ManifestEvent {
            revision: Revision::ETag { etag: etag.into(), sequencer: sequencer.map(str::to_owned) },
            ..event("m.json", "", 1_594_981_230)
        };
        let stamps: std::collections::BTreeSet<_> = [
            event("m.json", "v1", 1_594_981_230),
            event("m.json", "v2", 1_594_981_230),
            event("other.json", "v1", 1_594_981_230),
            ManifestEvent { bucket: "other-bucket".into(), ..event("m.json", "v1", 1_594_981_230) },
            etag("v1", None),
            etag("v1", Some("0055")),
            etag("v1", Some("0056")),
        ]
        .iter()
        .map(|event| Stamp::of(event, FIRST))
        .collect();
        assert_eq!(stamps.len(), 7);
    }

    #[test]
    fn a_further_attempt_has_a_stamp_and_a_name_of_its_own() {
        let event = event("m.json", "v1", 1_594_981_230);
        let (first, second) = (Stamp::of(&event, FIRST), Stamp::of(&event, NonZeroU32::new(2).unwrap()));
        assert_ne!(first.as_str(), second.as_str());
        assert_eq!(first.as_str()[..PART], second.as_str()[..PART]);
        assert_eq!(second.execution_name(), format!("{second}-2"));
    }

    #[test]
    fn stamps_sort_by_time() {
        let times = [0, 35, 36, 1_594_981_230, 1_594_981_231, LIMIT - 2, LIMIT - 1];
        let stamps: Vec<_> =
            times.iter().map(|&time| Stamp::of(&event("m.json", "v", time), FIRST)).collect();
        assert!(stamps.is_sorted_by(|a, b| a.as_str() < b.as_str()), "{stamps:?}");
        assert!(Stamp::of(&event("m.json", "v", u64::MAX), FIRST).as_str().starts_with("zzzzzzz"));
    }

    fn revision() -> impl Strategy<Value = Revision> {
        prop_oneof![
            "[a-c:0-2]{0,3}".prop_map(Revision::Version),
            ("[a-c:0-2]{0,3}", prop::option::of("[a-c:0-2]{0,3}"))
                .prop_map(|(etag, sequencer)| Revision::ETag { etag, sequencer }),
        ]
    }

    /// Events whose parts are short and alike, so that they would be taken for one another if anything were left out.
    fn events() -> impl Strategy<Value = ManifestEvent> {
        ("[a-c:0-2]{0,3}", "[a-c:0-2]{0,3}", revision()).prop_map(|(bucket, key, revision)| ManifestEvent {
            bucket,
            key,
            revision,
            last_modified: 7,
        })
    }

    /// An event without a sequencer is as one with an empty sequencer: S3 sends none that is empty.
    fn normal(mut event: ManifestEvent) -> ManifestEvent {
        if let Revision::ETag { sequencer, .. } = &mut event.revision {
            sequencer.get_or_insert_default();
        }
        event
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        // DEFECTS C7
        #[test]
        fn different_events_have_different_stamps(
            a in events(), b in events(), m in 1_u32..4, n in 1_u32..4,
        ) {
            let stamp = |event, attempt| Stamp::of(event, NonZeroU32::new(attempt).unwrap());
            let same = normal(a.clone()) == normal(b.clone()) && m == n;
            prop_assert_eq!(stamp(&a, m).as_str() == stamp(&b, n).as_str(), same);
        }
    }
}
