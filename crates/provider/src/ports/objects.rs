use std::future::Future;

use super::Cause;

/// An object of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its version.
    pub version: String,
    /// When it was last written, in seconds since 1970-01-01T00:00:00Z.
    pub last_modified: u64,
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
    /// There is one, but no longer in the version that was asked for.
    #[error("s3://{bucket}/{key} has been replaced since: version {version} is gone")]
    Superseded {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The version that was asked for.
        version: String,
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

/// Buckets of objects.
pub trait Objects: Send + Sync {
    /// The object, in the version asked for or else the newest.
    fn get(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> impl Future<Output = Result<Object, ObjectsError>> + Send;

    /// Writes the object and returns its version. Readers see the old object or the new one.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<String, ObjectsError>> + Send;

    /// The keys that begin with `prefix`, in order; none when there is no such bucket.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<String>, ObjectsError>> + Send;

    /// Deletes the object; one that is not there is deleted already.
    fn delete(&self, bucket: &str, key: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;
}
