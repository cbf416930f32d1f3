use futures_util::future::join;
use mlpp_parameters::release::{RecordError, RecordNames};
use mlpp_parameters::{Content, LiveParameter, StorePath};

use crate::records::{Status, load, status, status_near};
use crate::{ParameterStore, RecordsError};

/// How often a project is read again when others claim or commit releases meanwhile.
const ATTEMPTS: usize = 8;
/// How often a release is read again whose chunks are gone: it may have been pruned meanwhile.
pub(crate) const LOADS: usize = 3;

/// What the store holds of a project, read while nobody claimed or committed a release.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The releases.
    pub(crate) status: Status,
    /// The live tree.
    pub(crate) tree: Vec<LiveParameter>,
    /// What the release in force recorded, if there is one.
    pub(crate) committed: Option<Content>,
    /// What each of the other releases recorded of which leaves may lie in the tree.
    pub(crate) others: Vec<Content>,
}

impl Snapshot {
    /// Reads the project at `path`. Where `known` is what the release in force recorded, to the last leaf, its chunks are not
    /// read.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub(crate) async fn read(
        store: &impl ParameterStore,
        path: &StorePath,
        names: &RecordNames,
        known: Option<&Content>,
    ) -> Result<Self, RecordsError> {
        let mut before = status(store, names).await?;
        let mut loads = 1;
        for _ in 0..ATTEMPTS {
            let (tree, loaded) = join(store.list(path), contents(store, names, &before, known)).await;
            let tree = tree?;
            let after = status_near(store, names, &before).await?;
            match loaded {
                Err(RecordsError::Record(RecordError::Damaged { .. })) if loads < LOADS => loads += 1,
                loaded if before.is_same(&after) => {
                    let (committed, others) = loaded?;
                    // What was left to delete may have been deleted meanwhile: `before` knows more.
                    return Ok(Self { status: before, tree, committed, others });
                }
                _ => {}
            }
            before = after;
        }
        Err(RecordsError::Unstable)
    }
}

/// What the release in force recorded, and the others.
async fn contents(
    store: &impl ParameterStore,
    names: &RecordNames,
    status: &Status,
    known: Option<&Content>,
) -> Result<(Option<Content>, Vec<Content>), RecordsError> {
    let committed = match (&status.committed, known) {
        (None, _) => None,
        (Some(head), Some(known)) if head.content == known.digest() => Some(known.clone()),
        (Some(head), _) => Some(load(store, names, head).await?),
    };
    let mut others = Vec::with_capacity(status.others.len());
    for head in &status.others {
        others.push(load(store, names, head).await?);
    }
    Ok((committed, others))
}
