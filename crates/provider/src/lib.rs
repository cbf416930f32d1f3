//! The use cases — apply, resolve, launch — over three ports: [`ParameterStore`], [`Objects`] and [`Workflows`].
//!
//! A back end implements the ports; [`contract`] holds the functions that each must pass, and [`memory`] the back end
//! that tests use. Nothing here touches a clock: times are passed in.

mod apply;
mod cause;
mod clock;
pub mod contract;
mod destroy;
mod history;
mod launch;
pub mod memory;
mod planning;
mod ports;
mod read;
mod records;
mod rules;
mod saved;
mod secrets;
mod snapshot;

pub use apply::{ApplyError, ApplyOutcome, ApplyRequest, Progress, apply};
pub use cause::with_sources;
pub use clock::Clock;
pub use destroy::{DestroyError, DestroyOutcome, destroy, plan_destroy};
pub use history::{Release, history, pin};
pub use launch::{
    LaunchError, LaunchRequest, Launched, Prepared, compose, execution_arn, find_started, launch, prepare,
    start,
};
pub use planning::{PlanRequest, Planned, PlanningError, plan};
pub use ports::{
    ExecutionDescription, ExecutionStatus, Object, Objects, ObjectsError, ParameterStore, PutParameter,
    RevealedSecret, SecretVersion, StartExecution, Started, StoreError, Which, WorkflowKind, Workflows,
    WorkflowsError, Written,
};
pub use read::{ReadError, ReadParameters, read_parameters, recorded_content};
pub use records::{Archive, RecordsError, Status, archive, status};
pub use rules::check_put;
pub use saved::{PlanAbout, SavedPlan, SavedPlanError};
pub use secrets::{SecretError, SecretReader, Secrets};
