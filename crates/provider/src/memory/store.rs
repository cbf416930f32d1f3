use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use mlpp_parameters::{LiveParameter, ParameterName, ParameterType, SecretValue, StorePath};

use super::faults::{Fault, Turn};
use super::{ManualClock, lock};
use crate::rules::check_put;
use crate::{Clock, ParameterStore, PutParameter, RevealedSecret, SecretVersion, StoreError};

/// The most names or parameters of one call (`GetParameters`, `GetParametersByPath`, `DeleteParameters`).
const PAGE: usize = 10;
/// The most versions that are kept of a parameter (`PutParameter`, member `Overwrite`).
const VERSIONS: usize = 100;
/// How long a deleted name cannot be used (`DeleteParameter`).
const RECREATE: Duration = Duration::from_secs(30);
/// Every so many pages of a listing there is an empty one with a token.
const EMPTY_PAGES: usize = 2;

/// A parameter store in memory with the semantics of Systems Manager Parameter Store: no transaction over several calls,
/// calls for ten names at most, listings in pages of which some are empty, types that cannot change, a wait between delete
/// and create. Several handles can share one store; each counts its own calls, and can be made to fail at one of them.
///
/// Before each call a handle lets others go on once, so that a test decides by polling whose call is next.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    handle: Arc<Mutex<Handle>>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<ManualClock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    parameters: BTreeMap<String, Vec<PutVersion>>,
    deleted: BTreeMap<String, Timestamp>,
}

#[derive(Debug, Clone)]
struct PutVersion {
    put: PutParameter,
    version: u64,
}

#[derive(Debug, Default)]
struct Handle {
    calls: usize,
    fault: Option<Fault>,
    writes: Vec<String>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH)))
    }
}

impl MemoryStore {
    /// An empty store whose times are those of `clock`.
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { shared: Arc::new(Shared { clock, state: Mutex::default() }), handle: Arc::default() }
    }

    /// Another handle on the same store, whose calls go wrong as `fault` says.
    #[must_use]
    pub fn handle(&self, fault: Option<Fault>) -> Self {
        let handle = Handle { fault, ..Handle::default() };
        Self { shared: Arc::clone(&self.shared), handle: Arc::new(Mutex::new(handle)) }
    }

    /// A store of its own that holds the same.
    #[must_use]
    pub fn copy(&self) -> Self {
        let state = lock(&self.shared.state);
        let copy = State { parameters: state.parameters.clone(), deleted: state.deleted.clone() };
        let clock = Arc::new(ManualClock::new(self.shared.clock.now()));
        Self { shared: Arc::new(Shared { clock, state: Mutex::new(copy) }), handle: Arc::default() }
    }

    /// The clock whose times the store has.
    pub fn clock(&self) -> &ManualClock {
        &self.shared.clock
    }

    /// How many calls this handle has made.
    pub fn calls(&self) -> usize {
        lock(&self.handle).calls
    }

    /// The names that this handle wrote or deleted, in order, since the last time this was asked.
    pub fn take_writes(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.handle).writes)
    }

    /// Every parameter with its version and value, secrets as well: for tests to look into.
    pub fn dump(&self) -> Vec<(String, u64, String)> {
        let state = lock(&self.shared.state);
        let last = state.parameters.values().filter_map(|versions| versions.last());
        last.map(|last| (last.put.name.to_string(), last.version, last.put.value.clone())).collect()
    }

    /// One call: lets others go on, then has its effect, unless it is to fail.
    async fn call<T>(
        &self,
        effect: impl FnOnce(&mut State, Timestamp) -> Result<T, StoreError> + Send,
        written: impl IntoIterator<Item = String> + Send,
    ) -> Result<T, StoreError> {
        Turn::default().await;
        let (call, fault) = {
            let mut handle = lock(&self.handle);
            handle.calls += 1;
            (handle.calls - 1, handle.fault)
        };
        let failed = || StoreError::Unavailable(format!("the fault at call {call}").into());
        if fault.is_some_and(|fault| fault.is_before(call)) {
            return Err(failed());
        }
        let now = self.shared.clock.now();
        let result = effect(&mut lock(&self.shared.state), now);
        if result.is_ok() {
            lock(&self.handle).writes.extend(written);
        }
        if fault.is_some_and(|fault| fault.is_after(call)) { Err(failed()) } else { result }
    }
}

fn live(stored: &PutVersion) -> LiveParameter {
    let PutParameter { name, parameter_type, value, .. } = stored.put.clone();
    let value = if parameter_type == ParameterType::SecureString { String::new() } else { value };
    LiveParameter { name, parameter_type, value, version: stored.version }
}

