//! What becomes of a failure: a retry, a catch, or the end of the frame.

use std::sync::Arc;

use super::engine::Engine;
use super::failure::Failure;
use super::flow::{combine, foreign};
use super::frame::Activity;
use super::variables::Assigned;
use super::{FrameId, Outcome, Timer};
use crate::data::Json;
use crate::definition::{Catcher, Flow, Retrier, State, StateKind, Transition};
use crate::environment::Problem;
use crate::history::{Details, EventType};
use crate::template::FieldPath;

impl Engine<'_> {
    /// The state of frame `id` failed.
    pub(super) fn fail(&mut self, id: FrameId, failure: Failure) {
        let Some(state) = self.execution.frames.get(&id).and_then(|frame| self.state(frame)) else { return };
        self.report_evaluation(id, state, &failure);
        self.note_failure(&failure);
        if failure.fatal {
            return self.fail_frame(id, failure);
        }
        if self.retry(id, state, &failure) {
            self.execution.fallen.forget();
            return;
        }
        self.report_state_failed(id, state);
        let found = state.catch.iter().enumerate().find(|(_, catcher)| failure.matches(&catcher.errors));
        let Some((index, catcher)) = found else {
            return self.fail_frame(id, failure);
        };
        match self.caught(id, state, (index, catcher), &failure) {
            Ok((output, assigned)) => {
                self.execution.fallen.forget();
                self.inspect(|inspection| inspection.catch = Some(index));
                self.leave(id, state, output, assigned, Transition::Next(catcher.next));
            }
            Err(problem) => {
                let failure = self.failure(id, problem);
                self.report_evaluation(id, state, &failure);
                self.fail_frame(id, failure);
            }
        }
    }

    /// `EvaluationFailed`, where an expression was the reason.
    fn report_evaluation(&mut self, id: FrameId, state: &State, failure: &Failure) {
        let (Some(evaluation), Some(error), Some(cause)) =
            (&failure.evaluation, &failure.error, &failure.cause)
        else {
            return;
        };
        let Some(frame) = self.execution.frames.get_mut(&id) else { return };
        // The service lets the event follow what came before the state, unless the state did something first.
        let untouched = frame.previous == frame.entered.event;
        if untouched && !matches!(state.kind, StateKind::Wait(_)) {
            frame.previous = frame.entered.previous;
        }
        let details = Details::EvaluationFailed {
            state: Arc::clone(&state.name),
            location: evaluation.location.clone(),
            error: Arc::clone(error),
            cause: Arc::clone(cause),
        };
        self.emit(id, EventType::EvaluationFailed, details);
    }

    /// Parallel and Map states have an event for their failure.
    fn report_state_failed(&mut self, id: FrameId, state: &State) {
        let event = match state.kind {
            StateKind::Parallel { .. } => EventType::ParallelStateFailed,
            StateKind::Map(_) => EventType::MapStateFailed,
            _ => return,
        };
        self.emit(id, event, Details::None);
    }

    /// Starts the delay before another attempt, if an entry of `Retry` allows one.
    fn retry(&mut self, id: FrameId, state: &State, failure: &Failure) -> bool {
        let found = state.retry.iter().enumerate().find(|(_, retrier)| failure.matches(&retrier.errors));
        let Some((index, retrier)) = found else { return false };
        let jitter = if retrier.jitter { self.execution.random.unit() } else { 1.0 };
        let Some(frame) = self.execution.frames.get_mut(&id) else { return false };
        let Some(attempts) =
            frame.attempts.get_mut(index).filter(|attempts| **attempts < retrier.max_attempts)
        else {
            return false;
        };
        let delay = delay_seconds(retrier, *attempts) * jitter;
        *attempts += 1;
        frame.retry_count += 1;
        self.inspect(|inspection| inspection.retry = Some((index, delay)));
        let timer = self.start_timer(Timer::Retry(id), self.now.plus_seconds(delay));
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.activity = Activity::Backoff(timer);
        }
        true
    }

    /// Output and assignments of a Catcher.
    fn caught(
        &mut self,
        id: FrameId,
        state: &State,
        (index, catcher): (usize, &Catcher),
        failure: &Failure,
    ) -> Result<(Json, Assigned), Problem> {
        let assign = FieldPath::OfEntry("Catch", index, "Assign");
        let raw = self.raw_input(id);
        let error_output = failure.output();
        let (output, assigned) = match &state.flow {
            Flow::JsonPath(_) => {
                let output = combine(&raw, &error_output, &catcher.result_path)?;
                let results = (None, Some(&error_output));
                let assigned = self.assigned(id, catcher.assign.as_ref(), assign, &error_output, results)?;
                (output, assigned)
            }
            Flow::Jsonata(_) => {
                let results = (None, Some(&error_output));
                let assigned = self.assigned(id, catcher.assign.as_ref(), assign, &raw, results)?;
                let output = match &catcher.output {
                    Some(template) => self
                        .with_environment(id, &raw, results, |env| {
                            template.evaluate(env, FieldPath::OfEntry("Catch", index, "Output"))
                        })
                        .unwrap_or_else(|| Err(foreign()))?,
                    None => error_output,
                };
                (output, assigned)
            }
        };
        self.check_size(&output, &state.name)?;
        Ok((output, assigned))
    }

    /// A failure that nothing in the state stops: it goes to the state around, or ends the execution.
    pub(super) fn fail_frame(&mut self, id: FrameId, mut failure: Failure) {
        self.note_failure(&failure);
        // Reported where it happened, not again by the states around.
        failure.evaluation = None;
        let Some(frame) = self.execution.frames.get(&id) else { return };
        let Some((parent, index)) = frame.parent else {
            let (previous, error, cause) = (frame.previous, failure.error, failure.cause);
            return self.end(EventType::ExecutionFailed, previous, Outcome::Failed { error, cause });
        };
        let Some(outer) = self.execution.frames.get(&parent) else { return };
        // A child execution that ends so is only an item that failed.
        if failure.fatal && outer.journal == frame.journal {
            let previous = frame.previous;
            if let Some(outer) = self.execution.frames.get_mut(&parent) {
                outer.previous = previous;
            }
            self.abort_frame(id, false);
            return self.fail_frame(parent, failure);
        }
        match outer.activity {
            Activity::Parallel(_) => self.branch_failed(parent, id, failure),
            Activity::Map(_) => self.item_failed(parent, index, id, failure),
            _ => {}
        }
    }
}

fn delay_seconds(retrier: &Retrier, attempts: u32) -> f64 {
    let exponent = i32::try_from(attempts).unwrap_or(i32::MAX);
    let delay = retrier.interval_seconds * retrier.backoff_rate.powi(exponent);
    delay.min(retrier.max_delay_seconds.unwrap_or(f64::MAX)).min(99_999_999.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_bound() {
        let retrier = Retrier {
            errors: Vec::new(),
            interval_seconds: 3.0,
            max_attempts: 5,
            backoff_rate: 2.0,
            max_delay_seconds: Some(10.0),
            jitter: false,
        };
        let delays = [0, 1, 2, 3].map(|attempt| delay_seconds(&retrier, attempt).to_string());
        assert_eq!(delays, ["3", "6", "10", "10"]);
        let endless = Retrier { max_delay_seconds: None, ..retrier };
        assert!(delay_seconds(&endless, u32::MAX).is_finite());
    }
}
