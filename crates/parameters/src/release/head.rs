use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RecordError;
use crate::Digest;

/// The format of heads and chunks that this version writes and reads.
pub const FORMAT: u32 = 1;

/// What made a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Documents were applied.
    Apply,
    /// The content of an earlier release was applied again.
    Rollback {
        /// Its number.
        to: u64,
    },
    /// The project was removed: the release is empty, and its records go with it.
    Destroy,
}

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
    /// What made it.
    pub action: Action,
    /// Who owns the path: a stack, or the command.
    pub owner: String,
    /// Who applied it.
    pub author: String,
    /// When it was claimed, in UTC.
    pub time: Timestamp,
    /// Until when the claim keeps others away.
    pub lease_until: Timestamp,
    /// Tells one claim from any other, also from one with the same content at the same time.
    pub writer: String,
    /// Name and version of the tool.
    pub tool: String,
    /// Name and digest of each document, overlays as well.
    pub documents: Vec<(String, Digest)>,
    /// [`Content::digest`](crate::Content::digest).
    pub content: Digest,
    /// How many parameters the content has.
    pub parameters: usize,
    /// The names of the chunks below `content/`, in order; of those that hold the list of chunks when it is [`Head::indexed`].
    pub chunks: Vec<String>,
    /// Whether the chunks hold the names of the content's chunks instead of the content.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indexed: bool,
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
        let Versioned { format } =
            serde_json::from_str(text).map_err(|error| RecordError::damaged(&name, error))?;
        if format != FORMAT {
            return Err(RecordError::Format { name, format });
        }
        let head: Self = serde_json::from_str(text).map_err(|error| RecordError::damaged(&name, error))?;
        if head.number != number {
            return Err(RecordError::damaged(name, format!("it says that it is number {}", head.number)));
        }
        Ok(head)
    }
}
