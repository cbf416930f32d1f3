//! What goes into a state and what comes out of it.

use std::sync::Arc;

use serde_json::Value;

use super::FrameId;
use super::engine::Engine;
use super::failure::{DATA_LIMIT, Failure};
use super::inspect::Point;
use super::variables::Assigned;
use crate::data::{self, Json};
use crate::definition::{Flow, ResultPath, Selection, State};
use crate::environment::Problem;

/// Why a frame of the machine cannot be found; only an execution that belongs to another definition gets there.
pub(super) fn foreign() -> Problem {
    Problem::runtime("The execution does not belong to this definition.")
}

impl Engine<'_> {
    /// The raw input of a frame's state.
    pub(super) fn raw_input(&self, id: FrameId) -> Json {
        self.execution.frames.get(&id).map_or_else(data::null, |frame| Arc::clone(&frame.input))
    }

    /// The state's input behind `InputPath`.
    pub(super) fn selected_input(&mut self, id: FrameId, state: &State) -> Result<Json, Problem> {
        let raw = self.raw_input(id);
        match &state.flow {
            Flow::JsonPath(flow) => {
                let selected = self.select(id, &flow.input_path, &raw)?;
                self.note(Point::AfterInputPath, &selected);
                Ok(selected)
            }
            Flow::Jsonata(_) => Ok(raw),
        }
    }

    /// What the state's work is given: behind `InputPath` and `Parameters`, or `Arguments`.
    pub(super) fn effective_input(&mut self, id: FrameId, state: &State) -> Result<Json, Problem> {
        let selected = self.selected_input(id, state)?;
        let (template, field, point) = match &state.flow {
            Flow::JsonPath(flow) => (&flow.parameters, "Parameters", Point::AfterParameters),
            Flow::Jsonata(flow) => (&flow.arguments, "Arguments", Point::AfterArguments),
        };
        let Some(template) = template else {
            self.note(point, &selected);
            return Ok(selected);
        };
        let input = self
            .with_environment(id, &selected, (None, None), |env| template.evaluate(env, field))
            .unwrap_or_else(|| Err(foreign()))?;
        self.note(point, &input);
        self.check_size(&input, &state.name)?;
        Ok(input)
    }

    /// Output and assignments of a state whose work had the result `result`; `None` where a state has no result of its own.
    pub(super) fn output(
        &mut self,
        id: FrameId,
        state: &State,
        result: Option<&Json>,
    ) -> Result<(Json, Assigned), Problem> {
        let raw = self.raw_input(id);
        let (output, assigned) = match &state.flow {
            Flow::JsonPath(flow) => {
                let has_result = result.is_some();
                let result = match (result, &flow.result_selector) {
                    (Some(result), Some(template)) => self
                        .with_environment(id, result, (None, None), |env| {
                            template.evaluate(env, "ResultSelector")
                        })
                        .unwrap_or_else(|| Err(foreign()))?,
                    (Some(result), None) => Arc::clone(result),
                    (None, _) => self.selected_input(id, state)?,
                };
                if has_result {
                    self.note(Point::AfterResultSelector, &result);
                }
                let combined = combine(&raw, &result, &flow.result_path)?;
                if has_result {
                    self.note(Point::AfterResultPath, &combined);
                }
                let assigned =
                    self.assigned(id, state.assign.as_ref(), "Assign".into(), &result, (None, None))?;
                (self.select(id, &flow.output_path, &combined)?, assigned)
            }
            Flow::Jsonata(flow) => {
                let assigned =
                    self.assigned(id, state.assign.as_ref(), "Assign".into(), &raw, (result, None))?;
                let output = match &flow.output {
                    Some(template) => self
                        .with_environment(id, &raw, (result, None), |env| template.evaluate(env, "Output"))
                        .unwrap_or_else(|| Err(foreign()))?,
                    None => Arc::clone(result.unwrap_or(&raw)),
                };
                (output, assigned)
            }
        };
        self.check_size(&output, &state.name)?;
        Ok((output, assigned))
    }

    pub(super) fn select(
        &mut self,
        id: FrameId,
        selection: &Selection,
        from: &Json,
    ) -> Result<Json, Problem> {
        match selection {
            Selection::Whole => Ok(Arc::clone(from)),
            Selection::Nothing => Ok(data::empty_object()),
            Selection::Path(path) => self
                .with_environment(id, from, (None, None), |env| env.select(path))
                .unwrap_or_else(|| Err(foreign())),
        }
    }

    /// `States.DataLimitExceeded` where `value` is too large to pass on.
    pub(super) fn check_size(&self, value: &Value, name: &str) -> Result<(), Problem> {
        let limits = &self.execution.parameters.limits;
        if data::fits(value, limits.data_bytes, limits.data_depth) {
            return Ok(());
        }
        Err(Problem { error: DATA_LIMIT, cause: too_large(name), location: None })
    }

    /// As [`Self::check_size`], in the name of the state that frame `id` is in.
    pub(super) fn check_in_state(&self, id: FrameId, value: &Value) -> Result<(), Problem> {
        let state = self.execution.frames.get(&id).and_then(|frame| self.state(frame));
        self.check_size(value, state.map_or("", |state| &state.name))
    }

    /// A problem in frame `id` as a failure of its state.
    pub(super) fn failure(&self, id: FrameId, problem: Problem) -> Failure {
        let Some(frame) = self.execution.frames.get(&id) else { return Failure::in_state(problem, "", 0) };
        let name = self.state(frame).map_or("", |state| &state.name);
        if problem.error == DATA_LIMIT {
            return Failure::named(Some(Arc::from(DATA_LIMIT)), Some(Arc::from(problem.cause)));
        }
        // TestState tells the problem alone.
        if self.inspection.is_some() {
            return Failure::of_problem(problem);
        }
        Failure::in_state(problem, name, frame.entered.event)
    }
}

/// The cause of `States.DataLimitExceeded`.
pub(super) fn too_large(name: &str) -> String {
    format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    )
}

/// `ResultPath`: the result in its place in the raw input.
pub(super) fn combine(raw: &Json, result: &Json, result_path: &ResultPath) -> Result<Json, Problem> {
    match result_path {
        ResultPath::Replace => Ok(Arc::clone(result)),
        ResultPath::Discard => Ok(Arc::clone(raw)),
        ResultPath::At(path) => {
            let mut combined = Value::clone(raw);
            path.write(&mut combined, Value::clone(result))
                .map_err(|error| Problem::named("States.ResultPathMatchFailure", error.to_string()))?;
            Ok(Arc::new(combined))
        }
    }
}
