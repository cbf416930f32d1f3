//! Frames: the machine, a branch or an iteration, each in one of its states.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// What the frame was begun with, where it is a child execution.
    pub(super) child: Option<Box<Child>>,
    pub(super) activity: Activity,
}

/// A child execution of a distributed Map.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Child {
    pub(super) input: Json,
    pub(super) start_time: Timestamp,
}

/// A child execution of a distributed Map that is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ended {
    /// The child execution's number.
    pub(super) number: u64,
    pub(super) child: Child,
    pub(super) stop_time: Timestamp,
    pub(super) failed: bool,
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
    /// Reading the items of a distributed Map.
    Reading(TaskId, Box<ReadWork>),
    /// Writing the results of a distributed Map.
    Writing(TaskId, Box<WriteWork>),
}

/// What is known of the items of a distributed Map while they are read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ReadWork {
    pub(super) map_run_arn: Arc<str>,
    /// What the reader's resource was called with.
    pub(super) arguments: Json,
    /// The objects to be read, once they are named, and the columns that their rows have.
    pub(super) objects: Option<VecDeque<Json>>,
    pub(super) columns: Option<Vec<String>>,
    pub(super) items: Vec<Value>,
}

/// The objects that the results of a distributed Map are written to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct WriteWork {
    /// Those that are still to be written.
    pub(super) objects: VecDeque<Json>,
    /// The state's result.
    pub(super) result: Json,
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
    /// The child executions by their items, where the results tell of them.
    pub(super) ended: BTreeMap<usize, Ended>,
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
