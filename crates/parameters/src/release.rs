//! The records that make an apply a release. They lie beside the tree, below `<path>.releases/`:
//!
//! | name | what |
//! |---|---|
//! | `content/<digest>` | a chunk of the release's leaves and kinds |
//! | `<n>` | the head: who, when, from which documents, and the chunks. To create it is to claim the number |
//! | `<n>/committed` | the leaves are written |
//! | `current` | a hint at the highest committed number |

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::{Content, Digest, Entry, NameError, ParameterName, StorePath};

/// The format of heads and chunks that this version writes and reads.
pub const FORMAT: u32 = 1;

/// The most bytes that a value of the Standard tier may have (`PutParameter`, member `Value`).
pub const STANDARD_TIER_BYTES: usize = 4096;

/// A chunk is cut behind a leaf whose levels' digest ends in this many zero bits: every 64th on average, and always the
/// same ones, so that a small change leaves most chunks as they are.
const BOUNDARY_BITS: u32 = 6;

/// The head of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`FORMAT`].
    pub format: u32,
    /// Its number, from 1.
    pub number: u64,
    /// The number of the release that was in force when this one was claimed; 0 for none.
    pub parent: u64,
    /// Who owns the path: a stack, or the command.
    pub owner: String,
    /// When it was claimed: RFC 3339, in UTC.
    pub time: String,
    /// Name and version of the tool.
    pub tool: String,
    /// Name and digest of each document.
    pub documents: Vec<(String, Digest)>,
    /// [`Content::digest`].
    pub content: Digest,
    /// The names of the chunks below `content/`, in order.
    pub chunks: Vec<String>,
}

/// A piece of a release's content, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its name below `content/`: the first 32 characters of the value's digest.
    pub name: String,
    /// Its value: at most [`STANDARD_TIER_BYTES`] of base64.
    pub value: String,
}

/// Why stored records do not make a release.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A record is not in the format in which it was written.
    #[error("the release record \"{name}\" is damaged: {reason}")]
    Damaged {
        /// The record's name below the path of releases.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer version of the tool wrote it.
    #[error("the release record \"{name}\" has format {format}; this version reads format {FORMAT}")]
    Format {
        /// The record's name below the path of releases.
        name: String,
        /// Its format.
        format: u32,
    },
}

fn damaged(name: impl Into<String>, reason: impl std::fmt::Display) -> RecordError {
    RecordError::Damaged { name: name.into(), reason: reason.to_string() }
}

/// The names of a project's release records.
#[derive(Debug, Clone)]
pub struct RecordNames(StorePath);

impl RecordNames {
    /// The names of the records of the project at `path`.
    ///
    /// # Errors
    /// [`NameError::Length`] when the path is that long.
    pub fn of(path: &StorePath) -> Result<Self, NameError> {
        path.releases().map(Self)
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
        self.0.name(&[number.to_string().as_str(), "committed"])
    }

    /// The hint at the current release.
    pub fn current(&self) -> Result<ParameterName, NameError> {
        self.0.name(&["current"])
    }

    /// The chunk called `name`.
    pub fn chunk(&self, name: &str) -> Result<ParameterName, NameError> {
        self.0.name(&["content", name])
    }
}

impl Head {
    /// Its JSON text.
    pub fn to_text(&self) -> String {
        // A head is a plain structure of texts and numbers: its serialisation cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the head that was stored under `number`.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_text(number: u64, text: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        let name = number.to_string();
        let Versioned { format } = serde_json::from_str(text).map_err(|error| damaged(&name, error))?;
        if format != FORMAT {
            return Err(RecordError::Format { name, format });
        }
        let head: Self = serde_json::from_str(text).map_err(|error| damaged(&name, error))?;
        if head.number != number {
            return Err(damaged(name, format!("it says that it is number {}", head.number)));
        }
        Ok(head)
    }
}

/// Cuts `content` into chunks: leaves as JSON lines, compressed, in base64.
pub fn chunks(content: &Content) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut lines = Vec::new();
    for entry in &content.entries {
        // An entry is a plain structure of texts: its serialisation cannot fail.
        lines.extend(serde_json::to_vec(entry).unwrap_or_default());
        lines.push(b'\n');
        if is_boundary(entry) {
            cut(&lines, &mut chunks);
            lines.clear();
        }
    }
    if !lines.is_empty() {
        cut(&lines, &mut chunks);
    }
    chunks
}

