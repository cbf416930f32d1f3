//! The ports in memory, for tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mlpp_parameters::{Digest, LiveParameter, ParameterName, StorePath};

use crate::{Object, Objects, ObjectsError, ParameterStore, PutParameter, StoreError};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A parameter store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    parameters: Mutex<BTreeMap<String, Vec<LiveParameter>>>,
    writes: Mutex<Vec<String>>,
}

impl MemoryStore {
    /// The names that were written or deleted, in order, since the last time this was asked.
    pub fn take_writes(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.writes))
    }
}

impl ParameterStore for MemoryStore {
    async fn put(&self, parameter: PutParameter) -> Result<u64, StoreError> {
        let mut parameters = lock(&self.parameters);
        let versions = parameters.entry(parameter.name.to_string()).or_default();
        if let Some(last) = versions.last() {
            if !parameter.overwrite {
                return Err(StoreError::AlreadyExists(parameter.name));
            }
            if last.parameter_type != parameter.parameter_type {
                let from = last.parameter_type.as_str();
                return Err(StoreError::TypeChange { name: parameter.name, from });
            }
        }
        let version = versions.len() as u64 + 1;
        lock(&self.writes).push(format!("put {}", parameter.name));
        versions.push(LiveParameter {
            name: parameter.name,
            parameter_type: parameter.parameter_type,
            value: parameter.value,
            version,
        });
        Ok(version)
    }

    async fn get(&self, names: &[ParameterName]) -> Result<Vec<LiveParameter>, StoreError> {
        let parameters = lock(&self.parameters);
        Ok(names.iter().filter_map(|name| parameters.get(name.as_str())?.last().cloned()).collect())
    }

    async fn list(&self, path: &StorePath) -> Result<Vec<LiveParameter>, StoreError> {
        let parameters = lock(&self.parameters);
        let current = parameters.values().filter_map(|versions| versions.last());
        Ok(current.filter(|parameter| path.levels(&parameter.name).is_some()).cloned().collect())
    }

    async fn delete(&self, names: &[ParameterName]) -> Result<(), StoreError> {
        let mut parameters = lock(&self.parameters);
        for name in names {
            parameters.remove(name.as_str());
            lock(&self.writes).push(format!("delete {name}"));
        }
        Ok(())
    }

    async fn history(&self, name: &ParameterName) -> Result<Vec<LiveParameter>, StoreError> {
        Ok(lock(&self.parameters).get(name.as_str()).cloned().unwrap_or_default())
    }
}

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
