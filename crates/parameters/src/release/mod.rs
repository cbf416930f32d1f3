//! The records that make an apply a release. They lie beside the tree, below `<path>.releases/`:
//!
//! | name | what |
//! |---|---|
//! | `content/<digest>` | a chunk of the release's leaves and kinds, or of the list of its chunks |
//! | `<n>` | the head: who, when, from which documents, and the chunks. To create it is to claim the number |
//! | `<n>/committed` | the leaves are written |
//! | `<n>/pinned` | the release is kept however many come after it |
//! | `current` | a hint at the highest committed number whose deletes are done |

mod chunk;
mod head;
mod names;

pub use chunk::{Chunk, Chunks, chunks, content, index};
pub use head::{Action, FORMAT, Head};
pub use names::{RecordName, RecordNames};

/// The most bytes that a value of the Standard tier may have (`PutParameter`, member `Value`).
pub const STANDARD_TIER_BYTES: usize = 4096;

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

impl RecordError {
    /// A record that is not as it was written.
    pub fn damaged(name: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { name: name.into(), reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests;
