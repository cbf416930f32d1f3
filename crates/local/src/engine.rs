//! The executions that this process runs.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mlpp_parameters::Digest;
use mlpp_provider::{
    ExecutionDescription, ExecutionStatus, StartExecution, Started, WorkflowsError, with_sources,
};
use mlpp_sagemaker::SageMaker;
use mlpp_states::driver::{self, DriverError, Observer, StopHandle, StopSignal, SystemClock, stop_channel};
use mlpp_states::{
    Event, Execution, Limits, NotRedrivable, Outcome, StartParameters, StateMachine, Step, Timestamp,
    WorkflowType,
};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::definitions::StateMachines;
use crate::executions::{
    Executions, JournalError, Journalled, NewExecution, Parent, StepRecord, status_text,
};
use crate::local::{ACCOUNT, REGION};
use crate::map_objects::MapObjects;
use crate::tasks::Tasks;

/// How long it may take until a stop that another process asked for is noticed.
const LOOK_FOR_STOP: Duration = Duration::from_millis(500);

/// What executions need, nested ones as well. Clones share it.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) sagemaker: SageMaker,
    /// What distributed Maps read and write.
    pub(crate) map_objects: MapObjects,
    pub(crate) executions: Executions,
    pub(crate) state_machines: StateMachines,
    /// Held while a task sees whether there is something of a name, claims the name and makes it.
    pub(crate) making: Arc<tokio::sync::Mutex<()>>,
    running: Arc<Mutex<HashMap<String, Running>>>,
    /// Stops of jobs that are under way.
    stops: Arc<Mutex<JoinSet<()>>>,
    /// Whether the executions are being left to whoever resumes them.
    leaving: Arc<AtomicBool>,
}

/// The end of an execution: `None` while it runs, then whether it could be recorded.
type Ended = Option<Result<(), String>>;

/// The handles of an execution that this process runs, or ran.
struct Running {
    stop: StopHandle,
    /// Says when the end is recorded, or why it cannot be.
    ended: watch::Receiver<Ended>,
    task: AbortHandle,
}

/// Why an execution does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// It has ended.
    #[error("the execution has ended: its status is {}", status_text(*.0))]
    Ended(ExecutionStatus),
    /// It cannot be redriven.
    #[error(transparent)]
    NotRedrivable(#[from] NotRedrivable),
    /// It cannot be made of its journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<WorkflowsError> for ResumeError {
    fn from(error: WorkflowsError) -> Self {
        Self::Journal(error.into())
    }
}

/// Whether an execution that ended so can be redriven.
pub fn is_redrivable(status: ExecutionStatus) -> bool {
    !matches!(status, ExecutionStatus::Running | ExecutionStatus::Succeeded)
}

/// How an execution is driven.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drive {
    /// From where it stands.
    On,
    /// By a redrive.
    Again,
}

