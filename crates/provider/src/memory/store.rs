use std::collections::BTreeMap;
use std::sync::Mutex;

use mlpp_parameters::{LiveParameter, ParameterName, StorePath};

use super::lock;
use crate::{ParameterStore, PutParameter, StoreError};

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
