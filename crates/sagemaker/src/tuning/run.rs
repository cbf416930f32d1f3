//! A tuning job from its first trial to its best.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mlpp_tuning::Candidate;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;

use super::describe::{self, Progress, Verdict};
use super::request::TuningJob;
use super::trials::{End, Entry, Trials};
use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::names;
use crate::platform::{Platform, Waitable};
use crate::store::{Record, ResourceKind};
use crate::training::ending::Stop;
use crate::training::run::{Start, TrialOf};
use crate::training::watch::Report;
use crate::training::{Ending, TrainingJob};

/// The running trials: each answers its number and its end, or nothing when it is left.
type Running = JoinSet<(usize, Result<Option<Ending>, ServiceError>)>;

/// Why no further trials are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    Stopped(Stop),
    OutOfTime,
}

impl Platform {
    /// Runs a tuning job in the background whose record names this process.
    pub(super) fn spawn_tuning(self: &Arc<Self>, job: TuningJob, start: Start) {
        let platform = Arc::clone(self);
        self.spawn(async move {
            // An error here means that the record cannot be written, though there is room: the job is taken over later.
            let _ = platform.run_tuning(job, start).await;
        });
    }

    /// Goes on with a tuning job whose record names this process and whose process is gone.
    pub(crate) async fn take_over_tuning(
        self: &Arc<Self>,
        request: &Value,
        record: &Record,
    ) -> Result<(), ServiceError> {
        let job = TuningJob::load(self, request, record.local.tuning).await?;
        self.spawn_tuning(job, Start::TakenOver);
        Ok(())
    }

    /// Runs a tuning job whose record exists, and writes its end into the record, unless the platform is shut down before.
    async fn run_tuning(self: Arc<Self>, job: TuningJob, start: Start) -> Result<(), ServiceError> {
        self.emit(JobEvent::TuningJobStarted { name: job.name.clone(), trials: job.most_trials });
        let (progress, verdict) = match self.tune(&job, start).await {
            Ok(Some(end)) => end,
            Ok(None) => return Ok(()),
            Err(error) => (Progress::default(), Verdict::failed(format!("InternalServerError: {error}"))),
        };
        let (status, reason) = (verdict.status, verdict.failure_reason.clone());
        let best = progress.best.as_ref().map(|best| best.name.clone());
        self.record(ResourceKind::HyperParameterTuningJob, &job.name, move |record| {
            describe::end(record, &progress, &verdict);
        })
        .await?;
        self.emit(JobEvent::TuningJobEnded {
            name: job.name,
            status: status.to_owned(),
            best_training_job: best,
            failure_reason: reason,
        });
        Ok(())
    }

    async fn tune(
        self: &Arc<Self>,
        job: &TuningJob,
        start: Start,
    ) -> Result<Option<(Progress, Verdict)>, ServiceError> {
        const STATUS: &str = "HyperParameterTuningJobStatus";
        let clock = Clock { before: job.spent, since: Instant::now() };
        let mut stop = pin!(self.stop_of(ResourceKind::HyperParameterTuningJob, &job.name, STATUS));
        let limit = job.max_runtime.map_or(Duration::MAX, |limit| limit.saturating_sub(job.spent));
        let mut deadline = pin!(tokio::time::sleep(limit));
        let mut running = Running::new();
        let (sender, mut reports) = mpsc::unbounded_channel();
        let mut trials = Trials::default();
        if start == Start::TakenOver {
            trials = Trials::read(self, job).await?;
            self.take_trials(job, &mut trials, &sender, &mut running).await?;
            self.record_progress(job, &trials, clock).await?;
        }
        let mut exhausted = vec![false; job.definitions.len()];
        let mut halt = None;
        loop {
            while halt.is_none()
                && trials.entries.len() < job.most_trials
                && running.len() < job.most_parallel
                && self.start_trial(job, &mut trials, &sender, &mut exhausted, &mut running).await?
            {
                self.record_progress(job, &trials, clock).await?;
            }
            if running.is_empty() {
                break;
            }
            tokio::select! {
                Some(ended) = running.join_next() => {
                    let (index, ending) = ended.map_err(ServiceError::internal)?;
                    match ending? {
                        Some(ending) => {
                            trials.entries[index].end = Some(End::of(&ending));
                            self.read_course(job, &mut trials, index).await?;
                        }
                        None => halt = Some(Halt::Stopped(Stop::Closing)),
                    }
                    self.record_progress(job, &trials, clock).await?;
                }
                Some(report) = reports.recv() => self.heed(job, &mut trials, report).await?,
                asked = &mut stop, if halt.is_none() => {
                    let stop = asked?;
                    halt = Some(Halt::Stopped(stop));
                    if stop == Stop::Requested {
                        self.stop_trials(&trials).await?;
                    }
                }
                () = &mut deadline, if halt.is_none() && job.max_runtime.is_some() => {
                    halt = Some(Halt::OutOfTime);
                    self.stop_trials(&trials).await?;
                }
            }
        }
        if halt == Some(Halt::Stopped(Stop::Closing)) {
            return Ok(None);
        }
        let progress = trials.progress(job);
        let verdict = verdict(halt, &progress);
        Ok(Some((progress, verdict)))
    }

