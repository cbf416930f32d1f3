use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use mlpp_provider::{Object, Objects, ObjectsError, Which, Written, with_sources};

use crate::clients::Clients;
use crate::failure::CallError;

/// The version of everything that is written while a bucket's versioning is suspended: each replaces the one before.
const NO_VERSION: &str = "null";

/// Buckets on S3.
#[derive(Debug, Clone)]
pub struct AwsObjects {
    client: aws_sdk_s3::Client,
}

impl AwsObjects {
    /// The buckets that `clients` talk to.
    pub fn new(clients: &Clients) -> Self {
        Self { client: clients.s3.clone() }
    }

    /// Whether there is any object whose key begins with `prefix`, by one call.
    ///
    /// # Errors
    /// [`ObjectsError::Unavailable`].
    pub async fn has_any(&self, bucket: &str, prefix: &str) -> Result<bool, ObjectsError> {
        let list = self.client.list_objects_v2().bucket(bucket).prefix(prefix).max_keys(1);
        match list.send().await.map_err(call_error) {
            Ok(page) => Ok(page.contents.is_some_and(|contents| !contents.is_empty())),
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(false),
            Err(error) => Err(unavailable(bucket, prefix, error)),
        }
    }
}

impl Objects for AwsObjects {
    async fn get(&self, bucket: &str, key: &str, which: Which<'_>) -> Result<Object, ObjectsError> {
        let request = self.client.get_object().bucket(bucket).key(key);
        let request = match which {
            Which::Newest => request,
            Which::Version(version) => request.version_id(version),
            Which::ETag(etag) => request.if_match(format!("\"{etag}\"")),
        };
        let answer = request.send().await.map_err(|error| {
            let error = call_error(error);
            match error.code() {
                Some("NoSuchKey" | "NoSuchBucket") => ObjectsError::gone(bucket, key, Which::Newest),
                // A version that is a delete marker is none that can be read: MethodNotAllowed.
                Some("NoSuchVersion" | "PreconditionFailed" | "MethodNotAllowed") => {
                    ObjectsError::gone(bucket, key, which)
                }
                _ => unavailable(bucket, key, error),
            }
        })?;
        let bytes = answer
            .body
            .collect()
            .await
            .map_err(|error| unavailable(bucket, key, CallError::NoAnswer(with_sources(&error))))?;
        let seconds = answer.last_modified.map_or(0, |time| time.secs());
        Ok(Object {
            bytes: bytes.to_vec(),
            version: answer.version_id.filter(|version| version != NO_VERSION),
            etag: unquoted(answer.e_tag),
            last_modified: u64::try_from(seconds).unwrap_or_default(),
        })
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<Written, ObjectsError> {
        let request = self.client.put_object().bucket(bucket).key(key).body(ByteStream::from(bytes));
        let answer = request.send().await.map_err(|error| unavailable(bucket, key, call_error(error)))?;
        Ok(Written {
            version: answer.version_id.filter(|version| version != NO_VERSION),
            etag: unquoted(answer.e_tag),
        })
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, ObjectsError> {
        let mut keys = Vec::new();
        let mut pages = self.client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(call_error) {
                Err(error) if error.code() == Some("NoSuchBucket") => return Ok(Vec::new()),
                page => page.map_err(|error| unavailable(bucket, prefix, error))?,
            };
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), ObjectsError> {
        match self.client.delete_object().bucket(bucket).key(key).send().await.map_err(call_error) {
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(()),
            answer => answer.map(|_| ()).map_err(|error| unavailable(bucket, key, error)),
        }
    }
}

fn call_error<E>(error: SdkError<E, HttpResponse>) -> CallError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    CallError::from(error)
}

fn unavailable(bucket: &str, key: &str, error: CallError) -> ObjectsError {
    ObjectsError::Unavailable { bucket: bucket.to_owned(), key: key.to_owned(), source: error.into() }
}

fn unquoted(etag: Option<String>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}
