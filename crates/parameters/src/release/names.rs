use crate::{NameError, ParameterName, StorePath};

/// The names of a project's release records.
#[derive(Debug, Clone)]
pub struct RecordNames(StorePath);

/// What a record is, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordName {
    /// The head of a release.
    Head(u64),
    /// The mark that a release is committed.
    Committed(u64),
    /// The mark that a release is kept.
    Pinned(u64),
    /// The hint at the current release.
    Current,
    /// A chunk, by its name below `content/`.
    Chunk(String),
}

const COMMITTED: &str = "committed";
const PINNED: &str = "pinned";
const CURRENT: &str = "current";
const CONTENT: &str = "content";

impl RecordNames {
    /// The names of the records of the project at `path`.
    ///
    /// # Errors
    /// [`NameError`] when the path is so long or deep that a record has no name.
    pub fn of(path: &StorePath) -> Result<Self, NameError> {
        let names = Self(path.releases()?);
        names.committed(u64::MAX)?;
        names.chunk("0123456789012345678901")?;
        Ok(names)
    }

    /// The path under which all of them lie.
    pub fn path(&self) -> &StorePath {
        &self.0
    }

    /// The head of release `number`.
    pub fn head(&self, number: u64) -> Result<ParameterName, NameError> {
        self.0.name(&[number.to_string()])
    }

    /// The mark that release `number` is committed.
    pub fn committed(&self, number: u64) -> Result<ParameterName, NameError> {
        self.0.name(&[number.to_string().as_str(), COMMITTED])
    }

    /// The mark that release `number` is kept however many come after it.
    pub fn pinned(&self, number: u64) -> Result<ParameterName, NameError> {
        self.0.name(&[number.to_string().as_str(), PINNED])
    }

    /// The hint at the current release.
    pub fn current(&self) -> Result<ParameterName, NameError> {
        self.0.name(&[CURRENT])
    }

    /// The chunk called `name`.
    pub fn chunk(&self, name: &str) -> Result<ParameterName, NameError> {
        self.0.name(&[CONTENT, name])
    }

    /// The name of a record.
    pub fn name(&self, record: &RecordName) -> Result<ParameterName, NameError> {
        match record {
            RecordName::Head(number) => self.head(*number),
            RecordName::Committed(number) => self.committed(*number),
            RecordName::Pinned(number) => self.pinned(*number),
            RecordName::Current => self.current(),
            RecordName::Chunk(name) => self.chunk(name),
        }
    }

    /// What the record called `name` is; `None` when it is none.
    pub fn parse(&self, name: &ParameterName) -> Option<RecordName> {
        let number = |text: &str| {
            let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|_| canonical)
        };
        match self.0.levels(name)?.as_slice() {
            [CURRENT] => Some(RecordName::Current),
            [CONTENT, chunk] => Some(RecordName::Chunk((*chunk).to_owned())),
            [head] => number(head).map(RecordName::Head),
            [head, COMMITTED] => number(head).map(RecordName::Committed),
            [head, PINNED] => number(head).map(RecordName::Pinned),
            _ => None,
        }
    }
}