    /// Goes on with the trials that another process left running. Their tuning job belongs to this process, and so do
    /// they.
    async fn take_trials(
        self: &Arc<Self>,
        job: &TuningJob,
        trials: &mut Trials,
        reports: &UnboundedSender<Report>,
        running: &mut Running,
    ) -> Result<(), ServiceError> {
        for index in 0..trials.entries.len() {
            let entry = &trials.entries[index];
            if entry.end.is_some() {
                self.read_course(job, trials, index).await?;
                continue;
            }
            let own = self.owner.id().to_owned();
            let claimed = move |record: &mut Record| record.local.owner = Some(own);
            self.store.update(ResourceKind::TrainingJob, &entry.name, claimed).await?;
            if job.definitions.get(entry.at).is_none() {
                return Err(ServiceError::internal(format!("trial {} has no definition", entry.name)));
            }
            let training = training_job(self, job, entry.at, index, &entry.candidate, reports);
            self.run_trial(training, index, Start::TakenOver, running);
        }
        Ok(())
    }

    fn run_trial(self: &Arc<Self>, training: TrainingJob, index: usize, start: Start, running: &mut Running) {
        let platform = Arc::clone(self);
        running.spawn(async move { (index, platform.run_training(training, start).await) });
    }

    /// Starts the next trial; `false` when the searches have nothing left.
    async fn start_trial(
        self: &Arc<Self>,
        job: &TuningJob,
        trials: &mut Trials,
        reports: &UnboundedSender<Report>,
        exhausted: &mut [bool],
        running: &mut Running,
    ) -> Result<bool, ServiceError> {
        let index = trials.entries.len();
        let count = job.definitions.len();
        // The definitions take turns.
        for at in (index..index + count).map(|turn| turn % count) {
            if exhausted[at] {
                continue;
            }
            let (search, seen) = (job.definitions[at].search.clone(), trials.seen(at));
            let asked = tokio::task::spawn_blocking(move || search.ask(&seen));
            let Some(candidate) = asked.await.map_err(ServiceError::internal)? else {
                exhausted[at] = true;
                continue;
            };
            let training = training_job(self, job, at, index, &candidate, reports);
            self.add_training_job(&training, None, Vec::new()).await?;
            trials.entries.push(Entry::new(at, training.name.clone(), candidate, None));
            self.run_trial(training, index, Start::New, running);
            return Ok(true);
        }
        Ok(false)
    }

    async fn stop_trials(self: &Arc<Self>, trials: &Trials) -> Result<(), ServiceError> {
        for entry in trials.entries.iter().filter(|entry| entry.end.is_none()) {
            match self.stop_job(Waitable::TrainingJob, &entry.name).await {
                // It ended in between.
                Err(error) if error.code == "ValidationException" => {}
                other => {
                    other?;
                }
            }
        }
        Ok(())
    }

    async fn record_progress(
        &self,
        job: &TuningJob,
        trials: &Trials,
        clock: Clock,
    ) -> Result<(), ServiceError> {
        let progress = trials.progress(job);
        self.record(ResourceKind::HyperParameterTuningJob, &job.name, move |record| {
            describe::progress(record, &progress);
            if let Some(tuning) = &mut record.local.tuning {
                tuning.spent = clock.spent().as_secs_f64();
            }
        })
        .await?;
        Ok(())
    }
}

/// How long processes have run a tuning job: the time between them does not count.
#[derive(Clone, Copy, Debug)]
struct Clock {
    before: Duration,
    since: Instant,
}

impl Clock {
    fn spent(self) -> Duration {
        self.before + self.since.elapsed()
    }
}

/// The training job of trial `index`, named as the service names trials: the tuning job, the trial's number from 1,
/// eight digits that tell apart what another platform would run under the same name.
fn training_job(
    platform: &Platform,
    job: &TuningJob,
    at: usize,
    index: usize,
    candidate: &Candidate,
    reports: &UnboundedSender<Report>,
) -> TrainingJob {
    let definition = &job.definitions[at];
    let digest = names::digest(&format!("{}/{}/{index}", job.arn, job.seed));
    let name = format!("{}-{:03}-{:08x}", job.name, index + 1, digest >> 32);
    let tuned: Map<String, Value> =
        candidate.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut hyperparameters = definition.fixed.clone();
    hyperparameters.extend(tuned.clone());
    TrainingJob {
        arn: platform.arns.sagemaker("training-job", &name),
        name,
        definition: Arc::clone(&definition.training),
        hyperparameters,
        trial: Some(TrialOf {
            tuning_job: job.name.clone(),
            tuning_job_arn: job.arn.clone(),
            definition: definition.name.clone(),
            at,
            index,
            tuned,
            objective: definition.objective.clone(),
            reports: definition.rule.as_ref().map(|_| reports.clone()),
        }),
    }
}

fn verdict(halt: Option<Halt>, progress: &Progress) -> Verdict {
    match (halt, &progress.first_failure) {
        (Some(Halt::Stopped(_)), _) => Verdict { status: "Stopped", failure_reason: None },
        (_, Some((name, reason))) if progress.best.is_none() => Verdict::failed(format!(
            "No training job reported the objective metric. The first, {name}: {reason}"
        )),
        _ => Verdict { status: "Completed", failure_reason: None },
    }
}
