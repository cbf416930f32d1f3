//! Results of tasks that were recorded before, to be replayed.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::execution::{Event, TaskRequest};

/// What tasks were once answered, in the order in which they were asked.
#[derive(Clone, Debug, Default)]
pub struct RecordedTasks {
    tasks: Vec<RecordedTask>,
    used: Vec<bool>,
}

/// One task: which it was, and what it was answered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedTask {
    /// The state that asked for it; a task without a state is told by its parameters.
    pub state: Option<String>,
    /// How often the state was retried before.
    pub attempt: u32,
    /// The Map iterations around the state, outermost first; none where any will do.
    pub iteration: Vec<RecordedIteration>,
    /// What it was called with.
    pub parameters: Option<Value>,
    /// `activity` for an activity's task, which a worker has to take.
    pub kind: Option<String>,
    /// The worker that took the activity's task.
    #[serde(rename = "workerName")]
    pub worker_name: Option<String>,
    /// What a job or a callback task was answered when it was submitted.
    pub submitted: Option<Value>,
    /// How it ended; `null` when it never did.
    pub result: Option<RecordedResult>,
    /// `false` says that the state is not known, whatever stands there.
    pub linked: Option<bool>,
}

/// An iteration of a Map state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct RecordedIteration {
    /// The Map state.
    #[serde(default)]
    pub map: Option<String>,
    /// From 0.
    pub index: usize,
}

/// How a task ended.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedResult {
    /// The history's event, such as `TaskSucceeded` or `LambdaFunctionTimedOut`; without it, a result with an error failed.
    pub event: Option<String>,
    /// The output of one that succeeded.
    pub output: Value,
    /// The error's name.
    pub error: Option<String>,
    /// The error's cause.
    pub cause: Option<String>,
}

/// What was recorded for a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// What happens to the task.
    pub events: Vec<Event>,
    /// The parameters that were recorded, where the task is given others now.
    pub other_parameters: Option<Value>,
}

impl RecordedTasks {
    /// The tasks in their order.
    pub fn new(tasks: Vec<RecordedTask>) -> Self {
        let used = vec![false; tasks.len()];
        Self { tasks, used }
    }

    /// What the first task like `request` was answered that was not asked for before; `None` when there is none.
    pub fn take(&mut self, request: &TaskRequest) -> Option<Replayed> {
        let place = self.place(request)?;
        self.used[place] = true;
        let task = &self.tasks[place];
        let other = task.parameters.as_ref().filter(|recorded| **recorded != *request.parameters);
        Some(Replayed { events: task.events(request), other_parameters: other.cloned() })
    }

    /// The tasks that were not asked for.
    pub fn unused(&self) -> impl Iterator<Item = &RecordedTask> {
        self.tasks.iter().zip(&self.used).filter(|(_, used)| !**used).map(|(task, _)| task)
    }

    fn place(&self, request: &TaskRequest) -> Option<usize> {
        self.tasks.iter().zip(&self.used).position(|(task, used)| !used && task.is(request))
    }
}

impl RecordedTask {
    fn is(&self, request: &TaskRequest) -> bool {
        let Some(state) = self.state.as_deref().filter(|_| self.linked != Some(false)) else {
            return self.parameters.as_ref() == Some(&*request.parameters);
        };
        state == &*request.state_name && self.attempt == request.attempt && self.is_within(request)
    }

    /// Whether the request is in the innermost iteration that was recorded for each Map. Outer ones may be left out, and a recorder that
    /// follows the history backwards finds earlier iterations of one Map before the task's own.
    fn is_within(&self, request: &TaskRequest) -> bool {
        let mut around = request.iterations.iter().rev();
        let mut inner: Option<&RecordedIteration> = None;
        for recorded in self.iteration.iter().rev() {
            if inner.is_some_and(|inner| inner.map == recorded.map) {
                continue;
            }
            let Some((map, index)) = around.next() else { return false };
            if recorded.index != *index || recorded.map.as_deref().is_some_and(|recorded| recorded != &**map)
            {
                return false;
            }
            inner = Some(recorded);
        }
        true
    }

    fn events(&self, request: &TaskRequest) -> Vec<Event> {
        let id = request.id;
        let mut events = Vec::new();
        if self.kind.as_deref() == Some("activity") {
            events.push(Event::TaskStarted { id, worker_name: self.worker_name.clone() });
        }
        if let Some(output) = &self.submitted {
            events.push(Event::TaskSubmitted { id, output: Arc::new(output.clone()) });
        }
        let Some(result) = &self.result else { return events };
        match result.event.as_deref() {
            // The engine's own timeout ends it.
            Some(event) if event.ends_with("TimedOut") => {}
            Some(event) if event.ends_with("Succeeded") => events.push(result.succeeded(id)),
            None if result.error.is_none() && result.cause.is_none() => events.push(result.succeeded(id)),
            _ => events.push(Event::TaskFailed {
                id,
                error: result.error.clone(),
                cause: result.cause.clone(),
            }),
        }
        events
    }
}

impl RecordedResult {
    fn succeeded(&self, id: crate::execution::TaskId) -> Event {
        Event::TaskSucceeded { id, output: Arc::new(self.output.clone()) }
    }
}
