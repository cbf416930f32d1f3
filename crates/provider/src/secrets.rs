use std::collections::HashMap;

use mlpp_parameters::{
    Content, Entry, FingerprintKey, Kind, LiveParameter, NameError, ParameterName, ParameterType,
    SecretSource, SecretSourceError, SecretState, SecretValue, StorePath,
};

use crate::{ParameterStore, PutParameter, SecretVersion, StoreError, check_put};

/// Reads what the sources `env:` and `file:` of secrets name. Whoever knows the environment implements it.
pub trait SecretReader: Send + Sync {
    /// The value that `source` names.
    ///
    /// # Errors
    /// Why it cannot be read, without any of the value.
    fn read(&self, source: &SecretSource) -> Result<SecretValue, String>;
}

/// What secrets need: their sources, and the key of their fingerprints.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    /// Reads the sources outside the store.
    pub reader: &'a dyn SecretReader,
    /// The key of fingerprints.
    pub key: &'a FingerprintKey,
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Its source does not give a value.
    #[error("the secret \"{key}\" cannot be read from {source_text}: {reason}")]
    Unreadable {
        /// Its name below the project's path.
        key: String,
        /// Its source, as it is written.
        source_text: String,
        /// Why.
        reason: String,
    },
    /// The version that an earlier release recorded is no longer in the store.
    #[error("version {version} of the secret \"{name}\" is no longer stored")]
    Gone {
        /// The parameter.
        name: ParameterName,
        /// The version.
        version: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secret has no name below the path.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// The secrets of a content that is to be applied.
#[derive(Debug, Clone, Default)]
pub(crate) struct WantedSecrets {
    /// Their values.
    pub(crate) values: HashMap<ParameterName, SecretValue>,
    /// How they compare with what is live.
    pub(crate) states: HashMap<ParameterName, SecretState>,
}

/// Reads every secret of `wanted` from its source, and its live value.
pub(crate) async fn read_secrets(
    store: &impl ParameterStore,
    path: &StorePath,
    wanted: &Content,
    live: &[LiveParameter],
    secrets: Secrets<'_>,
) -> Result<WantedSecrets, SecretError> {
    let mut read = WantedSecrets::default();
    let entries: Vec<&Entry> = wanted
        .entries
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::SecretSource | Kind::Secret))
        .collect();
    if entries.is_empty() {
        return Ok(read);
    }
    let names = entries.iter().map(|entry| path.name(&entry.levels)).collect::<Result<Vec<_>, _>>()?;
    let stored: Vec<_> = live
        .iter()
        .filter(|parameter| parameter.parameter_type == ParameterType::SecureString)
        .filter(|parameter| names.contains(&parameter.name))
        .map(|parameter| SecretVersion { name: parameter.name.clone(), version: Some(parameter.version) })
        .collect();
    let stored: HashMap<_, _> =
        store.reveal(&stored).await?.into_iter().map(|secret| (secret.name, secret.value)).collect();
    for (entry, name) in entries.into_iter().zip(names) {
        let value = value_of(store, entry, secrets).await?;
        check_value(entry, &name, &value)?;
        let state = SecretState {
            wanted: secrets.key.fingerprint(&value),
            live: stored.get(&name).map(|value| secrets.key.fingerprint(value)),
        };
        read.states.insert(name.clone(), state);
        read.values.insert(name, value);
    }
    Ok(read)
}

/// What the store would refuse is told while nothing is written yet.
fn check_value(entry: &Entry, name: &ParameterName, value: &SecretValue) -> Result<(), SecretError> {
    let put = PutParameter {
        name: name.clone(),
        value: value.reveal().to_owned(),
        parameter_type: ParameterType::SecureString,
        overwrite: true,
    };
    match check_put(&put) {
        Ok(()) => Ok(()),
        Err(StoreError::Refused { reason, .. }) => {
            Err(SecretError::Unreadable { key: entry.key(), source_text: entry.value.clone(), reason })
        }
        Err(error) => Err(error.into()),
    }
}

/// The value that a secret's entry stands for.
async fn value_of(
    store: &impl ParameterStore,
    entry: &Entry,
    secrets: Secrets<'_>,
) -> Result<SecretValue, SecretError> {
    if let Some((name, version)) = entry.secret_version() {
        let wanted = SecretVersion { name: name.clone(), version: Some(version) };
        let found = store.reveal(&[wanted]).await?.into_iter().next();
        return found.map(|secret| secret.value).ok_or(SecretError::Gone { name, version });
    }
    let unreadable = |reason: String| SecretError::Unreadable {
        key: entry.key(),
        source_text: entry.value.clone(),
        reason,
    };
    let source: SecretSource =
        entry.value.parse().map_err(|error: SecretSourceError| unreadable(error.to_string()))?;
    let value = match &source {
        SecretSource::Parameter(name) => {
            let wanted = SecretVersion { name: name.clone(), version: None };
            let found = store.reveal(&[wanted]).await?.into_iter().next();
            found
                .map(|secret| secret.value)
                .ok_or_else(|| unreadable("there is no such SecureString".into()))?
        }
        SecretSource::Environment(_) | SecretSource::File(_) => {
            secrets.reader.read(&source).map_err(unreadable)?
        }
    };
    Ok(value)
}
