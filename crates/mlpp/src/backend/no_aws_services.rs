//! What the services of an account are called by, in a command that was built without the feature `aws`: there is none to call.

use mlpp_sagemaker::InvokeEndpoint;
use serde_json::Value;

use super::{Aws, ListedExecution, Notified, Service, ServiceFailed};

#[expect(clippy::unused_async, reason = "as what it stands for")]
impl Aws {
    pub(crate) async fn call(&self, _: Service, _: &str, _: &Value) -> Result<Value, ServiceFailed> {
        match *self {}
    }

    pub(crate) async fn list_executions(
        &self,
        _: &str,
        _: &str,
        _: usize,
    ) -> Result<Vec<ListedExecution>, ServiceFailed> {
        match *self {}
    }

    pub(crate) async fn describe_execution(&self, _: &str) -> Result<Option<Value>, ServiceFailed> {
        match *self {}
    }

    pub(crate) async fn execution_history(&self, _: &str) -> Result<Vec<Value>, ServiceFailed> {
        match *self {}
    }

    pub(crate) async fn state_machine_of(&self, _: &str) -> Result<Value, ServiceFailed> {
        match *self {}
    }

    pub(crate) async fn redrive(&self, _: &str, _: &str) -> Result<(), ServiceFailed> {
        match *self {}
    }

    pub(crate) async fn notified(&self, _: &str) -> Result<Option<Vec<Notified>>, ServiceFailed> {
        match *self {}
    }

    pub(crate) async fn invoke_endpoint(&self, _: InvokeEndpoint) -> Result<Vec<u8>, ServiceFailed> {
        match *self {}
    }
}
