//! Frames: the machine, a branch or an iteration, each in one of its states.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FrameId, TaskId, TimerId};
use crate::data::Json;
use crate::definition::{ScopeId, StateId};
use crate::time::Timestamp;

/// A sequence of history events: that of the execution, or of a child execution of a distributed Map, which nobody sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) last_event_id: u64,
    /// Number of the child execution, 0 for the execution itself.
    pub(super) child: u64,
}

/// The number of the execution's own journal.
pub(super) const MAIN: u64 = 0;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Frame {
    /// The frame whose Parallel or Map state this one belongs to, and its place there.
    pub(super) parent: Option<(FrameId, usize)>,
    pub(super) scope: ScopeId,
    pub(super) journal: u64,
    pub(super) variables: BTreeMap<Arc<str>, Json>,
    /// The event that this frame's next event follows.
    pub(super) previous: u64,
    pub(super) state: StateId,
    /// Raw input of the state.
    pub(super) input: Json,
    pub(super) entered: Entered,
    /// Attempts of each entry of `Retry`.
    pub(super) attempts: Vec<u32>,
    pub(super) retry_count: u32,
    pub(super) task_token: Option<Arc<str>>,
    /// Index and value of the item, in an iteration.
    pub(super) item: Option<(usize, Json)>,
    pub(super) activity: Activity,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entered {
    pub(super) time: Timestamp,
    pub(super) event: u64,
    pub(super) previous: u64,
}

/// What a frame is at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Activity {
    /// To enter the state.
    Enter,
    /// To do the state's work (again, after a retry's delay).
    Work,
    Task(TaskWork),
    Wait(TimerId),
    Backoff(TimerId),
    Parallel(Box<ParallelWork>),
    Map(Box<MapWork>),
    /// Reading the items of a distributed Map, whose Map Run has this ARN.
    Reading(TaskId, Arc<str>),
    /// Writing the results of a distributed Map, whose Map Run has this ARN.
    Writing(TaskId, Arc<str>),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct TaskWork {
    pub(super) id: TaskId,
    pub(super) timeout: Option<TimerId>,
    pub(super) heartbeat: Option<TimerId>,
    pub(super) heartbeat_seconds: Option<u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ParallelWork {
    pub(super) children: Vec<Option<FrameId>>,
    pub(super) results: Vec<Option<Json>>,
    pub(super) running: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MapWork {
    pub(super) items: Vec<Json>,
    /// The next item to begin.
    pub(super) next: usize,
    pub(super) running: BTreeMap<usize, FrameId>,
    pub(super) results: Vec<Option<Json>>,
    pub(super) concurrency: usize,
    /// The items of a distributed Map that failed.
    pub(super) failed: Vec<usize>,
    /// How many failures a distributed Map takes, `None` for an inline one: none.
    pub(super) tolerated: Option<usize>,
    /// ARN of the Map Run of a distributed Map.
    pub(super) map_run_arn: Option<Arc<str>>,
    /// The event that the state's end follows: the last iteration's end, or the Map Run's.
    pub(super) last_event: u64,
}
