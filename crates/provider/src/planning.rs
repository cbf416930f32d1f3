use std::collections::HashMap;

use mlpp_parameters::release::{Head, RecordNames, chunks};
use mlpp_parameters::{
    Content, NameError, ParameterName, Plan, PlanError, PlanInput, SecretValue, StorePath, nested_projects,
};

use crate::records::Status;
use crate::secrets::{SecretError, Secrets, read_secrets};
use crate::snapshot::Snapshot;
use crate::{ParameterStore, RecordsError, StoreError};

/// What is to be planned.
#[derive(Clone, Copy)]
pub struct PlanRequest<'a> {
    /// The project's path.
    pub path: &'a StorePath,
    /// What is wanted; secrets by their sources, or by the versions that an earlier release recorded.
    pub content: &'a Content,
    /// Whether an edit in place stays where the documents have not changed.
    pub keep_drift: bool,
    /// How secrets are read.
    pub secrets: Secrets<'a>,
}

/// A plan, and what it holds for.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What becomes of each parameter.
    pub plan: Plan,
    /// The releases at the time.
    pub status: Status,
    /// Paths of other projects that lie below this one, or above it.
    pub nested: Vec<String>,
    /// The values of the secrets that are wanted.
    pub(crate) secrets: HashMap<ParameterName, SecretValue>,
}

impl Planned {
    /// Whether there is nothing to do: nothing changes, and no apply was left half done.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && self.status.others.is_empty() && self.status.committed.is_some()
    }

    /// How many calls that write an apply of the plan makes, if no other apply stored a chunk of it before.
    pub fn writes(&self) -> usize {
        if self.is_empty() { 0 } else { self.writes_beside(chunks(&self.plan.content).all.len()) }
    }

    /// [`Self::writes`] of a release with so many chunks.
    pub(crate) fn writes_beside(&self, chunks: usize) -> usize {
        // The head, the mark and the hint.
        let records = if self.needs_hint() { 3 } else { 2 };
        self.plan.changes().count() + chunks + records
    }

    /// The number of the next release.
    pub(crate) fn next_number(&self) -> u64 {
        self.status.claimed + 1
    }

    /// Whether the next release needs the hint: without one the search begins at release 1.
    pub(crate) fn needs_hint(&self) -> bool {
        self.next_number() > 1
    }

    /// The last one who claimed a release, whether it was committed or not.
    pub(crate) fn last_claim(&self) -> Option<&Head> {
        self.status.pending().or(self.status.committed.as_ref())
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The comparison failed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A name is not valid below the path.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Compares what is recorded, what is wanted and what is live. Nothing is written.
///
/// # Errors
/// [`PlanningError`].
pub async fn plan(store: &impl ParameterStore, request: &PlanRequest<'_>) -> Result<Planned, PlanningError> {
    let names = RecordNames::of(request.path)?;
    let snapshot = Snapshot::read(store, request.path, &names, Some(request.content)).await?;
    let Snapshot { status, tree: live, committed, others } = snapshot;
    let secrets = read_secrets(store, request.path, request.content, &live, request.secrets).await?;
    let plan = Plan::compute(&PlanInput {
        path: request.path,
        base: committed.as_ref(),
        others: &others,
        wanted: request.content,
        live: &live,
        secrets: &secrets.states,
        keep_drift: request.keep_drift,
    })?;
    let mut nested = nested_projects(request.path, &live);
    nested.extend(projects_above(store, request.path).await?);
    Ok(Planned { plan, status, nested, secrets: secrets.values })
}

/// The paths above `path` that are projects.
async fn projects_above(store: &impl ParameterStore, path: &StorePath) -> Result<Vec<String>, PlanningError> {
    let mut hints = Vec::new();
    for (at, _) in path.as_str().match_indices('/').skip(1) {
        let above: StorePath = path.as_str()[..at].parse()?;
        // A path too deep for records has none.
        if let Ok(names) = RecordNames::of(&above) {
            hints.extend([names.current()?, names.head(1)?]);
        }
    }
    let mut above: Vec<String> = store
        .get(&hints)
        .await?
        .iter()
        .filter_map(|found| Some(found.name.as_str().rsplit_once(".releases/")?.0.to_owned()))
        .collect();
    above.sort_unstable();
    above.dedup();
    Ok(above)
}
