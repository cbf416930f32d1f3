//! Application Auto Scaling: the instance counts of endpoint variants follow their traffic.
//!
//! `tracking` decides, as a pure function of what there is to decide about; `driver` looks at the traffic and carries
//! decisions out; `history` is what outlives the process: cooldowns and activities, which stand in the endpoint's record
//! beside its desired counts, so that a change and what it means for the next one are one transaction.

mod actions;
mod describe;
mod driver;
mod history;
#[cfg(test)]
mod simulation;
mod subject;
mod tracking;

pub use history::ScalingActivity;
pub(crate) use history::VariantScaling;
