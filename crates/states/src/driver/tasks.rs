//! The tasks under way.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::handler::{TaskHandler, TaskReporter};
use crate::data::Json;
use crate::execution::{Event, TaskId, TaskRequest};

/// What a task says of itself; its result comes the same way as its progress, hence after it.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) id: TaskId,
    pub(super) event: Event,
    pub(super) last: bool,
}

pub(super) struct Tasks<H> {
    handler: Arc<H>,
    running: JoinSet<()>,
    handles: HashMap<TaskId, AbortHandle>,
    sender: mpsc::UnboundedSender<Report>,
    reports: mpsc::UnboundedReceiver<Report>,
}

impl<H: TaskHandler + 'static> Tasks<H> {
    pub(super) fn new(handler: Arc<H>) -> Self {
        let (sender, reports) = mpsc::unbounded_channel();
        Self { handler, running: JoinSet::new(), handles: HashMap::new(), sender, reports }
    }

    pub(super) fn begin(&mut self, request: TaskRequest) {
        let id = request.id;
        let handler = Arc::clone(&self.handler);
        let reporter = TaskReporter { id, reports: self.sender.clone() };
        let reports = self.sender.clone();
        let handle = self.running.spawn(async move {
            let event = match handler.run(request, reporter).await {
                Ok(output) => Event::TaskSucceeded { id, output: Json::new(output) },
                Err(failure) => Event::TaskFailed { id, error: failure.error, cause: failure.cause },
            };
            // Nobody listens once the execution is over; then the result does not matter.
            let _ = reports.send(Report { id, event, last: true });
        });
        self.handles.insert(id, handle);
    }

    /// Drops a task; what it still says is not heard.
    pub(super) fn cancel(&mut self, id: TaskId) {
        if let Some(handle) = self.handles.remove(&id) {
            handle.abort();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// The next thing that a task says; a handler that panics fails its task.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                biased;
                report = self.reports.recv() => {
                    let report = report?;
                    let wanted = if report.last {
                        self.handles.remove(&report.id).is_some()
                    } else {
                        self.handles.contains_key(&report.id)
                    };
                    if wanted {
                        return Some(report.event);
                    }
                }
                Some(ended) = self.running.join_next() => {
                    let Err(ended) = ended else { continue };
                    let found = self.handles.iter().find(|(_, handle)| handle.id() == ended.id()).map(|(id, _)| *id);
                    if let Some(id) = found {
                        self.handles.remove(&id);
                        let cause = Some(String::from("the task's handler ended without a result"));
                        return Some(Event::TaskFailed { id, error: Some(String::from("States.TaskFailed")), cause });
                    }
                }
                else => return None,
            }
        }
    }
}
