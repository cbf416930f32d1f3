//! The API actions on transform jobs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::request::{SIMULATED, TransformJob};
use crate::error::ServiceError;
use crate::model::described;
use crate::names;
use crate::platform::{Platform, Waitable};
use crate::store::{Record, ResourceKind};

/// The job's status in its record.
pub(super) const STATUS: &str = "TransformJobStatus";

impl Platform {
    pub(crate) async fn create_transform_job(
        self: &Arc<Self>,
        request: &Value,
    ) -> Result<Value, ServiceError> {
        self.refuse_when_closing()?;
        let job = TransformJob::read(self, request)?;
        // An absent model is told before the job exists.
        self.model(&job.model).await?;
        let mut record = described(request, &SIMULATED, "TransformJobArn", &job.arn);
        record.set(STATUS, "InProgress");
        record.set("LastModifiedTime", names::now());
        record.local.owner = Some(self.owner.id().to_owned());
        if !self.store.insert(ResourceKind::TransformJob, &job.name, record).await? {
            return Err(ServiceError::in_use(format!(
                "Job name must be unique within an AWS account and region, and a job with this name already exists ({})",
                job.arn
            )));
        }
        let arn = job.arn.clone();
        self.spawn_transform(job);
        Ok(json!({"TransformJobArn": arn}))
    }

    fn spawn_transform(self: &Arc<Self>, job: TransformJob) {
        let platform = Arc::clone(self);
        self.spawn(async move {
            // An error here means that the record cannot be written: the job is taken over later.
            let _ = platform.run_transform(job).await;
        });
    }

    /// Goes on with a transform job whose record names this process and whose process is gone.
    pub(crate) fn take_over_transform(self: &Arc<Self>, request: &Value) -> Result<(), ServiceError> {
        self.spawn_transform(TransformJob::read(self, request)?);
        Ok(())
    }

    pub(crate) async fn describe_transform_job(&self, request: &Value) -> Result<Value, ServiceError> {
        let (_, record) = self.named(request, ResourceKind::TransformJob, "TransformJobName").await?;
        Ok(transform_response(record))
    }

    pub(crate) async fn stop_transform_job(self: &Arc<Self>, request: &Value) -> Result<Value, ServiceError> {
        let (name, _) = self.named(request, ResourceKind::TransformJob, "TransformJobName").await?;
        self.stop_job(Waitable::TransformJob, &name).await
    }

    pub(crate) async fn list_transform_jobs(&self, request: &Value) -> Result<Value, ServiceError> {
        let members = [
            "TransformJobName",
            "TransformJobArn",
            "CreationTime",
            "TransformEndTime",
            "LastModifiedTime",
            STATUS,
            "FailureReason",
        ];
        self.list_resources(request, ResourceKind::TransformJob, "TransformJobSummaries", &members).await
    }
}

/// The Describe response of a transform job's record.
pub(crate) fn transform_response(mut record: Record) -> Value {
    // Lists have it, Describe has not.
    record.body.shift_remove("LastModifiedTime");
    Value::Object(record.body)
}
