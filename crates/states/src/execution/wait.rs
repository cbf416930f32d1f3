//! Wait states.

use super::engine::Engine;
use super::frame::Activity;
use super::value::{Found, not_a_timestamp, whole_number};
use super::{FrameId, Timer};
use crate::definition::{NumberField, Source, TextField, Wait};
use crate::environment::{Problem, unexpected_type};
use crate::time::Timestamp;

/// Longest delay, in milliseconds: the service counts seconds in 32 bits.
const MAX_DELAY: i64 = (i32::MAX as i64) * 1_000;

impl Engine<'_> {
    pub(super) fn begin_wait(&mut self, id: FrameId, wait: &Wait) -> Result<(), Problem> {
        let at = match wait {
            Wait::Seconds(field) => self.wait_seconds(id, field)?,
            Wait::Timestamp(field) => self.wait_timestamp(id, field)?,
        };
        if at.0.saturating_sub(self.now.0) > MAX_DELAY {
            return Err(Problem::runtime("Wait state delay is too long."));
        }
        let timer = self.start_timer(Timer::Wait(id), at.max(self.now));
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.activity = Activity::Wait(timer);
        }
        Ok(())
    }

    fn wait_seconds(&mut self, id: FrameId, field: &NumberField) -> Result<Timestamp, Problem> {
        let state = self.execution.frames.get(&id).and_then(|frame| self.state(frame));
        let input = match state {
            Some(state) => self.selected_input(id, state)?,
            None => self.raw_input(id),
        };
        let seconds = match self.number(id, &input, field, field.name)? {
            Found::Literal(seconds) => return Ok(self.now.plus_seconds(seconds)),
            Found::Path(value, path) => whole_number(&value).ok_or_else(|| {
                Problem::runtime(format!(
                    "The {} parameter cannot be parsed as a long value: {path} == {value}",
                    field.name
                ))
            })?,
            Found::Query(value) => whole_number(&value).ok_or_else(|| match &field.source {
                Source::Expression(expression) => unexpected_type(expression, field.name, "integer", &value),
                _ => super::flow::foreign(),
            })?,
        };
        if seconds < 0 {
            let name = field.name;
            return Err(match &field.source {
                Source::Path(path) => Problem::runtime(format!(
                    "The {name} parameter references a negative value: {path} == {seconds}"
                )),
                _ => Problem::query(name, format!("The {name} parameter cannot be negative: {seconds}")),
            });
        }
        Ok(self.now.plus_millis(seconds.saturating_mul(1_000)))
    }

    fn wait_timestamp(&mut self, id: FrameId, field: &TextField) -> Result<Timestamp, Problem> {
        let state = self.execution.frames.get(&id).and_then(|frame| self.state(frame));
        let input = match state {
            Some(state) => self.selected_input(id, state)?,
            None => self.raw_input(id),
        };
        let text = self.text(id, &input, field)?;
        Timestamp::parse_rfc3339(&text).ok_or_else(|| match &field.source {
            Source::Path(path) => not_a_timestamp(path, &text),
            _ => Problem::query(
                field.name,
                format!(
                    "The {} field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}",
                    field.name
                ),
            ),
        })
    }

    pub(super) fn wait_over(&mut self, id: FrameId) {
        let Some(state) = self.execution.frames.get(&id).and_then(|frame| self.state(frame)) else { return };
        match self.output(id, state, None) {
            Ok((output, assigned)) => self.leave(id, state, output, assigned, state.next),
            Err(problem) => {
                let failure = self.failure(id, problem);
                self.fail(id, failure);
            }
        }
    }
}
