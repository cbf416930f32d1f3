//! A training job from its folder to its model.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};

use super::contract::{self, Layout};
use super::{TrainingDefinition, data, metrics, record};
use crate::archive;
use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::names;
use crate::platform::{LOOK_AGAIN, Platform};
use crate::process::{Exit, Process, Program, log};
use crate::store::ResourceKind;

/// A training job to run.
#[derive(Clone, Debug)]
pub(crate) struct TrainingJob {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) definition: Arc<TrainingDefinition>,
    pub(crate) hyperparameters: Map<String, Value>,
    pub(crate) trial: Option<TrialOf>,
}

/// What makes a training job a trial.
#[derive(Clone, Debug)]
pub(crate) struct TrialOf {
    pub(crate) tuning_job: String,
    pub(crate) tuning_job_arn: String,
    pub(crate) definition: Option<String>,
    pub(crate) tuned: Map<String, Value>,
    pub(crate) objective: String,
}

/// How a training job ended.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) status: &'static str,
    pub(crate) secondary: &'static str,
    pub(crate) failure_reason: Option<String>,
    pub(crate) metrics: Vec<(String, f64)>,
    /// The objective's value, or why a trial has none. Of a job that is no trial it says nothing.
    pub(crate) objective: Result<f64, String>,
    pub(crate) model: Option<String>,
    /// How long the program ran.
    pub(crate) seconds: Option<u64>,
}

/// Why a job is to end before its program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The record says so.
    Requested,
    /// The platform is shut down.
    Closing,
}

/// How long a failure reason may be: the service's limit.
const REASON_LENGTH: usize = 1024;
/// How many lines of the log a failure reason quotes.
const REASON_LINES: usize = 5;

impl Ending {
    fn failed(reason: String) -> Self {
        let reason = truncated(reason);
        Self {
            status: "Failed",
            secondary: "Failed",
            objective: Err(reason.clone()),
            failure_reason: Some(reason),
            metrics: Vec::new(),
            model: None,
            seconds: None,
        }
    }

    fn stopped(stop: Stop) -> Self {
        let reason = match stop {
            Stop::Requested => None,
            Stop::Closing => Some("The platform was shut down while the job ran".to_owned()),
        };
        Self {
            status: "Stopped",
            secondary: "Stopped",
            objective: Err("the training job was stopped".to_owned()),
            failure_reason: reason,
            metrics: Vec::new(),
            model: None,
            seconds: None,
        }
    }
}

pub(crate) fn truncated(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().nth(REASON_LENGTH) {
        reason.truncate(end);
    }
    reason
}

impl Platform {
    pub(crate) fn job_folder(&self, name: &str) -> PathBuf {
        self.config.root.join("training-jobs").join(name)
    }

    /// Runs a job whose record exists, and writes its end into the record.
    pub(crate) async fn run_training(&self, job: TrainingJob) -> Result<Ending, ServiceError> {
        let ending = match self.train(&job).await {
            Ok(ending) => ending,
            // The platform failed, not the program: the job fails all the same.
            Err(error) => Ending::failed(format!("InternalServerError: {error}")),
        };
        let written = ending.clone();
        self.store
            .update(ResourceKind::TrainingJob, &job.name, move |record| record::end(record, &written))
            .await?;
        self.emit(JobEvent::TrainingJobEnded {
            name: job.name,
            objective: job.trial.as_ref().and_then(|_| ending.objective.as_ref().ok().copied()),
            tuning_job: job.trial.map(|trial| trial.tuning_job),
            status: ending.status.to_owned(),
            failure_reason: ending.failure_reason.clone(),
        });
        Ok(ending)
    }

    async fn train(&self, job: &TrainingJob) -> Result<Ending, ServiceError> {
        let layout = Layout { root: self.job_folder(&job.name) };
        let mut stop = pin!(self.stop_of(ResourceKind::TrainingJob, &job.name, "TrainingJobStatus"));

        let _slot = tokio::select! {
            stop = &mut stop => return Ok(Ending::stopped(stop?)),
            slot = self.slots.acquire() => slot.map_err(ServiceError::internal)?,
        };
        let prepared = tokio::select! {
            stop = &mut stop => return Ok(Ending::stopped(stop?)),
            prepared = self.prepare(job, &layout) => prepared?,
        };
        if let Err(reason) = prepared {
            return Ok(Ending::failed(reason));
        }

        self.advance(job, "Training", "The training program runs").await?;
        self.emit(JobEvent::TrainingJobStarted {
            name: job.name.clone(),
            tuning_job: job.trial.as_ref().map(|trial| trial.tuning_job.clone()),
        });
        let mut process = Process::start(self.program(job, &layout)).map_err(ServiceError::internal)?;
        let started = Instant::now();
        let (exit, cut_off) = tokio::select! {
            exit = process.wait() => (exit, None),
            stop = &mut stop => (process.stop().await, Some(CutOff::Stopped(stop?))),
            () = tokio::time::sleep(job.definition.max_runtime) => (process.stop().await, Some(CutOff::TooLong)),
        };
        let exit = exit.map_err(ServiceError::internal)?;
        let mut ending = self.finish(job, &layout, &exit, cut_off).await?;
        ending.seconds = Some(started.elapsed().as_secs());
        Ok(ending)
    }

