use mlpp_parameters::release::{self, Head, RecordError, RecordNames};
use mlpp_parameters::{Content, NameError, ParameterName, StorePath};

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
}

/// The release in force, and the highest number that anybody has claimed.
#[derive(Debug, Clone, Default)]
pub struct CurrentRelease {
    /// The highest committed release.
    pub committed: Option<(Head, Content)>,
    /// The highest claimed number; 0 for none. Higher than the committed one after a crash, or while another writes.
    pub claimed: u64,
}

impl CurrentRelease {
    /// The number of the release in force; 0 for none.
    pub fn number(&self) -> u64 {
        self.committed.as_ref().map_or(0, |(head, _)| head.number)
    }

    /// The leaves that the release in force recorded.
    pub fn content(&self) -> Option<&Content> {
        self.committed.as_ref().map(|(_, content)| content)
    }
}

/// Reads which release of the project at `path` is in force. The truth is the highest committed number; the hint
/// `current` says where to look first and is followed forward (back, should it name a release that is not committed).
///
/// # Errors
/// [`RecordsError`].
pub async fn current_release(
    store: &impl ParameterStore,
    path: &StorePath,
) -> Result<CurrentRelease, RecordsError> {
    let names = RecordNames::of(path)?;
    let hint = read(store, &names.current()?).await?.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let mut current = CurrentRelease { committed: None, claimed: hint };
    let mut committed = None;
    let mut number = hint.max(1);
    while number > 1 && read(store, &names.committed(number)?).await?.is_none() {
        number -= 1;
    }
    // Numbers are claimed one after the other, so the first one that is free ends the search.
    while let Some(text) = read(store, &names.head(number)?).await? {
        current.claimed = number;
        if read(store, &names.committed(number)?).await?.is_some() {
            committed = Some(Head::from_text(number, &text)?);
        }
        number += 1;
    }
    if let Some(head) = committed {
        let content = content(store, &names, &head).await?;
        current.committed = Some((head, content));
    }
    Ok(current)
}

/// The content of the release `head`.
async fn content(
    store: &impl ParameterStore,
    names: &RecordNames,
    head: &Head,
) -> Result<Content, RecordsError> {
    let wanted = head.chunks.iter().map(|chunk| names.chunk(chunk)).collect::<Result<Vec<_>, _>>()?;
    let stored = store.get(&wanted).await?;
    let mut values = Vec::with_capacity(wanted.len());
    for name in &wanted {
        let chunk =
            stored.iter().find(|parameter| parameter.name == *name).ok_or_else(|| RecordError::Damaged {
                name: head.number.to_string(),
                reason: format!("its chunk {name} is gone"),
            })?;
        values.push(chunk.value.as_str());
    }
    Ok(release::content(head, values)?)
}

async fn read(store: &impl ParameterStore, name: &ParameterName) -> Result<Option<String>, StoreError> {
    let found = store.get(std::slice::from_ref(name)).await?;
    Ok(found.into_iter().next().map(|parameter| parameter.value))
}
