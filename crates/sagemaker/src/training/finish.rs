//! What a training program leaves behind, and what that makes of its job.

use std::io;

use super::contract::Layout;
use super::ending::{CutOff, Ending};
use super::run::{TrainingJob, blocking};
use super::watch::course;
use super::{checkpoints, metrics};
use crate::archive;
use crate::error::ServiceError;
use crate::names;
use crate::platform::Platform;
use crate::process::{Exit, log};

/// How many lines of the log a failure reason quotes.
const REASON_LINES: usize = 5;

impl Platform {
    /// Brings a job to its end whose program has ended. Doing it again gives the same.
    pub(super) async fn finish(
        &self,
        job: &TrainingJob,
        layout: &Layout,
        exit: &Exit,
        cut_off: Option<CutOff>,
    ) -> Result<Ending, ServiceError> {
        let (log, wanted) = (layout.log(), job.definition.metrics.clone());
        let metrics = blocking(move || metrics::last_values(&log, &wanted)).await?;
        let saved = self.save_checkpoints(job, layout).await?;
        let mut ending = match cut_off {
            Some(CutOff::Stopped) => Ending::stopped(),
            Some(CutOff::Early { iteration }) => {
                Ending::early(objective_after(job, layout, iteration).await?)
            }
            Some(CutOff::TooLong) => Ending::too_long(job.definition.max_runtime.as_secs()),
            None if exit.is_success() => Ending::completed(objective(job, &metrics)),
            None => Ending::failed(failure(layout, exit).await?),
        };
        ending.metrics = metrics;
        ending.ran = true;
        if ending.status == "Failed" {
            return Ok(ending);
        }
        let failed =
            |ending: Ending, reason| Ending { metrics: ending.metrics, ran: true, ..Ending::failed(reason) };
        if let Err(reason) = saved {
            return Ok(failed(ending, reason));
        }
        match self.upload(job, layout).await? {
            Ok(model) => ending.model = model,
            Err(reason) => return Ok(failed(ending, reason)),
        }
        if ending.model.is_none() && ending.status == "Completed" {
            let reason = "AlgorithmError: the training program ended without writing a model to SM_MODEL_DIR";
            return Ok(failed(ending, reason.to_owned()));
        }
        Ok(ending)
    }

    /// Stores the job's checkpoints, if it has any. The inner error is the job's failure reason.
    pub(super) async fn save_checkpoints(
        &self,
        job: &TrainingJob,
        layout: &Layout,
    ) -> Result<Result<(), String>, ServiceError> {
        let Some(checkpoint) = job.checkpoint() else { return Ok(Ok(())) };
        let folder = layout.root.join(&checkpoint.local);
        checkpoints::save(self.config.buckets.as_ref(), &checkpoint.uri, &folder).await
    }

    /// Stores `model/` and `output/data/`; answers the model's URI, if there is a model. The inner error is the job's
    /// failure reason.
    async fn upload(
        &self,
        job: &TrainingJob,
        layout: &Layout,
    ) -> Result<Result<Option<String>, String>, ServiceError> {
        let mut model = None;
        let parts = [(layout.model(), "model.tar.gz"), (layout.output_data(), "output.tar.gz")];
        for (folder, name) in parts {
            let archive_path = layout.root.join(name);
            let to = archive_path.clone();
            let packed = tokio::task::spawn_blocking(move || {
                let any = archive::has_files(&folder)?;
                if any {
                    archive::pack(&folder, &to)?;
                }
                Ok::<_, io::Error>(any)
            });
            match packed.await.map_err(ServiceError::internal)? {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => return Ok(Err(format!("ClientError: {name} cannot be made: {error}"))),
            }
            if name == "model.tar.gz" {
                self.advance(job, "Uploading", "Uploading generated training model").await?;
            }
            let uri = names::join_key(&job.definition.output, &format!("{}/output/{name}", job.name));
            let Some((bucket, key)) = names::s3_uri(&uri) else {
                return Ok(Err(format!("ClientError: {uri} is not an S3 URI")));
            };
            if let Err(error) = self.config.buckets.upload(&archive_path, bucket, key).await {
                return Ok(Err(format!("ClientError: Artifact upload failed: {error}")));
            }
            tokio::fs::remove_file(&archive_path).await.map_err(ServiceError::internal)?;
            if name == "model.tar.gz" {
                model = Some(uri);
            }
        }
        Ok(Ok(model))
    }
}

fn objective(job: &TrainingJob, metrics: &[(String, f64)]) -> Result<f64, String> {
    let Some(trial) = &job.trial else { return Err("not a trial".to_owned()) };
    let value = metrics.iter().find(|(name, _)| *name == trial.objective).map(|(_, value)| *value);
    value.ok_or_else(|| {
        let definition = job.definition.metrics.iter().find(|metric| metric.name == trial.objective);
        let regex = definition.map_or("", |metric| metric.regex.as_str());
        format!(
            "the log of training job {} has no number where the objective metric {} is expected ({regex})",
            job.name, trial.objective
        )
    })
}

/// The objective after an iteration.
async fn objective_after(
    job: &TrainingJob,
    layout: &Layout,
    iteration: usize,
) -> Result<Result<f64, String>, ServiceError> {
    let course = course(layout.log(), job).await?;
    let value = course.get(iteration.saturating_sub(1)).copied().filter(|value| value.is_finite());
    Ok(value.ok_or_else(|| {
        format!(
            "the training job was stopped early, and its objective after iteration {iteration} is no number"
        )
    }))
}

/// Why a program failed, from its failure file or else from the end of its log.
async fn failure(layout: &Layout, exit: &Exit) -> Result<String, ServiceError> {
    if let Exit::NotStarted(_) | Exit::Lost = exit {
        return Ok(format!("AlgorithmError: {exit}"));
    }
    let told = match tokio::fs::read(layout.failure()).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(ServiceError::internal(error)),
    };
    if !told.is_empty() {
        return Ok(format!("AlgorithmError: {told}, {exit}"));
    }
    let path = layout.log();
    let tail = blocking(move || log::tail(&path, REASON_LINES)).await?;
    Ok(if tail.is_empty() {
        format!("AlgorithmError: {exit}")
    } else {
        format!("AlgorithmError: {tail}, {exit}")
    })
}