    /// Folder and channels; the inner error is the job's failure reason.
    async fn prepare(&self, job: &TrainingJob, layout: &Layout) -> Result<Result<(), String>, ServiceError> {
        let (wanted, layout_of) = (job.clone(), layout.clone());
        blocking(move || layout_of.create(&wanted)).await?;
        self.advance(job, "Downloading", "Downloading the input data").await?;
        for channel in &job.definition.channels {
            let folder = layout.channel(&channel.name);
            let downloaded =
                data::download(self.config.buckets.as_ref(), &channel.name, &channel.uri, &folder).await;
            if downloaded.is_err() {
                return Ok(downloaded);
            }
        }
        Ok(Ok(()))
    }

    async fn advance(
        &self,
        job: &TrainingJob,
        status: &'static str,
        message: &'static str,
    ) -> Result<(), ServiceError> {
        self.store
            .update(ResourceKind::TrainingJob, &job.name, move |record| {
                record::advance(record, status, message);
            })
            .await?;
        Ok(())
    }

    fn program(&self, job: &TrainingJob, layout: &Layout) -> Program {
        let algorithm = &job.definition.algorithm;
        let mut environment = self.config.environment.clone();
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // What runs at once shares the machine.
        let share = (cpus / self.config.max_processes.max(1)).max(1);
        environment.extend(contract::environment(layout, job, share));
        Program {
            supervisor: self.config.supervisor.clone(),
            command: algorithm.command(&algorithm.training.command, &self.config.program),
            directory: layout.root.clone(),
            environment,
            log: layout.log(),
            status: layout.status(),
            grace: self.config.grace,
        }
    }

    /// What the program left behind, and what that makes of the job.
    async fn finish(
        &self,
        job: &TrainingJob,
        layout: &Layout,
        exit: &Exit,
        cut_off: Option<CutOff>,
    ) -> Result<Ending, ServiceError> {
        let (log, wanted) = (layout.log(), job.definition.metrics.clone());
        let metrics = blocking(move || metrics::last_values(&log, &wanted)).await?;
        let objective = objective(job, &metrics);
        let mut ending = match cut_off {
            Some(CutOff::Stopped(stop)) => Ending::stopped(stop),
            Some(CutOff::TooLong) => {
                let mut ending = Ending::stopped(Stop::Requested);
                ending.secondary = "MaxRuntimeExceeded";
                let limit = job.definition.max_runtime.as_secs();
                ending.objective = Err(format!("the training job ran longer than {limit} seconds"));
                ending
            }
            None if !exit.is_success() => {
                let mut ending = Ending::failed(failure(layout, exit).await?);
                ending.metrics = metrics;
                return Ok(ending);
            }
            None => Ending {
                status: "Completed",
                secondary: "Completed",
                failure_reason: None,
                metrics: Vec::new(),
                objective,
                model: None,
                seconds: None,
            },
        };
        ending.metrics = metrics;
        if cut_off == Some(CutOff::Stopped(Stop::Closing)) {
            return Ok(ending);
        }
        match self.upload(job, layout).await? {
            Ok(model) => ending.model = model,
            Err(reason) => ending = Ending { metrics: ending.metrics, ..Ending::failed(reason) },
        }
        if ending.model.is_none() && ending.status == "Completed" {
            let reason = "AlgorithmError: the training program ended without writing a model to SM_MODEL_DIR";
            ending = Ending { metrics: ending.metrics, ..Ending::failed(reason.to_owned()) };
        }
        Ok(ending)
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
            let packed = blocking(move || {
                let any = archive::has_files(&folder)?;
                if any {
                    archive::pack(&folder, &to)?;
                }
                Ok(any)
            })
            .await?;
            if !packed {
                continue;
            }
            if name == "model.tar.gz" {
                self.advance(job, "Uploading", "Uploading the model").await?;
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

    /// Resolves when the job's record asks for a stop, or the platform is shut down.
    pub(crate) async fn stop_of(
        &self,
        kind: ResourceKind,
        name: &str,
        member: &'static str,
    ) -> Result<Stop, ServiceError> {
        let mut changes = self.store.changes();
        loop {
            if self.is_closing() {
                return Ok(Stop::Closing);
            }
            changes.mark_unchanged();
            let record = self.store.get(kind, name).await?;
            if record.is_none_or(|record| record.text(member) == Some("Stopping")) {
                return Ok(Stop::Requested);
            }
            tokio::select! {
                () = self.closed() => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CutOff {
    Stopped(Stop),
    TooLong,
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

/// Runs work with files on the threads for blocking work.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ServiceError> {
    let result = tokio::task::spawn_blocking(work).await.map_err(ServiceError::internal)?;
    result.map_err(ServiceError::internal)
}
