//! Parallel states.

use std::sync::Arc;

use serde_json::Value;

use super::FrameId;
use super::engine::Engine;
use super::failure::Failure;
use super::frame::{Activity, ParallelWork};
use crate::data::Json;
use crate::definition::{ScopeId, State};
use crate::environment::Problem;
use crate::history::{Details, EventType};

impl Engine<'_> {
    pub(super) fn begin_parallel(
        &mut self,
        id: FrameId,
        state: &State,
        branches: &[ScopeId],
    ) -> Result<(), Problem> {
        let input = self.effective_input(id, state)?;
        let started = self.emit(id, EventType::ParallelStateStarted, Details::None);
        let journal = self.execution.frames.get(&id).map_or(0, |frame| frame.journal);
        let children = branches
            .iter()
            .enumerate()
            .map(|(index, scope)| {
                Some(self.spawn(Some((id, index)), *scope, journal, Arc::clone(&input), started, None))
            })
            .collect();
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            let results = vec![None; branches.len()];
            frame.activity =
                Activity::Parallel(Box::new(ParallelWork { children, results, running: branches.len() }));
        }
        Ok(())
    }

    /// Branch `index` ended with `output`, its last event being `last`.
    pub(super) fn branch_finished(&mut self, id: FrameId, index: usize, last: u64, output: Json) {
        let Some(frame) = self.execution.frames.get_mut(&id) else { return };
        let Activity::Parallel(work) = &mut frame.activity else { return };
        if let (Some(child), Some(result)) = (work.children.get_mut(index), work.results.get_mut(index)) {
            *child = None;
            *result = Some(output);
            work.running -= 1;
        }
        if work.running > 0 {
            return;
        }
        let results = std::mem::take(&mut work.results);
        frame.activity = Activity::Work;
        frame.previous = last;
        self.emit(id, EventType::ParallelStateSucceeded, Details::None);
        // The service lets the state's end follow the last branch's end.
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.previous = last;
        }
        let result = results.into_iter().map(|json| json.map_or(Value::Null, Arc::unwrap_or_clone)).collect();
        self.complete(id, &Arc::new(Value::Array(result)));
    }

    /// The branch of frame `child` failed; the others are taken down.
    pub(super) fn branch_failed(&mut self, id: FrameId, child: FrameId, failure: Failure) {
        let Some(last) = self.execution.frames.get(&child).map(|frame| frame.previous) else { return };
        self.abort_frame(child, true);
        self.stop_work(id, true);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.previous = last;
        }
        self.fail(id, failure);
    }
}