impl Engine {
    pub(crate) fn new(
        executions: Executions,
        state_machines: StateMachines,
        sagemaker: SageMaker,
        map_objects: MapObjects,
    ) -> Self {
        Self {
            sagemaker,
            map_objects,
            executions,
            state_machines,
            making: Arc::default(),
            running: Arc::default(),
            stops: Arc::default(),
            leaving: Arc::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process runs the execution now.
    pub(crate) fn runs(&self, execution_arn: &str) -> bool {
        self.running().get(execution_arn).is_some_and(Running::is_under_way)
    }

    /// Whether the executions are being left to whoever resumes them: what they started is left as well, then.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    /// Starts an execution in the background of the runtime; `parent` is the task that starts it.
    pub(crate) fn start(
        &self,
        request: &StartExecution,
        parent: Option<Parent<'_>>,
    ) -> Result<Started, WorkflowsError> {
        let (started, execution) = record_start(&self.executions, &self.state_machines, request, parent)?;
        if let Some((machine, execution)) = execution {
            self.spawn(&started.execution_arn, machine, execution, 0, Drive::On);
        }
        Ok(started)
    }

    /// Goes on with an execution that no process runs; nothing happens where this one does.
    pub(crate) fn resume(&self, execution_arn: &str) -> Result<(), ResumeError> {
        if self.runs(execution_arn) {
            return Ok(());
        }
        let status = self.executions.describe(execution_arn)?.status;
        if status != ExecutionStatus::Running {
            return Err(ResumeError::Ended(status));
        }
        let Journalled { machine, execution, steps } = self.executions.replay(execution_arn)?;
        self.spawn(execution_arn, Arc::new(machine), execution, steps, Drive::On);
        Ok(())
    }

    /// Redrives an execution that did not succeed.
    pub(crate) fn redrive(&self, execution_arn: &str) -> Result<(), ResumeError> {
        if self.executions.describe(execution_arn)?.status == ExecutionStatus::Running {
            return Err(NotRedrivable::Running.into());
        }
        let Journalled { machine, execution, steps } = self.executions.replay(execution_arn)?;
        execution.redrivable()?;
        self.spawn(execution_arn, Arc::new(machine), execution, steps, Drive::Again);
        Ok(())
    }

    fn spawn(
        &self,
        execution_arn: &str,
        machine: Arc<StateMachine>,
        mut execution: Execution,
        steps: u64,
        drive: Drive,
    ) {
        let mut running = self.running();
        if self.is_leaving() || running.get(execution_arn).is_some_and(Running::is_under_way) {
            return;
        }
        let (stop, stopped) = stop_channel();
        let (ended, end) = watch::channel(None);
        let (engine, arn, handle) = (self.clone(), execution_arn.to_owned(), stop.clone());
        let task = tokio::spawn(async move {
            let end = tokio::select! {
                end = engine.drive(&arn, &machine, &mut execution, steps, drive, stopped) => end,
                never = engine.look_for_stop(&arn, &handle) => match never {},
            };
            ended.send_replace(Some(end.map_err(|error| with_sources(&error))));
        });
        let running_now = Running { stop, ended: end, task: task.abort_handle() };
        running.insert(execution_arn.to_owned(), running_now);
    }

    /// Runs an execution and records its end.
    async fn drive(
        &self,
        arn: &str,
        machine: &StateMachine,
        execution: &mut Execution,
        steps: u64,
        drive: Drive,
        stop: StopSignal,
    ) -> Result<(), WorkflowsError> {
        // A task may wait for an endpoint that a process began to deploy which is gone.
        self.sagemaker.resume_endpoints().await.map_err(|error| WorkflowsError::Unavailable(error.into()))?;
        let tasks = Arc::new(Tasks { engine: self.clone(), execution_arn: arn.to_owned() });
        let mut journal = Journal { executions: &self.executions, arn, steps };
        let end = match drive {
            Drive::On => driver::run(machine, execution, &tasks, &SystemClock, &mut journal, stop).await,
            Drive::Again => {
                driver::redrive(machine, execution, &tasks, &SystemClock, &mut journal, stop).await
            }
        };
        match end {
            Ok(_) => Ok(()),
            // What cannot be recorded is not done: who resumes the execution goes on from what was recorded last.
            Err(DriverError::Observer(error)) => Err(error),
            Err(error) => {
                let end = ExecutionDescription {
                    status: ExecutionStatus::Failed,
                    output: None,
                    error: Some("States.Runtime".to_owned()),
                    cause: Some(with_sources(&error)),
                };
                self.executions.finish(arn, &end, now_ms())
            }
        }
    }

    /// Gives the stop that another process asks for.
    async fn look_for_stop(&self, arn: &str, stop: &StopHandle) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(LOOK_FOR_STOP).await;
            // What cannot be read now is looked for again.
            let recorded = self.executions.recorded(arn).ok().flatten();
            if let Some((error, cause)) = recorded.and_then(|recorded| recorded.stop) {
                stop.stop(Some(error), Some(cause));
                return std::future::pending().await;
            }
        }
    }

    /// Waits for the end of an execution that this process runs; describes any other at once.
    pub(crate) async fn wait(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        let ended = self.running().get(execution_arn).map(|execution| execution.ended.clone());
        if let Some(mut ended) = ended {
            match ended.wait_for(Option::is_some).await.map(|ended| ended.clone()) {
                Ok(Some(Err(reason))) => return Err(WorkflowsError::Unavailable(reason.into())),
                Ok(_) => {}
                // It was left to whoever resumes it, and so is what waits for it.
                Err(_) if self.is_leaving() => std::future::pending().await,
                Err(_) => {
                    return Err(WorkflowsError::Unavailable("the execution's task ended too early".into()));
                }
            }
        }
        self.executions.describe(execution_arn)
    }

    /// Stops an execution, now or, when no process runs it, as soon as it is resumed; one that has ended stays as it is.
    pub(crate) fn stop(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), WorkflowsError> {
        if let Some(execution) = self.running().get(execution_arn).filter(|running| running.is_under_way()) {
            execution.stop.stop(Some(error.to_owned()), Some(cause.to_owned()));
            return Ok(());
        }
        self.executions.describe(execution_arn)?;
        self.executions.ask_to_stop(execution_arn, error, cause).map(|_| ())
    }

