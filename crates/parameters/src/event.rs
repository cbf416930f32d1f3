mod key;

pub use key::{KeyError, decode_key};

/// What an event says of the manifest that arrived.
///
/// An execution's name and the stamp in its input are functions of this alone: an event that is delivered twice is the same
/// event, and starts one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEvent {
    /// The bucket.
    pub bucket: String,
    /// The key as the object has it: S3 encodes it in an event, and who reads the event decodes it once ([`decode_key`]).
    pub key: String,
    /// Which writing of the object it is.
    pub revision: Revision,
    /// When the object was written, in seconds since 1970-01-01T00:00:00Z: its `LastModified` where the bucket keeps
    /// versions; else the event's own time, since the object may have been written again.
    pub last_modified: u64,
}

/// Which of the writings of an object under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// Its version, in a bucket that keeps versions.
    Version(String),
    /// What there is in a bucket that keeps none.
    ETag {
        /// The `ETag`, without quotes.
        etag: String,
        /// The event's `sequencer`, which tells two writings of the same bytes apart; `None` when there was no event.
        sequencer: Option<String>,
    },
}