fn is_boundary(entry: &Entry) -> bool {
    let digest = Digest::of(entry.levels.join("/"));
    let tail = u32::from_str_radix(&digest.as_str()[56..], 16).unwrap_or(1);
    tail.trailing_zeros() >= BOUNDARY_BITS
}

/// Adds `lines` as one chunk, or as two halves where one is larger than a Standard parameter.
fn cut(lines: &[u8], chunks: &mut Vec<Chunk>) {
    let value = STANDARD.encode(deflate(lines));
    if value.len() > STANDARD_TIER_BYTES && lines.len() > 1 {
        let (first, second) = lines.split_at(lines.len() / 2);
        cut(first, chunks);
        cut(second, chunks);
    } else {
        chunks.push(Chunk { name: Digest::of(&value).as_str()[..32].to_owned(), value });
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Puts the chunks of the release `head` together again; `values` are theirs, in the order of [`Head::chunks`].
///
/// # Errors
/// [`RecordError::Damaged`] when a chunk or the whole is not what was written.
pub fn content<'a>(head: &Head, values: impl IntoIterator<Item = &'a str>) -> Result<Content, RecordError> {
    let mut lines = Vec::new();
    for (name, value) in head.chunks.iter().zip(values) {
        let name = format!("content/{name}");
        let bytes = STANDARD.decode(value).map_err(|error| damaged(&name, error))?;
        flate2::read::DeflateDecoder::new(&*bytes)
            .read_to_end(&mut lines)
            .map_err(|error| damaged(&name, error))?;
    }
    let mut entries = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        entries.push(serde_json::from_slice(line).map_err(|error| damaged(head.number.to_string(), error))?);
    }
    let content = Content { entries };
    if content.digest() == head.content {
        Ok(content)
    } else {
        Err(damaged(head.number.to_string(), "the digest of its content differs"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn sample(leaves: usize, seed: usize) -> Content {
        let entries = (0..leaves).map(|n| Entry {
            levels: vec!["a".into(), format!("leaf-{n}")],
            kind: Kind::String,
            value: Digest::of(format!("{seed} {n}")).to_string(),
        });
        Content { entries: entries.collect() }
    }

    fn head(content: &Content, chunks: &[Chunk]) -> Head {
        Head {
            format: FORMAT,
            number: 3,
            parent: 2,
            owner: "mlpp".into(),
            time: "2026-01-01T00:00:00Z".into(),
            tool: "mlpp 0.1.0".into(),
            documents: vec![("ml-parameters.json".into(), Digest::of("x"))],
            content: content.digest(),
            chunks: chunks.iter().map(|chunk| chunk.name.clone()).collect(),
        }
    }

    #[test]
    fn chunks_come_back_and_fit_a_standard_parameter() {
        let mut content = sample(2000, 0);
        let long: String = (0..400).map(|n| Digest::of(format!("{n}")).to_string()).collect();
        content.entries.push(Entry { levels: vec!["long".into()], kind: Kind::Json, value: long });
        let pieces = chunks(&content);
        assert!(pieces.len() > 10);
        assert!(pieces.iter().all(|chunk| chunk.value.len() <= STANDARD_TIER_BYTES));
        let back = super::content(&head(&content, &pieces), pieces.iter().map(|chunk| chunk.value.as_str()));
        assert_eq!(back.unwrap(), content);
    }

    #[test]
    fn a_small_change_leaves_most_chunks_as_they_are() {
        let before = sample(2000, 0);
        let mut after = before.clone();
        after.entries[1000].value = "changed".into();
        let before = chunks(&before);
        let new = chunks(&after).into_iter().filter(|chunk| !before.contains(chunk)).count();
        assert!((1..=4).contains(&new), "{new} of {}", before.len());
    }

    #[test]
    fn what_was_damaged_is_told() {
        let content = sample(10, 0);
        let pieces = chunks(&content);
        let head = head(&content, &pieces);
        assert!(super::content(&head, ["!"]).unwrap_err().to_string().contains("\"content/"));
        let other = chunks(&sample(10, 1));
        let swapped = super::content(&head, other.iter().map(|chunk| chunk.value.as_str()));
        assert!(swapped.unwrap_err().to_string().ends_with("the digest of its content differs"));
        let newer = head.to_text().replace("\"format\":1", "\"format\":2");
        assert!(matches!(Head::from_text(3, &newer), Err(RecordError::Format { format: 2, .. })));
        assert!(matches!(Head::from_text(4, &head.to_text()), Err(RecordError::Damaged { .. })));
        assert_eq!(Head::from_text(3, &head.to_text()).unwrap(), head);
    }
}
