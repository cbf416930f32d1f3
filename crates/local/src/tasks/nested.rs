//! Executions that a task starts.

use std::sync::Arc;

use mlpp_parameters::Digest;
use mlpp_provider::{ExecutionDescription, ExecutionStatus, StartExecution, WorkflowsError, with_sources};
use mlpp_states::TaskRequest;
use mlpp_states::driver::{TaskFailure, TaskReporter};
use serde_json::{Value, json};

use super::resource::{Pattern, Resource};
use super::{RUNTIME, Started, StopOnDrop, TASK_FAILED, Tasks};
use crate::engine::{ResumeError, is_redrivable};
use crate::executions::status_text;

/// What a task is to do with an execution that was there already.
enum Found {
    /// It is the task's own, or one of that name and input runs: wait for it.
    Same,
    /// It failed before the task's execution was redriven: redrive it.
    Redrive,
    /// It is another one.
    Other,
}

impl Tasks {
    pub(super) async fn start_execution(
        &self,
        resource: &Resource,
        request: TaskRequest,
        reporter: &TaskReporter,
    ) -> Result<Value, TaskFailure> {
        let task = self.task(request.id.0);
        let parameters = Arc::unwrap_or_clone(request.parameters);
        let machine = parameters["StateMachineArn"].as_str().unwrap_or_default();
        let input = parameters.get("Input").cloned().unwrap_or_else(|| json!({}));
        let name = match parameters["Name"].as_str() {
            Some(name) => name.to_owned(),
            // The service makes one up; this one is the same when the task is asked for again.
            None => Digest::of(format!("{} {}", self.execution_arn, task.task)).as_str()[..32].to_owned(),
        };
        let request = StartExecution {
            state_machine_arn: machine.to_owned(),
            name: name.clone(),
            input: input.to_string(),
        };
        let started = self.engine.start(&request, Some(task)).map_err(|error| match error {
            WorkflowsError::StateMachineDoesNotExist(_) => {
                TaskFailure::new("StepFunctions.StateMachineDoesNotExistException", error.to_string())
            }
            other => TaskFailure::new(RUNTIME, with_sources(&other)),
        })?;
        let arn = started.execution_arn;
        if started.already {
            self.take_up(&arn, &request, task.task)?;
        }
        if resource.pattern == Pattern::RequestResponse {
            return Ok(json!({"ExecutionArn": arn}));
        }
        reporter.submitted(json!({"ExecutionArn": arn}));
        let mut stop = StopOnDrop { engine: &self.engine, what: Started::Execution(&arn), armed: true };
        let end = self.engine.wait(&arn).await;
        stop.armed = false;
        let end = end.map_err(|error| TaskFailure::new(TASK_FAILED, with_sources(&error)))?;
        execution_result(&arn, machine, &name, &input, &end, resource.pattern)
    }

    /// Goes on with an execution that was there already, if it is the one that the task means.
    fn take_up(&self, arn: &str, request: &StartExecution, task: u64) -> Result<(), TaskFailure> {
        let failed = |error: ResumeError| TaskFailure::new(RUNTIME, with_sources(&error));
        let done = match self.find(arn, request, task).map_err(|error| failed(error.into()))? {
            Found::Same => self.engine.resume(arn),
            Found::Redrive => {
                let given = self.engine.executions.give_to(arn, self.task(task));
                given.map_err(ResumeError::from).and_then(|()| self.engine.redrive(arn))
            }
            Found::Other => {
                // StartExecution, API reference: the name is of an execution with another input, or of one that has ended.
                let cause = format!(
                    "Execution Already Exists: '{arn}' (Service: AWSStepFunctions; Status Code: 400; Error Code: \
                     ExecutionAlreadyExists; Proxy: null)"
                );
                return Err(TaskFailure::new("StepFunctions.ExecutionAlreadyExistsException", cause));
            }
        };
        match done {
            // One that has ended needs no going on.
            Ok(()) | Err(ResumeError::Ended(_)) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    fn find(&self, arn: &str, request: &StartExecution, task: u64) -> Result<Found, WorkflowsError> {
        let executions = &self.engine.executions;
        let found = executions.get(arn)?;
        let recorded = executions.recorded(arn)?.unwrap_or_default();
        let parent = recorded.parent().filter(|parent| parent.execution_arn == self.execution_arn);
        let own = executions.recorded(&self.execution_arn)?.unwrap_or_default();
        let ended_before_redrive =
            found.stop.zip(own.redriven_ms).is_some_and(|(stop, redriven)| stop.as_millisecond() <= redriven);
        if parent.is_some() && is_redrivable(found.description.status) && ended_before_redrive {
            return Ok(Found::Redrive);
        }
        let runs = found.description.status == ExecutionStatus::Running;
        let is_own = parent.is_some_and(|parent| parent.task == task);
        Ok(if is_own || (runs && found.input == request.input) { Found::Same } else { Found::Other })
    }
}

/// The result of a nested execution: its description, or its failure with the description as the cause.
fn execution_result(
    arn: &str,
    machine: &str,
    name: &str,
    input: &Value,
    end: &ExecutionDescription,
    pattern: Pattern,
) -> Result<Value, TaskFailure> {
    let as_json = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let mut description = json!({
        "ExecutionArn": arn,
        "StateMachineArn": machine,
        "Name": name,
        "Status": status_text(end.status),
        "Input": if pattern == Pattern::Sync2 { input.clone() } else { Value::String(input.to_string()) },
    });
    if let Some(output) = &end.output {
        description["Output"] =
            if pattern == Pattern::Sync2 { as_json(output) } else { Value::String(output.clone()) };
    }
    if end.status == ExecutionStatus::Succeeded {
        return Ok(description);
    }
    for (member, value) in [("Error", &end.error), ("Cause", &end.cause)] {
        if let Some(value) = value {
            description[member] = Value::String(value.clone());
        }
    }
    Err(TaskFailure::new(TASK_FAILED, description.to_string()))
}
