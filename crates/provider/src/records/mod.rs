//! Reading the release records.

mod archive;
mod status;

use std::collections::HashMap;

use mlpp_parameters::release::{self, Head, RecordError, RecordNames};
use mlpp_parameters::{Content, NameError, ParameterName};

pub use archive::{Archive, archive};
pub use status::{Status, status};
pub(crate) use status::{is_claimed, status_near};

use crate::{ParameterStore, StoreError};

/// Why the release records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record is damaged or of another format.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The path leaves no room for the records' names.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The records changed each time that they were read: others apply release after release.
    #[error("the releases changed again and again while they were read")]
    Unstable,
    /// There is no release of that number.
    #[error("there is no release {0}")]
    Absent(u64),
    /// The release was claimed and never committed.
    #[error("release {0} was never committed")]
    NotCommitted(u64),
    /// The release is older than those that are kept.
    #[error("release {0} is no longer kept")]
    Pruned(u64),
}

/// The content of the release `head`.
///
/// # Errors
/// [`RecordsError`].
pub(crate) async fn load(
    store: &impl ParameterStore,
    names: &RecordNames,
    head: &Head,
) -> Result<Content, RecordsError> {
    if head.indexed {
        let values = chunk_values(store, names, head, &head.chunks).await?;
        let listed = release::index(head, values.iter().map(String::as_str))?;
        let values = chunk_values(store, names, head, &listed).await?;
        return Ok(release::content(head, &listed, values.iter().map(String::as_str))?);
    }
    let values = chunk_values(store, names, head, &head.chunks).await?;
    Ok(release::content(head, &head.chunks, values.iter().map(String::as_str))?)
}

/// The values of the chunks called `listed`, in that order.
async fn chunk_values(
    store: &impl ParameterStore,
    names: &RecordNames,
    head: &Head,
    listed: &[String],
) -> Result<Vec<String>, RecordsError> {
    let wanted = listed.iter().map(|chunk| names.chunk(chunk)).collect::<Result<Vec<_>, _>>()?;
    let stored = store.get(&wanted).await?;
    let by_name: HashMap<ParameterName, String> =
        stored.into_iter().map(|parameter| (parameter.name, parameter.value)).collect();
    let mut values = Vec::with_capacity(wanted.len());
    for name in &wanted {
        // A content can have the same chunk twice.
        let value = by_name.get(name).ok_or_else(|| {
            RecordError::damaged(head.number.to_string(), format!("its chunk {name} is gone"))
        })?;
        values.push(value.clone());
    }
    Ok(values)
}

/// The committed release `number`: its head.
///
/// # Errors
/// [`RecordsError::Absent`], [`RecordsError::NotCommitted`], [`RecordsError::Pruned`].
pub(crate) async fn committed_head(
    store: &impl ParameterStore,
    names: &RecordNames,
    number: u64,
) -> Result<Head, RecordsError> {
    let wanted = [names.head(number)?, names.committed(number)?];
    let found = store.get(&wanted).await?;
    let value = |name: &ParameterName| found.iter().find(|parameter| parameter.name == *name);
    match (value(&wanted[0]), value(&wanted[1])) {
        (Some(head), Some(_)) => Ok(Head::from_text(number, &head.value)?),
        (Some(_), None) => Err(RecordsError::NotCommitted(number)),
        (None, _) => {
            let status = status(store, names).await?;
            let pruned = (1..=status.number()).contains(&number);
            Err(if pruned { RecordsError::Pruned(number) } else { RecordsError::Absent(number) })
        }
    }
}
