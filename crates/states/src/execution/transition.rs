//! Entering a state, doing its work, leaving it.

use std::sync::Arc;

use super::engine::Engine;
use super::failure::{Failure, history_full};
use super::flow::foreign;
use super::frame::{Activity, Entered, MAIN};
use super::inspect::Point;
use super::variables::Assigned;
use super::{FrameId, Outcome};
use crate::data::Json;
use crate::definition::{State, StateId, StateKind, Transition};
use crate::environment::Problem;
use crate::history::{Details, EventType};

/// What the history says of a type of state.
struct Names {
    entered: EventType,
    exited: EventType,
}

fn names(kind: &StateKind) -> Names {
    use EventType as E;
    let (entered, exited) = match kind {
        StateKind::Pass { .. } => (E::PassStateEntered, E::PassStateExited),
        StateKind::Task(_) => (E::TaskStateEntered, E::TaskStateExited),
        StateKind::Choice(_) => (E::ChoiceStateEntered, E::ChoiceStateExited),
        StateKind::Wait(_) => (E::WaitStateEntered, E::WaitStateExited),
        StateKind::Succeed => (E::SucceedStateEntered, E::SucceedStateExited),
        // A Fail state is never left.
        StateKind::Fail { .. } => (E::FailStateEntered, E::ExecutionFailed),
        StateKind::Parallel { .. } => (E::ParallelStateEntered, E::ParallelStateExited),
        StateKind::Map(_) => (E::MapStateEntered, E::MapStateExited),
    };
    Names { entered, exited }
}

impl Engine<'_> {
    /// One transition of a frame.
    pub(super) fn advance(&mut self, id: FrameId) {
        let Some(frame) = self.execution.frames.get(&id) else { return };
        let Some(state) = self.state(frame) else {
            let failure = Failure::in_state(foreign(), "", 0);
            return self.fail_frame(id, failure);
        };
        match frame.activity {
            Activity::Enter => {
                // The history of a child execution is not shown: it is enough to look when a state begins.
                let limit = self.execution.parameters.limits.history_events;
                let journal = self.execution.journals.get(&frame.journal);
                if frame.journal != MAIN && journal.is_some_and(|journal| journal.last_event_id >= limit) {
                    return self.history_full(id, limit);
                }
                self.enter(id, state);
            }
            Activity::Work => {}
            _ => return,
        }
        self.work(id, state);
    }

    pub(super) fn enter(&mut self, id: FrameId, state: &State) {
        let Some(frame) = self.execution.frames.get(&id) else { return };
        let previous = frame.previous;
        let details =
            Details::StateEntered { name: Arc::clone(&state.name), input: Arc::clone(&frame.input) };
        let event = self.emit(id, names(&state.kind).entered, details);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.entered = Entered { time: self.now, event, previous };
            frame.attempts.clear();
            frame.attempts.resize(state.retry.len(), 0);
            frame.retry_count = 0;
            frame.task_token = None;
            frame.activity = Activity::Work;
        }
    }

    pub(super) fn work(&mut self, id: FrameId, state: &State) {
        let outcome = match &state.kind {
            StateKind::Pass { result } => self.pass(id, state, result.as_ref()),
            StateKind::Succeed => self.output(id, state, None).map(|(output, assigned)| {
                self.leave(id, state, output, assigned, Transition::End);
            }),
            StateKind::Fail { error, cause } => match self.fail_state(id, error.as_deref(), cause.as_deref())
            {
                Ok(failure) => return self.fail_frame(id, failure),
                Err(problem) => Err(problem),
            },
            StateKind::Choice(choice) => self.choose(id, state, choice),
            StateKind::Wait(wait) => self.begin_wait(id, wait),
            StateKind::Task(task) => self.begin_task(id, state, task),
            StateKind::Parallel { branches } => self.begin_parallel(id, state, branches),
            StateKind::Map(map) => self.begin_map(id, state, map),
        };
        if let Err(problem) = outcome {
            let failure = self.failure(id, problem);
            self.fail(id, failure);
        }
    }

    fn pass(&mut self, id: FrameId, state: &State, result: Option<&Json>) -> Result<(), Problem> {
        let result = match result {
            Some(result) => {
                self.note(Point::Result, result);
                Some(Arc::clone(result))
            }
            None if matches!(state.flow, crate::definition::Flow::Jsonata(_)) => None,
            None => Some(self.effective_input(id, state)?),
        };
        let (output, assigned) = self.output(id, state, result.as_ref())?;
        self.leave(id, state, output, assigned, state.next);
        Ok(())
    }

    /// Ends the state's work with a result.
    pub(super) fn complete(&mut self, id: FrameId, result: &Json) {
        let Some(state) = self.execution.frames.get(&id).and_then(|frame| self.state(frame)) else { return };
        match self.output(id, state, Some(result)) {
            Ok((output, assigned)) => self.leave(id, state, output, assigned, state.next),
            Err(problem) => {
                let failure = self.failure(id, problem);
                self.fail(id, failure);
            }
        }
    }

    /// Leaves the state for the next one, or ends the frame.
    pub(super) fn leave(
        &mut self,
        id: FrameId,
        state: &State,
        output: Json,
        assigned: Assigned,
        next: Transition,
    ) {
        self.note_left(&output, &assigned, next);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            for (name, value) in &assigned {
                frame.variables.insert(Arc::clone(name), Arc::clone(value));
            }
        }
        let details =
            Details::StateExited { name: Arc::clone(&state.name), output: Arc::clone(&output), assigned };
        self.emit(id, names(&state.kind).exited, details);
        match next {
            Transition::Next(next) => self.go_to(id, next, output),
            Transition::End => self.finish_frame(id, output),
        }
    }

    fn go_to(&mut self, id: FrameId, next: StateId, input: Json) {
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.state = next;
            frame.input = input;
            frame.activity = Activity::Enter;
            self.execution.ready.push_back(id);
        }
    }

    /// A frame's last state was left.
    fn finish_frame(&mut self, id: FrameId, output: Json) {
        let Some(frame) = self.execution.frames.remove(&id) else { return };
        match frame.parent {
            None => self.end(EventType::ExecutionSucceeded, frame.previous, Outcome::Succeeded { output }),
            Some((parent, index)) => {
                let Some(outer) = self.execution.frames.get(&parent) else { return };
                match outer.activity {
                    Activity::Parallel(_) => self.branch_finished(parent, index, frame.previous, output),
                    Activity::Map(_) => self.item_finished(parent, index, &frame, output),
                    _ => {}
                }
            }
        }
    }

    fn history_full(&mut self, id: FrameId, limit: u64) {
        let (error, cause) = history_full(limit);
        let mut failure = Failure::named(error, cause);
        failure.fatal = true;
        self.fail_frame(id, failure);
    }
}
