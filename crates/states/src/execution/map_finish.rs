//! Map states: iterations that end, and the end of the state.

use std::sync::Arc;

use serde_json::Value;

use super::FrameId;
use super::engine::Engine;
use super::failure::Failure;
use super::frame::{Activity, Frame, MapWork};
use crate::data::Json;
use crate::history::{Details, EventType};

const THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";

impl Engine<'_> {
    /// Iteration `index` of the Map in frame `id` ended with `output`; `child` was its frame.
    pub(super) fn item_finished(&mut self, id: FrameId, index: usize, child: &Frame, output: Json) {
        let details = self.iteration(id, index);
        let event = if self.is_child_execution(id, child.journal) {
            self.execution.journals.remove(&child.journal);
            None
        } else {
            Some(self.record(child.journal, child.previous, EventType::MapIterationSucceeded, details))
        };
        let ended = self.ended(id, child, false);
        let Some(work) = self.map_work(id) else { return };
        work.running.remove(&index);
        if let Some(result) = work.results.get_mut(index) {
            *result = Some(output);
        }
        work.ended.extend(ended.map(|ended| (index, ended)));
        if let Some(event) = event {
            work.last_event = event;
        }
        self.go_on(id, child.previous);
    }

    /// The iteration in frame `child` failed.
    pub(super) fn item_failed(&mut self, id: FrameId, index: usize, child: FrameId, failure: Failure) {
        let Some(frame) = self.execution.frames.get(&child) else { return };
        let (journal, last) = (frame.journal, frame.previous);
        let item = frame.item.as_ref().map(|(_, item)| Arc::clone(item));
        let ended = self.ended(id, frame, true);
        self.abort_frame(child, false);
        let details = self.iteration(id, index);
        let child_execution = self.is_child_execution(id, journal);
        let Some(work) = self.map_work(id) else { return };
        work.running.remove(&index);
        if child_execution {
            work.failed.push(index);
            work.ended.extend(ended.map(|ended| (index, ended)));
            let exceeded = work.tolerated.is_some_and(|most| work.failed.len() > most);
            if let Some(result) = work.results.get_mut(index) {
                *result = Some(failure.output());
            }
            // A redrive begins the item anew.
            if let (Some(item), Some(failed)) = (work.items.get_mut(index), item) {
                *item = failed;
            }
            self.execution.journals.remove(&journal);
            self.execution.fallen.forget();
            if exceeded {
                self.threshold_exceeded(id);
            } else {
                self.go_on(id, last);
            }
            return;
        }
        self.record(journal, last, EventType::MapIterationFailed, details);
        self.stop_work(id, true);
        self.execution.fallen.keep_iteration(id, index, child);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.previous = last;
        }
        self.fail(id, failure);
    }

    /// More items of a distributed Map failed than it takes.
    pub(super) fn threshold_exceeded(&mut self, id: FrameId) {
        let cause = "The specified tolerated failure threshold was exceeded";
        self.map_run_failed(id, Failure::named(Some(Arc::from(THRESHOLD)), Some(Arc::from(cause))));
    }

    /// Takes down an iteration that is not wanted any more.
    pub(super) fn abort_iteration(&mut self, id: FrameId, index: usize, child: FrameId, report: bool) {
        let journal = self.execution.frames.get(&child).map(|frame| frame.journal);
        let child_execution = journal.is_some_and(|journal| self.is_child_execution(id, journal));
        let report = report && !child_execution;
        self.stop_work(child, report);
        if report {
            let details = self.iteration(id, index);
            self.emit(child, EventType::MapIterationAborted, details);
        }
        self.abort_frame(child, false);
        if let (true, Some(journal)) = (child_execution, journal) {
            self.execution.journals.remove(&journal);
        }
    }

    fn go_on(&mut self, id: FrameId, previous: u64) {
        if let Err(problem) = self.begin_more(id, previous) {
            self.stop_work(id, true);
            let failure = self.failure(id, problem);
            return self.fail(id, failure);
        }
        self.finish_map_if_done(id);
    }

    /// Ends the state where no item is left.
    pub(super) fn finish_map_if_done(&mut self, id: FrameId) {
        let Some(frame) = self.execution.frames.get_mut(&id) else { return };
        let Activity::Map(work) = &mut frame.activity else { return };
        if !work.running.is_empty() || work.next < work.items.len() {
            return;
        }
        let last = work.last_event;
        frame.previous = last;
        let Activity::Map(work) = std::mem::replace(&mut frame.activity, Activity::Work) else { return };
        let MapWork { results, ended, map_run_arn, .. } = *work;
        let results =
            results.into_iter().map(|json| json.map_or(Value::Null, Arc::unwrap_or_clone)).collect();
        let Some(run) = map_run_arn else {
            return self.map_succeeded(id, last, &Arc::new(Value::Array(results)));
        };
        if let Err(problem) = self.write_results(id, results, &ended, &run) {
            let failure = self.failure(id, problem);
            self.fail(id, failure);
        }
    }

    pub(super) fn run_succeeded(&mut self, id: FrameId, result: &Json) {
        // Recordings of the service up to August 2024 let `MapStateExited` follow this event, those from November 2024 on let it follow
        // `MapRunStarted`, which is the one before: definitions with what is new since then have met the newer service alone.
        let started = self.execution.frames.get(&id).map_or(0, |frame| frame.previous);
        let succeeded = self.emit(id, EventType::MapRunSucceeded, Details::None);
        let last = if self.machine.jsonata_or_variables { started } else { succeeded };
        self.map_succeeded(id, last, result);
    }

    /// The state's end follows `last`, as does the event that says that it succeeded.
    fn map_succeeded(&mut self, id: FrameId, last: u64, result: &Json) {
        self.emit(id, EventType::MapStateSucceeded, Details::None);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.previous = last;
        }
        self.complete(id, result);
    }

    fn map_work(&mut self, id: FrameId) -> Option<&mut MapWork> {
        match &mut self.execution.frames.get_mut(&id)?.activity {
            Activity::Map(work) => Some(work),
            _ => None,
        }
    }

    fn is_child_execution(&self, id: FrameId, journal: u64) -> bool {
        self.execution.frames.get(&id).is_some_and(|frame| frame.journal != journal)
    }

    fn iteration(&self, id: FrameId, index: usize) -> Details {
        let state = self.execution.frames.get(&id).and_then(|frame| self.state(frame));
        Details::MapIteration {
            name: state.map_or_else(|| Arc::from(""), |state| Arc::clone(&state.name)),
            index,
        }
    }
}
