//! Going on with jobs whose process is gone.
//!
//! A job's record names the process that runs it. When that process ends before the job does, the record stays as it
//! is: reading it changes nothing. Whoever goes on with the job first puts itself in the record, in one transaction, so
//! that one process at most runs a job; it waits until the supervisor of the old process has ended, so that one
//! program at most runs in the job's folder.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::platform::{Platform, SageMaker, Service, Waitable};
use crate::store::{Record, ResourceKind};
use crate::training::TrainingJob;
use crate::training::record::{abandon, is_final};
use crate::training::run::Start;

impl SageMaker {
    /// Goes on in the background with every deployment of an endpoint that a process left which is gone; answers the
    /// endpoints' names. Until then an endpoint that is `Creating` or `Updating` stays so.
    pub async fn resume_endpoints(&self) -> Result<Vec<String>, ServiceError> {
        self.platform.resume_endpoints().await
    }

    /// Goes on in the background with every job that a process left which is gone, and answers which these are. Trials
    /// go on with their tuning job and are not listed.
    ///
    /// - A training job whose program had ended by itself is brought to its end; otherwise its program starts again,
    ///   under the same name: from its checkpoints if the request has a `CheckpointConfig`, else from the beginning.
    ///   A job that was to be stopped is stopped.
    /// - A tuning job keeps its trials and its seed: those that have ended keep their results, the others go on as
    ///   training jobs do, and new ones start from what was recorded.
    /// - A transform job starts again and leaves out the objects whose output is stored.
    /// - A job whose request this platform cannot run any more (its algorithm is gone, say) fails and says so.
    ///
    /// Jobs of processes that still have the folder open are left alone. Call it once after
    /// [`open`](Self::open), where jobs are to go on; a process that only reads does not call it.
    pub async fn resume(&self) -> Result<Vec<(Waitable, String)>, ServiceError> {
        self.platform.refuse_when_closing()?;
        let mut resumed = Vec::new();
        for what in [Waitable::HyperParameterTuningJob, Waitable::TrainingJob, Waitable::TransformJob] {
            for (name, record) in self.platform.store.running(what.kind()).await? {
                if self.platform.take_orphan(what, &name, &record).await? && record.local.trial.is_none() {
                    resumed.push((what, name));
                }
            }
        }
        Ok(resumed)
    }
}

impl SageMaker {
    /// As [`call`](Self::call), for a caller that may have made this same call before it was cut off: a Create action
    /// answers as it did then if what it creates is there and was made by an equal request. Every other call is
    /// made as it is, and may find its work done: a Delete action answers that there is nothing to delete.
    ///
    /// # Errors
    /// Those of [`call`](Self::call); that the name is taken, when another request took it.
    pub async fn call_again(
        &self,
        service: Service,
        action: &str,
        request: Value,
    ) -> Result<Value, ServiceError> {
        if service == Service::SageMaker
            && let Some((kind, name, arn)) = created_by(action)
            && let Some(name) = request.get(name).and_then(Value::as_str)
            && let Some(record) = self.platform.store.get(kind, name).await?
            && record.local.request.as_ref() == Some(&request)
        {
            return Ok(json!({arn: record.text(arn)}));
        }
        self.call(service, action, request).await
    }
}

/// What a Create action makes, the member of its request that holds the name, the member of its response.
fn created_by(action: &str) -> Option<(ResourceKind, &'static str, &'static str)> {
    Some(match action {
        "CreateTrainingJob" => (ResourceKind::TrainingJob, "TrainingJobName", "TrainingJobArn"),
        "CreateHyperParameterTuningJob" => (
            ResourceKind::HyperParameterTuningJob,
            "HyperParameterTuningJobName",
            "HyperParameterTuningJobArn",
        ),
        "CreateTransformJob" => (ResourceKind::TransformJob, "TransformJobName", "TransformJobArn"),
        "CreateModel" => (ResourceKind::Model, "ModelName", "ModelArn"),
        "CreateEndpointConfig" => (ResourceKind::EndpointConfig, "EndpointConfigName", "EndpointConfigArn"),
        "CreateEndpoint" => (ResourceKind::Endpoint, "EndpointName", "EndpointArn"),
        _ => return None,
    })
}

impl Platform {
    /// Goes on with the job if its process is gone; answers whether it does.
    pub(crate) async fn take_orphan(
        self: &Arc<Self>,
        what: Waitable,
        name: &str,
        record: &Record,
    ) -> Result<bool, ServiceError> {
        if !self.is_orphaned(record.local.owner.as_deref()) {
            return Ok(false);
        }
        self.refuse_when_closing()?;
        if let Some(trial) = &record.local.trial {
            let kind = ResourceKind::HyperParameterTuningJob;
            let tuning_job = self.store.get(kind, &trial.tuning_job).await?;
            let member = Waitable::HyperParameterTuningJob.status_member();
            if let Some(tuning_job) = tuning_job.filter(|job| !is_final(job.text(member))) {
                // It takes its trials with it, whoever runs it.
                let what = Waitable::HyperParameterTuningJob;
                return Box::pin(self.take_orphan(what, &trial.tuning_job, &tuning_job)).await;
            }
        }
        if !self.claim(what.kind(), name, record.local.owner.clone()).await? {
            return Ok(false);
        }
        let request = record.local.request.as_ref();
        let begun = match (request, &record.local.trial) {
            (_, Some(trial)) => Err(format!("its tuning job {} has ended", trial.tuning_job)),
            (None, None) => Err("its request is not on record".to_owned()),
            (Some(request), None) => {
                self.begin_again(what, request, record).await.map_err(|error| error.message)
            }
        };
        if let Err(reason) = begun {
            let member = what.status_member();
            let ended = move |record: &mut Record| abandon(record, member, &reason);
            self.store.update(what.kind(), name, ended).await?;
        }
        Ok(true)
    }

    async fn begin_again(
        self: &Arc<Self>,
        what: Waitable,
        request: &Value,
        record: &Record,
    ) -> Result<(), ServiceError> {
        match what {
            Waitable::TrainingJob => {
                self.spawn_training(TrainingJob::read(self, request)?, Start::TakenOver);
                Ok(())
            }
            Waitable::HyperParameterTuningJob => self.take_over_tuning(request, record).await,
            Waitable::TransformJob => self.take_over_transform(request),
        }
    }

    /// Puts this process in the place of one that is gone; `false` when another one came first.
    async fn claim(
        &self,
        kind: ResourceKind,
        name: &str,
        gone: Option<String>,
    ) -> Result<bool, ServiceError> {
        let own = self.owner.id().to_owned();
        let claimed = self.store.update(kind, name, move |record| {
            let free = record.local.owner == gone;
            if free {
                record.local.owner = Some(own);
            }
            free
        });
        Ok(claimed.await? == Some(true))
    }
}
