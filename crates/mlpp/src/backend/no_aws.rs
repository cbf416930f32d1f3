//! What stands for an AWS account in a command that was built without the feature `aws`: there is none.

use std::error::Error;
use std::time::Duration;

use mlpp_parameters::{LiveParameter, ParameterName, StorePath};
use mlpp_provider::{
    ExecutionDescription, Object, ObjectsError, ParameterStore, PutParameter, RevealedSecret, SecretVersion,
    StartExecution, Started, StoreError, Which, WorkflowKind, WorkflowsError, Written,
};

use crate::config::Config;
use crate::error::CommandError;

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Aws {}
/// There is none.
pub(crate) type Store = Aws;
/// There are none.
pub(crate) type Objects = Aws;
/// There are none.
pub(crate) type Workflows = Aws;

impl Aws {
    /// There is no connection.
    ///
    /// # Errors
    /// `backend/not-here`, always.
    #[expect(clippy::unused_async, reason = "the one with an account waits")]
    pub(crate) async fn connect(_: &Config) -> Result<Self, CommandError> {
        let message = "this mlpp was built without the backend on AWS".to_owned();
        Err(super::not_here(
            message,
            "build it with its feature aws, which is on by default: cargo install --path crates/mlpp",
        ))
    }

    /// The parameter store.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn store(&self) -> Result<Store, StoreError> {
        match *self {}
    }

    /// The buckets.
    pub(crate) fn objects(&self) -> Objects {
        match *self {}
    }

    /// The state machines.
    pub(crate) fn workflows(&self) -> Workflows {
        match *self {}
    }

    /// Whether any object's key begins so.
    #[expect(clippy::unused_async, reason = "as what it stands for")]
    pub(crate) async fn has_any(&self, _: &str, _: &str) -> Result<bool, ObjectsError> {
        match *self {}
    }
}

/// No call of AWS was made that could fail.
pub(crate) fn failed_call(_: &(dyn Error + 'static)) -> Option<CommandError> {
    None
}

impl ParameterStore for Aws {
    async fn put(&self, _: PutParameter) -> Result<u64, StoreError> {
        match *self {}
    }

    async fn get(&self, _: &[ParameterName]) -> Result<Vec<LiveParameter>, StoreError> {
        match *self {}
    }

    async fn list(&self, _: &StorePath) -> Result<Vec<LiveParameter>, StoreError> {
        match *self {}
    }

    async fn reveal(&self, _: &[SecretVersion]) -> Result<Vec<RevealedSecret>, StoreError> {
        match *self {}
    }

    fn recreate_delay(&self) -> Duration {
        match *self {}
    }

    async fn delete(&self, _: &[ParameterName]) -> Result<(), StoreError> {
        match *self {}
    }

    async fn history(&self, _: &ParameterName) -> Result<Vec<LiveParameter>, StoreError> {
        match *self {}
    }
}

impl mlpp_provider::Workflows for Aws {
    async fn kind(&self, _: &str) -> Result<WorkflowKind, WorkflowsError> {
        match *self {}
    }

    async fn start(&self, _: StartExecution) -> Result<Started, WorkflowsError> {
        match *self {}
    }

    async fn describe(&self, _: &str) -> Result<ExecutionDescription, WorkflowsError> {
        match *self {}
    }

    async fn stop(&self, _: &str, _: &str, _: &str) -> Result<(), WorkflowsError> {
        match *self {}
    }
}

impl mlpp_provider::Objects for Aws {
    async fn get(&self, _: &str, _: &str, _: Which<'_>) -> Result<Object, ObjectsError> {
        match *self {}
    }

    async fn put(&self, _: &str, _: &str, _: Vec<u8>) -> Result<Written, ObjectsError> {
        match *self {}
    }

    async fn list(&self, _: &str, _: &str) -> Result<Vec<String>, ObjectsError> {
        match *self {}
    }

    async fn delete(&self, _: &str, _: &str) -> Result<(), ObjectsError> {
        match *self {}
    }
}