    /// Lets go of a job that nobody waits for any more: `stop` stops it, unless the executions are being left.
    pub(crate) fn let_go(&self, stop: impl Future<Output = ()> + Send + 'static) {
        if self.is_leaving() || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let mut stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        while stops.try_join_next().is_some() {}
        stops.spawn(stop);
    }

    /// Leaves every execution that this process runs to whoever resumes it; returns when none of them does anything any more.
    pub(crate) async fn suspend(&self) {
        let ends: Vec<_> = {
            let running = self.running();
            self.leaving.store(true, Ordering::SeqCst);
            running.values().for_each(|execution| execution.task.abort());
            running.values().map(|execution| execution.ended.clone()).collect()
        };
        for mut ended in ends {
            // The sender is gone when the execution's task is: that is an end as well.
            let _ = ended.wait_for(Option::is_some).await;
        }
        let mut stops = std::mem::take(&mut *self.stops.lock().unwrap_or_else(PoisonError::into_inner));
        while stops.join_next().await.is_some() {}
    }
}

impl Running {
    fn is_under_way(&self) -> bool {
        self.ended.borrow().is_none() && self.ended.has_changed().is_ok()
    }
}

/// An execution that begins, with its state machine.
type Fresh = (Arc<StateMachine>, Execution);

/// Records the start of an execution; gives it back if it is new.
pub(crate) fn record_start(
    executions: &Executions,
    state_machines: &StateMachines,
    request: &StartExecution,
    parent: Option<Parent<'_>>,
) -> Result<(Started, Option<Fresh>), WorkflowsError> {
    let Some((machine_name, definition)) = state_machines.get(&request.state_machine_arn) else {
        return Err(WorkflowsError::StateMachineDoesNotExist(request.state_machine_arn.clone()));
    };
    let input =
        serde_json::from_str(&request.input).map_err(|error| WorkflowsError::Unavailable(Box::new(error)))?;
    let arn = execution_arn(machine_name, &request.name);
    let parameters = StartParameters {
        input: Arc::new(input),
        execution_arn: arn.as_str().into(),
        execution_name: request.name.as_str().into(),
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/workflow").into(),
        state_machine_arn: request.state_machine_arn.as_str().into(),
        state_machine_name: machine_name.into(),
        workflow: WorkflowType::Standard,
        redrive_count: Some(0),
        seed: seed_of(&arn),
        limits: Limits::default(),
    };
    let new = NewExecution {
        parameters: &parameters,
        input: &request.input,
        definition: &definition.text,
        parent,
        start_ms: now_ms(),
    };
    let already = !executions.insert(&new)?;
    let fresh = (!already).then(|| (Arc::clone(&definition.machine), Execution::new(parameters)));
    Ok((Started { execution_arn: arn, already }, fresh))
}

/// The ARN of an execution on this machine.
pub(crate) fn execution_arn(machine_name: &str, name: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine_name}:{name}")
}

/// Records every step of an execution before its commands are carried out.
struct Journal<'a> {
    executions: &'a Executions,
    arn: &'a str,
    steps: u64,
}

impl Observer for Journal<'_> {
    type Error = WorkflowsError;

    async fn observe(
        &mut self,
        execution: &Execution,
        event: &Event,
        now: Timestamp,
        step: &Step,
    ) -> Result<(), Self::Error> {
        let history: Vec<_> =
            step.events.iter().map(|event| (event.id, event.to_json().to_string())).collect();
        let end = execution.outcome().map(description);
        let record =
            StepRecord { number: self.steps, time: now, event, history: &history, end: end.as_ref() };
        self.executions.record(self.arn, &record)?;
        self.steps += 1;
        Ok(())
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn description(outcome: &Outcome) -> ExecutionDescription {
    let text = |text: &Option<Arc<str>>| text.as_ref().map(ToString::to_string);
    let (status, output, error, cause) = match outcome {
        Outcome::Succeeded { output } => (ExecutionStatus::Succeeded, Some(output.to_string()), None, None),
        Outcome::Failed { error, cause } => (ExecutionStatus::Failed, None, text(error), text(cause)),
        Outcome::TimedOut => (ExecutionStatus::TimedOut, None, None, None),
        Outcome::Aborted { error, cause } => (ExecutionStatus::Aborted, None, text(error), text(cause)),
    };
    ExecutionDescription { status, output, error, cause }
}

/// What is random in an execution follows from its ARN, so that it can be reproduced.
fn seed_of(arn: &str) -> u64 {
    u64::from_str_radix(&Digest::of(arn).as_str()[..16], 16).unwrap_or_default()
}
