use mlpp_local::{BUCKETS, LocalObjects};
use mlpp_provider::{Object, Objects, ObjectsError, Which, Written};

use super::aws;
use crate::config::Project;
use crate::error::CommandError;

/// The buckets of a project.
#[derive(Debug, Clone)]
pub(crate) enum AnyObjects {
    /// Folders of this machine.
    Local(LocalObjects),
    /// S3.
    Aws(aws::Objects),
}

/// The same for either.
macro_rules! either {
    ($self:ident, $objects:ident => $call:expr) => {
        match $self {
            Self::Local($objects) => $call,
            Self::Aws($objects) => $call,
        }
    };
}

impl AnyObjects {
    /// The buckets of the project.
    ///
    /// # Errors
    /// There is no connection to AWS.
    pub(crate) fn of(project: &Project) -> Result<Self, CommandError> {
        Ok(match super::aws(project)? {
            None => Self::Local(LocalObjects::new(project.local_folder().join(BUCKETS))),
            Some(aws) => Self::Aws(aws.objects()),
        })
    }
}

impl AnyObjects {
    /// Whether any object's key begins with `prefix`.
    ///
    /// # Errors
    /// The bucket cannot be looked at.
    pub(crate) async fn has_any(&self, bucket: &str, prefix: &str) -> Result<bool, ObjectsError> {
        match self {
            Self::Local(objects) => Ok(!objects.keys(bucket, prefix)?.is_empty()),
            Self::Aws(objects) => objects.has_any(bucket, prefix).await,
        }
    }
}

impl Objects for AnyObjects {
    async fn get(&self, bucket: &str, key: &str, which: Which<'_>) -> Result<Object, ObjectsError> {
        either!(self, objects => objects.get(bucket, key, which).await)
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<Written, ObjectsError> {
        either!(self, objects => objects.put(bucket, key, bytes).await)
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, ObjectsError> {
        either!(self, objects => objects.list(bucket, prefix).await)
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), ObjectsError> {
        either!(self, objects => objects.delete(bucket, key).await)
    }
}
