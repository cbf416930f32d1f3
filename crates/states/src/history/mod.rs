//! History events, in the terms of `GetExecutionHistory`.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

mod json;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::Json;
use crate::time::Timestamp;

/// One event of an execution's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// 1 for the first event, then one more for each.
    pub id: u64,
    /// The event that this one follows; 0 for the first.
    pub previous_event_id: u64,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What happened.
    pub event_type: EventType,
    /// The rest, by type.
    pub details: Details,
}

macro_rules! event_types {
    ($($name:ident => $details:expr),+ $(,)?) => {
        /// What happened; the names are those of `GetExecutionHistory`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "named as in the service's API reference")]
        pub enum EventType { $($name),+ }

        impl EventType {
            /// The name in `GetExecutionHistory`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// Whether nothing follows the event.
            pub(crate) fn ends_execution(self) -> bool {
                matches!(
                    self,
                    Self::ExecutionAborted
                        | Self::ExecutionFailed
                        | Self::ExecutionSucceeded
                        | Self::ExecutionTimedOut
                )
            }

            /// The name of the member that holds the details, where there are any.
            fn details_member(self) -> Option<&'static str> {
                match self { $(Self::$name => $details),+ }
            }
        }
    };
}

event_types! {
    ActivityFailed => Some("activityFailedEventDetails"),
    ActivityScheduled => Some("activityScheduledEventDetails"),
    ActivityStarted => Some("activityStartedEventDetails"),
    ActivitySucceeded => Some("activitySucceededEventDetails"),
    ActivityTimedOut => Some("activityTimedOutEventDetails"),
    ChoiceStateEntered => Some("stateEnteredEventDetails"),
    ChoiceStateExited => Some("stateExitedEventDetails"),
    EvaluationFailed => Some("evaluationFailedEventDetails"),
    ExecutionAborted => Some("executionAbortedEventDetails"),
    ExecutionFailed => Some("executionFailedEventDetails"),
    ExecutionRedriven => Some("executionRedrivenEventDetails"),
    ExecutionStarted => Some("executionStartedEventDetails"),
    ExecutionSucceeded => Some("executionSucceededEventDetails"),
    ExecutionTimedOut => Some("executionTimedOutEventDetails"),
    FailStateEntered => Some("stateEnteredEventDetails"),
    LambdaFunctionFailed => Some("lambdaFunctionFailedEventDetails"),
    LambdaFunctionScheduled => Some("lambdaFunctionScheduledEventDetails"),
    LambdaFunctionStarted => None,
    LambdaFunctionSucceeded => Some("lambdaFunctionSucceededEventDetails"),
    LambdaFunctionTimedOut => Some("lambdaFunctionTimedOutEventDetails"),
    MapIterationAborted => Some("mapIterationAbortedEventDetails"),
    MapIterationFailed => Some("mapIterationFailedEventDetails"),
    MapIterationStarted => Some("mapIterationStartedEventDetails"),
    MapIterationSucceeded => Some("mapIterationSucceededEventDetails"),
    MapRunAborted => None,
    MapRunFailed => Some("mapRunFailedEventDetails"),
    MapRunRedriven => Some("mapRunRedrivenEventDetails"),
    MapRunStarted => Some("mapRunStartedEventDetails"),
    MapRunSucceeded => None,
    MapStateAborted => None,
    MapStateEntered => Some("stateEnteredEventDetails"),
    MapStateExited => Some("stateExitedEventDetails"),
    MapStateFailed => None,
    MapStateStarted => Some("mapStateStartedEventDetails"),
    MapStateSucceeded => None,
    ParallelStateAborted => None,
    ParallelStateEntered => Some("stateEnteredEventDetails"),
    ParallelStateExited => Some("stateExitedEventDetails"),
    ParallelStateFailed => None,
    ParallelStateStarted => None,
    ParallelStateSucceeded => None,
    PassStateEntered => Some("stateEnteredEventDetails"),
    PassStateExited => Some("stateExitedEventDetails"),
    SucceedStateEntered => Some("stateEnteredEventDetails"),
    SucceedStateExited => Some("stateExitedEventDetails"),
    TaskFailed => Some("taskFailedEventDetails"),
    TaskScheduled => Some("taskScheduledEventDetails"),
    TaskStarted => Some("taskStartedEventDetails"),
    TaskStateAborted => None,
    TaskStateEntered => Some("stateEnteredEventDetails"),
    TaskStateExited => Some("stateExitedEventDetails"),
    TaskSubmitted => Some("taskSubmittedEventDetails"),
    TaskSucceeded => Some("taskSucceededEventDetails"),
    TaskTimedOut => Some("taskTimedOutEventDetails"),
    WaitStateAborted => None,
    WaitStateEntered => Some("stateEnteredEventDetails"),
    WaitStateExited => Some("stateExitedEventDetails"),
}

