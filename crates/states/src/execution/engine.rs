//! One step of an execution: the event is taken in, then frames run until all of them wait for something outside.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::failure::{DATA_LIMIT, Failure, TIMEOUT};
use super::frame::{Activity, Entered, Frame, Journal, MAIN};
use super::inspect::Inspection;
use super::{Command, Event, Execution, FrameId, Outcome, RunningTimer, Step, TaskId, Timer, TimerId};
use crate::context::{ChildExecution, ContextObject};
use crate::data::{self, Json};
use crate::definition::{ScopeId, State, StateKind, StateMachine};
use crate::environment::{Environment, Variables};
use crate::history::{Details, EventType, HistoryEvent};
use crate::time::Timestamp;

pub(super) struct Engine<'e> {
    pub(super) machine: &'e StateMachine,
    pub(super) execution: &'e mut Execution,
    pub(super) now: Timestamp,
    pub(super) step: Step,
    /// An event had no place left in the history.
    full: bool,
    /// Where a state's data is noted, if somebody inspects it.
    pub(super) inspection: Option<&'e mut Inspection>,
}

impl<'e> Engine<'e> {
    pub(super) fn new(machine: &'e StateMachine, execution: &'e mut Execution, now: Timestamp) -> Self {
        Self { machine, execution, now, step: Step::default(), full: false, inspection: None }
    }

