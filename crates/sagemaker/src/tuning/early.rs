//! Trials that are stopped before their end.

use mlpp_tuning::{Course, Decision, Direction, Hyperband, median_rule};

use super::request::TuningJob;
use super::trials::Trials;
use crate::error::ServiceError;
use crate::platform::Platform;
use crate::store::{CutOffRecord, ResourceKind};
use crate::training::record;
use crate::training::watch::{self, Report};

/// By which rule trials of a definition are stopped.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// `TrainingJobEarlyStoppingType` `Auto`.
    Median,
    /// `Strategy` `Hyperband`.
    Hyperband(Hyperband),
}

impl Rule {
    fn decide(
        &self,
        direction: Direction,
        trial: &Course<'_>,
        judged: usize,
        others: &[Course<'_>],
    ) -> Decision {
        match self {
            Self::Median => median_rule(direction, trial, judged, others),
            Self::Hyperband(hyperband) => hyperband.decide(direction, trial, judged, others),
        }
    }
}

impl Trials {
    /// What is to be done with a trial after its new iterations. They are decided on once.
    fn decide(&mut self, job: &TuningJob, index: usize) -> Decision {
        let Some(entry) = self.entries.get(index) else { return Decision::Continue };
        let at = entry.at;
        let Some(rule) = job.definitions.get(at).and_then(|definition| definition.rule.as_ref()) else {
            return Decision::Continue;
        };
        // Trials are compared with those of their own definition, by their numbers among these.
        let own = self.entries.iter().enumerate().filter(|(_, entry)| entry.at == at).enumerate();
        let (mut trial, mut others) = (None, Vec::new());
        for (number, (place, entry)) in own {
            let course = Course { index: number, objectives: &entry.course, completed: entry.is_completed() };
            if place == index {
                trial = Some(course);
            } else {
                others.push(course);
            }
        }
        let Some(trial) = trial else { return Decision::Continue };
        let decision = rule.decide(job.direction, &trial, entry.judged, &others);
        let entry = &mut self.entries[index];
        entry.judged = entry.course.len();
        decision
    }
}

impl Platform {
    /// Takes in what a running trial says, and stops it if its rule says so.
    pub(super) async fn heed(
        &self,
        job: &TuningJob,
        trials: &mut Trials,
        report: Report,
    ) -> Result<(), ServiceError> {
        let (Report::Started { index } | Report::Objectives { index, .. }) = report;
        let Some(entry) = trials.entries.get_mut(index).filter(|entry| entry.end.is_none()) else {
            // It has ended, and its course was read to its end.
            return Ok(());
        };
        match report {
            Report::Started { .. } => {
                entry.course.clear();
                entry.judged = 0;
                return Ok(());
            }
            Report::Objectives { values, .. } => entry.course.extend(values),
        }
        let name = entry.name.clone();
        let Decision::Stop { iteration } = trials.decide(job, index) else { return Ok(()) };
        let stopped = self.store.update(ResourceKind::TrainingJob, &name, move |record| {
            // Whatever else ends it came first.
            if record.text("TrainingJobStatus") == Some("InProgress") {
                record.local.cut_off = Some(CutOffRecord::Early { iteration });
                record.set("TrainingJobStatus", "Stopping");
                record::advance(record, "Stopping", "The tuning job stops the training program early");
            }
        });
        stopped.await?;
        Ok(())
    }

    /// Reads the whole course of a trial that has ended.
    pub(super) async fn read_course(
        &self,
        job: &TuningJob,
        trials: &mut Trials,
        index: usize,
    ) -> Result<(), ServiceError> {
        let Some(entry) = trials.entries.get_mut(index) else { return Ok(()) };
        let Some(definition) = job.definitions.get(entry.at).filter(|definition| definition.rule.is_some())
        else {
            return Ok(());
        };
        let metrics = &definition.training.metrics;
        if let Some(metric) = metrics.iter().find(|metric| metric.name == definition.objective) {
            let log = self.job_folder(&entry.name).join("log");
            entry.course = watch::whole(log, metric.regex.clone()).await?;
        }
        Ok(())
    }
}
