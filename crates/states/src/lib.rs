//! Amazon States Language: parse, check, run.
//!
//! A [`StateMachine`] is a definition, compiled; an [`Execution`] is one run of it. The core is pure: [`Execution::step`] takes in an
//! [`Event`] with its time and returns [`Command`]s to carry out and [`HistoryEvent`]s in the terms of `GetExecutionHistory`. The
//! `driver` module carries the commands out on tokio, with a task handler and a clock of the caller's.
//!
//! The language is that of <https://states-language.net> and of the AWS Step Functions developer guide, with both query languages;
//! behaviour that neither writes down follows recorded executions of the service (see the README beside this crate).
//!
//! ```
//! use std::sync::Arc;
//! use mlpp_states::{Event, Execution, Outcome, StartParameters, StateMachine, Timestamp};
//!
//! let machine = StateMachine::parse(r#"{
//!     "QueryLanguage": "JSONata",
//!     "StartAt": "Greet",
//!     "States": {"Greet": {"Type": "Pass", "Output": "{% 'hello ' & $states.input.name %}", "End": true}}
//! }"#)?;
//! let input = Arc::new(serde_json::json!({"name": "world"}));
//! let mut execution = Execution::new(StartParameters::named("greeter", "first", input));
//! let step = execution.step(&machine, Event::Started, Timestamp(1_700_000_000_000));
//! assert_eq!(execution.outcome(), Some(&Outcome::Succeeded { output: Arc::new("hello world".into()) }));
//! assert_eq!(step.events.len(), 4);
//! # Ok::<(), mlpp_states::DefinitionError>(())
//! ```

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
pub mod recorded;
mod request;
mod simulation;
mod substitute;
mod template;
mod test_state;
mod time;

pub use data::Json;
pub use definition::outline;
pub use definition::{DefinitionLimits, StateMachine, WorkflowType};
pub use diagnostic::{Code, DefinitionError, Diagnostic, Severity};
pub use execution::{
    Command, Event, Execution, Limits, NotRedrivable, Outcome, StartParameters, Step, TaskId, TaskPurpose,
    TaskRequest, TimerId,
};
pub use history::{Details, EventType, HistoryEvent};
pub use jsonata::Limits as JsonataLimits;
pub use request::{RequestError, check_request};
pub use simulation::Simulation;
pub use substitute::{SubstitutionError, substitute};
pub use test_state::{
    ErrorDetails, FieldValidationMode, HttpRequest, HttpResponse, InspectionData, InspectionLevel, Mock,
    MockErrorOutput, StateConfiguration, TaskAnswer, TestStateError, TestStateOptions, TestStateRequest,
    TestStateResponse, TestStateStatus, test_state,
};
pub use time::Timestamp;
