//! Projects in memory for the tests of the use cases.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part")]

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mlpp_parameters::release::Action;
use mlpp_parameters::{
    Content, Digest, Documents, DriftPolicy, FingerprintKey, ParameterType, SecretSource, SecretValue,
    StorePath, encode,
};
use mlpp_provider::memory::MemoryStore;
use mlpp_provider::{
    ApplyError, ApplyOutcome, ApplyRequest, DestroyError, DestroyOutcome, ParameterStore, PlanRequest,
    Planned, PlanningError, PutParameter, ReadError, SecretReader, Secrets, apply, destroy, plan,
    plan_destroy, read_parameters, recorded_content,
};

pub(crate) fn path() -> StorePath {
    "/p".parse().unwrap()
}

pub(crate) fn content(text: &str) -> Content {
    encode(&Documents::merge([("a.json", text)]).unwrap().root, &path()).unwrap()
}

/// Runs a future to its end; nothing here waits for anything but its turn.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Sources of secrets by what is written in a document.
#[derive(Default)]
pub(crate) struct Vault(pub(crate) HashMap<String, String>);

impl Vault {
    pub(crate) fn of<const N: usize>(values: [(&str, &str); N]) -> Self {
        Self(values.into_iter().map(|(source, value)| (source.to_owned(), value.to_owned())).collect())
    }
}

impl SecretReader for Vault {
    fn read(&self, source: &SecretSource) -> Result<SecretValue, String> {
        let value = self.0.get(&source.to_string()).ok_or("it is not set")?;
        Ok(SecretValue::new(value.clone()))
    }
}

/// Who applies, and how.
pub(crate) struct Writer {
    pub(crate) owner: &'static str,
    pub(crate) name: String,
    pub(crate) adopt: bool,
    pub(crate) exclusive: bool,
    pub(crate) keep_releases: u64,
    pub(crate) keep_drift: bool,
    pub(crate) vault: Vault,
    pub(crate) key: FingerprintKey,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            owner: "mlpp",
            name: "first".to_owned(),
            adopt: false,
            exclusive: false,
            keep_releases: 20,
            keep_drift: false,
            vault: Vault::default(),
            key: FingerprintKey::new([1; 32]),
        }
    }
}

/// What an apply failed by.
#[derive(Debug)]
pub(crate) enum Failure {
    Planning(PlanningError),
    Apply(ApplyError),
    Destroy(DestroyError),
    Read(ReadError),
}

impl Writer {
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(crate) fn secrets(&self) -> Secrets<'_> {
        Secrets { reader: &self.vault, key: &self.key }
    }

    pub(crate) async fn plan(
        &self,
        store: &MemoryStore,
        content: &Content,
    ) -> Result<Planned, PlanningError> {
        let (path, keep_drift) = (path(), self.keep_drift);
        plan(store, &PlanRequest { path: &path, content, keep_drift, secrets: self.secrets() }).await
    }

    pub(crate) async fn apply_plan(
        &self,
        store: &MemoryStore,
        planned: &Planned,
        action: Action,
    ) -> Result<ApplyOutcome, ApplyError> {
        let path = path();
        let documents = [("a.json".to_owned(), Digest::of(&self.name))];
        apply(store, store.clock(), planned, &self.request(&path, &documents, action), &mut |_| {}).await
    }

    fn request<'a>(
        &'a self,
        path: &'a StorePath,
        documents: &'a [(String, Digest)],
        action: Action,
    ) -> ApplyRequest<'a> {
        ApplyRequest {
            path,
            documents,
            action,
            owner: self.owner,
            author: &self.name,
            writer: &self.name,
            tool: "mlpp test",
            adopt: self.adopt,
            exclusive: self.exclusive,
            keep_releases: self.keep_releases,
        }
    }

    pub(crate) async fn apply(&self, store: &MemoryStore, text: &str) -> Result<ApplyOutcome, Failure> {
        let planned = self.plan(store, &content(text)).await.map_err(Failure::Planning)?;
        self.apply_plan(store, &planned, Action::Apply).await.map_err(Failure::Apply)
    }

    pub(crate) async fn rollback(&self, store: &MemoryStore, to: u64) -> Result<ApplyOutcome, Failure> {
        let (_, content) = recorded_content(store, &path(), Some(to)).await.map_err(Failure::Read)?;
        let planned = self.plan(store, &content).await.map_err(Failure::Planning)?;
        self.apply_plan(store, &planned, Action::Rollback { to }).await.map_err(Failure::Apply)
    }

    pub(crate) async fn destroy(&self, store: &MemoryStore) -> Result<DestroyOutcome, Failure> {
        let path = path();
        let planned = plan_destroy(store, &path, self.secrets()).await.map_err(Failure::Planning)?;
        let request = self.request(&path, &[], Action::Destroy);
        destroy(store, store.clock(), &planned, &request, &mut |_| {}).await.map_err(Failure::Destroy)
    }
}

/// What a reader sees, as JSON text; `-` for nothing that was ever applied.
pub(crate) async fn read(store: &MemoryStore, policy: DriftPolicy) -> Result<String, ReadError> {
    match read_parameters(store, &path(), policy, None).await {
        Ok(read) => Ok(read.document.to_string()),
        Err(ReadError::NoRelease(_)) => Ok("-".to_owned()),
        Err(error) => Err(error),
    }
}

/// Somebody writes a parameter by hand.
pub(crate) fn edit(store: &MemoryStore, name: &str, value: &str) {
    let parameter_type = ParameterType::String;
    let name = name.parse().unwrap();
    run(store.put(PutParameter { name, parameter_type, value: value.into(), overwrite: true })).unwrap();
}

/// The names below the project's path.
pub(crate) fn names(store: &MemoryStore) -> Vec<String> {
    run(store.list(&path())).unwrap().iter().map(|parameter| parameter.name.to_string()).collect()
}
