//! What a task of a state machine does on this machine.

mod resource;
mod service_error;

use std::sync::Arc;

use mlpp_parameters::Digest;
use mlpp_provider::{ExecutionDescription, ExecutionStatus, StartExecution};
use mlpp_sagemaker::{SageMaker, Service, ServiceError, Waitable};
use mlpp_states::driver::{TaskFailure, TaskHandler, TaskReporter};
use mlpp_states::{TaskPurpose, TaskRequest};
use serde_json::{Value, json};

use crate::executions::status_text;
use crate::workflows::Engine;
use resource::{Pattern, Resource};

/// The error of a task whose job ended badly (Step Functions developer guide, "Error names").
const TASK_FAILED: &str = "States.TaskFailed";
/// The error of a state machine that asks for what is not there.
const RUNTIME: &str = "States.Runtime";

/// Runs the tasks of one execution.
pub(crate) struct Tasks {
    pub(crate) engine: Engine,
    /// ARN of the execution.
    pub(crate) execution_arn: String,
}

impl TaskHandler for Tasks {
    async fn run(&self, request: TaskRequest, reporter: TaskReporter) -> Result<Value, TaskFailure> {
        if request.purpose != TaskPurpose::Task {
            let objects = self.engine.map_objects.clone();
            let answer = tokio::task::spawn_blocking(move || objects.answer(&request)).await;
            return answer.map_err(|error| TaskFailure::new(RUNTIME, error.to_string()))?;
        }
        let Some(resource) = Resource::parse(&request.resource) else {
            return Err(unsupported(&request.resource));
        };
        let parameters = Arc::unwrap_or_clone(request.parameters);
        match resource.service.as_str() {
            "sagemaker" => self.call(Service::SageMaker, &resource, parameters, &reporter).await,
            "applicationautoscaling" => {
                self.call(Service::ApplicationAutoScaling, &resource, parameters, &reporter).await
            }
            "sns" => self.call(Service::Sns, &resource, parameters, &reporter).await,
            "states" if resource.action == "StartExecution" => {
                self.start_execution(&resource, parameters, &reporter).await
            }
            _ => Err(unsupported(&request.resource)),
        }
    }
}

fn unsupported(resource: &str) -> TaskFailure {
    let cause = format!(
        "The resource {resource} is not available on this machine. Available are actions of sagemaker, \
         applicationautoscaling and sns, and states:startExecution."
    );
    TaskFailure::new(RUNTIME, cause)
}

impl Tasks {
    async fn call(
        &self,
        service: Service,
        resource: &Resource,
        parameters: Value,
        reporter: &TaskReporter,
    ) -> Result<Value, TaskFailure> {
        let named = |error: &ServiceError| {
            let request_id = self.request_id(resource, error);
            let (error, cause) = service_error::name_and_cause(resource, error, &request_id);
            TaskFailure::new(error, cause)
        };
        let waitable = match (resource.action.as_str(), resource.pattern) {
            (_, Pattern::RequestResponse) => None,
            ("CreateHyperParameterTuningJob", Pattern::Sync) => {
                Some((Waitable::HyperParameterTuningJob, "HyperParameterTuningJobName"))
            }
            ("CreateTrainingJob", Pattern::Sync) => Some((Waitable::TrainingJob, "TrainingJobName")),
            _ => return Err(unsupported(&format!("{}.sync of {}", resource.action, resource.service))),
        };
        let sagemaker = &self.engine.sagemaker;
        let name = waitable.and_then(|(_, member)| parameters.get(member)?.as_str().map(str::to_owned));
        let answer =
            sagemaker.call(service, &resource.action, parameters).await.map_err(|error| named(&error))?;
        let (Some((waitable, _)), Some(name)) = (waitable, name) else { return Ok(answer) };
        reporter.submitted(answer);
        let mut stop = StopJob { sagemaker, waitable, name: Some(&name) };
        let description = sagemaker.wait(waitable, &name).await.map_err(|error| named(&error))?;
        stop.name = None;
        job_result(description)
    }

    async fn start_execution(
        &self,
        resource: &Resource,
        parameters: Value,
        reporter: &TaskReporter,
    ) -> Result<Value, TaskFailure> {
        let machine = parameters["StateMachineArn"].as_str().unwrap_or_default();
        let input = parameters.get("Input").cloned().unwrap_or_else(|| json!({}));
        let name = match parameters["Name"].as_str() {
            Some(name) => name.to_owned(),
            None => Digest::of(format!("{} {machine} {input}", self.execution_arn)).as_str()[..32].to_owned(),
        };
        let request = StartExecution {
            state_machine_arn: machine.to_owned(),
            name: name.clone(),
            input: input.to_string(),
        };
        let started = self.engine.start(&request).map_err(|error| {
            TaskFailure::new("StepFunctions.StateMachineDoesNotExistException", error.to_string())
        })?;
        let arn = started.execution_arn;
        if resource.pattern == Pattern::RequestResponse {
            return Ok(json!({"ExecutionArn": arn}));
        }
        reporter.submitted(json!({"ExecutionArn": arn}));
        let end =
            self.engine.wait(&arn).await.map_err(|error| TaskFailure::new(TASK_FAILED, error.to_string()))?;
        execution_result(&arn, machine, &name, &input, &end, resource.pattern)
    }

    /// An id for the request, which AWS would make up: a function of the execution and the request, so that a history can
    /// be reproduced.
    fn request_id(&self, resource: &Resource, error: &ServiceError) -> String {
        let digest = Digest::of(format!("{} {} {error}", self.execution_arn, resource.action));
        let digits = digest.as_str();
        format!(
            "{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..32]
        )
    }
}

/// Stops a job when nobody waits for its end any more: a task that is cancelled takes its job with it (Step Functions
/// developer guide, "Run a Job (.sync)").
struct StopJob<'a> {
    sagemaker: &'a SageMaker,
    waitable: Waitable,
    /// `None` when the job has ended.
    name: Option<&'a str>,
}

impl Drop for StopJob<'_> {
    fn drop(&mut self) {
        let (Some(name), Ok(runtime)) = (self.name, tokio::runtime::Handle::try_current()) else { return };
        let (action, member) = match self.waitable {
            Waitable::HyperParameterTuningJob => {
                ("StopHyperParameterTuningJob", "HyperParameterTuningJobName")
            }
            Waitable::TrainingJob => ("StopTrainingJob", "TrainingJobName"),
        };
        let (sagemaker, request) = (self.sagemaker.clone(), json!({member: name}));
        runtime.spawn(async move {
            // A job that has ended in between cannot be stopped, and need not be.
            let _ = sagemaker.call(Service::SageMaker, action, request).await;
        });
    }
}

/// The result of a `.sync` task: the job's description, or its failure with the description as the cause.
fn job_result(description: Value) -> Result<Value, TaskFailure> {
    let status = ["HyperParameterTuningJobStatus", "TrainingJobStatus"]
        .into_iter()
        .find_map(|member| description.get(member)?.as_str());
    if status == Some("Completed") {
        return Ok(description);
    }
    Err(TaskFailure::new(TASK_FAILED, description.to_string()))
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
