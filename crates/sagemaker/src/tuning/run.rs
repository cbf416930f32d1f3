//! A tuning job from its first trial to its best.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mlpp_tuning::{Candidate, Outcome, Trial};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::describe::{self, Progress, Verdict};
use super::request::TuningJob;
use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::names;
use crate::platform::Platform;
use crate::store::ResourceKind;
use crate::training::run::{Stop, TrialOf};
use crate::training::{Ending, TrainingJob};

/// The trials of a running tuning job.
struct Trials {
    /// For each definition, what its search sees.
    seen: Vec<Vec<Trial>>,
    /// For each trial in order: its definition, its place in `seen`, its training job.
    started: Vec<(usize, usize, String)>,
    /// The definitions whose search has nothing left.
    exhausted: Vec<bool>,
    running: JoinSet<(usize, Result<Ending, ServiceError>)>,
}

/// Why no further trials are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    Stopped(Stop),
    OutOfTime,
}

impl Platform {
    /// Runs a tuning job whose record exists, and writes its end into the record.
    pub(super) async fn run_tuning(self: Arc<Self>, job: TuningJob) -> Result<(), ServiceError> {
        self.emit(JobEvent::TuningJobStarted { name: job.name.clone(), trials: job.most_trials });
        let (progress, verdict) = match self.tune(&job).await {
            Ok(end) => end,
            Err(error) => (Progress::default(), Verdict::failed(format!("InternalServerError: {error}"))),
        };
        let (status, reason) = (verdict.status, verdict.failure_reason.clone());
        let best = progress.best.as_ref().map(|best| best.name.clone());
        self.store
            .update(ResourceKind::HyperParameterTuningJob, &job.name, move |record| {
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

    async fn tune(self: &Arc<Self>, job: &TuningJob) -> Result<(Progress, Verdict), ServiceError> {
        const STATUS: &str = "HyperParameterTuningJobStatus";
        let mut stop = pin!(self.stop_of(ResourceKind::HyperParameterTuningJob, &job.name, STATUS));
        let mut deadline = pin!(tokio::time::sleep(job.max_runtime.unwrap_or(Duration::MAX)));
        let mut trials = Trials {
            seen: vec![Vec::new(); job.definitions.len()],
            started: Vec::new(),
            exhausted: vec![false; job.definitions.len()],
            running: JoinSet::new(),
        };
        let mut progress = Progress::default();
        let mut halt = None;
        loop {
            while halt.is_none()
                && trials.started.len() < job.most_trials
                && trials.running.len() < job.most_parallel
                && self.start_trial(job, &mut trials).await?
            {
                progress.running = trials.running.len();
                self.record_progress(job, &progress).await?;
            }
            if trials.running.is_empty() {
                break;
            }
            tokio::select! {
                Some(ended) = trials.running.join_next() => {
                    let (index, ending) = ended.map_err(ServiceError::internal)?;
                    progress.running = trials.running.len();
                    trials.tell(job, index, &ending?, &mut progress);
                    self.record_progress(job, &progress).await?;
                }
                asked = &mut stop, if halt.is_none() => {
                    halt = Some(Halt::Stopped(asked?));
                    self.stop_trials(&trials).await?;
                }
                () = &mut deadline, if halt.is_none() && job.max_runtime.is_some() => {
                    halt = Some(Halt::OutOfTime);
                    self.stop_trials(&trials).await?;
                }
            }
        }
        let verdict = verdict(halt, &progress);
        Ok((progress, verdict))
    }

    /// Starts the next trial; `false` when the searches have nothing left.
    async fn start_trial(
        self: &Arc<Self>,
        job: &TuningJob,
        trials: &mut Trials,
    ) -> Result<bool, ServiceError> {
        let index = trials.started.len();
        let count = job.definitions.len();
        // The definitions take turns.
        let Some(at) = (index..index + count).map(|turn| turn % count).find(|&at| !trials.exhausted[at])
        else {
            return Ok(false);
        };
        let definition = &job.definitions[at];
        let (search, seen) = (definition.search.clone(), trials.seen[at].clone());
        let asked = tokio::task::spawn_blocking(move || search.ask(&seen));
        let Some(candidate) = asked.await.map_err(ServiceError::internal)? else {
            trials.exhausted[at] = true;
            return Box::pin(self.start_trial(job, trials)).await;
        };
        let training = training_job(self, job, at, index, &candidate);
        self.add_training_job(&training, Vec::new()).await?;
        let place = trials.seen[at].len();
        trials.seen[at].push(Trial { index: place, candidate, outcome: Outcome::Pending });
        trials.started.push((at, place, training.name.clone()));
        let platform = Arc::clone(self);
        trials.running.spawn(async move { (index, platform.run_training(training).await) });
        Ok(true)
    }

    async fn stop_trials(&self, trials: &Trials) -> Result<(), ServiceError> {
        for (at, place, name) in &trials.started {
            if trials.seen[*at][*place].outcome == Outcome::Pending {
                match self.stop_job(ResourceKind::TrainingJob, name, "TrainingJobStatus").await {
                    // It ended in between.
                    Err(error) if error.code == "ValidationException" => {}
                    other => {
                        other?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn record_progress(&self, job: &TuningJob, progress: &Progress) -> Result<(), ServiceError> {
        let progress = progress.clone();
        self.store
            .update(ResourceKind::HyperParameterTuningJob, &job.name, move |record| {
                describe::progress(record, &progress);
            })
            .await?;
        Ok(())
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
            tuned,
            objective: definition.objective.clone(),
        }),
    }
}

impl Trials {
    /// Takes in how trial `index` ended.
    fn tell(&mut self, job: &TuningJob, index: usize, ending: &Ending, progress: &mut Progress) {
        let (at, place, name) = &self.started[index];
        let trial = &mut self.seen[*at][*place];
        trial.outcome = match (ending.status, &ending.objective) {
            ("Completed", Ok(value)) => Outcome::Completed(*value),
            ("Stopped", _) => Outcome::Stopped,
            _ => Outcome::Failed,
        };
        match ending.status {
            "Completed" => progress.completed += 1,
            "Stopped" => progress.stopped += 1,
            _ => progress.failed += 1,
        }
        if let Outcome::Completed(value) = trial.outcome {
            progress.succeeded += 1;
            let better =
                progress.best.as_ref().is_none_or(|best| job.direction.improves(value, best.objective));
            if better {
                progress.best = Some(describe::Best {
                    name: name.clone(),
                    objective: value,
                    metric: job.definitions[*at].objective.clone(),
                    direction: job.direction,
                });
            }
        } else {
            progress.without_objective += 1;
            if let (Err(reason), true) = (&ending.objective, trial.outcome == Outcome::Failed) {
                progress.first_failure.get_or_insert_with(|| (name.clone(), reason.clone()));
            }
        }
    }
}

fn verdict(halt: Option<Halt>, progress: &Progress) -> Verdict {
    match (halt, &progress.first_failure) {
        (Some(Halt::Stopped(Stop::Requested)), _) => Verdict { status: "Stopped", failure_reason: None },
        (Some(Halt::Stopped(Stop::Closing)), _) => Verdict {
            status: "Stopped",
            failure_reason: Some("The platform was shut down while the job ran".to_owned()),
        },
        (_, Some((name, reason))) if progress.best.is_none() => Verdict::failed(format!(
            "No training job reported the objective metric. The first, {name}: {reason}"
        )),
        _ => Verdict { status: "Completed", failure_reason: None },
    }
}
