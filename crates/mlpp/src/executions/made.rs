//! What an execution has come to: its tuning job with the best trial, and its endpoint.

use std::time::Duration;

use mlpp_local::Local;
use serde_json::{Value, json};

use super::open::unreadable;
use super::resources::{Resource, ResourceType, made_by};
use super::watch::{TuningJob, describe, tuning_job};
use crate::backend::{Platform, ServiceFailed};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// How often it is looked whether an endpoint's programs are healthy.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What an execution has made and what is worth telling of it.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// The last tuning job, if a trial of it reported a value.
    pub(crate) tuning_job: Option<TuningJob>,
    /// The last training job that the execution itself asked for.
    pub(crate) training_job: Option<String>,
    /// The last endpoint that is in service.
    pub(crate) endpoint: Option<String>,
}

impl Made {
    /// Looks it up.
    ///
    /// # Errors
    /// Histories or jobs cannot be read.
    pub(crate) async fn by(local: &Local, execution_arn: &str) -> Result<Self, CommandError> {
        let executions = local.workflows().executions();
        let all = executions.list().map_err(|error| unreadable(&error))?;
        let made = made_by(&executions, &all, execution_arn).map_err(|error| unreadable(&error))?;
        Ok(Self::of(Platform::Local(local.sagemaker()), made).await)
    }

    /// What is worth telling of what was made.
    pub(crate) async fn of(platform: Platform<'_>, resources: Vec<Resource>) -> Self {
        let mut made = Self::default();
        for resource in resources {
            match resource.r#type {
                ResourceType::HyperParameterTuningJob => {
                    // One that was refused was never there.
                    if let Ok(description) = describe(platform, &resource.name).await {
                        made.tuning_job = tuning_job(&resource.name, &description);
                    }
                }
                ResourceType::Endpoint => {
                    let status = endpoint_status(platform, &resource.name).await;
                    if status.is_ok_and(|status| status == "InService") {
                        made.endpoint = Some(resource.name);
                    }
                }
                ResourceType::TrainingJob => made.training_job = Some(resource.name),
                _ => {}
            }
        }
        made
    }
}

/// Sees to it that an endpoint answers: one that an earlier process served is served again.
///
/// # Errors
/// Its programs do not come up.
pub(crate) async fn serve(local: &Local, endpoint: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::failed(&format!("serve the endpoint {endpoint}"), error);
    let platform = Platform::Local(local.sagemaker());
    local.sagemaker().restore_endpoints().await.map_err(|error| failed(error.into()))?;
    loop {
        match endpoint_status(platform, endpoint).await.map_err(failed)?.as_str() {
            "InService" => return Ok(()),
            "Creating" | "Updating" | "SystemUpdating" | "RollingBack" => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            status => {
                let message = format!("the endpoint {endpoint} does not answer: its status is {status}");
                let help = "what its programs printed lies below .mlpp/sagemaker/endpoints".to_owned();
                let plain = Plain { code: "endpoint/not-in-service", message, help };
                return Err(CommandError::one(ExitCode::Failure, plain));
            }
        }
    }
}

async fn endpoint_status(platform: Platform<'_>, endpoint: &str) -> Result<String, ServiceFailed> {
    let described = platform.call("DescribeEndpoint", json!({"EndpointName": endpoint})).await?;
    Ok(described.get("EndpointStatus").and_then(Value::as_str).unwrap_or_default().to_owned())
}
