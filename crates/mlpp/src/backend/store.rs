use std::time::Duration;

use mlpp_local::{DATABASE, LocalStore};
use mlpp_parameters::{FingerprintKey, LiveParameter, ParameterName, StorePath};
use mlpp_provider::{ParameterStore, PutParameter, RevealedSecret, SecretVersion, StoreError};

use super::aws;
use crate::config::Project;

/// The parameter store of a project.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// A file of this machine.
    Local(LocalStore),
    /// Parameter Store. The key of the fingerprints is one of this machine.
    Aws { store: aws::Store, keys: LocalStore },
}

/// The same for either.
macro_rules! either {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Self::Local($store) => $call,
            Self::Aws { store: $store, .. } => $call,
        }
    };
}

impl Store {
    /// The store on AWS.
    ///
    /// # Errors
    /// The file beside the keys cannot be looked at.
    pub(crate) fn on_aws(project: &Project, store: aws::Store) -> Result<Self, StoreError> {
        let keys = LocalStore::open_existing(&project.local_folder().join(DATABASE))?;
        Ok(Self::Aws { store, keys })
    }

    /// The key of the fingerprints of secrets; it is made when there is none.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub(crate) fn fingerprint_key(&self) -> Result<FingerprintKey, StoreError> {
        self.keys().fingerprint_key()
    }

    /// Whether the key of the fingerprints has been made.
    pub(crate) fn has_fingerprint_key(&self) -> bool {
        self.keys().has_fingerprint_key()
    }

    fn keys(&self) -> &LocalStore {
        match self {
            Self::Local(keys) | Self::Aws { keys, .. } => keys,
        }
    }
}

impl ParameterStore for Store {
    async fn put(&self, parameter: PutParameter) -> Result<u64, StoreError> {
        either!(self, store => store.put(parameter).await)
    }

    async fn get(&self, names: &[ParameterName]) -> Result<Vec<LiveParameter>, StoreError> {
        either!(self, store => store.get(names).await)
    }

    async fn list(&self, path: &StorePath) -> Result<Vec<LiveParameter>, StoreError> {
        either!(self, store => store.list(path).await)
    }

    async fn reveal(&self, secrets: &[SecretVersion]) -> Result<Vec<RevealedSecret>, StoreError> {
        either!(self, store => store.reveal(secrets).await)
    }

    fn recreate_delay(&self) -> Duration {
        either!(self, store => store.recreate_delay())
    }

    async fn delete(&self, names: &[ParameterName]) -> Result<(), StoreError> {
        either!(self, store => store.delete(names).await)
    }

    async fn history(&self, name: &ParameterName) -> Result<Vec<LiveParameter>, StoreError> {
        either!(self, store => store.history(name).await)
    }
}
