//! The trials of a tuning job, as they stand on record.

use mlpp_tuning::{Candidate, Outcome, Trial};

use super::describe::{Best, Progress};
use super::request::TuningJob;
use crate::error::ServiceError;
use crate::platform::Platform;
use crate::store::{Record, ResourceKind};
use crate::training::Ending;

/// All trials in the order in which they were started.
#[derive(Debug, Default)]
pub(super) struct Trials {
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// The place of its definition in the request.
    pub(super) at: usize,
    /// Its training job.
    pub(super) name: String,
    pub(super) candidate: Candidate,
    /// `None` while it runs.
    pub(super) end: Option<End>,
    /// Its objective after each iteration, if trials can be stopped early.
    pub(super) course: Vec<f64>,
    /// How many of these were decided on.
    pub(super) judged: usize,
}

impl Entry {
    pub(super) fn new(at: usize, name: String, candidate: Candidate, end: Option<End>) -> Self {
        Self { at, name, candidate, end, course: Vec::new(), judged: 0 }
    }

    /// Whether its program ended by itself, and well.
    pub(super) fn is_completed(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.status == "Completed")
    }
}

/// How a trial ended.
#[derive(Debug)]
pub(super) struct End {
    /// `TrainingJobStatus`.
    status: String,
    objective: Result<f64, String>,
    /// Whether it left a model.
    model: bool,
}

impl End {
    pub(super) fn of(ending: &Ending) -> Self {
        Self {
            status: ending.status.to_owned(),
            objective: ending.objective.clone(),
            model: ending.model.is_some(),
        }
    }

    fn outcome(&self) -> Outcome {
        match (self.status.as_str(), &self.objective) {
            ("Completed", Ok(value)) => Outcome::Completed(*value),
            ("Stopped", Ok(value)) => Outcome::EarlyStopped(*value),
            ("Stopped", _) => Outcome::Stopped,
            _ => Outcome::Failed,
        }
    }
}

impl Trials {
    /// Those on record, with their records' number.
    pub(super) async fn read(platform: &Platform, job: &TuningJob) -> Result<Self, ServiceError> {
        let mut found: Vec<(usize, Entry)> = Vec::new();
        for (name, record) in platform.store.list(ResourceKind::TrainingJob).await? {
            if let Some(trial) = record.local.trial.as_ref().filter(|trial| trial.tuning_job == job.name) {
                let entry = Entry::new(trial.at, name, candidate(&record), end(&record));
                found.push((trial.index, entry));
            }
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(Self { entries: found.into_iter().map(|(_, entry)| entry).collect() })
    }

    /// What the search of the definition at `at` is to know.
    pub(super) fn seen(&self, at: usize) -> Vec<Trial> {
        let own = self.entries.iter().filter(|entry| entry.at == at).enumerate();
        own.map(|(index, entry)| Trial {
            index,
            candidate: entry.candidate.clone(),
            outcome: entry.end.as_ref().map_or(Outcome::Pending, End::outcome),
        })
        .collect()
    }

    pub(super) fn progress(&self, job: &TuningJob) -> Progress {
        let mut progress = Progress::default();
        for entry in &self.entries {
            let Some(end) = &entry.end else {
                progress.running += 1;
                continue;
            };
            match end.status.as_str() {
                "Completed" => progress.completed += 1,
                "Stopped" => progress.stopped += 1,
                _ => progress.failed += 1,
            }
            if let Outcome::Completed(value) | Outcome::EarlyStopped(value) = end.outcome() {
                progress.succeeded += 1;
                let best = progress.best.as_ref();
                // A trial that was stopped before it had a model is no use to anyone.
                let usable = end.model || end.status == "Completed";
                if usable && best.is_none_or(|best| job.direction.improves(value, best.objective)) {
                    progress.best = Some(Best {
                        name: entry.name.clone(),
                        objective: value,
                        metric: job.definitions[entry.at].objective.clone(),
                        direction: job.direction,
                    });
                }
            } else {
                progress.without_objective += 1;
                if let (Err(reason), Outcome::Failed) = (&end.objective, end.outcome()) {
                    progress.first_failure.get_or_insert_with(|| (entry.name.clone(), reason.clone()));
                }
            }
        }
        progress
    }
}

fn candidate(record: &Record) -> Candidate {
    let values = record.local.tuned.iter();
    let values = values.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    Candidate { values: values.collect() }
}

fn end(record: &Record) -> Option<End> {
    let status =
        record.text("TrainingJobStatus").filter(|status| crate::training::record::is_final(Some(status)))?;
    let trial = record.local.trial.as_ref()?;
    let objective = match (trial.objective, &trial.objective_failure) {
        (Some(value), _) => Ok(value),
        (None, Some(reason)) => Err(reason.clone()),
        (None, None) => Err(record.text("FailureReason").unwrap_or("it has no objective").to_owned()),
    };
    let model = record.body.contains_key("ModelArtifacts");
    Some(End { status: status.to_owned(), objective, model })
}
