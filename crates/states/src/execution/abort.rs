//! Taking frames down that run when their state's fate is decided.

use super::FrameId;
use super::engine::Engine;
use super::frame::{Activity, Frame};
use crate::definition::StateKind;
use crate::history::{Details, EventType};

impl Engine<'_> {
    /// Removes a frame and everything below it; `report` says whether the history tells of it.
    pub(super) fn abort_frame(&mut self, id: FrameId, report: bool) {
        self.stop_work(id, report);
        if report
            && let Some(frame) = self.execution.frames.get(&id)
            && let Some(event) = self.aborted_event(frame)
        {
            self.emit(id, event, Details::None);
        }
        if let Some(frame) = self.execution.frames.remove(&id) {
            self.execution.fallen.keep_frame(id, frame);
        }
    }

    /// Cancels what the frame's state does, without removing the frame.
    pub(super) fn stop_work(&mut self, id: FrameId, report: bool) {
        let Some(frame) = self.execution.frames.get_mut(&id) else { return };
        match std::mem::replace(&mut frame.activity, Activity::Work) {
            Activity::Enter | Activity::Work => {}
            Activity::Task(work) => {
                self.cancel_task(work.id);
                [work.timeout, work.heartbeat]
                    .into_iter()
                    .flatten()
                    .for_each(|timer| self.cancel_timer(timer));
            }
            Activity::Wait(timer) | Activity::Backoff(timer) => self.cancel_timer(timer),
            Activity::Reading(task, _) | Activity::Writing(task, _) => self.cancel_task(task),
            Activity::Parallel(work) => {
                work.children.iter().flatten().for_each(|child| self.abort_frame(*child, report));
                self.execution.fallen.keep_work(id, Activity::Parallel(work));
            }
            Activity::Map(work) => {
                for (index, child) in &work.running {
                    self.abort_iteration(id, *index, *child, report);
                }
                self.execution.fallen.keep_work(id, Activity::Map(work));
            }
        }
    }

    fn aborted_event(&self, frame: &Frame) -> Option<EventType> {
        if frame.entered.event == 0 || matches!(frame.activity, Activity::Enter) {
            return None;
        }
        match self.state(frame)?.kind {
            StateKind::Task(_) => Some(EventType::TaskStateAborted),
            StateKind::Wait(_) => Some(EventType::WaitStateAborted),
            StateKind::Parallel { .. } => Some(EventType::ParallelStateAborted),
            StateKind::Map(_) => Some(EventType::MapStateAborted),
            _ => None,
        }
    }
}
