use std::collections::BTreeMap;
use std::sync::Mutex;

use mlpp_parameters::Digest;

use super::lock;
use crate::{Object, Objects, ObjectsError, Which, Written};

/// Buckets in memory that keep versions, or none, as buckets of S3 do. An `ETag` is the content's digest.
#[derive(Debug, Default)]
pub struct MemoryObjects {
    versioned: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: u64,
    versions: u64,
    objects: BTreeMap<(String, String), Vec<Version>>,
}

/// A writing of an object; without bytes it is a delete.
#[derive(Debug)]
struct Version {
    id: Option<String>,
    bytes: Option<Vec<u8>>,
    written: u64,
}

impl Version {
    fn object(&self) -> Option<Object> {
        let bytes = self.bytes.clone()?;
        let etag = Digest::of(&bytes).to_string();
        Some(Object { bytes, version: self.id.clone(), etag, last_modified: self.written })
    }
}

impl MemoryObjects {
    /// Buckets that keep every version.
    pub fn versioned() -> Self {
        Self { versioned: true, ..Self::default() }
    }

    /// Sets the time at which what comes is written, in seconds since 1970-01-01T00:00:00Z; it is 0 at first.
    pub fn set_time(&self, seconds: u64) {
        lock(&self.state).now = seconds;
    }

    fn write(&self, bucket: &str, key: &str, bytes: Option<Vec<u8>>) -> Option<String> {
        let mut state = lock(&self.state);
        state.versions += 1;
        let id = self.versioned.then(|| format!("v{}", state.versions));
        let version = Version { id: id.clone(), bytes, written: state.now };
        let versions = state.objects.entry((bucket.to_owned(), key.to_owned())).or_default();
        if !self.versioned {
            versions.clear();
        }
        versions.push(version);
        id
    }
}

impl Objects for MemoryObjects {
    async fn get(&self, bucket: &str, key: &str, which: Which<'_>) -> Result<Object, ObjectsError> {
        let state = lock(&self.state);
        let versions = state.objects.get(&(bucket.to_owned(), key.to_owned())).map_or(&[][..], Vec::as_slice);
        let newest = versions.last().and_then(Version::object);
        let found = match which {
            Which::Newest => newest,
            Which::Version(id) => {
                versions.iter().find(|version| version.id.as_deref() == Some(id)).and_then(Version::object)
            }
            Which::ETag(etag) => match newest {
                None => return Err(ObjectsError::gone(bucket, key, Which::Newest)),
                newest => newest.filter(|object| object.etag == etag),
            },
        };
        found.ok_or_else(|| ObjectsError::gone(bucket, key, which))
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<Written, ObjectsError> {
        let etag = Digest::of(&bytes).to_string();
        Ok(Written { version: self.write(bucket, key, Some(bytes)), etag })
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, ObjectsError> {
        let state = lock(&self.state);
        let there = |versions: &[Version]| versions.last().is_some_and(|version| version.bytes.is_some());
        let keys = state
            .objects
            .iter()
            .filter(|((b, key), versions)| b == bucket && key.starts_with(prefix) && there(versions));
        Ok(keys.map(|((_, key), _)| key.clone()).collect())
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), ObjectsError> {
        self.write(bucket, key, None);
        Ok(())
    }
}
