//! Services that are called by action and JSON, on this machine or on AWS.

use mlpp_sagemaker::{SageMaker, ServiceError};
use serde_json::Value;

use super::Aws;

/// A service of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    SageMaker,
    /// CloudWatch Logs; there is none on this machine.
    Logs,
    ApplicationAutoScaling,
}

/// Why a service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceFailed {
    /// One of this machine.
    #[error(transparent)]
    Here(ServiceError),
    /// One on AWS.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Aws(mlpp_aws::CallError),
}

impl From<ServiceError> for ServiceFailed {
    fn from(error: ServiceError) -> Self {
        Self::Here(error)
    }
}

impl ServiceFailed {
    /// The service's code.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Here(error) => Some(&error.code),
            #[cfg(feature = "aws")]
            Self::Aws(error) => error.code(),
        }
    }

    /// Whether the service says that what was asked for is not there: `ValidationException` is how SageMaker says it of most
    /// things, and `Could not find` how it begins.
    pub(crate) fn is_absence(&self) -> bool {
        match self {
            // It is not there, or cannot be called so.
            Self::Here(error) => error.http_status < 500,
            #[cfg(feature = "aws")]
            Self::Aws(error) => matches!(
                error.code(),
                Some(
                    "ValidationException"
                        | "ResourceNotFound"
                        | "ResourceNotFoundException"
                        | "ValidationError"
                )
            ),
        }
    }
}

/// An execution in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedExecution {
    pub(crate) arn: String,
    pub(crate) name: String,
}

/// A function that a bucket tells of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notified {
    pub(crate) function_arn: String,
    /// Whether it is told of objects that are created.
    pub(crate) is_of_created: bool,
    /// How the keys begin.
    pub(crate) prefix: String,
    /// How the keys end.
    pub(crate) suffix: String,
}

impl Notified {
    /// Whether the function is told of an object that is created with this key.
    pub(crate) fn is_told_of(&self, key: &str) -> bool {
        self.is_of_created && key.starts_with(&self.prefix) && key.ends_with(&self.suffix)
    }
}

/// SageMaker, wherever the project is at work.
#[derive(Clone, Copy)]
pub(crate) enum Platform<'a> {
    /// On this machine.
    Local(&'a SageMaker),
    /// On AWS.
    Aws(&'a Aws),
}

impl Platform<'_> {
    /// Calls an action of SageMaker.
    ///
    /// # Errors
    /// [`ServiceFailed`].
    pub(crate) async fn call(self, action: &str, request: Value) -> Result<Value, ServiceFailed> {
        match self {
            Self::Local(jobs) => Ok(jobs.call(mlpp_sagemaker::Service::SageMaker, action, request).await?),
            Self::Aws(aws) => aws.call(Service::SageMaker, action, &request).await,
        }
    }

    /// The items of all pages of a list action, in the member `items`.
    ///
    /// # Errors
    /// [`ServiceFailed`].
    pub(crate) async fn list(
        self,
        action: &str,
        mut request: Value,
        items: &str,
    ) -> Result<Vec<Value>, ServiceFailed> {
        let mut all = Vec::new();
        loop {
            let mut page = self.call(action, request.clone()).await?;
            all.extend(page[items].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page.get("NextToken").filter(|token| !token.is_null()) {
                Some(token) => request["NextToken"] = token.clone(),
                None => return Ok(all),
            }
        }
    }
}
