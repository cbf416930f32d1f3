use std::future::Future;

use mlpp_parameters::{ManifestEvent, Revision};

use super::Cause;

/// An object of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its version; `None` in a bucket that keeps none.
    pub version: Option<String>,
    /// Its `ETag`, without quotes.
    pub etag: String,
    /// When it was last written, in seconds since 1970-01-01T00:00:00Z.
    pub last_modified: u64,
}

impl Object {
    /// The event of a manifest that is this object, for who launches one that lies there already.
    pub fn event(&self, bucket: impl Into<String>, key: impl Into<String>) -> ManifestEvent {
        let revision = match &self.version {
            Some(version) => Revision::Version(version.clone()),
            None => Revision::ETag { etag: self.etag.clone(), sequencer: None },
        };
        let (bucket, key) = (bucket.into(), key.into());
        ManifestEvent { bucket, key, revision, last_modified: self.last_modified }
    }
}

/// Which of the writings of an object is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// The newest.
    Newest,
    /// That version, also when there is a newer one.
    Version(&'a str),
    /// The newest, on condition that it has that `ETag` (`GetObject`, header `If-Match`).
    ETag(&'a str),
}

impl<'a> From<&'a Revision> for Which<'a> {
    fn from(revision: &'a Revision) -> Self {
        match revision {
            Revision::Version(version) => Self::Version(version),
            Revision::ETag { etag, .. } => Self::ETag(etag),
        }
    }
}

/// What an object is once it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its version; `None` in a bucket that keeps none.
    pub version: Option<String>,
    /// Its `ETag`, without quotes.
    pub etag: String,
}

impl Written {
    /// What asks for this writing: its version, and where there are none its `ETag`.
    pub fn which(&self) -> Which<'_> {
        self.version.as_deref().map_or(Which::ETag(&self.etag), Which::Version)
    }
}

/// Why a bucket did not give or take an object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// There is no such object.
    #[error("there is no object s3://{bucket}/{key}")]
    NotFound {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// What was asked for is gone: the object was written again since, or that version was deleted.
    #[error("s3://{bucket}/{key} has been written again since: {wanted} is gone")]
    Superseded {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What was asked for: `version …` or `ETag …`.
        wanted: String,
    },
    /// A bucket's name or a key that cannot be one.
    #[error("s3://{bucket}/{key} is no place for an object: {reason}")]
    Invalid {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// It cannot be reached, read or written.
    #[error("s3://{bucket}/{key} cannot be used")]
    Unavailable {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: Cause,
    },
}

impl ObjectsError {
    /// That what `which` asks for is gone from `bucket`; for [`Which::Newest`], that there is nothing.
    pub fn gone(bucket: &str, key: &str, which: Which<'_>) -> Self {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let wanted = match which {
            Which::Newest => return Self::NotFound { bucket, key },
            Which::Version(version) => format!("version {version}"),
            Which::ETag(etag) => format!("ETag {etag}"),
        };
        Self::Superseded { bucket, key, wanted }
    }
}

/// Buckets of objects.
pub trait Objects: Send + Sync {
    /// The object, as it was when what is asked for was written, or an error: never the bytes of another writing.
    fn get(
        &self,
        bucket: &str,
        key: &str,
        which: Which<'_>,
    ) -> impl Future<Output = Result<Object, ObjectsError>> + Send;

    /// Writes the object. Readers see the old object or the new one.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<Written, ObjectsError>> + Send;

    /// The keys that begin with `prefix`, in order; none when there is no such bucket.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<String>, ObjectsError>> + Send;

    /// Deletes the object; one that is not there is deleted already.
    fn delete(&self, bucket: &str, key: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;
}
