//! Which running trials are stopped before their end, by the objective after each iteration of their training.

use std::io;

use mlpp_tuning::{Course, Decision, Direction, Hyperband, median_rule};

use super::request::TuningJob;
use super::trials::Trials;
use crate::error::ServiceError;
use crate::platform::Platform;
use crate::store::{CutOffRecord, ResourceKind};
use crate::training::metrics::Follower;
use crate::training::record::{advance, is_final};
use crate::training::run::blocking;

/// How trials are stopped early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EarlyStopping {
    Off,
    /// `TrainingJobEarlyStoppingType` `Auto`.
    Median,
    /// The strategy `Hyperband`.
    Hyperband(Hyperband),
}

impl EarlyStopping {
    fn decide(
        &self,
        direction: Direction,
        trial: &Course<'_>,
        judged: usize,
        others: &[Course<'_>],
    ) -> Decision {
        match self {
            Self::Off => Decision::Continue,
            Self::Median => median_rule(direction, trial, judged, others),
            Self::Hyperband(hyperband) => hyperband.decide(direction, trial, judged, others),
        }
    }
}

/// The objectives of all trials of a tuning job, as their logs tell them.
#[derive(Debug)]
pub(super) struct Courses {
    rule: EarlyStopping,
    direction: Direction,
    /// By the trials' numbers.
    watched: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    /// `None` once the whole log is read.
    follower: Option<Follower>,
    /// The place of its definition: trials of another one are no measure.
    at: usize,
    /// Its number among the trials of its definition.
    index: usize,
    objectives: Vec<f64>,
    /// How many of them were decided on.
    judged: usize,
    completed: bool,
    /// Whether it is stopped already.
    stopped: bool,
}

impl Courses {
    pub(super) fn new(job: &TuningJob) -> Self {
        Self { rule: job.early_stopping.clone(), direction: job.direction, watched: Vec::new() }
    }

    /// Whether the logs are to be looked at while trials run.
    pub(super) fn are_followed(&self) -> bool {
        self.rule != EarlyStopping::Off
    }

    /// Reads what is new in the logs; gives back the trials that are to be stopped.
    pub(super) async fn look(
        &mut self,
        platform: &Platform,
        job: &TuningJob,
        trials: &Trials,
    ) -> Result<Vec<usize>, ServiceError> {
        if !self.are_followed() {
            return Ok(Vec::new());
        }
        for entry in trials.entries.iter().skip(self.watched.len()) {
            let definition = &job.definitions[entry.at];
            let metric =
                definition.training.metrics.iter().find(|metric| metric.name == definition.objective);
            let log = platform.job_folder(&entry.name).join("log");
            self.watched.push(Watched {
                follower: metric.map(|metric| Follower::new(log, metric.regex.clone())),
                at: entry.at,
                index: self.watched.iter().filter(|other| other.at == entry.at).count(),
                objectives: Vec::new(),
                judged: 0,
                completed: false,
                stopped: false,
            });
        }
        let watched = std::mem::take(&mut self.watched);
        let ended: Vec<bool> = trials.entries.iter().map(|entry| entry.end.is_some()).collect();
        self.watched = blocking(move || read(watched, &ended)).await?;
        for (watched, entry) in self.watched.iter_mut().zip(&trials.entries) {
            watched.completed = entry.end.as_ref().is_some_and(super::trials::End::is_completed);
        }
        Ok(self.decide(trials))
    }

    fn decide(&mut self, trials: &Trials) -> Vec<usize> {
        let mut stopped = Vec::new();
        for number in 0..self.watched.len() {
            let Some(watched) = self.watched.get(number) else { continue };
            let has_ended = trials.entries.get(number).is_none_or(|entry| entry.end.is_some());
            if has_ended || watched.stopped || watched.judged == watched.objectives.len() {
                continue;
            }
            let others: Vec<Course<'_>> = self
                .watched
                .iter()
                .enumerate()
                .filter(|(other, it)| *other != number && it.at == watched.at)
                .map(|(_, other)| other.course())
                .collect();
            let decision = self.rule.decide(self.direction, &watched.course(), watched.judged, &others);
            if let Some(watched) = self.watched.get_mut(number) {
                watched.judged = watched.objectives.len();
                if let Decision::Stop { .. } = decision {
                    watched.stopped = true;
                    stopped.push(number);
                }
            }
        }
        stopped
    }
}

impl Watched {
    fn course(&self) -> Course<'_> {
        Course { index: self.index, objectives: &self.objectives, completed: self.completed }
    }
}

/// Reads on in each log; `ended` says which trials write no more.
fn read(mut watched: Vec<Watched>, ended: &[bool]) -> io::Result<Vec<Watched>> {
    for (watched, ended) in watched.iter_mut().zip(ended) {
        if let Some(follower) = &mut watched.follower {
            follower.read(&mut watched.objectives)?;
            if *ended {
                watched.follower = None;
            }
        }
    }
    Ok(watched)
}

impl Platform {
    /// Stops a trial whose objective says that it is not worth its end. One that has ended in between stays as it is.
    pub(super) async fn stop_early(&self, name: &str) -> Result<(), ServiceError> {
        self.store
            .update(ResourceKind::TrainingJob, name, |record| {
                let status = record.text("TrainingJobStatus");
                if is_final(status) || status == Some("Stopping") {
                    return;
                }
                record.local.cut_off = Some(CutOffRecord::EarlyStopped);
                record.set("TrainingJobStatus", "Stopping");
                advance(record, "Stopping", "Stopping the training program early");
            })
            .await?;
        Ok(())
    }
}
