//! A training job from its folder to its model.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;

use super::checkpoints::{self, Checkpoint};
use super::contract::{self, Layout};
use super::ending::{CutOff, Ending, Stop};
use super::watch::{self, Report};
use super::{TrainingDefinition, data, record};
use crate::algorithm::Run;
use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::names;
use crate::platform::{LOOK_AGAIN, Platform};
use crate::process::{Ended, Exit, Process, Program, wait_for_supervisor};
use crate::store::{CutOffRecord, ResourceKind};

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
    /// The place of its definition in the request.
    pub(crate) at: usize,
    /// How many trials were started before it.
    pub(crate) index: usize,
    pub(crate) tuned: Map<String, Value>,
    pub(crate) objective: String,
    /// Who is told of its objective while it runs.
    pub(crate) reports: Option<UnboundedSender<Report>>,
}

impl TrainingJob {
    /// Where its checkpoints lie: those of a trial in a folder of its own, for trials share a definition.
    pub(super) fn checkpoint(&self) -> Option<Checkpoint> {
        let mut checkpoint = self.definition.checkpoint.clone()?;
        if self.trial.is_some() {
            checkpoint.uri = names::join_key(&checkpoint.uri, &self.name);
        }
        Some(checkpoint)
    }
}

/// How a job comes to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Its record was just made.
    New,
    /// The process that ran it is gone.
    TakenOver,
}

