//! Redrive: an execution that did not succeed goes on where it ended.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html>: what succeeded is not done again; states that failed
//! or were aborted do their work again with the same input, without being entered again, and with all their attempts.
//!
//! Differences from the service: an item of a distributed Map that failed begins anew, as with Express child executions; the service
//! lets a Standard one go on where it failed. A Map whose items could not be read or whose results could not be written begins anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::frame::{Activity, Frame, Journal, MAIN, MapWork};
use super::{Execution, FrameId, Outcome};
use crate::definition::WorkflowType;
use crate::history::{Details, EventType};

/// Why an execution cannot be redriven, in the words of `DescribeExecution`'s `redriveStatusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRedrivable {
    /// It runs, or has not begun.
    #[error("Execution is RUNNING and cannot be redriven")]
    Running,
    /// It succeeded.
    #[error("Execution is SUCCEEDED and cannot be redriven")]
    Succeeded,
    /// It is of an Express workflow.
    #[error("Express executions cannot be redriven")]
    Express,
    /// Its history is full.
    #[error("Execution history event limit exceeded")]
    HistoryFull,
}

/// Frames and work that were taken down.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Fallen {
    frames: BTreeMap<FrameId, Frame>,
    /// The work of frames that may still stand.
    works: BTreeMap<FrameId, Activity>,
}

impl Fallen {
    pub(super) fn keep_frame(&mut self, id: FrameId, mut frame: Frame) {
        if let Some(work) = self.works.remove(&id) {
            frame.activity = work;
        }
        self.frames.insert(id, frame);
    }

    pub(super) fn keep_work(&mut self, id: FrameId, work: Activity) {
        self.works.insert(id, work);
    }

    /// The iteration in frame `child` failed, and with it the Map in frame `id`.
    pub(super) fn keep_iteration(&mut self, id: FrameId, index: usize, child: FrameId) {
        if let Some(Activity::Map(work)) = self.works.get_mut(&id) {
            work.running.insert(index, child);
        }
    }

    /// Something stopped the failure: what it took down is of no use any more.
    pub(super) fn forget(&mut self) {
        self.frames.clear();
        self.works.clear();
    }
}

impl Execution {
    /// Whether `Event::Redriven` lets the execution go on.
    ///
    /// # Errors
    /// Why it does not.
    pub fn redrivable(&self) -> Result<(), NotRedrivable> {
        if self.parameters.workflow == WorkflowType::Express {
            return Err(NotRedrivable::Express);
        }
        match &self.outcome {
            None => Err(NotRedrivable::Running),
            Some(Outcome::Succeeded { .. }) => Err(NotRedrivable::Succeeded),
            Some(_) => {
                let last = self.journals.get(&MAIN).map_or(0, |journal| journal.last_event_id);
                // The service wants room for one event behind `ExecutionRedriven`.
                if last >= self.parameters.limits.history_events.saturating_sub(1) {
                    return Err(NotRedrivable::HistoryFull);
                }
                Ok(())
            }
        }
    }
}

impl Engine<'_> {
    /// The execution is over: its frames are kept for a redrive, if there can be one.
    pub(super) fn keep_for_redrive(&mut self) {
        let execution = &mut *self.execution;
        if execution.parameters.workflow == WorkflowType::Express
            || matches!(execution.outcome, Some(Outcome::Succeeded { .. }))
        {
            execution.frames.clear();
            execution.fallen.forget();
            return;
        }
        for (id, frame) in std::mem::take(&mut execution.frames) {
            execution.fallen.keep_frame(id, frame);
        }
    }

    pub(super) fn redrive(&mut self) {
        if self.execution.redrivable().is_err() {
            return;
        }
        let count = self.execution.parameters.redrive_count.unwrap_or(0).saturating_add(1);
        self.execution.parameters.redrive_count = Some(count);
        self.execution.redrive_time = Some(self.now);
        self.execution.outcome = None;
        let previous = self.execution.journals.get(&MAIN).map_or(0, |journal| journal.last_event_id);
        let details = Details::Redriven { map_run_arn: None, redrive_count: count };
        let redriven = self.record(MAIN, previous, EventType::ExecutionRedriven, details);
        self.start_execution_timer();
        let mut fallen = std::mem::take(&mut self.execution.fallen);
        let root = fallen.frames.iter().find(|(_, frame)| frame.parent.is_none()).map(|(id, _)| *id);
        if let Some(root) = root {
            self.stand_up(root, redriven, &mut fallen);
        } else {
            // The execution's input was refused: nothing had begun.
            let input = Arc::clone(&self.execution.parameters.input);
            self.spawn(None, 0, MAIN, input, redriven, None);
        }
    }

    /// Puts a frame back, and those below it that did not succeed; what they do next follows event `previous`.
    fn stand_up(&mut self, id: FrameId, previous: u64, fallen: &mut Fallen) {
        let Some(mut frame) = fallen.frames.remove(&id) else { return };
        frame.previous = previous;
        frame.attempts.iter_mut().for_each(|attempts| *attempts = 0);
        frame.retry_count = 0;
        // A child execution has a journal of its own, which went with it.
        let journal = frame.journal;
        self.execution.journals.entry(journal).or_insert(Journal { last_event_id: 1, child: journal });
        let activity = std::mem::replace(&mut frame.activity, Activity::Work);
        let entered = !matches!(activity, Activity::Enter);
        self.execution.frames.insert(id, frame);
        match activity {
            Activity::Parallel(work) => {
                let children: Vec<FrameId> = work.children.iter().flatten().copied().collect();
                self.put_back(id, Activity::Parallel(work));
                for child in children {
                    self.stand_up(child, previous, fallen);
                }
            }
            Activity::Map(work) => self.stand_up_map(id, previous, work, fallen),
            _ => {
                if !entered {
                    self.put_back(id, Activity::Enter);
                }
                self.execution.ready.push_back(id);
            }
        }
    }

    fn stand_up_map(&mut self, id: FrameId, previous: u64, mut work: Box<MapWork>, fallen: &mut Fallen) {
        let mut previous = previous;
        if let Some(map_run_arn) = work.map_run_arn.clone() {
            let redrive_count = self.execution.parameters.redrive_count.unwrap_or(1);
            let details = Details::Redriven { map_run_arn: Some(map_run_arn), redrive_count };
            previous = self.emit(id, EventType::MapRunRedriven, details);
        }
        let children: Vec<FrameId> = work.running.values().copied().collect();
        let failed = std::mem::take(&mut work.failed);
        let items: Vec<_> = failed
            .into_iter()
            .filter_map(|index| {
                *work.results.get_mut(index)? = None;
                let item = std::mem::replace(work.items.get_mut(index)?, crate::data::null());
                Some((index, item))
            })
            .collect();
        self.put_back(id, Activity::Map(work));
        for child in children {
            self.stand_up(child, previous, fallen);
        }
        for (index, item) in items {
            if let Err(problem) = self.begin_item(id, index, item, previous) {
                let failure = self.failure(id, problem);
                return self.fail(id, failure);
            }
        }
        if let Err(problem) = self.begin_more(id, previous) {
            let failure = self.failure(id, problem);
            return self.fail(id, failure);
        }
        self.finish_map_if_done(id);
    }

    fn put_back(&mut self, id: FrameId, activity: Activity) {
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.activity = activity;
        }
    }
}
