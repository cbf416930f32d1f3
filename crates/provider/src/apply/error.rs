use jiff::Timestamp;
use mlpp_parameters::{NameError, ParameterName, StorePath};

use crate::{RecordsError, StoreError};

/// Why an apply did not come to its end. What was in force before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another writer claimed the number first.
    #[error("release {0} was claimed by another writer meanwhile")]
    Claimed(u64),
    /// Another writer is at work, or did not end; its claim keeps others away for a while.
    #[error("{author} is applying release {number}, or was interrupted; the claim holds until {until}")]
    Pending {
        /// The number that is claimed.
        number: u64,
        /// Who claimed it.
        author: String,
        /// Until when it keeps others away.
        until: Timestamp,
    },
    /// The writes took longer than the claim holds.
    #[error("the claim of release {0} ended before the release was written")]
    LeaseExpired(u64),
    /// Another writer took the claim to be left, and claimed the next number.
    #[error("release {0} was superseded by another writer before it was committed")]
    Superseded(u64),
    /// The path belongs to another owner.
    #[error("the path belongs to {owner}, which made release {release}")]
    Owner {
        /// The owner.
        owner: String,
        /// The last release of its own.
        release: u64,
    },
    /// Another project lies below or above the path.
    #[error("{other} is a project of its own, and {path} would lie in or around it")]
    Nested {
        /// The project's path.
        path: StorePath,
        /// The other one.
        other: String,
    },
    /// Parameters are there already that no release recorded.
    #[error("{} are there already and no release recorded them, such as {}", .0.len(), .0[0])]
    NotOurs(Vec<ParameterName>),
    /// Somebody wrote a secret between the plan and the apply.
    #[error("the secret \"{0}\" was written by somebody else meanwhile")]
    SecretRaced(ParameterName),
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
