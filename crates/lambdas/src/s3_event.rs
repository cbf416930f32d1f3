//! Events that S3 delivers to a function.

use jiff::Timestamp;
use mlpp_parameters::{KeyError, Revision, decode_key};
use mlpp_provider::Object;
use serde_json::Value;

/// What an invocation is about.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// S3 tries whether it may send events.
    Test,
    /// Records, each about one object.
    Records(&'a [Value]),
    /// Nothing that S3 sends.
    Unknown,
}

impl<'a> Event<'a> {
    /// Tells what an invocation is about
    /// ([structure](https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html)).
    pub fn read(event: &'a Value) -> Self {
        match event["Records"].as_array() {
            Some(records) => Self::Records(records),
            None if event["Event"] == "s3:TestEvent" => Self::Test,
            None => Self::Unknown,
        }
    }
}

/// An object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// Which writing of the object.
    pub revision: Revision,
    /// When S3 says that it happened, in seconds since 1970-01-01T00:00:00Z, if it does.
    pub time: Option<u64>,
}

/// Why a record is none of an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A member is lacking, or is no text.
    #[error("the record has no text {0}")]
    Lacking(&'static str),
    /// The key cannot be decoded.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The time is none.
    #[error("the record's eventTime \"{0}\" is no time")]
    Time(String),
}

impl Arrival {
    /// Reads a record; nothing when it does not tell of an object that was written.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn read(record: &Value) -> Result<Option<Self>, RecordError> {
        let text = |value: &Value, name: &'static str| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .ok_or(RecordError::Lacking(name))
        };
        if !text(&record["eventName"], "eventName")?.starts_with("ObjectCreated:") {
            return Ok(None);
        }
        let object = &record["s3"]["object"];
        let revision = match object["versionId"].as_str().filter(|version| !version.is_empty()) {
            Some(version) => Revision::Version(version.to_owned()),
            None => Revision::ETag {
                etag: text(&object["eTag"], "s3.object.eTag")?,
                sequencer: object["sequencer"].as_str().map(str::to_owned),
            },
        };
        Ok(Some(Self {
            bucket: text(&record["s3"]["bucket"]["name"], "s3.bucket.name")?,
            key: decode_key(&text(&object["key"], "s3.object.key")?)?,
            revision,
            time: record["eventTime"].as_str().map(seconds).transpose()?,
        }))
    }

    /// When the object was written, for the execution's name: the object's own time where it is that very writing for ever,
    /// else the event's.
    pub(crate) fn last_modified(&self, object: &Object) -> u64 {
        match self.revision {
            Revision::Version(_) => object.last_modified,
            Revision::ETag { .. } => self.time.unwrap_or(object.last_modified),
        }
    }
}

fn seconds(time: &str) -> Result<u64, RecordError> {
    let parsed = time.parse::<Timestamp>().ok().and_then(|time| u64::try_from(time.as_second()).ok());
    parsed.ok_or_else(|| RecordError::Time(time.to_owned()))
}
