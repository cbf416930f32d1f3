use std::future::Future;

use mlpp_parameters::{LiveParameter, ParameterName, ParameterType, StorePath};

use super::Cause;

/// A parameter to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// It cannot be reached, read or written.
    #[error("the parameter store failed")]
    Unavailable(#[source] Cause),
}

/// A store of named, typed, versioned texts with the semantics of Systems Manager Parameter Store: no transaction over
/// several parameters, no precondition on an overwrite.
pub trait ParameterStore: Send + Sync {
    /// Writes one parameter and returns its new version, from 1.
    fn put(&self, parameter: PutParameter) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The parameters of those names that exist, in no particular order.
    fn get(
        &self,
        names: &[ParameterName],
    ) -> impl Future<Output = Result<Vec<LiveParameter>, StoreError>> + Send;

    /// Every parameter below `path`, however deep; complete, or an error. A parameter called `path` itself is not below it.
    fn list(&self, path: &StorePath) -> impl Future<Output = Result<Vec<LiveParameter>, StoreError>> + Send;

    /// Deletes the parameters of those names, with their histories; a name that is not there is none of its business.
    fn delete(&self, names: &[ParameterName]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// All versions of a parameter that the store still has, oldest first; empty when there is no such parameter.
    fn history(
        &self,
        name: &ParameterName,
    ) -> impl Future<Output = Result<Vec<LiveParameter>, StoreError>> + Send;
}