    pub(super) fn take(&mut self, event: Event) {
        if self.execution.outcome.is_some() {
            if event == Event::Redriven {
                self.redrive();
            }
            return;
        }
        self.take_in(event);
        self.end_if_full();
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::Started => self.start(),
            Event::Continue | Event::Redriven => {}
            Event::TaskStarted { id, worker_name } => self.task_started(id, worker_name),
            Event::TaskSubmitted { id, output } => self.task_submitted(id, output),
            Event::TaskSucceeded { id, output } => self.task_succeeded(id, &output),
            Event::TaskFailed { id, error, cause } => {
                self.task_failed(id, Failure::named(error.map(Arc::from), cause.map(Arc::from)));
            }
            Event::TaskHeartbeat { id } => self.task_heartbeat(id),
            Event::TimerFired { id } => self.timer_fired(id),
            Event::StopExecution { error, cause } => {
                let (error, cause) = (error.map(Arc::from), cause.map(Arc::from));
                // What ends an execution from outside follows no event of it.
                self.end(EventType::ExecutionAborted, 0, Outcome::Aborted { error, cause });
            }
        }
    }

    /// Runs frames until all wait, the execution is over, or `transitions` are done.
    pub(super) fn run(&mut self, transitions: usize) {
        for _ in 0..transitions {
            if self.execution.outcome.is_some() {
                return;
            }
            let Some(id) = self.execution.ready.pop_front() else { return };
            self.advance(id);
            self.end_if_full();
        }
        self.step.more = self.execution.has_more();
    }

    /// The service cuts an execution when its history is full: the last event says so.
    fn end_if_full(&mut self) {
        if !self.full || self.execution.outcome.is_some() {
            return;
        }
        let last = self.execution.journals.get(&MAIN).map_or(0, |journal| journal.last_event_id);
        let (error, cause) = super::failure::history_full(self.execution.parameters.limits.history_events);
        self.end(EventType::ExecutionFailed, last, Outcome::Failed { error, cause });
    }

    fn start(&mut self) {
        if !self.execution.journals.is_empty() {
            return;
        }
        self.execution.start_time = self.now;
        self.execution.journals.insert(MAIN, Journal { last_event_id: 0, child: 0 });
        let input = Arc::clone(&self.execution.parameters.input);
        let role_arn = Arc::clone(&self.execution.parameters.role_arn);
        let started = self.record(
            MAIN,
            0,
            EventType::ExecutionStarted,
            Details::ExecutionStarted { input: Arc::clone(&input), role_arn },
        );
        self.start_execution_timer();
        let limits = &self.execution.parameters.limits;
        if !data::fits(&input, limits.data_bytes, limits.data_depth) {
            let cause = "The execution's input exceeds the maximum size or depth of data.";
            let (error, cause) = (Some(Arc::from(DATA_LIMIT)), Some(Arc::from(cause)));
            return self.end(EventType::ExecutionFailed, started, Outcome::Failed { error, cause });
        }
        self.spawn(None, 0, MAIN, input, 0, None);
    }

    /// The machine's `TimeoutSeconds` begin.
    pub(super) fn start_execution_timer(&mut self) {
        if let Some(seconds) = self.machine.timeout_seconds {
            #[expect(clippy::cast_precision_loss, reason = "at most 99,999,999")]
            self.start_timer(Timer::Execution, self.now.plus_seconds(seconds as f64));
        }
    }

    /// A new frame at the beginning of `scope`.
    pub(super) fn spawn(
        &mut self,
        parent: Option<(FrameId, usize)>,
        scope: ScopeId,
        journal: u64,
        input: Json,
        previous: u64,
        item: Option<(usize, Json)>,
    ) -> FrameId {
        let id = FrameId(self.next_id());
        let state = self.machine.scope(scope).map_or(u32::MAX, |scope| scope.start_at);
        self.execution.frames.insert(
            id,
            Frame {
                parent,
                scope,
                journal,
                variables: BTreeMap::new(),
                previous,
                state,
                input,
                entered: Entered::default(),
                attempts: Vec::new(),
                retry_count: 0,
                task_token: None,
                item,
                child: None,
                activity: Activity::Enter,
            },
        );
        self.execution.ready.push_back(id);
        id
    }

    fn timer_fired(&mut self, id: TimerId) {
        match self.execution.timers.remove(&id).map(|running| running.timer) {
            Some(Timer::Execution) => {
                self.end(EventType::ExecutionTimedOut, 0, Outcome::TimedOut);
            }
            Some(Timer::Wait(frame)) => self.wait_over(frame),
            Some(Timer::Retry(frame)) => {
                if let Some(state) = self.execution.frames.get_mut(&frame) {
                    state.activity = Activity::Work;
                    self.execution.ready.push_back(frame);
                }
            }
            Some(Timer::Timeout(frame)) => self.task_timed_out(frame, Failure::timeout()),
            Some(Timer::Heartbeat(frame)) => self.task_timed_out(frame, Failure::heartbeat_timeout()),
            None => {}
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.execution.last_id += 1;
        self.execution.last_id
    }

    pub(super) fn start_timer(&mut self, timer: Timer, at: Timestamp) -> TimerId {
        let id = TimerId(self.next_id());
        self.execution.timers.insert(id, RunningTimer { timer, at });
        self.step.commands.push(Command::StartTimer { id, at });
        id
    }

    pub(super) fn cancel_timer(&mut self, id: TimerId) {
        if self.execution.timers.remove(&id).is_some() {
            self.step.commands.push(Command::CancelTimer { id });
        }
    }

    pub(super) fn cancel_task(&mut self, id: TaskId) {
        if self.execution.tasks.remove(&id).is_some() {
            self.step.commands.push(Command::CancelTask { id });
        }
    }

    /// Appends an event to a journal; the id is the event's.
    pub(super) fn record(
        &mut self,
        journal: u64,
        previous: u64,
        event_type: EventType,
        details: Details,
    ) -> u64 {
        let limit = self.execution.parameters.limits.history_events;
        let Some(entry) = self.execution.journals.get_mut(&journal) else { return 0 };
        if journal == MAIN && entry.last_event_id + 1 >= limit && !event_type.ends_execution() {
            self.full = true;
            return entry.last_event_id;
        }
        entry.last_event_id += 1;
        let id = entry.last_event_id;
        if journal == MAIN {
            let timestamp = self.now;
            self.step.events.push(HistoryEvent {
                id,
                previous_event_id: previous,
                timestamp,
                event_type,
                details,
            });
        }
        id
    }

    /// Appends an event of a frame: it follows the frame's last one and becomes it.
    pub(super) fn emit(&mut self, frame: FrameId, event_type: EventType, details: Details) -> u64 {
        let Some((journal, previous)) = self.execution.frames.get(&frame).map(|f| (f.journal, f.previous))
        else {
            return 0;
        };
        let id = self.record(journal, previous, event_type, details);
        if let Some(frame) = self.execution.frames.get_mut(&frame) {
            frame.previous = id;
        }
        id
    }

    /// The machine's state that a frame is in.
    pub(super) fn state(&self, frame: &Frame) -> Option<&'e State> {
        self.machine.state(frame.state)
    }

    /// Calls `evaluate` with what the state of frame `id` can see; `data` is `$`.
    pub(super) fn with_environment<R>(
        &mut self,
        id: FrameId,
        data: &Json,
        (result, error_output): (Option<&Json>, Option<&Json>),
        evaluate: impl FnOnce(&mut Environment<'_>) -> R,
    ) -> Option<R> {
        let frame = self.execution.frames.get(&id)?;
        let state = self.state(frame)?;
        let parameters = &self.execution.parameters;
        let retriable =
            matches!(state.kind, StateKind::Task(_) | StateKind::Parallel { .. } | StateKind::Map(_));
        let context = ContextObject {
            execution_arn: &parameters.execution_arn,
            execution_name: &parameters.execution_name,
            execution_input: &parameters.input,
            role_arn: &parameters.role_arn,
            start_time: self.execution.start_time,
            redrive_count: parameters.redrive_count,
            redrive_time: self.execution.redrive_time,
            state_machine_arn: &parameters.state_machine_arn,
            state_machine_name: &parameters.state_machine_name,
            state_name: &state.name,
            entered_time: frame.entered.time,
            retry_count: retriable.then_some(frame.retry_count),
            task_token: frame.task_token.as_deref(),
            item: self.item(frame),
            child: self.child_execution(frame),
            given: self.inspection.as_deref().map(Inspection::context),
        };
        let mut random = self.execution.random.clone();
        let value = evaluate(&mut Environment {
            data,
            input: &frame.input,
            result,
            error_output,
            context: &context,
            variables: &FrameVariables { frames: &self.execution.frames, frame },
            random: &mut random,
            now: self.now,
            limits: &parameters.limits.jsonata,
            copies: Cell::new(data::COPIES),
        });
        self.execution.random = random;
        Some(value)
    }

    /// The item of the innermost iteration around a frame.
    fn item<'f>(&'f self, mut frame: &'f Frame) -> Option<(usize, &'f Json)> {
        loop {
            // A child execution's context object has no item.
            if frame.child.is_some() {
                return None;
            }
            if let Some((index, value)) = &frame.item {
                return Some((*index, value));
            }
            frame = self.execution.frames.get(&frame.parent?.0)?;
        }
    }

    /// The child execution that a frame is part of.
    fn child_execution<'f>(&'f self, mut frame: &'f Frame) -> Option<ChildExecution<'f>> {
        loop {
            let outer = self.execution.frames.get(&frame.parent?.0)?;
            if let (Some(child), Activity::Map(work)) = (&frame.child, &outer.activity) {
                let express = match self.state(outer).map(|state| &state.kind) {
                    Some(StateKind::Map(map)) => map.express,
                    _ => false,
                };
                return Some(ChildExecution {
                    map_run_arn: work.map_run_arn.as_deref()?,
                    seed: self.execution.parameters.seed,
                    number: frame.journal,
                    express,
                    input: &child.input,
                    start_time: child.start_time,
                });
            }
            frame = outer;
        }
    }

    /// Ends the execution: everything that runs is cancelled.
    pub(super) fn end(&mut self, event_type: EventType, previous: u64, outcome: Outcome) {
        let details = match &outcome {
            Outcome::Succeeded { output } => Details::Output { output: Arc::clone(output) },
            Outcome::Failed { error, cause } | Outcome::Aborted { error, cause } => {
                Details::Error { error: error.clone(), cause: cause.clone() }
            }
            Outcome::TimedOut => Details::Error { error: Some(Arc::from(TIMEOUT)), cause: None },
        };
        self.record(MAIN, previous, event_type, details);
        self.execution.outcome = Some(outcome);
        let tasks: Vec<TaskId> = self.execution.tasks.keys().copied().collect();
        for id in tasks {
            self.cancel_task(id);
        }
        let timers: Vec<TimerId> = self.execution.timers.keys().copied().collect();
        for id in timers {
            self.cancel_timer(id);
        }
        self.execution.ready.clear();
        self.keep_for_redrive();
    }
}

/// The variables of a frame and of the frames around it, up to the beginning of a child execution.
struct FrameVariables<'e> {
    frames: &'e BTreeMap<FrameId, Frame>,
    frame: &'e Frame,
}

impl Variables for FrameVariables<'_> {
    fn get(&self, name: &str) -> Option<&Json> {
        let mut frame = self.frame;
        loop {
            if let Some(value) = frame.variables.get(name) {
                return Some(value);
            }
            let outer = self.frames.get(&frame.parent?.0)?;
            if outer.journal != frame.journal {
                return None;
            }
            frame = outer;
        }
    }
}
