//! One state, looked at closely: what TestState needs of the core.
//!
//! A [`Probe`] puts an execution in one state, runs it as far as nothing outside is needed, and takes what becomes of it. It runs the same
//! functions as any execution does. They note intermediate data in an [`Inspection`] where there is one; nobody pays where there is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::engine::Engine;
use super::failure::Failure;
use super::frame::{Activity, Journal, MAIN};
use super::variables::Assigned;
use super::{Event, Execution, FrameId, StartParameters, TaskRequest};
use crate::data::Json;
use crate::definition::{MapState, StateId, StateMachine, Transition};
use crate::environment::Problem;
use crate::time::Timestamp;

/// A point of a state's data flow, by its name in `InspectionData`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    AfterArguments,
    AfterInputPath,
    AfterItemBatcher,
    AfterItemSelector,
    AfterItemsPath,
    AfterItemsPointer,
    AfterParameters,
    AfterResultPath,
    AfterResultSelector,
    Result,
}

/// What a state failed with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failed {
    pub(crate) error: Option<Arc<str>>,
    pub(crate) cause: Option<Arc<str>>,
}

/// What is noted of a state's work.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// The context object that the state sees.
    context: Json,
    pub(crate) points: BTreeMap<Point, Json>,
    pub(crate) max_concurrency: Option<i64>,
    pub(crate) tolerated_failure_count: Option<usize>,
    pub(crate) tolerated_failure_percentage: Option<f64>,
    /// How many failures the Map takes, by count and percentage.
    tolerated: Option<usize>,
    /// How many iterations the Map has; unknown while its items are not.
    pub(crate) iterations: Option<usize>,
    /// The last failure.
    pub(crate) failure: Option<Failed>,
    /// The entry of `Retry` that lets the state be done again, with the delay in seconds.
    pub(crate) retry: Option<(usize, f64)>,
    /// The entry of `Catch` that caught the failure.
    pub(crate) catch: Option<usize>,
    /// The output, and where it goes.
    pub(crate) left: Option<(Json, Transition)>,
    /// Variables afterwards.
    pub(crate) variables: BTreeMap<Arc<str>, Json>,
}

impl Inspection {
    pub(super) fn context(&self) -> &Json {
        &self.context
    }

    /// How many failed iterations the Map takes. Recorded calls that set neither field took any number.
    fn tolerates(&self) -> Option<usize> {
        let set = self.tolerated_failure_count.is_some() || self.tolerated_failure_percentage.is_some();
        self.tolerated.filter(|_| set)
    }
}

impl Engine<'_> {
    /// Puts the execution in a state and does its work.
    fn begin_at(&mut self, state: StateId, variables: BTreeMap<Arc<str>, Json>, retries: u32) -> FrameId {
        self.execution.start_time = self.now;
        self.execution.journals.insert(MAIN, Journal { last_event_id: 0, child: MAIN });
        let input = Arc::clone(&self.execution.parameters.input);
        let id = self.spawn(None, 0, MAIN, input, 0, None);
        self.execution.ready.clear();
        let Some(frame) = self.execution.frames.get_mut(&id) else { return id };
        frame.state = state;
        frame.variables = variables;
        let Some(state) = self.machine.state(state) else { return id };
        self.enter(id, state);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.attempts.fill(retries);
            frame.retry_count = retries;
        }
        self.work(id, state);
        id
    }

    /// Notes the data at a point of the data flow, where somebody inspects the state.
    #[inline]
    pub(super) fn note(&mut self, point: Point, value: &Json) {
        self.inspect(|inspection| {
            inspection.points.insert(point, Arc::clone(value));
        });
    }

    #[inline]
    pub(super) fn inspect(&mut self, note: impl FnOnce(&mut Inspection)) {
        if let Some(inspection) = self.inspection.as_deref_mut() {
            note(inspection);
        }
    }

    #[inline]
    pub(super) fn note_left(&mut self, output: &Json, assigned: &Assigned, next: Transition) {
        self.inspect(|inspection| {
            inspection.left = Some((Arc::clone(output), next));
            for (name, value) in assigned {
                inspection.variables.insert(Arc::clone(name), Arc::clone(value));
            }
        });
    }

    pub(super) fn note_failure(&mut self, failure: &Failure) {
        self.inspect(|inspection| {
            inspection.failure = Some(Failed { error: failure.error.clone(), cause: failure.cause.clone() });
        });
    }

    /// The inputs of all iterations of a Map that is inspected; none of them begins.
    pub(super) fn inspect_items(
        &mut self,
        id: FrameId,
        map: &MapState,
        input: &Json,
        items: Vec<Json>,
    ) -> Result<(), Problem> {
        let array = |items: &[Json]| Arc::new(items.iter().map(|item| Value::clone(item)).collect::<Value>());
        let mut items = items;
        if let Some(selector) = &map.item_selector {
            items = items
                .into_iter()
                .enumerate()
                .map(|(index, item)| self.item_input(id, input, Some(selector), index, item))
                .collect::<Result<_, _>>()?;
            self.note(Point::AfterItemSelector, &array(&items));
        }
        if let Some(batcher) = &map.batcher {
            items = self.batches(id, input, batcher, items)?;
            self.note(Point::AfterItemBatcher, &array(&items));
        }
        self.inspect(|inspection| inspection.iterations = Some(items.len()));
        Ok(())
    }

    /// Notes what a Map takes of failures: the fields' values, and what follows from them.
    pub(super) fn note_tolerated(
        &mut self,
        count: Option<usize>,
        percentage: Option<f64>,
        tolerated: Option<usize>,
    ) {
        self.inspect(|inspection| {
            inspection.tolerated_failure_count = count;
            inspection.tolerated_failure_percentage = percentage;
            inspection.tolerated = tolerated;
        });
    }
}