impl State {
    fn put(&mut self, parameter: PutParameter, now: Timestamp) -> Result<u64, StoreError> {
        check_put(&parameter)?;
        let name = parameter.name.clone();
        if let Some(versions) = self.parameters.get_mut(name.as_str()) {
            let Some(last) = versions.last() else { return Err(StoreError::AlreadyExists(name)) };
            if !parameter.overwrite {
                return Err(StoreError::AlreadyExists(name));
            }
            if last.put.parameter_type != parameter.parameter_type {
                return Err(StoreError::TypeChange { name, from: last.put.parameter_type.as_str() });
            }
            let version = last.version + 1;
            versions.push(PutVersion { put: parameter, version });
            if versions.len() > VERSIONS {
                versions.remove(0);
            }
            return Ok(version);
        }
        if let Some(deleted) = self.deleted.get(name.as_str())
            && now.duration_since(*deleted) < RECREATE.try_into().unwrap_or_default()
        {
            return Err(StoreError::TooSoon(name));
        }
        self.parameters.insert(name.into(), vec![PutVersion { put: parameter, version: 1 }]);
        Ok(1)
    }
}

impl ParameterStore for MemoryStore {
    async fn put(&self, parameter: PutParameter) -> Result<u64, StoreError> {
        let written = format!("put {}", parameter.name);
        self.call(move |state, now| state.put(parameter, now), [written]).await
    }

    async fn get(&self, names: &[ParameterName]) -> Result<Vec<LiveParameter>, StoreError> {
        let mut found = Vec::new();
        for names in names.chunks(PAGE) {
            let page = self.call(
                |state, _| {
                    let last = |name: &ParameterName| state.parameters.get(name.as_str())?.last().map(live);
                    Ok(names.iter().filter_map(last).collect::<Vec<_>>())
                },
                [],
            );
            found.extend(page.await?);
        }
        Ok(found)
    }

    async fn list(&self, path: &StorePath) -> Result<Vec<LiveParameter>, StoreError> {
        let mut found = Vec::new();
        let mut token = Some(format!("{path}/"));
        let mut pages = 0;
        while let Some(from) = token {
            pages += 1;
            // The token is the name to go on from; an empty page gives the same one again.
            let size = if pages % EMPTY_PAGES == 0 { 0 } else { PAGE };
            let page = self.call(
                |state, _| {
                    let mut below = state
                        .parameters
                        .range(from..)
                        .filter_map(|(_, versions)| versions.last())
                        .filter(|stored| path.levels(&stored.put.name).is_some());
                    let page: Vec<_> = below.by_ref().take(size).map(live).collect();
                    Ok((page, below.next().map(|next| next.put.name.to_string())))
                },
                [],
            );
            let (page, next) = page.await?;
            found.extend(page);
            token = next;
        }
        Ok(found)
    }

    async fn reveal(&self, secrets: &[SecretVersion]) -> Result<Vec<RevealedSecret>, StoreError> {
        let mut found = Vec::new();
        for secrets in secrets.chunks(PAGE) {
            let page = self.call(
                |state, _| {
                    let reveal = |secret: &SecretVersion| {
                        let versions = state.parameters.get(secret.name.as_str())?;
                        let stored = match secret.version {
                            Some(version) => versions.iter().find(|stored| stored.version == version)?,
                            None => versions.last()?,
                        };
                        (stored.put.parameter_type == ParameterType::SecureString).then(|| RevealedSecret {
                            name: secret.name.clone(),
                            version: stored.version,
                            value: SecretValue::new(stored.put.value.clone()),
                        })
                    };
                    Ok(secrets.iter().filter_map(reveal).collect::<Vec<_>>())
                },
                [],
            );
            found.extend(page.await?);
        }
        Ok(found)
    }

    fn recreate_delay(&self) -> Duration {
        RECREATE
    }

    async fn delete(&self, names: &[ParameterName]) -> Result<(), StoreError> {
        for names in names.chunks(PAGE) {
            let written: Vec<_> = names.iter().map(|name| format!("delete {name}")).collect();
            let page = self.call(
                |state, now| {
                    for name in names {
                        if state.parameters.remove(name.as_str()).is_some() {
                            state.deleted.insert(name.to_string(), now);
                        }
                    }
                    Ok(())
                },
                written,
            );
            page.await?;
        }
        Ok(())
    }

    async fn history(&self, name: &ParameterName) -> Result<Vec<LiveParameter>, StoreError> {
        let versions = |state: &mut State, _| {
            let versions = state.parameters.get(name.as_str());
            Ok(versions.map(|versions| versions.iter().map(live).collect()).unwrap_or_default())
        };
        self.call(versions, []).await
    }
}
