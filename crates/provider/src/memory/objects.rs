use std::collections::BTreeMap;
use std::sync::Mutex;

use mlpp_parameters::Digest;

use super::lock;
use crate::{Object, Objects, ObjectsError};

/// Buckets in memory; an object's version is its digest, and only the newest version is kept.
#[derive(Debug, Default)]
pub struct MemoryObjects(Mutex<BTreeMap<(String, String), Vec<u8>>>);

impl Objects for MemoryObjects {
    async fn get(&self, bucket: &str, key: &str, version: Option<&str>) -> Result<Object, ObjectsError> {
        let objects = lock(&self.0);
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let Some(bytes) = objects.get(&(bucket.clone(), key.clone())) else {
            return Err(ObjectsError::NotFound { bucket, key });
        };
        let digest = Digest::of(bytes).to_string();
        match version {
            Some(version) if version != digest => {
                Err(ObjectsError::Superseded { bucket, key, version: version.to_owned() })
            }
            _ => Ok(Object { bytes: bytes.clone(), version: digest, last_modified: 0 }),
        }
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<String, ObjectsError> {
        let version = Digest::of(&bytes).to_string();
        lock(&self.0).insert((bucket.to_owned(), key.to_owned()), bytes);
        Ok(version)
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, ObjectsError> {
        let objects = lock(&self.0);
        let keys = objects.keys().filter(|(b, key)| b == bucket && key.starts_with(prefix));
        Ok(keys.map(|(_, key)| key.clone()).collect())
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), ObjectsError> {
        lock(&self.0).remove(&(bucket.to_owned(), key.to_owned()));
        Ok(())
    }
}