/// What an event tells beyond its type. JSON values are kept as values; the service shows them as JSON text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Details {
    /// Nothing.
    None,
    /// `executionStartedEventDetails`
    ExecutionStarted {
        /// The execution's input.
        input: Json,
        /// The execution's role.
        role_arn: Arc<str>,
    },
    /// `stateEnteredEventDetails`
    StateEntered {
        /// The state's name.
        name: Arc<str>,
        /// The state's raw input.
        input: Json,
    },
    /// `stateExitedEventDetails`
    StateExited {
        /// The state's name.
        name: Arc<str>,
        /// The state's output.
        output: Json,
        /// Variables that the state assigned; empty where it assigned none.
        assigned: Vec<(Arc<str>, Json)>,
    },
    /// An output alone: `executionSucceeded…`, `lambdaFunctionSucceeded…`, `activitySucceeded…`
    Output {
        /// The output.
        output: Json,
    },
    /// An error alone: `executionFailed…`, `executionAborted…`, `executionTimedOut…`, `lambdaFunctionFailed…`, `activityFailed…`,
    /// `…TimedOut…`, `mapRunFailed…`
    Error {
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// `taskScheduledEventDetails`
    TaskScheduled {
        /// The integration, as in `arn:aws:states:::<resource_type>:<resource>`.
        resource_type: Arc<str>,
        /// The action.
        resource: Arc<str>,
        /// Region of the execution.
        region: Arc<str>,
        /// What the integration is called with.
        parameters: Json,
        /// The task's timeout in seconds.
        timeout_seconds: Option<u64>,
        /// The task's heartbeat interval in seconds.
        heartbeat_seconds: Option<u64>,
        /// The role that the task assumes.
        credentials: Option<Json>,
    },
    /// `taskStarted…`, `taskSubmitted…`, `taskSucceeded…`, `taskFailed…`, `taskTimedOut…`
    Task {
        /// The integration.
        resource_type: Arc<str>,
        /// The action.
        resource: Arc<str>,
        /// What the integration answered.
        output: Option<Json>,
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// `activityScheduled…`, `lambdaFunctionScheduled…`
    WorkScheduled {
        /// The activity or function.
        resource: Arc<str>,
        /// What it is given.
        input: Json,
        /// The task's timeout in seconds.
        timeout_seconds: Option<u64>,
        /// The task's heartbeat interval in seconds.
        heartbeat_seconds: Option<u64>,
        /// The role that the task assumes.
        credentials: Option<Json>,
    },
    /// `activityStartedEventDetails`
    ActivityStarted {
        /// The worker that took the activity's task.
        worker_name: Option<Arc<str>>,
    },
    /// `mapStateStartedEventDetails`
    MapStateStarted {
        /// How many items there are; 0 where they are yet to be read.
        length: usize,
    },
    /// `mapIteration…EventDetails`
    MapIteration {
        /// The Map state's name.
        name: Arc<str>,
        /// The iteration, from 0.
        index: usize,
    },
    /// `mapRunStartedEventDetails`
    MapRunStarted {
        /// The Map Run.
        map_run_arn: Arc<str>,
    },
    /// `executionRedriven…`, `mapRunRedriven…`
    Redriven {
        /// The Map Run, where one was redriven.
        map_run_arn: Option<Arc<str>>,
        /// How often it was.
        redrive_count: u32,
    },
    /// `evaluationFailedEventDetails`
    EvaluationFailed {
        /// The state's name.
        state: Arc<str>,
        /// The field that failed, as in `Output/total`.
        location: Option<Arc<str>>,
        /// The error's name.
        error: Arc<str>,
        /// Its cause.
        cause: Arc<str>,
    },
}

impl HistoryEvent {
    /// The event in `GetExecutionHistory`'s shape, JSON values as JSON text; the timestamp is in seconds, as the API's JSON has it.
    pub fn to_json(&self) -> Value {
        json::event(self)
    }

    /// The event with its details' members beside `type`, `id` and `previousEventId`, JSON values as values, without timestamp:
    /// a form for comparisons and for reading.
    pub fn to_flat_json(&self) -> Value {
        json::flat_event(self)
    }
}