/// How long a failure reason may be: the service's limit.
const REASON_LENGTH: usize = 1024;

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

    /// Runs a job whose record exists and names this process, and writes its end into the record; `None` when the job is
    /// left to whoever goes on with it, since the platform is shut down.
    pub(crate) async fn run_training(
        &self,
        job: TrainingJob,
        start: Start,
    ) -> Result<Option<Ending>, ServiceError> {
        let ending = match self.train(&job, start).await {
            Ok(Some(ending)) => ending,
            Ok(None) => return Ok(None),
            // The platform failed, not the program: the job fails all the same.
            Err(error) => Ending::failed(format!("InternalServerError: {error}")),
        };
        let written = ending.clone();
        self.record(ResourceKind::TrainingJob, &job.name, move |record| record::end(record, &written))
            .await?;
        self.emit(JobEvent::TrainingJobEnded {
            name: job.name,
            objective: job.trial.as_ref().and_then(|_| ending.objective.as_ref().ok().copied()),
            tuning_job: job.trial.map(|trial| trial.tuning_job),
            status: ending.status.to_owned(),
            failure_reason: ending.failure_reason.clone(),
        });
        Ok(Some(ending))
    }

    async fn train(&self, job: &TrainingJob, start: Start) -> Result<Option<Ending>, ServiceError> {
        let layout = Layout { root: self.job_folder(&job.name) };
        if start == Start::TakenOver
            && let Some(ending) = self.take_over(job, &layout).await?
        {
            return Ok(Some(ending));
        }
        let stopped = |stop| (stop == Stop::Requested).then(Ending::stopped);
        let mut stop = pin!(self.stop_of(ResourceKind::TrainingJob, &job.name, "TrainingJobStatus"));
        let _slot = tokio::select! {
            stop = &mut stop => return Ok(stopped(stop?)),
            slot = self.slots.acquire() => slot.map_err(ServiceError::internal)?,
        };
        let prepared = tokio::select! {
            stop = &mut stop => return Ok(stopped(stop?)),
            prepared = self.prepare(job, &layout, start) => prepared?,
        };
        if let Err(reason) = prepared {
            return Ok(Some(Ending::failed(reason)));
        }

        self.advance(job, "Training", "The training program runs").await?;
        self.emit(JobEvent::TrainingJobStarted {
            name: job.name.clone(),
            tuning_job: job.trial.as_ref().map(|trial| trial.tuning_job.clone()),
        });
        let mut process = Process::start(self.program(job, &layout)).map_err(ServiceError::internal)?;
        let mut watched = pin!(watch::objective(job, layout.log()));
        let (exit, cut_off) = tokio::select! {
            exit = process.wait() => (exit, None),
            never = &mut watched => match never {},
            stop = &mut stop => match stop? {
                Stop::Requested => (process.stop().await, self.cut_off(job).await?),
                Stop::Closing => {
                    process.stop().await.map_err(ServiceError::internal)?;
                    // What cannot be stored now lies in the job's folder still.
                    let _ = self.save_checkpoints(job, &layout).await?;
                    return Ok(None);
                }
            },
            () = tokio::time::sleep(job.definition.max_runtime) => {
                // Whoever takes the job over from here must not run it again.
                self.record_cut_off(job, CutOffRecord::TooLong).await?;
                (process.stop().await, Some(CutOff::TooLong))
            }
        };
        self.finish(job, &layout, &exit.map_err(ServiceError::internal)?, cut_off).await.map(Some)
    }

    /// Looks after what a process left of the job that is gone. Answers the job's end if its program had ended or is
    /// not to run any more; otherwise the program has to start again, and nothing of it runs now.
    async fn take_over(&self, job: &TrainingJob, layout: &Layout) -> Result<Option<Ending>, ServiceError> {
        let status = layout.status();
        let left = blocking(move || {
            wait_for_supervisor(&status)?;
            Ended::read(&status)
        });
        let left = left.await?;
        let record = self.store.get(ResourceKind::TrainingJob, &job.name).await?;
        let record = record.ok_or_else(ServiceError::not_found)?;
        let cut_off = CutOff::of(&record);
        match left {
            Some(ended) if cut_off.is_some() => {
                self.finish(job, layout, &ended.exit, cut_off).await.map(Some)
            }
            None if cut_off.is_some() => self.finish(job, layout, &Exit::Lost, cut_off).await.map(Some),
            // A signal may have been meant for everything that ran then: the program gets another chance.
            Some(Ended { exit: exit @ (Exit::Code(_) | Exit::NotStarted(_)), asked: false }) => {
                self.finish(job, layout, &exit, None).await.map(Some)
            }
            _ => {
                if record.text("SecondaryStatus") != Some("Starting") {
                    let message = "The process that ran the job has ended; the training program starts again";
                    self.advance(job, "Restarting", message).await?;
                }
                Ok(None)
            }
        }
    }

    /// Folder, channels and checkpoints; the inner error is the job's failure reason.
    async fn prepare(
        &self,
        job: &TrainingJob,
        layout: &Layout,
        start: Start,
    ) -> Result<Result<(), String>, ServiceError> {
        let checkpoint = job.checkpoint();
        let kept = checkpoint.as_ref().filter(|_| start == Start::TakenOver);
        let (wanted, layout_of, kept) =
            (job.clone(), layout.clone(), kept.map(|checkpoint| checkpoint.local.clone()));
        blocking(move || layout_of.create(&wanted, kept.as_deref())).await?;
        self.advance(job, "Downloading", "Downloading input data").await?;
        for channel in &job.definition.channels {
            let folder = layout.channel(&channel.name);
            let downloaded = data::download(self.config.buckets.as_ref(), channel, &folder).await;
            if downloaded.is_err() {
                return Ok(downloaded);
            }
        }
        match &checkpoint {
            Some(checkpoint) => {
                let folder = layout.root.join(&checkpoint.local);
                checkpoints::restore(self.config.buckets.as_ref(), &checkpoint.uri, &folder).await
            }
            None => Ok(Ok(())),
        }
    }

    /// Why the job's program is to end, by its record.
    async fn cut_off(&self, job: &TrainingJob) -> Result<Option<CutOff>, ServiceError> {
        let record = self.store.get(ResourceKind::TrainingJob, &job.name).await?;
        Ok(record.as_ref().and_then(CutOff::of).or(Some(CutOff::Stopped)))
    }

    async fn record_cut_off(&self, job: &TrainingJob, cut_off: CutOffRecord) -> Result<(), ServiceError> {
        self.record(ResourceKind::TrainingJob, &job.name, move |record| {
            record.local.cut_off = Some(cut_off);
            record.set("TrainingJobStatus", "Stopping");
        })
        .await?;
        Ok(())
    }

    pub(super) async fn advance(
        &self,
        job: &TrainingJob,
        status: &'static str,
        message: &'static str,
    ) -> Result<(), ServiceError> {
        self.record(ResourceKind::TrainingJob, &job.name, move |record| {
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
        let mut command = algorithm.command(&algorithm.training.run, &self.config.program);
        if let Run::Script { .. } = algorithm.training.run {
            command.extend(contract::user_arguments(job).into_iter().map(Into::into));
            // What a script prints is read while it runs.
            environment.push(("PYTHONUNBUFFERED".into(), "1".into()));
        }
        Program {
            supervisor: self.config.supervisor.clone(),
            command,
            directory: layout.root.clone(),
            environment,
            log: layout.log(),
            status: layout.status(),
            grace: self.config.grace,
        }
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

/// Runs work with files on the threads for blocking work.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ServiceError> {
    let result = tokio::task::spawn_blocking(work).await.map_err(ServiceError::internal)?;
    result.map_err(ServiceError::internal)
}
