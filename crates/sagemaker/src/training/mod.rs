//! Training jobs.

pub(crate) mod actions;
mod contract;
mod data;
pub(crate) mod definition;
mod metrics;
pub(crate) mod record;
pub(crate) mod run;

pub(crate) use definition::TrainingDefinition;
pub(crate) use run::{Ending, TrainingJob};
