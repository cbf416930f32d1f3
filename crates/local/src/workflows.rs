use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlpp_parameters::Digest;
use mlpp_provider::{
    ExecutionDescription, ExecutionStatus, StartExecution, Started, WorkflowKind, Workflows, WorkflowsError,
    with_sources,
};
use mlpp_sagemaker::SageMaker;
use mlpp_states::driver::{self, Observer, StopHandle, StopSignal, SystemClock, stop_channel};
use mlpp_states::{
    Event, Execution, Limits, Outcome, StartParameters, StateMachine, Step, Timestamp, WorkflowType,
};
use tokio::sync::watch;

use crate::definitions::StateMachines;
use crate::executions::{Executions, NewExecution};
use crate::local::{ACCOUNT, REGION};
use crate::map_objects::MapObjects;
use crate::tasks::Tasks;

/// Workflows on this machine: the states engine, with executions kept in SQLite.
///
/// An execution runs in the process that started it; [`LocalWorkflows::wait`] waits for its end.
#[derive(Clone)]
pub struct LocalWorkflows(Engine);

/// What executions need, nested ones as well.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) sagemaker: SageMaker,
    /// What distributed Maps read and write.
    pub(crate) map_objects: MapObjects,
    executions: Executions,
    state_machines: StateMachines,
    running: Arc<Mutex<HashMap<String, Running>>>,
}

/// The end of an execution: `None` while it runs, then whether it could be recorded.
type Ended = Option<Result<(), String>>;

/// The handles of an execution that this process runs.
struct Running {
    stop: StopHandle,
    /// Says when the end is recorded, or why it cannot be.
    ended: watch::Receiver<Ended>,
}

impl Engine {
    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LocalWorkflows {
    pub(crate) fn new(
        executions: Executions,
        state_machines: StateMachines,
        sagemaker: SageMaker,
        map_objects: MapObjects,
    ) -> Self {
        Self(Engine { sagemaker, map_objects, executions, state_machines, running: Arc::default() })
    }

    /// Waits for the end of an execution that this process runs; describes any other at once.
    ///
    /// # Errors
    /// [`WorkflowsError::ExecutionDoesNotExist`].
    pub async fn wait(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.0.wait(execution_arn).await
    }

    /// The history of an execution: events as `GetExecutionHistory` writes them, as JSON texts in their order.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn history(&self, execution_arn: &str) -> Result<Vec<String>, WorkflowsError> {
        self.0.executions.history(execution_arn)
    }

    /// Stops every execution that this process runs, and returns when their ends are recorded.
    pub async fn shutdown(&self) {
        let ends: Vec<_> = {
            let running = self.0.running();
            for execution in running.values() {
                let cause = "The process that ran the execution was ended.";
                execution.stop.stop(Some("Interrupted".to_owned()), Some(cause.to_owned()));
            }
            running.values().map(|execution| execution.ended.clone()).collect()
        };
        for mut ended in ends {
            // The sender is gone when the execution's task is: that is an end as well.
            let _ = ended.wait_for(Option::is_some).await;
        }
    }
}

impl Workflows for LocalWorkflows {
    /// Every state machine of this machine keeps its executions by name.
    async fn kind(&self, state_machine_arn: &str) -> Result<WorkflowKind, WorkflowsError> {
        if self.0.state_machines.contains(state_machine_arn) {
            Ok(WorkflowKind::Standard)
        } else {
            Err(WorkflowsError::StateMachineDoesNotExist(state_machine_arn.to_owned()))
        }
    }

    async fn start(&self, request: StartExecution) -> Result<Started, WorkflowsError> {
        self.0.start(&request)
    }

    async fn describe(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.0.executions.describe(execution_arn)
    }

    async fn stop(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), WorkflowsError> {
        if let Some(execution) = self.0.running().get(execution_arn) {
            execution.stop.stop(Some(error.to_owned()), Some(cause.to_owned()));
            return Ok(());
        }
        self.0.executions.describe(execution_arn).map(|_| ())
    }
}

impl Engine {
    /// Starts an execution in the background of the runtime.
    pub(crate) fn start(&self, request: &StartExecution) -> Result<Started, WorkflowsError> {
        let Some((machine_name, machine)) = self.state_machines.get(&request.state_machine_arn) else {
            return Err(WorkflowsError::StateMachineDoesNotExist(request.state_machine_arn.clone()));
        };
        let input = serde_json::from_str(&request.input)
            .map_err(|error| WorkflowsError::Unavailable(error.into()))?;
        let arn = format!("arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine_name}:{}", request.name);
        let new = NewExecution {
            arn: &arn,
            state_machine_arn: &request.state_machine_arn,
            name: &request.name,
            input: &request.input,
            start_ms: now_ms(),
        };
        if !self.executions.insert(&new)? {
            return Ok(Started { execution_arn: arn, already: true });
        }
        let (stop, stopped) = stop_channel();
        let (ended, end) = watch::channel(None);
        self.running().insert(arn.clone(), Running { stop, ended: end });
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
        let (engine, machine) = (self.clone(), Arc::clone(machine));
        tokio::spawn(async move {
            let end = engine.run(&machine, parameters, stopped).await;
            ended.send_replace(Some(end.map_err(|error| with_sources(&error))));
        });
        Ok(Started { execution_arn: arn, already: false })
    }

    /// Runs an execution and records its end.
    async fn run(
        &self,
        machine: &StateMachine,
        parameters: StartParameters,
        stop: StopSignal,
    ) -> Result<(), WorkflowsError> {
        let arn = Arc::clone(&parameters.execution_arn);
        let tasks = Arc::new(Tasks { engine: self.clone(), execution_arn: arn.to_string() });
        let mut execution = Execution::new(parameters);
        let mut journal = Journal { executions: &self.executions, arn: &arn };
        let end = match driver::run(machine, &mut execution, &tasks, &SystemClock, &mut journal, stop).await {
            Ok(outcome) => description(&outcome),
            Err(error) => ExecutionDescription {
                status: ExecutionStatus::Failed,
                output: None,
                error: Some("States.Runtime".to_owned()),
                cause: Some(with_sources(&error)),
            },
        };
        self.executions.finish(&arn, &end, now_ms())
    }

    /// Waits for the end of an execution that this process runs; describes any other at once.
    pub(crate) async fn wait(&self, execution_arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        let ended = self.running().get(execution_arn).map(|execution| execution.ended.clone());
        if let Some(mut ended) = ended {
            let ended = ended.wait_for(Option::is_some).await.map(|ended| ended.clone());
            let gone = || Some(Err("the execution's task ended too early".to_owned()));
            if let Some(Err(reason)) = ended.unwrap_or_else(|_| gone()) {
                return Err(WorkflowsError::Unavailable(reason.into()));
            }
        }
        self.executions.describe(execution_arn)
    }
}

/// Keeps the history of an execution.
struct Journal<'a> {
    executions: &'a Executions,
    arn: &'a str,
}

impl Observer for Journal<'_> {
    type Error = WorkflowsError;

    async fn observe(
        &mut self,
        _: &Execution,
        _: &Event,
        _: Timestamp,
        step: &Step,
    ) -> Result<(), Self::Error> {
        let events: Vec<_> =
            step.events.iter().map(|event| (event.id, event.to_json().to_string())).collect();
        self.executions.append(self.arn, &events)
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
