//! Amazon States Language: parse, check, run.
mod context;
mod data;
mod definition;
mod diagnostic;
mod digest;
#[cfg(feature = "driver")]
pub mod driver;
mod environment;
mod execution;
mod history;
mod intrinsic;
mod jsonata;
mod jsonpath;
mod random;
mod substitute;
mod template;
mod time;

pub use data::Json;
pub use definition::{StateMachine, WorkflowType};
pub use diagnostic::{Code, DefinitionError, Diagnostic, Severity};
pub use execution::{
    Command, Event, Execution, Limits, Outcome, StartParameters, Step, TaskId, TaskPurpose, TaskRequest,
    TimerId,
};
pub use history::{Details, EventType, HistoryEvent};
pub use jsonata::Limits as JsonataLimits;
pub use substitute::{SubstitutionError, substitute};
pub use time::Timestamp;
