//! The bucket tells of its manifests, and goes on telling others what it told them.
//!
//! A bucket has one notification configuration, which is written as a whole
//! ([PutBucketNotificationConfiguration](https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html)),
//! without a precondition. So it is read, the own entry is laid into it or taken out of it, what others have is written back
//! as it was, and it is read again: whoever wrote at the same moment may have undone it.

mod properties;

use std::future::Future;
use std::time::Duration;

use mlpp_provider::Clock;
use serde_json::{Map, Value, json};

pub use properties::{Properties, PropertiesError};

use crate::custom_resource::{Envelope, Failure, Resource};
use crate::log::{Level, log};

/// How often the configuration is written when others write it at the same time, or the bucket is not ready for it.
const ATTEMPTS: u32 = 6;
/// How long after the first of them the next one is made; doubled each time.
const PAUSE: Duration = Duration::from_secs(1);

/// A function that is told of objects (`LambdaFunctionConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionNotification {
    /// The entry's id, unique in its bucket.
    pub id: Option<String>,
    /// The function's ARN.
    pub function_arn: String,
    /// Of what it is told, such as `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// Names and values of the rules that its keys must meet: `prefix`, `suffix`.
    pub filter: Vec<(String, String)>,
}

/// A bucket's notification configuration: the entries about functions, and whatever else there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration<R> {
    /// The entries about functions.
    pub functions: Vec<FunctionNotification>,
    /// Queues, topics, EventBridge: not looked at.
    pub rest: R,
}

/// Why a configuration is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// There is no such bucket.
    #[error("there is no bucket {0}")]
    NoBucket(String),
    /// Two entries want the same objects.
    #[error("{bucket} tells another of the same objects already: {reason}{}", others(.entries))]
    Overlap {
        /// The bucket.
        bucket: String,
        /// What S3 says.
        reason: String,
        /// The ids of the entries that may be meant.
        entries: Vec<String>,
    },
    /// Another writer is at work, or S3 asks for another try.
    #[error("the notifications of {bucket} cannot be written now: {reason}")]
    Busy {
        /// The bucket.
        bucket: String,
        /// What S3 says.
        reason: String,
    },
    /// Others wrote it again and again.
    #[error("the notifications of {0} were written by others each time that they were written here")]
    Contended(String),
    /// Anything else.
    #[error("the notifications of {bucket} cannot be used: {reason}")]
    Refused {
        /// The bucket.
        bucket: String,
        /// What S3 says.
        reason: String,
    },
}

fn others(entries: &[String]) -> String {
    if entries.is_empty() { String::new() } else { format!(" (see {})", entries.join(", ")) }
}

/// The notification configurations of buckets.
pub trait Notifications: Sync {
    /// What a configuration has beside functions.
    type Rest: Clone + Send + Sync;

    /// Reads a bucket's configuration.
    fn get(
        &self,
        bucket: &str,
    ) -> impl Future<Output = Result<Configuration<Self::Rest>, NotificationError>> + Send;

    /// Writes a bucket's configuration, as a whole.
    fn put(
        &self,
        bucket: &str,
        configuration: Configuration<Self::Rest>,
    ) -> impl Future<Output = Result<(), NotificationError>> + Send;
}

/// Whether the entry with the id is as it should be: `own`, or not there.
fn is_settled<R>(configuration: &Configuration<R>, id: &str, own: Option<&FunctionNotification>) -> bool {
    let mut found = configuration.functions.iter().filter(|entry| entry.id.as_deref() == Some(id));
    match own {
        None => found.next().is_none(),
        Some(own) => found.next().is_some_and(|entry| entry.is(own)) && found.next().is_none(),
    }
}

impl FunctionNotification {
    /// Whether both say the same: S3 gives the names of rules back in letters of another case, and orders nothing.
    fn is(&self, other: &Self) -> bool {
        let sorted = |entry: &Self| {
            let rules = entry.filter.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
            let (mut rules, mut events) = (rules.collect::<Vec<_>>(), entry.events.clone());
            rules.sort_unstable();
            events.sort_unstable();
            (rules, events)
        };
        self.function_arn == other.function_arn && sorted(self) == sorted(other)
    }
}

/// The configuration with `own` in the place of the entry with the id, or without it.
fn settled<R>(
    mut configuration: Configuration<R>,
    id: &str,
    own: Option<&FunctionNotification>,
) -> Configuration<R> {
    configuration.functions.retain(|entry| entry.id.as_deref() != Some(id));
    configuration.functions.extend(own.cloned());
    configuration
}

/// Makes the entry with the id `own`, or takes it out; every other entry stays as it is.
///
/// # Errors
/// [`NotificationError`].
pub async fn settle(
    notifications: &impl Notifications,
    clock: &impl Clock,
    bucket: &str,
    id: &str,
    own: Option<&FunctionNotification>,
) -> Result<(), NotificationError> {
    let mut pause = PAUSE;
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let present = notifications.get(bucket).await?;
        if is_settled(&present, id, own) {
            return Ok(());
        }
        let entries = present.functions.iter().filter(|entry| entry.id.as_deref() != Some(id));
        let entries: Vec<_> = entries.filter_map(|entry| entry.id.clone()).collect();
        match notifications.put(bucket, settled(present, id, own)).await {
            // The next turn reads it again.
            Ok(()) => last = None,
            Err(NotificationError::Busy { bucket, reason }) => {
                last = Some(NotificationError::Busy { bucket, reason });
                clock.sleep(pause).await;
                pause *= 2;
            }
            Err(NotificationError::Overlap { bucket, reason, .. }) => {
                return Err(NotificationError::Overlap { bucket, reason, entries });
            }
            Err(error) => return Err(error),
        }
    }
    if last.is_none() && is_settled(&notifications.get(bucket).await?, id, own) {
        return Ok(());
    }
    Err(last.unwrap_or_else(|| NotificationError::Contended(bucket.to_owned())))
}

/// A bucket's telling of its manifests as a custom resource.
#[derive(Debug)]
pub struct NotificationResource<'a, N, C> {
    /// The buckets.
    pub notifications: &'a N,
    /// The time.
    pub clock: &'a C,
}

/// The id of an entry in a bucket, which a stack has by that name in its template.
fn entry_id(request: &Envelope) -> String {
    format!("{}/{}", request.stack_name(), request.logical_id)
}

impl<N: Notifications, C: Clock> Resource for NotificationResource<'_, N, C> {
    fn physical_id(&self, request: &Envelope) -> Result<String, Failure> {
        Ok(format!("{}/{}", entry_id(request), Properties::bucket_of(&request.properties)?))
    }

    async fn make(&self, request: &Envelope) -> Result<Map<String, Value>, Failure> {
        let properties = Properties::read(&request.properties)?;
        let id = entry_id(request);
        let own = properties.entry(&id);
        settle(self.notifications, self.clock, &properties.bucket, &id, Some(&own)).await?;
        let mut attributes = Map::new();
        attributes.insert("NotificationId".to_owned(), json!(id));
        Ok(attributes)
    }

    async fn delete(&self, request: &Envelope) -> Result<(), Failure> {
        let bucket = Properties::bucket_of(&request.properties)?;
        match settle(self.notifications, self.clock, &bucket, &entry_id(request), None).await {
            Err(NotificationError::NoBucket(bucket)) => {
                log(Level::Info, "the bucket is gone, and its notifications with it", &[("bucket", &bucket)]);
                Ok(())
            }
            settled => Ok(settled?),
        }
    }
}

#[cfg(test)]
mod tests;
