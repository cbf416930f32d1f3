use mlpp_parameters::json::Node;
use mlpp_parameters::release::{RecordError, RecordNames};
use mlpp_parameters::{Content, DecodeError, Drift, DriftPolicy, NameError, StorePath, decode, resolve};

use crate::records::{committed_head, load, status};
use crate::snapshot::{LOADS, Snapshot};
use crate::{ParameterStore, RecordsError, StoreError};

/// The parameters of a project as a launch uses them.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadParameters {
    /// They as one document; secrets as their names and versions.
    pub document: Node,
    /// The release whose record was read; `None` for a tree that no release recorded.
    pub release: Option<u64>,
    /// The policy by which it was read.
    pub policy: DriftPolicy,
    /// What was edited in place since that release.
    pub drift: Vec<Drift>,
}

/// Why the parameters cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The records cannot be read, or there is no such release.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The parameters contradict each other, or an edit is not of the recorded kind.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A recorded leaf has no name below the path.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The policy asks for a record, and nothing was ever applied.
    #[error("no release was applied at {0}")]
    NoRelease(StorePath),
    /// The policy is to fail, and the live tree is not as recorded.
    #[error("the parameters are not as release {release} recorded them: {} edited in place", drift.len())]
    Drift {
        /// The release in force.
        release: u64,
        /// What was edited; at least one.
        drift: Vec<Drift>,
    },
}

/// Reads the parameters of the project at `path`. With `pin` the record of that release is read, whatever the policy.
///
/// What is read is one release, old or new, also while another process applies the next one.
///
/// # Errors
/// [`ReadError`].
pub async fn read_parameters(
    store: &impl ParameterStore,
    path: &StorePath,
    policy: DriftPolicy,
    pin: Option<u64>,
) -> Result<ReadParameters, ReadError> {
    let names = RecordNames::of(path)?;
    if pin.is_some() || policy == DriftPolicy::Ignore {
        let (release, content) = Box::pin(recorded(store, path, &names, pin)).await?;
        let policy = DriftPolicy::Ignore;
        return Ok(ReadParameters {
            document: decode(&content)?,
            release: Some(release),
            policy,
            drift: vec![],
        });
    }
    let snapshot = Box::pin(Snapshot::read(store, path, &names, None)).await?;
    let Snapshot { status, tree, committed, others } = snapshot;
    let resolution = resolve(path, committed.as_ref(), &others, &tree)?;
    let release = status.committed.map(|head| head.number);
    let drift = resolution.drift.clone();
    if policy == DriftPolicy::Fail {
        let release = release.ok_or_else(|| ReadError::NoRelease(path.clone()))?;
        if !drift.is_empty() {
            return Err(ReadError::Drift { release, drift });
        }
    }
    Ok(ReadParameters { document: resolution.document()?, release, policy, drift })
}

/// The content of a release as it was recorded: of the one in force, or of `pin`.
///
/// # Errors
/// [`ReadError`].
pub async fn recorded_content(
    store: &impl ParameterStore,
    path: &StorePath,
    pin: Option<u64>,
) -> Result<(u64, Content), ReadError> {
    recorded(store, path, &RecordNames::of(path)?, pin).await
}

async fn recorded(
    store: &impl ParameterStore,
    path: &StorePath,
    names: &RecordNames,
    pin: Option<u64>,
) -> Result<(u64, Content), ReadError> {
    let mut attempt = 1;
    loop {
        let head = if let Some(number) = pin {
            committed_head(store, names, number).await?
        } else {
            let head = status(store, names).await?.committed;
            head.ok_or_else(|| ReadError::NoRelease(path.clone()))?
        };
        match load(store, names, &head).await {
            // Its chunks go when it is pruned: then its head is gone as well, which the next attempt tells.
            Err(RecordsError::Record(RecordError::Damaged { .. })) if attempt < LOADS => attempt += 1,
            content => return Ok((head.number, content?)),
        }
    }
}
