//! What the use cases ask of a back end.

use std::error::Error;
use std::future::Future;

use mlpp_parameters::{LiveParameter, ParameterName, ParameterType, StorePath};

type Cause = Box<dyn Error + Send + Sync>;

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

/// An object of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its version.
    pub version: String,
    /// When it was last written, in seconds since 1970-01-01T00:00:00Z.
    pub last_modified: u64,
}

/// Why a bucket did not give or take an object.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// There is no such object.
    #[error("there is no object s3://{bucket}/{key}")]
    NotFound {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// There is one, but no longer in the version that was asked for.
    #[error("s3://{bucket}/{key} has been replaced since: version {version} is gone")]
    Superseded {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The version that was asked for.
        version: String,
    },
    /// A bucket's name or a key that cannot be one.
    #[error("s3://{bucket}/{key} is no place for an object: {reason}")]
    Invalid {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
    /// It cannot be reached, read or written.
    #[error("s3://{bucket}/{key} cannot be used")]
    Unavailable {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: Cause,
    },
}

/// Buckets of objects.
pub trait Objects: Send + Sync {
    /// The object, in the version asked for or else the newest.
    fn get(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> impl Future<Output = Result<Object, ObjectsError>> + Send;

    /// Writes the object and returns its version. Readers see the old object or the new one.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<String, ObjectsError>> + Send;

    /// The keys that begin with `prefix`, in order; none when there is no such bucket.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<String>, ObjectsError>> + Send;

    /// Deletes the object; one that is not there is deleted already.
    fn delete(&self, bucket: &str, key: &str) -> impl Future<Output = Result<(), ObjectsError>> + Send;
}

/// An execution to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartExecution {
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// The execution's name: one name starts one execution.
    pub name: String,
    /// Its input, as JSON text.
    pub input: String,
}

/// The answer to a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// ARN of the execution.
    pub execution_arn: String,
    /// Whether it was there already.
    pub already: bool,
}

/// The status of an execution (`DescribeExecution`, member `status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// It runs.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It was stopped.
    Aborted,
}

/// What there is to say about an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionDescription {
    /// Its status.
    pub status: ExecutionStatus,
    /// Its output, as JSON text, when it succeeded.
    pub output: Option<String>,
    /// The error's name, when it did not.
    pub error: Option<String>,
    /// The error's cause.
    pub cause: Option<String>,
}

/// Why a workflow service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowsError {
    /// There is no such state machine.
    #[error("there is no state machine \"{0}\"")]
    StateMachineDoesNotExist(String),
    /// There is no such execution.
    #[error("there is no execution \"{0}\"")]
    ExecutionDoesNotExist(String),
    /// It cannot be reached, read or written.
    #[error("the workflow service failed")]
    Unavailable(#[source] Cause),
}

/// A service that runs state machines.
pub trait Workflows: Send + Sync {
    /// Starts an execution, unless its state machine has one of that name already: then that one is the answer, whatever
    /// its input was (where a service says `ExecutionAlreadyExists`, that counts as done).
    fn start(&self, request: StartExecution) -> impl Future<Output = Result<Started, WorkflowsError>> + Send;

    /// Status and result of an execution.
    fn describe(
        &self,
        execution_arn: &str,
    ) -> impl Future<Output = Result<ExecutionDescription, WorkflowsError>> + Send;

    /// Stops an execution with an error and its cause; one that has ended stays as it is.
    fn stop(
        &self,
        execution_arn: &str,
        error: &str,
        cause: &str,
    ) -> impl Future<Output = Result<(), WorkflowsError>> + Send;
}
