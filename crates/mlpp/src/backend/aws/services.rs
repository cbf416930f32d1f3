//! The services of an account that are called by action and JSON.

use mlpp_aws::{
    AwsExecutions, BucketNotification, Invocation, InvokeError, JsonClient, JsonError, JsonService,
    SageMakerRuntime, bucket_notifications,
};
use mlpp_sagemaker::{InvokeEndpoint, ModelFailure, ServiceError};
use serde_json::Value;

use super::Aws;
use crate::backend::{ListedExecution, Notified, Service, ServiceFailed};

impl From<JsonError> for ServiceFailed {
    fn from(error: JsonError) -> Self {
        Self::Aws(error.call().clone())
    }
}

impl Aws {
    /// Calls an action of a service.
    pub(crate) async fn call(
        &self,
        service: Service,
        action: &str,
        request: &Value,
    ) -> Result<Value, ServiceFailed> {
        let service = match service {
            Service::SageMaker => JsonService::SageMaker,
            Service::Logs => JsonService::Logs,
            Service::ApplicationAutoScaling => JsonService::ApplicationAutoScaling,
        };
        Ok(JsonClient::new(&self.clients, service).call(action, request).await?)
    }

    /// The newest executions of a state machine, as many as `limit` of those whose name begins with `beginning`.
    pub(crate) async fn list_executions(
        &self,
        state_machine_arn: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<ListedExecution>, ServiceFailed> {
        let listed = AwsExecutions::new(&self.clients)
            .list(state_machine_arn, limit, |one| one.name.starts_with(beginning))
            .await?;
        Ok(listed.into_iter().map(|one| ListedExecution { arn: one.arn, name: one.name }).collect())
    }

    /// `DescribeExecution`; `None` when there is none with that ARN.
    pub(crate) async fn describe_execution(&self, arn: &str) -> Result<Option<Value>, ServiceFailed> {
        match AwsExecutions::new(&self.clients).describe(arn).await {
            Err(error) if matches!(error.code(), Some("ExecutionDoesNotExist" | "InvalidArn")) => Ok(None),
            described => Ok(Some(described?)),
        }
    }

    /// `GetExecutionHistory`, all of it.
    pub(crate) async fn execution_history(&self, arn: &str) -> Result<Vec<Value>, ServiceFailed> {
        Ok(AwsExecutions::new(&self.clients).history(arn).await?)
    }

    /// `DescribeStateMachineForExecution`.
    pub(crate) async fn state_machine_of(&self, execution_arn: &str) -> Result<Value, ServiceFailed> {
        Ok(AwsExecutions::new(&self.clients).state_machine_of(execution_arn).await?)
    }

    /// `RedriveExecution`.
    pub(crate) async fn redrive(&self, execution_arn: &str, token: &str) -> Result<(), ServiceFailed> {
        Ok(AwsExecutions::new(&self.clients).redrive(execution_arn, token).await?)
    }

    /// Which functions a bucket tells of objects; `None` when there is no such bucket.
    pub(crate) async fn notified(&self, bucket: &str) -> Result<Option<Vec<Notified>>, ServiceFailed> {
        let entries = bucket_notifications(&self.clients, bucket).await.map_err(ServiceFailed::Aws)?;
        let notified = |entry: BucketNotification| Notified {
            is_of_created: entry.events.iter().any(|event| event.starts_with("s3:ObjectCreated:")),
            function_arn: entry.function_arn,
            prefix: entry.prefix,
            suffix: entry.suffix,
        };
        Ok(entries.map(|entries| entries.into_iter().map(notified).collect()))
    }

    /// `InvokeEndpoint`; the answer's body.
    pub(crate) async fn invoke_endpoint(&self, request: InvokeEndpoint) -> Result<Vec<u8>, ServiceFailed> {
        let invocation = Invocation {
            endpoint_name: request.endpoint_name,
            content_type: request.content_type.unwrap_or_default(),
            accept: request.accept.unwrap_or_default(),
            target_variant: request.target_variant,
            body: request.body.to_vec(),
        };
        match SageMakerRuntime::new(&self.clients).invoke(invocation).await {
            Ok(prediction) => Ok(prediction.body),
            Err(InvokeError::Call(error)) => Err(ServiceFailed::Aws(error)),
            Err(InvokeError::Model { status, message }) => Err(ServiceFailed::Here(ServiceError {
                code: "ModelError".to_owned(),
                message: message.clone(),
                http_status: 424,
                model: Some(ModelFailure {
                    original_status_code: status,
                    original_message: message,
                    log: String::new(),
                }),
            })),
        }
    }
}
