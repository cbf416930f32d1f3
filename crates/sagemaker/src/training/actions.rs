//! The API actions on training jobs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::{SHARDED, SIMULATED};
use super::record::{self, is_final};
use super::run::Start;
use super::{TrainingDefinition, TrainingJob};
use crate::error::ServiceError;
use crate::not_simulated;
use crate::platform::{Platform, Waitable};
use crate::request::{Checks, NAME, Node};
use crate::store::{Record, ResourceKind};

impl TrainingJob {
    /// Reads `CreateTrainingJob`.
    pub(crate) fn read(platform: &Platform, request: &Value) -> Result<Self, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "TrainingJobName", NAME);
        checks.required_object(&root, "ResourceConfig");
        let hyperparameters = checks.map(&root, "HyperParameters");
        let definition = TrainingDefinition::read(platform, &mut checks, &root);
        checks.finish()?;
        let (Some(name), Some(definition)) = (name, definition?) else {
            return Err(ServiceError::validation("The request cannot be read."));
        };
        definition
            .algorithm
            .check_hyperparameters(&hyperparameters, &[])
            .map_err(|wrong| ServiceError::validation(format!("Invalid training job {name}: {wrong}.")))?;
        Ok(Self {
            name: name.to_owned(),
            arn: platform.arns.sagemaker("training-job", name),
            definition: Arc::new(definition),
            hyperparameters,
            trial: None,
        })
    }
}

impl Platform {
    pub(crate) async fn create_training_job(
        self: &Arc<Self>,
        request: &Value,
    ) -> Result<Value, ServiceError> {
        self.refuse_when_closing()?;
        let job = TrainingJob::read(self, request)?;
        let mut simulated = vec!["TrainingJobName", "HyperParameters"];
        simulated.extend(SIMULATED);
        let mut not_simulated = not_simulated::list(request, &simulated);
        not_simulated.extend(job.definition.sharded_locally.then(|| SHARDED.to_owned()));
        let arn = job.arn.clone();
        self.add_training_job(&job, Some(request), not_simulated).await?;
        self.spawn_training(job, Start::New);
        Ok(json!({"TrainingJobArn": arn}))
    }

    /// Runs a job in the background whose record names this process.
    pub(crate) fn spawn_training(self: &Arc<Self>, job: TrainingJob, start: Start) {
        let platform = Arc::clone(self);
        self.spawn(async move {
            // An error here means that the record cannot be written: the job is taken over later.
            let _ = platform.run_training(job, start).await;
        });
    }

    /// Makes the record of a job that is about to run.
    pub(crate) async fn add_training_job(
        &self,
        job: &TrainingJob,
        request: Option<&Value>,
        not_simulated: Vec<String>,
    ) -> Result<(), ServiceError> {
        let record = record::new(job, request, self.owner.id(), not_simulated);
        if self.add_record(ResourceKind::TrainingJob, &job.name, &record).await? {
            return Ok(());
        }
        Err(ServiceError::in_use(format!(
            "Training job names must be unique within an AWS account and region, and a training job with this name \
             already exists ({})",
            job.arn
        )))
    }

    pub(crate) async fn describe_training_job(&self, request: &Value) -> Result<Value, ServiceError> {
        let (_, record) = self.named(request, ResourceKind::TrainingJob, "TrainingJobName").await?;
        Ok(Value::Object(record.body))
    }

    pub(crate) async fn stop_training_job(self: &Arc<Self>, request: &Value) -> Result<Value, ServiceError> {
        let (name, _) = self.named(request, ResourceKind::TrainingJob, "TrainingJobName").await?;
        self.stop_job(Waitable::TrainingJob, &name).await
    }

    /// Asks whichever process runs the job to stop it; a job whose process is gone is brought to its end here.
    pub(crate) async fn stop_job(
        self: &Arc<Self>,
        what: Waitable,
        name: &str,
    ) -> Result<Value, ServiceError> {
        let (kind, member) = (what.kind(), what.status_member());
        let refused = self
            .store
            .update(kind, name, move |record| {
                let status = record.text(member).unwrap_or_default().to_owned();
                if is_final(Some(&status)) {
                    return Some(status);
                }
                // Asked a second time, the service answers as before.
                if status != "Stopping" {
                    record.set(member, "Stopping");
                    if what == Waitable::TrainingJob {
                        record::advance(record, "Stopping", "Stopping the training program");
                    }
                }
                None
            })
            .await?
            .ok_or_else(ServiceError::not_found)?;
        match refused {
            None => {
                if let Some(record) = self.store.get(kind, name).await? {
                    self.take_orphan(what, name, &record).await?;
                }
                Ok(json!({}))
            }
            Some(status) => Err(ServiceError::validation(format!(
                "The request was rejected because the job is in status {status}."
            ))),
        }
    }

    /// The record which a request's only required member names.
    pub(crate) async fn named(
        &self,
        request: &Value,
        kind: ResourceKind,
        member: &str,
    ) -> Result<(String, Record), ServiceError> {
        let mut checks = Checks::new();
        let name = checks.required_text(&Node::root(request), member, NAME);
        checks.finish()?;
        let name = name.unwrap_or_default();
        let record = self.store.get(kind, name).await?.ok_or_else(ServiceError::not_found)?;
        Ok((name.to_owned(), record))
    }

    pub(crate) async fn list_training_jobs(&self, request: &Value) -> Result<Value, ServiceError> {
        let members = [
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingEndTime",
            "LastModifiedTime",
            "TrainingJobStatus",
            "SecondaryStatus",
        ];
        self.list_resources(request, ResourceKind::TrainingJob, "TrainingJobSummaries", &members).await
    }
}
