use std::fmt;
use std::future::Future;
use std::time::Duration;

use mlpp_parameters::{LiveParameter, ParameterName, ParameterType, SecretValue, StorePath};

use super::Cause;

/// A parameter to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct PutParameter {
    /// Its name.
    pub name: ParameterName,
    /// Its type.
    pub parameter_type: ParameterType,
    /// Its value.
    pub value: String,
    /// Whether a parameter of that name may be there already; its type cannot change.
    pub overwrite: bool,
}

impl fmt::Debug for PutParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, parameter_type, value, overwrite } = self;
        let value = if *parameter_type == ParameterType::SecureString { "…" } else { value };
        write!(f, "{name} {} {value:?} overwrite={overwrite}", parameter_type.as_str())
    }
}

/// A version of a `SecureString` that is to be revealed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretVersion {
    /// Its name.
    pub name: ParameterName,
    /// Its version; `None` for the newest.
    pub version: Option<u64>,
}

/// A version of a `SecureString` with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevealedSecret {
    /// Its name.
    pub name: ParameterName,
    /// Its version.
    pub version: u64,
    /// Its value.
    pub value: SecretValue,
}

/// Why a parameter store did not do what was asked, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Create-only, and there is one already.
    #[error("the parameter \"{0}\" already exists")]
    AlreadyExists(ParameterName),
    /// An overwrite cannot change the type (`HierarchyTypeMismatchException` and the like): delete, then create.
    #[error("the parameter \"{name}\" is a {from}; its type cannot change")]
    TypeChange {
        /// The parameter.
        name: ParameterName,
        /// The type that it has.
        from: &'static str,
    },
    /// A parameter of that name was deleted less than [`ParameterStore::recreate_delay`] ago.
    #[error("the parameter \"{0}\" was deleted a moment ago and cannot be created yet")]
    TooSoon(ParameterName),
    /// The value breaks a rule of the store.
    #[error("the parameter \"{name}\" is refused: {reason}")]
    Refused {
        /// The parameter.
        name: ParameterName,
        /// The rule.
        reason: String,
    },
    /// Another process holds the store, or it asks for fewer calls: try again later.
    #[error("the parameter store is busy")]
    Busy(#[source] Cause),
    /// It can be read, but what it holds is not what a store writes.
    #[error("the parameter store is damaged")]
    Corrupt(#[source] Cause),
    /// It cannot be reached, read or written.
    #[error("the parameter store failed")]
    Unavailable(#[source] Cause),
}

/// A store of named, typed, versioned texts with the semantics of Systems Manager Parameter Store: no transaction over
/// several parameters, no precondition on an overwrite.
pub trait ParameterStore: Send + Sync {
    /// Writes one parameter and returns its new version, from 1.
    fn put(&self, parameter: PutParameter) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The parameters of those names that exist, in no particular order. The value of a `SecureString` is empty.
    fn get(
        &self,
        names: &[ParameterName],
    ) -> impl Future<Output = Result<Vec<LiveParameter>, StoreError>> + Send;

    /// Every parameter below `path`, however deep; complete, or an error. A parameter called `path` itself is not below it.
    /// The value of a `SecureString` is empty.
    fn list(&self, path: &StorePath) -> impl Future<Output = Result<Vec<LiveParameter>, StoreError>> + Send;

    /// The values of those `SecureString`s that exist in the version asked for, in no particular order. Only who is to
    /// compare or to write a secret asks for this; a launch never does.
    fn reveal(
        &self,
        secrets: &[SecretVersion],
    ) -> impl Future<Output = Result<Vec<RevealedSecret>, StoreError>> + Send;

    /// How long after a delete a parameter of the same name can be created.
    fn recreate_delay(&self) -> Duration {
        Duration::ZERO
    }

    /// Deletes the parameters of those names, with their histories; a name that is not there is none of its business.
    fn delete(&self, names: &[ParameterName]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// All versions of a parameter that the store still has (at most 100), oldest first; empty when there is no such
    /// parameter. The values of a `SecureString` are empty.
    fn history(
        &self,
        name: &ParameterName,
    ) -> impl Future<Output = Result<Vec<LiveParameter>, StoreError>> + Send;
}
