//! Training jobs.

pub(crate) mod actions;
mod checkpoints;
mod contract;
pub(crate) mod data;
pub(crate) mod definition;
pub(crate) mod ending;
mod finish;
mod metrics;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod watch;

pub(crate) use definition::TrainingDefinition;
pub(crate) use ending::Ending;
pub(crate) use run::TrainingJob;
