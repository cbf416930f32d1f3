//! What the use cases ask of a back end.

mod objects;
mod store;
mod workflows;

use std::error::Error;

pub use objects::{Object, Objects, ObjectsError, Which, Written};
pub use store::{ParameterStore, PutParameter, RevealedSecret, SecretVersion, StoreError};
pub use workflows::{
    ExecutionDescription, ExecutionStatus, StartExecution, Started, WorkflowKind, Workflows, WorkflowsError,
};

/// What lies behind an error of a back end.
type Cause = Box<dyn Error + Send + Sync>;
