//! How training jobs end.

use crate::store::{CutOffRecord, Record};
use crate::training::run::truncated;

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
    /// Whether the program ran at all.
    pub(crate) ran: bool,
}

/// Why a program is to end before it does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The job's record says so: the job ends as well.
    Requested,
    /// The platform is shut down: the job is left to whoever goes on with it.
    Closing,
}

/// Why a program was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutOff {
    Stopped,
    TooLong,
    /// Its tuning job decided on its objective after this iteration.
    Early {
        iteration: usize,
    },
}

impl CutOff {
    /// Why the program of the job with this record was to end, or is to.
    pub(super) fn of(record: &Record) -> Option<Self> {
        match record.local.cut_off {
            Some(CutOffRecord::TooLong) => Some(Self::TooLong),
            Some(CutOffRecord::Early { iteration }) => Some(Self::Early { iteration }),
            None => (record.text("TrainingJobStatus") == Some("Stopping")).then_some(Self::Stopped),
        }
    }
}

impl Ending {
    pub(super) fn completed(objective: Result<f64, String>) -> Self {
        Self {
            status: "Completed",
            secondary: "Completed",
            failure_reason: None,
            metrics: Vec::new(),
            objective,
            model: None,
            ran: true,
        }
    }

    pub(super) fn failed(reason: String) -> Self {
        let reason = truncated(reason);
        Self {
            status: "Failed",
            secondary: "Failed",
            objective: Err(reason.clone()),
            failure_reason: Some(reason),
            metrics: Vec::new(),
            model: None,
            ran: false,
        }
    }

    pub(super) fn stopped() -> Self {
        Self {
            status: "Stopped",
            secondary: "Stopped",
            objective: Err("the training job was stopped".to_owned()),
            failure_reason: None,
            metrics: Vec::new(),
            model: None,
            ran: false,
        }
    }

    /// Stopped by its tuning job, which takes the objective as it was then.
    pub(super) fn early(objective: Result<f64, String>) -> Self {
        Self { objective, ..Self::stopped() }
    }

    pub(super) fn too_long(seconds: u64) -> Self {
        Self {
            secondary: "MaxRuntimeExceeded",
            objective: Err(format!("the training job ran longer than {seconds} seconds")),
            ..Self::stopped()
        }
    }
}
