//! The pure core: *machine + execution + event → execution + commands + history events*.
//!
//! Nothing here reads a clock, draws randomness of its own or does I/O: the time comes with each event, randomness from the seed in
//! [`StartParameters`]. An [`Execution`] can be serialised between any two steps and goes on from there, with the same machine, to the
//! same bytes of history.

mod abort;
mod choice;
mod engine;
mod failure;
mod flow;
mod frame;
mod inspect;
mod map;
mod map_finish;
mod map_items;
mod map_read;
mod map_write;
mod parallel;
mod parameters;
mod redrive;
mod retry;
mod task;
mod transition;
mod value;
mod variables;
mod wait;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use inspect::{Inspection, Point, Probe, Waiting};
pub use parameters::{Limits, StartParameters};
pub use redrive::NotRedrivable;

use crate::data::Json;
use crate::definition::{Resource, StateMachine};
use crate::history::HistoryEvent;
use crate::random::Random;
use crate::time::Timestamp;
use engine::Engine;
use frame::{Frame, Journal};
use redrive::Fallen;

/// Names a task that the core asked for; unique in its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u64);

/// Names a timer that the core asked for; unique in its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimerId(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FrameId(u64);

/// What happened outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The execution begins. The first event; later ones change nothing.
    Started,
    /// Nothing: go on with what the last step left to do (see [`Step::more`]).
    Continue,
    /// A worker took an activity's task.
    TaskStarted {
        /// The task.
        id: TaskId,
        /// The worker's name.
        worker_name: Option<String>,
    },
    /// A job was started, or a token was handed over; the task goes on. A second one changes nothing: a task that is done again after a
    /// crash may say it again.
    TaskSubmitted {
        /// The task.
        id: TaskId,
        /// What the service answered.
        output: Json,
    },
    /// A task is over.
    TaskSucceeded {
        /// The task.
        id: TaskId,
        /// Its result.
        output: Json,
    },
    /// A task failed.
    TaskFailed {
        /// The task.
        id: TaskId,
        /// The error's name.
        error: Option<String>,
        /// Its cause.
        cause: Option<String>,
    },
    /// A task is alive: its heartbeat interval begins anew.
    TaskHeartbeat {
        /// The task.
        id: TaskId,
    },
    /// A timer's instant has come.
    TimerFired {
        /// The timer.
        id: TimerId,
    },
    /// Someone redrives the execution (`RedriveExecution`): one that did not succeed goes on where it ended. See
    /// [`Execution::redrivable`]; what is not redrivable stays as it is.
    Redriven,
    /// Someone stops the execution.
    StopExecution {
        /// The error's name.
        error: Option<String>,
        /// Its cause.
        cause: Option<String>,
    },
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Begin a task.
    ScheduleTask(Box<TaskRequest>),
    /// Report [`Event::TimerFired`] at an instant.
    StartTimer {
        /// The timer.
        id: TimerId,
        /// When it fires.
        at: Timestamp,
    },
    /// The task's result is no longer wanted.
    CancelTask {
        /// The task.
        id: TaskId,
    },
    /// The timer is no longer wanted.
    CancelTimer {
        /// The timer.
        id: TimerId,
    },
}

/// A task to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskRequest {
    /// Names the task in later events.
    pub id: TaskId,
    /// Why it is done.
    pub purpose: TaskPurpose,
    /// The state that asks for it.
    pub state_name: Arc<str>,
    /// The resource, as the definition has it.
    pub resource: Arc<str>,
    /// What the resource is called with.
    pub parameters: Json,
    /// How often the state was retried before.
    pub attempt: u32,
    /// The Map iterations around the state, outermost first: the Map state's name and the index.
    pub iterations: Vec<(Arc<str>, usize)>,
    /// Seconds until the engine gives the task up.
    pub timeout_seconds: Option<u64>,
    /// Seconds between heartbeats, after which the engine gives the task up.
    pub heartbeat_seconds: Option<u64>,
    /// The value of `Credentials`.
    pub credentials: Option<Json>,
    /// The token that ends a `.waitForTaskToken` task or identifies an activity's.
    pub task_token: Option<Arc<str>>,
}

impl TaskRequest {
    /// Service and action of an integration, `("sagemaker", "createModel")` for `arn:aws:states:::sagemaker:createModel`; `None` for a
    /// function or an activity. The action keeps its suffix, `.sync` and the like.
    pub fn integration(&self) -> Option<(Arc<str>, Arc<str>)> {
        match Resource::parse(&self.resource) {
            Resource::Integration { service, action, .. } => Some((service, action)),
            Resource::Lambda | Resource::Activity => None,
        }
    }
}

