use mlpp_parameters::release::{Head, RecordNames};
use mlpp_parameters::{Content, ParameterType, StorePath};

use crate::records::{archive, committed_head};
use crate::{ParameterStore, PutParameter, RecordsError, StoreError};

/// A release that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Who claimed it, when, from what.
    pub head: Head,
    /// Whether it came into force.
    pub committed: bool,
    /// Whether it is the one in force.
    pub current: bool,
    /// Whether it is kept however many come after it.
    pub pinned: bool,
    /// What it recorded.
    pub content: Content,
}

/// Every release of the project that is kept, the oldest first.
///
/// # Errors
/// [`RecordsError`].
pub async fn history(store: &impl ParameterStore, path: &StorePath) -> Result<Vec<Release>, RecordsError> {
    let archive = archive(store, &RecordNames::of(path)?).await?;
    let current = archive.status().number();
    let mut releases = Vec::with_capacity(archive.heads.len());
    for (number, head) in &archive.heads {
        releases.push(Release {
            committed: archive.committed.contains(number),
            current: *number == current,
            pinned: archive.pinned.contains(number),
            content: archive.content(head)?,
            head: head.clone(),
        });
    }
    Ok(releases)
}

/// Keeps release `number` however many come after it, or no longer does.
///
/// # Errors
/// [`RecordsError`] when there is no such release.
pub async fn pin(
    store: &impl ParameterStore,
    path: &StorePath,
    number: u64,
    keep: bool,
) -> Result<(), RecordsError> {
    let names = RecordNames::of(path)?;
    committed_head(store, &names, number).await?;
    let name = names.pinned(number)?;
    if !keep {
        return Ok(store.delete(&[name]).await?);
    }
    let (parameter_type, value) = (ParameterType::String, "true".to_owned());
    match store.put(PutParameter { name, parameter_type, value, overwrite: false }).await {
        Ok(_) | Err(StoreError::AlreadyExists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    // It may have been dropped between the two.
    committed_head(store, &names, number).await.map(|_| ())
}
