use std::collections::HashSet;

use mlpp_parameters::release::{self, FORMAT, Head, RecordNames};
use mlpp_parameters::{Change, Content, Digest, NameError, ParameterName, ParameterType, Plan, StorePath};

use crate::records::{CurrentRelease, RecordsError, current_release};
use crate::{ParameterStore, PutParameter, StoreError};

/// What is to be in force.
#[derive(Debug, Clone)]
pub struct ApplyRequest<'a> {
    /// The project's path.
    pub path: &'a StorePath,
    /// The leaves.
    pub content: &'a Content,
    /// Name and digest of each document.
    pub documents: &'a [(String, Digest)],
    /// Who writes: a stack, or the command.
    pub owner: &'a str,
    /// The time: RFC 3339, in UTC.
    pub time: &'a str,
    /// Name and version of the tool.
    pub tool: &'a str,
}

/// What an apply did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyOutcome {
    /// The number of the release that is in force now.
    pub release: u64,
    /// Whether it is a new one.
    pub new: bool,
    /// Parameters created.
    pub created: usize,
    /// Parameters that got another value.
    pub updated: usize,
    /// Parameters that got another type.
    pub replaced: usize,
    /// Parameters deleted.
    pub deleted: usize,
    /// Parameters left as they were.
    pub unchanged: usize,
    /// Parameters that somebody had edited in place.
    pub drifted: usize,
}

/// Why an apply did not come to its end. What was in force before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another writer claimed the number first.
    #[error("release {0} was claimed by another writer meanwhile; apply again")]
    Claimed(u64),
    /// The records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A name is not valid below the path.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Brings the documents' content into force as a release; does nothing when it is in force already.
///
/// The order of the writes makes it atomic for readers: the chunks of the content, the head (which claims the number),
/// the leaves, the mark that the release is committed, then the deletes and the hint.
///
/// # Errors
/// [`ApplyError`].
pub async fn apply(
    store: &impl ParameterStore,
    request: &ApplyRequest<'_>,
) -> Result<ApplyOutcome, ApplyError> {
    let names = RecordNames::of(request.path)?;
    let current = current_release(store, request.path).await?;
    let live = store.list(request.path).await?;
    let plan = Plan::compute(request.path, current.content(), request.content, &live)?;
    let mut outcome = outcome_of(&plan, &current);
    // A claim above the committed number is left by a writer that did not end: its leaves may be half written.
    if plan.is_empty() && current.claimed == current.number() && current.number() > 0 {
        return Ok(outcome);
    }
    outcome.release = current.claimed + 1;
    outcome.new = true;
    claim(store, &names, request, &current, outcome.release).await?;
    let deletes = write_leaves(store, &plan).await?;
    put(store, names.committed(outcome.release)?, ParameterType::String, request.time.to_owned(), false)
        .await?;
    store.delete(&deletes).await?;
    put(store, names.current()?, ParameterType::String, outcome.release.to_string(), true).await?;
    Ok(outcome)
}

/// Writes the chunks that are not there yet and the head of release `number`.
async fn claim(
    store: &impl ParameterStore,
    names: &RecordNames,
    request: &ApplyRequest<'_>,
    current: &CurrentRelease,
    number: u64,
) -> Result<(), ApplyError> {
    let chunks = release::chunks(request.content);
    let chunk_names = chunks.iter().map(|chunk| names.chunk(&chunk.name)).collect::<Result<Vec<_>, _>>()?;
    let present: HashSet<_> =
        store.get(&chunk_names).await?.into_iter().map(|parameter| parameter.name).collect();
    for (chunk, name) in chunks.iter().zip(chunk_names) {
        if !present.contains(&name) {
            // A chunk is named by its digest: one that another writer stored meanwhile has the same value.
            put(store, name, ParameterType::String, chunk.value.clone(), true).await?;
        }
    }
    let head = Head {
        format: FORMAT,
        number,
        parent: current.number(),
        owner: request.owner.to_owned(),
        time: request.time.to_owned(),
        tool: request.tool.to_owned(),
        documents: request.documents.to_vec(),
        content: request.content.digest(),
        chunks: chunks.into_iter().map(|chunk| chunk.name).collect(),
    };
    match put(store, names.head(number)?, ParameterType::String, head.to_text(), false).await {
        Err(StoreError::AlreadyExists(_)) => Err(ApplyError::Claimed(number)),
        other => Ok(other?),
    }
}

/// Writes what is new or other, and returns what is to be deleted.
async fn write_leaves(store: &impl ParameterStore, plan: &Plan) -> Result<Vec<ParameterName>, StoreError> {
    let mut deletes = Vec::new();
    for parameter in plan.changes() {
        let Some((parameter_type, value)) = &parameter.wanted else {
            deletes.push(parameter.name.clone());
            continue;
        };
        if matches!(parameter.change, Change::Replace { .. }) {
            store.delete(std::slice::from_ref(&parameter.name)).await?;
        }
        put(store, parameter.name.clone(), *parameter_type, value.clone(), true).await?;
    }
    Ok(deletes)
}

async fn put(
    store: &impl ParameterStore,
    name: ParameterName,
    parameter_type: ParameterType,
    value: String,
    overwrite: bool,
) -> Result<(), StoreError> {
    store.put(PutParameter { name, parameter_type, value, overwrite }).await.map(|_| ())
}

fn outcome_of(plan: &Plan, current: &CurrentRelease) -> ApplyOutcome {
    let count = |wanted: fn(&Change) -> bool| plan.parameters.iter().filter(|p| wanted(&p.change)).count();
    ApplyOutcome {
        release: current.number(),
        new: false,
        created: count(|change| *change == Change::Create),
        updated: count(|change| matches!(change, Change::Update { .. })),
        replaced: count(|change| matches!(change, Change::Replace { .. })),
        deleted: count(|change| *change == Change::Delete),
        unchanged: count(|change| *change == Change::Unchanged),
        drifted: plan.parameters.iter().filter(|parameter| parameter.drifted).count(),
    }
}