/// Why a task is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskPurpose {
    /// A Task state.
    Task,
    /// `ItemReader`. The result is the object's text, of a compressed object the text that was compressed, or the listing
    /// `{"Contents": […]}`. Where a listing or a manifest names objects, each is asked for in turn.
    ReadItems,
    /// `ResultWriter`. The parameters are `Bucket`, `Key` and `Body` (a text) of an object to be written. The results come first, the
    /// manifest last; what the task answers counts for nothing.
    WriteResults,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// With an output.
    Succeeded {
        /// The output.
        output: Json,
    },
    /// With an error.
    Failed {
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
    /// The machine's `TimeoutSeconds` were over.
    TimedOut,
    /// It was stopped.
    Aborted {
        /// The error's name.
        error: Option<Arc<str>>,
        /// Its cause.
        cause: Option<Arc<str>>,
    },
}

impl Outcome {
    /// The status, as `DescribeExecution` reports it.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Succeeded { .. } => "SUCCEEDED",
            Self::Failed { .. } => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted { .. } => "ABORTED",
        }
    }
}

/// What a step gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// To be done, in this order.
    pub commands: Vec<Command>,
    /// What the history gains.
    pub events: Vec<HistoryEvent>,
    /// There is more to do at once: the step ended at its bound on transitions. Send [`Event::Continue`].
    pub more: bool,
}

/// An execution of a [`StateMachine`]: everything that is needed to go on with it.
///
/// It refers to states by their position in the definition and is of no use with another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Execution {
    parameters: StartParameters,
    start_time: Timestamp,
    random: Random,
    last_id: u64,
    journals: BTreeMap<u64, Journal>,
    frames: BTreeMap<FrameId, Frame>,
    ready: VecDeque<FrameId>,
    tasks: BTreeMap<TaskId, RunningTask>,
    timers: BTreeMap<TimerId, RunningTimer>,
    outcome: Option<Outcome>,
    /// What a failure took down; at the end of the execution, what a redrive goes on with.
    fallen: Fallen,
    /// At least the size of the variables.
    assigned_bytes: usize,
    /// When the execution was redriven last.
    redrive_time: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunningTask {
    frame: FrameId,
    request: Box<TaskRequest>,
    /// Whether its job was started, or its token handed over, and the history says so.
    submitted: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct RunningTimer {
    timer: Timer,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Timer {
    /// The machine's `TimeoutSeconds`.
    Execution,
    /// A Wait state.
    Wait(FrameId),
    /// The delay before a retry.
    Retry(FrameId),
    /// A task's timeout.
    Timeout(FrameId),
    /// A task's heartbeat interval.
    Heartbeat(FrameId),
}

/// Transitions of one step; what is left is done by [`Event::Continue`]. The step holds the data of all their events.
const TRANSITIONS_PER_STEP: usize = 100;

impl Execution {
    /// An execution that has not begun: send [`Event::Started`].
    pub fn new(parameters: StartParameters) -> Self {
        Self {
            random: Random::new(parameters.seed),
            parameters,
            start_time: Timestamp::default(),
            last_id: 0,
            journals: BTreeMap::new(),
            frames: BTreeMap::new(),
            ready: VecDeque::new(),
            tasks: BTreeMap::new(),
            timers: BTreeMap::new(),
            outcome: None,
            fallen: Fallen::default(),
            assigned_bytes: 0,
            redrive_time: None,
        }
    }

    /// Takes in an event that happened at `now`, and goes on as far as nothing outside is needed.
    ///
    /// Events about tasks and timers that are no longer wanted change nothing.
    pub fn step(&mut self, machine: &StateMachine, event: Event, now: Timestamp) -> Step {
        self.step_bounded(machine, event, now, TRANSITIONS_PER_STEP)
    }

    /// As [`Self::step`], with at most `transitions` transitions.
    pub fn step_bounded(
        &mut self,
        machine: &StateMachine,
        event: Event,
        now: Timestamp,
        transitions: usize,
    ) -> Step {
        let mut engine = Engine::new(machine, self, now);
        engine.take(event);
        engine.run(transitions);
        engine.step
    }

    /// How the execution ended, `None` while it runs.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// What the execution was started with.
    pub fn parameters(&self) -> &StartParameters {
        &self.parameters
    }

    /// Whether [`Event::Started`] was taken in.
    pub fn has_started(&self) -> bool {
        !self.journals.is_empty()
    }

    /// The commands that are still under way: what has to be done again, or waited for, by who takes the execution over.
    pub fn pending_commands(&self) -> Vec<Command> {
        let tasks = self.tasks.values().map(|task| Command::ScheduleTask(task.request.clone()));
        let timers = self.timers.iter().map(|(id, timer)| Command::StartTimer { id: *id, at: timer.at });
        tasks.chain(timers).collect()
    }

    /// Whether there is something to do at once, by [`Event::Continue`].
    pub fn has_more(&self) -> bool {
        self.outcome.is_none() && !self.ready.is_empty()
    }
}
