use std::collections::{BTreeMap, BTreeSet, HashMap};

use mlpp_parameters::Content;
use mlpp_parameters::release::{self, Head, RecordError, RecordName, RecordNames};

use super::{RecordsError, Status};
use crate::ParameterStore;

/// All release records of a project.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// The heads that are there, by number.
    pub heads: BTreeMap<u64, Head>,
    /// The numbers that are committed.
    pub committed: BTreeSet<u64>,
    /// The numbers that are kept however many come after them.
    pub pinned: BTreeSet<u64>,
    /// Marks of releases that are committed or pinned and have no head.
    pub(crate) stray: Vec<RecordName>,
    hint: u64,
    chunks: HashMap<String, String>,
}

/// Lists all release records of a project.
///
/// # Errors
/// [`RecordsError`].
pub async fn archive(store: &impl ParameterStore, names: &RecordNames) -> Result<Archive, RecordsError> {
    let mut archive = Archive::default();
    for parameter in store.list(names.path()).await? {
        match names.parse(&parameter.name) {
            Some(RecordName::Head(number)) => {
                archive.heads.insert(number, Head::from_text(number, &parameter.value)?);
            }
            Some(RecordName::Committed(number)) => {
                archive.committed.insert(number);
            }
            Some(RecordName::Pinned(number)) => {
                archive.pinned.insert(number);
            }
            Some(RecordName::Current) => archive.hint = parameter.value.parse().unwrap_or(0),
            Some(RecordName::Chunk(name)) => {
                archive.chunks.insert(name, parameter.value);
            }
            None => {}
        }
    }
    let Archive { heads, committed, pinned, stray, .. } = &mut archive;
    stray.extend(
        committed.iter().filter(|number| !heads.contains_key(number)).map(|n| RecordName::Committed(*n)),
    );
    stray.extend(pinned.iter().filter(|number| !heads.contains_key(number)).map(|n| RecordName::Pinned(*n)));
    committed.retain(|number| heads.contains_key(number));
    pinned.retain(|number| heads.contains_key(number));
    Ok(archive)
}

impl Archive {
    /// Which release is in force, by all records.
    pub fn status(&self) -> Status {
        // A hint at a release that is not committed leads nowhere.
        let hint = if self.committed.contains(&self.hint) { self.hint } else { 0 };
        let mut status = Status::new(self.heads.clone(), |number| self.committed.contains(&number), hint);
        status.claimed = status.claimed.max(self.hint);
        status
    }

    /// The content of the release `head`.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn content(&self, head: &Head) -> Result<Content, RecordError> {
        let names = self.content_chunks(head)?;
        release::content(head, &names, self.values(head, &names)?)
    }

    /// The names of all chunks that the release `head` needs.
    pub(crate) fn chunks_of(&self, head: &Head) -> Result<Vec<String>, RecordError> {
        let mut names = self.content_chunks(head)?;
        if head.indexed {
            names.extend(head.chunks.iter().cloned());
        }
        Ok(names)
    }

    /// The names of all chunks that are stored.
    pub(crate) fn chunk_names(&self) -> impl Iterator<Item = &str> {
        self.chunks.keys().map(String::as_str)
    }

    fn content_chunks(&self, head: &Head) -> Result<Vec<String>, RecordError> {
        if head.indexed {
            release::index(head, self.values(head, &head.chunks)?)
        } else {
            Ok(head.chunks.clone())
        }
    }

    fn values(&self, head: &Head, names: &[String]) -> Result<Vec<&str>, RecordError> {
        let value = |name: &String| {
            let gone = || RecordError::damaged(head.number.to_string(), format!("its chunk {name} is gone"));
            self.chunks.get(name).map(String::as_str).ok_or_else(gone)
        };
        names.iter().map(value).collect()
    }
}
