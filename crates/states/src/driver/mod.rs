//! Runs an execution: carries out the core's commands with a task handler and a clock, and feeds it what happens.
//!
//! Tasks run concurrently, each as a task of the tokio runtime; a task that is no longer wanted is dropped where it awaits. Every step
//! is shown to the [`Observer`] before its commands are carried out, so that what is persisted is never behind what was done.

mod clock;
mod handler;
mod stop;
mod tasks;

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;

pub use clock::{Clock, SystemClock, VirtualClock};
pub use handler::{TaskFailure, TaskHandler, TaskReporter};
pub use stop::{StopHandle, StopSignal, stop_channel};

use crate::definition::StateMachine;
use crate::execution::{Command, Event, Execution, NotRedrivable, Outcome, Step, TimerId};
use crate::time::Timestamp;
use tasks::Tasks;

/// Sees every step of an execution as it happens.
pub trait Observer: Send {
    /// What can go wrong in persisting a step.
    type Error: std::error::Error + Send + Sync + 'static;

    /// `execution` took in `event` at `now`, with the result `step`. Its commands are carried out after this returns.
    ///
    /// To persist an execution, keep either the events with their times, and feed them to a new [`Execution`] of the same parameters;
    /// or the execution itself.
    fn observe(
        &mut self,
        execution: &Execution,
        event: &Event,
        now: Timestamp,
        step: &Step,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// An observer that looks at nothing.
impl Observer for () {
    type Error = std::convert::Infallible;

    async fn observe(&mut self, _: &Execution, _: &Event, _: Timestamp, _: &Step) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Why an execution could not be driven to its end.
#[derive(Debug, thiserror::Error)]
pub enum DriverError<E: std::error::Error + 'static> {
    /// The observer could not persist a step. The execution can be taken over from what was persisted before.
    #[error("persisting a step of the execution: {0}")]
    Observer(#[source] E),
    /// The execution cannot be redriven.
    #[error(transparent)]
    NotRedrivable(#[from] NotRedrivable),
    /// Nothing is under way that could end the execution; only one that belongs to another definition gets there.
    #[error("the execution waits for nothing")]
    Stalled,
}

/// Drives `execution` to its end: one that is new, or one that was persisted, whose tasks under way are then done again.
///
/// Dropping the future drops all tasks under way and leaves `execution` as the last step had it.
///
/// # Errors
/// See [`DriverError`]. An execution that fails is no error but an [`Outcome`].
pub async fn run<H, C, O>(
    machine: &StateMachine,
    execution: &mut Execution,
    handler: &Arc<H>,
    clock: &C,
    observer: &mut O,
    stop: StopSignal,
) -> Result<Outcome, DriverError<O::Error>>
where
    H: TaskHandler + 'static,
    C: Clock,
    O: Observer,
{
    let mut driver = Driver::new(machine, handler, clock, observer, stop);
    if execution.has_started() {
        for command in execution.pending_commands() {
            driver.carry_out(command);
        }
        if execution.has_more() {
            driver.step(execution, Event::Continue).await?;
        }
    } else {
        driver.step(execution, Event::Started).await?;
    }
    driver.finish(execution).await
}

/// Redrives an execution that did not succeed, and drives it to its end: see [`Event::Redriven`].
///
/// # Errors
/// See [`DriverError`].
pub async fn redrive<H, C, O>(
    machine: &StateMachine,
    execution: &mut Execution,
    handler: &Arc<H>,
    clock: &C,
    observer: &mut O,
    stop: StopSignal,
) -> Result<Outcome, DriverError<O::Error>>
where
    H: TaskHandler + 'static,
    C: Clock,
    O: Observer,
{
    execution.redrivable()?;
    let mut driver = Driver::new(machine, handler, clock, observer, stop);
    driver.step(execution, Event::Redriven).await?;
    driver.finish(execution).await
}

struct Driver<'d, H, C, O> {
    machine: &'d StateMachine,
    clock: &'d C,
    observer: &'d mut O,
    stop: StopSignal,
    tasks: Tasks<H>,
    /// Timers by their instants.
    queue: BTreeSet<(Timestamp, TimerId)>,
    timers: HashMap<TimerId, Timestamp>,
}

impl<'d, H: TaskHandler + 'static, C: Clock, O: Observer> Driver<'d, H, C, O> {
    fn new(
        machine: &'d StateMachine,
        handler: &Arc<H>,
        clock: &'d C,
        observer: &'d mut O,
        stop: StopSignal,
    ) -> Self {
        let tasks = Tasks::new(Arc::clone(handler));
        Self { machine, clock, observer, stop, tasks, queue: BTreeSet::new(), timers: HashMap::new() }
    }

    async fn finish(&mut self, execution: &mut Execution) -> Result<Outcome, DriverError<O::Error>> {
        loop {
            if let Some(outcome) = execution.outcome() {
                return Ok(outcome.clone());
            }
            let event = self.next_event().await.ok_or(DriverError::Stalled)?;
            self.step(execution, event).await?;
        }
    }

    /// Takes in an event, and all that follows from it at once.
    async fn step(&mut self, execution: &mut Execution, event: Event) -> Result<(), DriverError<O::Error>> {
        let now = self.clock.now();
        let mut event = event;
        loop {
            let step = execution.step(self.machine, event.clone(), now);
            self.observer.observe(execution, &event, now, &step).await.map_err(DriverError::Observer)?;
            for command in step.commands {
                self.carry_out(command);
            }
            if !step.more {
                return Ok(());
            }
            event = Event::Continue;
            // A machine that never waits must not keep the runtime from its other tasks.
            tokio::task::yield_now().await;
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::ScheduleTask(request) => self.tasks.begin(*request),
            Command::CancelTask { id } => self.tasks.cancel(id),
            Command::StartTimer { id, at } => {
                self.queue.insert((at, id));
                self.timers.insert(id, at);
            }
            Command::CancelTimer { id } => {
                if let Some(at) = self.timers.remove(&id) {
                    self.queue.remove(&(at, id));
                }
            }
        }
    }

    /// What happens next, `None` where nothing can.
    async fn next_event(&mut self) -> Option<Event> {
        let first = self.queue.first().copied();
        let idle = self.tasks.is_empty();
        if first.is_none() && idle && self.stop.is_never() {
            return None;
        }
        let clock = self.clock;
        tokio::select! {
            biased;
            (error, cause) = self.stop.wait() => Some(Event::StopExecution { error, cause }),
            event = self.tasks.next(), if !idle => event,
            () = async {
                match first {
                    Some((at, _)) => clock.wait_until(at, idle).await,
                    None => std::future::pending().await,
                }
            } => {
                let (at, id) = first?;
                self.queue.remove(&(at, id));
                self.timers.remove(&id);
                Some(Event::TimerFired { id })
            }
        }
    }
}
