//! What every command needs that compares a project with its store, or writes to it.

use std::path::PathBuf;

use mlpp_local::SystemClock;
use mlpp_parameters::release::Action;
use mlpp_parameters::{Content, Digest, FingerprintKey, Kind, SecretSource, SecretValue};
use mlpp_provider::{
    ApplyOutcome, ApplyRequest, PlanRequest, Planned, Progress, SecretReader, Secrets, apply, plan,
};

use super::{apply_failed, planning_failed, store_failed};
use crate::backend::Store;
use crate::commands::TOOL;
use crate::config::{Backend, Project};
use crate::error::CommandError;

/// Who owns what the command applies; a stack has an owner of its own.
pub(crate) const OWNER: &str = "mlpp";

/// Whether there is a secret among the leaves.
fn has_secrets(content: &Content) -> bool {
    content.entries.iter().any(|entry| matches!(entry.kind, Kind::Secret | Kind::SecretSource))
}

fn random<const N: usize>() -> Result<[u8; N], CommandError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| CommandError::failed("draw a random number", std::io::Error::from(error)))?;
    Ok(bytes)
}

/// Reads secrets from the environment and from files of the project.
#[derive(Debug)]
struct ProjectSecrets {
    folder: PathBuf,
}

impl SecretReader for ProjectSecrets {
    fn read(&self, source: &SecretSource) -> Result<SecretValue, String> {
        match source {
            SecretSource::Environment(name) => match std::env::var(name) {
                Ok(value) => Ok(SecretValue::new(value)),
                Err(std::env::VarError::NotPresent) => Err(format!("the variable {name} is not set")),
                Err(std::env::VarError::NotUnicode(_)) => Err(format!("the variable {name} is not in UTF-8")),
            },
            SecretSource::File(file) => {
                let file = self.folder.join(file);
                let text =
                    std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
                let value = text.strip_suffix('\n').unwrap_or(&text);
                Ok(SecretValue::new(value.strip_suffix('\r').unwrap_or(value)))
            }
            SecretSource::Parameter(name) => Err(format!("{name} is a parameter")),
        }
    }
}

/// A project and its store, to plan and to apply.
pub(crate) struct Applying<'a> {
    project: &'a Project,
    store: &'a Store,
    documents: &'a [(String, Digest)],
    reader: ProjectSecrets,
    key: FingerprintKey,
    writer: String,
    author: String,
    /// Whether to take over what belongs to others.
    pub(crate) adopt: bool,
}

impl<'a> Applying<'a> {
    /// `documents` are name and digest of each, for the record; `content` is what is to be planned.
    ///
    /// # Errors
    /// The key of the secrets cannot be read or made.
    pub(crate) fn new(
        project: &'a Project,
        store: &'a Store,
        documents: &'a [(String, Digest)],
        content: &Content,
    ) -> Result<Self, CommandError> {
        // The key is made when it is first needed, and so it is asked for only then.
        let key = if has_secrets(content) {
            store.fingerprint_key().map_err(|error| store_failed(project, error))?
        } else {
            FingerprintKey::new([0; 32])
        };
        Self::with_key(project, store, documents, key)
    }

    /// The same to plan alone: nothing is written. Where there is no key yet, fingerprints are made with one that nobody
    /// else has; they still tell equal values from different ones within the plan.
    ///
    /// # Errors
    /// The key of the secrets cannot be read.
    pub(crate) fn reading(
        project: &'a Project,
        store: &'a Store,
        documents: &'a [(String, Digest)],
        content: &Content,
    ) -> Result<Self, CommandError> {
        if store.has_fingerprint_key() {
            return Self::new(project, store, documents, content);
        }
        Self::with_key(project, store, documents, FingerprintKey::new(random()?))
    }

    fn with_key(
        project: &'a Project,
        store: &'a Store,
        documents: &'a [(String, Digest)],
        key: FingerprintKey,
    ) -> Result<Self, CommandError> {
        let id: [u8; 16] = random()?;
        let variable = |name| std::env::var(name).ok().filter(|name| !name.is_empty());
        Ok(Self {
            project,
            store,
            documents,
            reader: ProjectSecrets { folder: project.folder.clone() },
            key,
            writer: Digest::of(id).as_str()[..32].to_owned(),
            author: variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "unknown".to_owned()),
            adopt: false,
        })
    }

    /// How secrets are read and shown.
    pub(crate) fn secrets(&self) -> Secrets<'_> {
        Secrets { reader: &self.reader, key: &self.key }
    }

    /// Compares what is wanted with the store.
    pub(crate) async fn plan(&self, content: &Content, keep_drift: bool) -> Result<Planned, CommandError> {
        let request = PlanRequest { path: &self.project.path, content, keep_drift, secrets: self.secrets() };
        plan(self.store, &request).await.map_err(|error| planning_failed(self.project, error))
    }

    /// Brings a plan into force. The caller holds the writer's lock.
    pub(crate) async fn apply(
        &self,
        planned: &Planned,
        action: Action,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<ApplyOutcome, CommandError> {
        apply(self.store, &SystemClock, planned, &self.request(action), progress)
            .await
            .map_err(|error| apply_failed(self.project, error))
    }

    /// Who applies, and how.
    pub(crate) fn request(&self, action: Action) -> ApplyRequest<'_> {
        ApplyRequest {
            path: &self.project.path,
            documents: self.documents,
            action,
            owner: OWNER,
            author: &self.author,
            writer: &self.writer,
            tool: TOOL,
            adopt: self.adopt,
            // On this machine the writer's lock is held: a claim that stands is of a process that has ended.
            exclusive: self.project.config.backend == Backend::Local,
            keep_releases: self.project.config.keep_releases,
        }
    }
}
