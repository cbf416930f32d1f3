//! The objective of a trial while it runs, as its log tells it.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::metrics::Tail;
use super::run::{TrainingJob, blocking};
use crate::error::ServiceError;

/// How often the log of a running program is read on.
const READ_AGAIN: Duration = Duration::from_millis(100);

/// What a running trial says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// Its program starts, with an empty log.
    Started {
        /// The trial.
        index: usize,
    },
    /// Its objective after each of the next iterations; NaN where the log has it.
    Objectives {
        /// The trial.
        index: usize,
        /// In their order.
        values: Vec<f64>,
    },
}

/// Reports a trial's objective for as long as this is polled; without anyone to report to it only waits.
pub(super) async fn objective(job: &TrainingJob, log: PathBuf) -> Infallible {
    if let Some((reports, index, mut tail)) = watched(job, log) {
        // Who listens is gone only when this is about to be dropped as well.
        let _ = reports.send(Report::Started { index });
        loop {
            let read = tokio::task::spawn_blocking(move || {
                let values = tail.read();
                (tail, values)
            });
            let Ok((again, values)) = read.await else { break };
            tail = again;
            // What cannot be read now is read at the program's end, where an error counts.
            if let Ok(values) = values
                && !values.is_empty()
            {
                let _ = reports.send(Report::Objectives { index, values });
            }
            tokio::time::sleep(READ_AGAIN).await;
        }
    }
    std::future::pending().await
}

fn watched(job: &TrainingJob, log: PathBuf) -> Option<(UnboundedSender<Report>, usize, Tail)> {
    let trial = job.trial.as_ref()?;
    let metric = job.definition.metrics.iter().find(|metric| metric.name == trial.objective)?;
    Some((trial.reports.clone()?, trial.index, Tail::new(log, metric.regex.clone())))
}

/// The objective of a trial after each iteration, from the whole of its log.
pub(super) async fn course(log: PathBuf, job: &TrainingJob) -> Result<Vec<f64>, ServiceError> {
    let objective = job.trial.as_ref().map(|trial| trial.objective.as_str());
    let metric = job.definition.metrics.iter().find(|metric| Some(metric.name.as_str()) == objective);
    let Some(metric) = metric.cloned() else { return Ok(Vec::new()) };
    whole(log, metric.regex).await
}

/// What a metric was over the whole of a log; nothing when there is no log.
pub(crate) async fn whole(log: PathBuf, metric: regex::Regex) -> Result<Vec<f64>, ServiceError> {
    blocking(move || {
        let mut tail = Tail::new(log, metric);
        let mut values = tail.read()?;
        values.extend(tail.rest());
        Ok::<_, io::Error>(values)
    })
    .await
}
