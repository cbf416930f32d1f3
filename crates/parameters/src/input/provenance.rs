use std::fmt::Write as _;

use crate::json::{Member, Value};
use crate::{Digest, Drift, DriftPolicy, ManifestEvent, Revision, Stamp};

/// How many names of edited parameters the provenance lists.
const MAX_NAMES: usize = 20;

/// Where an execution's input came from: what it takes to compose it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The release whose parameters were read; `None` for a tree without a record.
    pub release: Option<u64>,
    /// What was done with parameters that somebody had edited in place.
    pub policy: DriftPolicy,
    /// The edits that are in the input.
    pub drift: Vec<Drift>,
    /// The event that named the manifest.
    pub event: ManifestEvent,
    /// The manifest's digest.
    pub manifest_digest: Digest,
    /// The JSON pointers of what the manifest overrode.
    pub overridden: Vec<String>,
    /// Name and version of the tool.
    pub tool: String,
}

impl Provenance {
    /// The member `provenance` of the input of the execution with that stamp.
    pub(super) fn to_value(&self, stamp: &Stamp) -> Value {
        let mut members = vec![
            Member::new("release", self.release.map_or(Value::Null, number)),
            Member::new("policy", text(self.policy.as_str())),
            Member::new("drift", self.drift_value()),
            Member::new("manifest", self.manifest_value()),
        ];
        if !self.overridden.is_empty() {
            members.push(Member::new("overrides", texts(self.overridden.iter())));
        }
        if stamp.attempt().get() > 1 {
            members.push(Member::new("attempt", number(stamp.attempt().get().into())));
        }
        members.push(Member::new("tool", text(&self.tool)));
        Value::Object(members)
    }

    fn drift_value(&self) -> Value {
        let mut members = vec![Member::new("count", number(self.drift.len() as u64))];
        if !self.drift.is_empty() {
            members.push(Member::new("digest", text(drift_digest(&self.drift).as_str())));
        }
        let names = self.drift.iter().take(MAX_NAMES).map(|edit| &edit.name);
        members.push(Member::new("names", texts(names)));
        Value::Object(members)
    }

    fn manifest_value(&self) -> Value {
        let (name, revision) = match &self.event.revision {
            Revision::Version(version) => ("version", version),
            Revision::ETag { etag, .. } => ("etag", etag),
        };
        Value::Object(vec![
            Member::new("bucket", text(&self.event.bucket)),
            Member::new("key", text(&self.event.key)),
            Member::new(name, text(revision)),
            Member::new("digest", text(self.manifest_digest.as_str())),
        ])
    }
}

/// The digest of the names, types and values of edited parameters; a secret has its version for a value.
fn drift_digest(drift: &[Drift]) -> Digest {
    let mut lines = String::new();
    for edit in drift {
        // Names have no line breaks, and a length stands before the value: no two lists share a text. Writing to a string
        // cannot fail.
        let _ = match &edit.live {
            Some((parameter_type, value)) => {
                writeln!(lines, "{}\n{} {}\n{value}", edit.name, parameter_type.as_str(), value.len())
            }
            None => writeln!(lines, "{}\nremoved\n", edit.name),
        };
    }
    Digest::of(lines)
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn texts<'a>(list: impl Iterator<Item = &'a String>) -> Value {
    Value::Array(list.map(|item| text(item).into()).collect())
}

fn number(number: u64) -> Value {
    Value::Number(number.to_string())
}