/// What a state that is inspected waits for.
#[derive(Clone, Debug)]
pub(crate) enum Waiting {
    /// Nothing: its fate is decided.
    Over,
    /// A Task state's task.
    Task(Box<TaskRequest>),
    /// The items of a distributed Map.
    Items,
    /// The result of a Map or Parallel state.
    Result,
}

/// An execution that is in one state.
#[derive(Debug)]
pub(crate) struct Probe<'m> {
    machine: &'m StateMachine,
    execution: Execution,
    inspection: Inspection,
    now: Timestamp,
    frame: FrameId,
}

impl<'m> Probe<'m> {
    /// Enters `state` and does its work as far as nothing outside is needed; the time of a Wait state passes.
    ///
    /// The state has been done `retries` times before, by whichever entry of its `Retry`.
    pub(crate) fn new(
        machine: &'m StateMachine,
        state: StateId,
        parameters: StartParameters,
        (variables, context): (BTreeMap<Arc<str>, Json>, Json),
        retries: u32,
        now: Timestamp,
    ) -> Self {
        let inspection = Inspection { context, variables: variables.clone(), ..Inspection::default() };
        let execution = Execution::new(parameters);
        let mut probe = Self { machine, execution, inspection, now, frame: FrameId(0) };
        probe.frame = probe.engine(|engine| engine.begin_at(state, variables, retries));
        if let Some(Activity::Wait(timer)) = probe.activity() {
            let id = *timer;
            probe.engine(|engine| engine.take(Event::TimerFired { id }));
        }
        probe
    }

    /// What was noted so far.
    pub(crate) fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    pub(crate) fn waiting(&self) -> Waiting {
        if self.inspection.left.is_some() || self.inspection.failure.is_some() {
            return Waiting::Over;
        }
        match self.activity() {
            Some(Activity::Task(work)) => match self.execution.tasks.get(&work.id) {
                Some(task) => Waiting::Task(task.request.clone()),
                None => Waiting::Over,
            },
            Some(Activity::Reading(..)) => Waiting::Items,
            Some(_) => Waiting::Result,
            None => Waiting::Over,
        }
    }

    /// The items of a distributed Map were read: an object's text or a listing.
    pub(crate) fn read(&mut self, content: Json) {
        if let Some(Activity::Reading(id, _)) = self.activity() {
            let id = *id;
            self.engine(|engine| engine.take(Event::TaskSucceeded { id, output: content }));
        }
    }

    /// What the state waits for succeeded; `failed` iterations of a Map did not.
    pub(crate) fn succeed(&mut self, result: Json, failed: usize) {
        let frame = self.frame;
        match self.waiting() {
            Waiting::Over => {}
            Waiting::Task(request) => {
                let id = request.id;
                self.engine(|engine| engine.take(Event::TaskSucceeded { id, output: result }));
            }
            Waiting::Items | Waiting::Result => {
                let exceeded = self.inspection.tolerates().is_some_and(|most| failed > most);
                self.engine(|engine| {
                    engine.stop_work(frame, false);
                    if exceeded {
                        engine.threshold_exceeded(frame);
                    } else {
                        engine.complete(frame, &result);
                    }
                });
            }
        }
    }

    /// What the state waits for failed; `by_task` says whether a task did, inside a Map or Parallel state.
    pub(crate) fn fail(&mut self, error: Option<String>, cause: Option<String>, by_task: bool) {
        let frame = self.frame;
        match self.waiting() {
            Waiting::Over => {}
            Waiting::Task(request) => {
                let id = request.id;
                self.engine(|engine| engine.take(Event::TaskFailed { id, error, cause }));
            }
            Waiting::Items | Waiting::Result => {
                let failure = Failure::named(error.map(Arc::from), cause.map(Arc::from));
                let failure = if by_task { failure.of_task() } else { failure };
                self.engine(|engine| {
                    engine.stop_work(frame, false);
                    engine.fail(frame, failure);
                });
            }
        }
    }

    fn activity(&self) -> Option<&Activity> {
        self.execution.frames.get(&self.frame).map(|frame| &frame.activity)
    }

    fn engine<R>(&mut self, act: impl FnOnce(&mut Engine<'_>) -> R) -> R {
        let mut engine = Engine::new(self.machine, &mut self.execution, self.now);
        engine.inspection = Some(&mut self.inspection);
        act(&mut engine)
    }
}
