//! The use cases — apply, resolve, launch — over three ports: [`ParameterStore`], [`Objects`] and [`Workflows`].
//!
//! A back end implements the ports; [`contract`] holds the functions that each must pass, and [`memory`] the back end
//! that tests use. Nothing here touches a clock: times are passed in.

mod apply;
pub mod contract;
mod launch;
pub mod memory;
mod ports;
mod records;

pub use apply::{ApplyError, ApplyOutcome, ApplyRequest, apply};
pub use launch::{LaunchError, LaunchRequest, Launched, launch};
pub use ports::{
    ExecutionDescription, ExecutionStatus, Object, Objects, ObjectsError, ParameterStore, PutParameter,
    StartExecution, Started, StoreError, Workflows, WorkflowsError,
};
pub use records::{CurrentRelease, RecordsError, current_release};
