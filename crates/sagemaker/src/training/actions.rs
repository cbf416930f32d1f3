//! The API actions on training jobs.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::definition::SIMULATED;
use super::record::{self, is_final};
use super::{TrainingDefinition, TrainingJob};
use crate::error::ServiceError;
use crate::not_simulated;
use crate::platform::Platform;
use crate::request::{Checks, NAME, Node};
use crate::store::{Record, ResourceKind};

impl Platform {
    pub(crate) async fn create_training_job(
        self: &Arc<Self>,
        request: &Value,
    ) -> Result<Value, ServiceError> {
        self.refuse_when_closing()?;
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "TrainingJobName", NAME);
        checks.required_object(&root, "ResourceConfig");
        let hyperparameters = checks.map(&root, "HyperParameters");
        let definition = TrainingDefinition::read(self, &mut checks, &root);
        checks.finish()?;
        let (Some(name), Some(definition)) = (name, definition?) else {
            return Err(ServiceError::validation("The request cannot be read."));
        };
        definition
            .algorithm
            .check_hyperparameters(&hyperparameters, &[])
            .map_err(|wrong| ServiceError::validation(format!("Invalid training job {name}: {wrong}.")))?;

        let job = TrainingJob {
            name: name.to_owned(),
            arn: self.arns.sagemaker("training-job", name),
            definition: Arc::new(definition),
            hyperparameters,
            trial: None,
        };
        let mut simulated = vec!["TrainingJobName", "HyperParameters"];
        simulated.extend(SIMULATED);
        let arn = job.arn.clone();
        self.add_training_job(&job, not_simulated::list(request, &simulated)).await?;
        let platform = Arc::clone(self);
        self.spawn(async move {
            // An error here means that the record cannot be written; the next process to look marks the job as failed.
            let _ = platform.run_training(job).await;
        });
        Ok(json!({"TrainingJobArn": arn}))
    }

    /// Makes the record of a job that is about to run.
    pub(crate) async fn add_training_job(
        &self,
        job: &TrainingJob,
        not_simulated: Vec<String>,
    ) -> Result<(), ServiceError> {
        let record = record::new(job, self.owner.id(), not_simulated);
        if self.store.insert(ResourceKind::TrainingJob, &job.name, record).await? {
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

    pub(crate) async fn stop_training_job(&self, request: &Value) -> Result<Value, ServiceError> {
        let (name, _) = self.named(request, ResourceKind::TrainingJob, "TrainingJobName").await?;
        self.stop_job(ResourceKind::TrainingJob, &name, "TrainingJobStatus").await
    }

    /// Asks whichever process runs the job to stop it.
    pub(crate) async fn stop_job(
        &self,
        kind: ResourceKind,
        name: &str,
        member: &'static str,
    ) -> Result<Value, ServiceError> {
        let refused = self
            .store
            .update(kind, name, move |record| {
                let status = record.text(member).unwrap_or_default().to_owned();
                if is_final(Some(&status)) {
                    return Some(status);
                }
                record.set(member, "Stopping");
                if member == "TrainingJobStatus" {
                    record::advance(record, "Stopping", "Stopping the training program");
                }
                None
            })
            .await?
            .ok_or_else(ServiceError::not_found)?;
        match refused {
            None => Ok(json!({})),
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

    /// A List action: newest first unless `SortOrder` says otherwise, filtered by `NameContains` and `StatusEquals`.
    /// The first three of `members` are name, ARN and creation time.
    pub(crate) async fn list_resources(
        &self,
        request: &Value,
        kind: ResourceKind,
        answer: &str,
        members: &[&str],
    ) -> Result<Value, ServiceError> {
        let records = self.store.list(kind).await?;
        let contains = request.get("NameContains").and_then(Value::as_str).unwrap_or_default();
        let status = request.get("StatusEquals").and_then(Value::as_str);
        let status_member = members.iter().find(|member| member.ends_with("Status"));
        let mut summaries: Vec<Value> = records
            .iter()
            .filter(|(name, _)| name.contains(contains))
            .filter(|(_, record)| {
                status.is_none() || status_member.is_some_and(|member| record.text(member) == status)
            })
            .map(|(_, record)| {
                let kept = members
                    .iter()
                    .filter_map(|&member| Some((member.to_owned(), record.body.get(member)?.clone())));
                Value::Object(kept.collect())
            })
            .collect();
        if request.get("SortOrder").and_then(Value::as_str) != Some("Ascending") {
            summaries.reverse();
        }
        page(request, answer, summaries)
    }
}

/// The page of `all` that a request's `MaxResults` and `NextToken` mean. A token is the number of the next member.
pub(crate) fn page(request: &Value, answer: &str, all: Vec<Value>) -> Result<Value, ServiceError> {
    let mut checks = Checks::new();
    let root = Node::root(request);
    let most = checks.integer(&root, "MaxResults", 1, 100).unwrap_or(10);
    checks.finish()?;
    let start = match request.get("NextToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| ServiceError::validation(format!("Invalid NextToken: {token}")))?,
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = all.len() > start.saturating_add(most);
    let members: Vec<Value> = all.into_iter().skip(start).take(most).collect();
    let mut body = Map::new();
    body.insert(answer.to_owned(), Value::Array(members));
    if more {
        body.insert("NextToken".to_owned(), json!((start + most).to_string()));
    }
    Ok(Value::Object(body))
}
