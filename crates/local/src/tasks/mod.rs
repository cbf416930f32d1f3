//! What a task of a state machine does on this machine.

mod effect;
mod nested;
mod resource;
mod service_error;

use std::sync::Arc;

use mlpp_parameters::Digest;
use mlpp_provider::with_sources;
use mlpp_sagemaker::{Service, ServiceError, Waitable};
use mlpp_states::driver::{TaskFailure, TaskHandler, TaskReporter};
use mlpp_states::{TaskPurpose, TaskRequest};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::executions::Parent;
use effect::EffectError;
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
        match resource.service.as_str() {
            "sagemaker" => self.call(Service::SageMaker, &resource, request, &reporter).await,
            "applicationautoscaling" => {
                self.call(Service::ApplicationAutoScaling, &resource, request, &reporter).await
            }
            "sns" => self.call(Service::Sns, &resource, request, &reporter).await,
            "states" if resource.action == "StartExecution" => {
                self.start_execution(&resource, request, &reporter).await
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
    /// The task with that request, as its claims name it.
    fn task(&self, request: u64) -> Parent<'_> {
        Parent { execution_arn: &self.execution_arn, task: request }
    }

    async fn call(
        &self,
        service: Service,
        resource: &Resource,
        request: TaskRequest,
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
            ("CreateTransformJob", Pattern::Sync) => Some((Waitable::TransformJob, "TransformJobName")),
            _ => return Err(unsupported(&format!("{}.sync of {}", resource.action, resource.service))),
        };
        let task = self.task(request.id.0);
        let parameters = Arc::unwrap_or_clone(request.parameters);
        let name = waitable.and_then(|(_, member)| parameters.get(member)?.as_str().map(str::to_owned));
        let answer = effect::call_once(&self.engine, task, service, &resource.action, parameters).await;
        let answer = answer.map_err(|error| match error {
            EffectError::Service(error) => named(&error),
            EffectError::Claim(error) => TaskFailure::new(RUNTIME, with_sources(&error)),
        })?;
        let (Some((waitable, _)), Some(name)) = (waitable, name) else { return Ok(answer) };
        reporter.submitted(answer);
        let mut stop = StopOnDrop { engine: &self.engine, what: Started::Job(waitable, &name), armed: true };
        let description = self.engine.sagemaker.wait(waitable, &name).await.map_err(|error| named(&error))?;
        stop.armed = false;
        job_result(description)
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

/// What a `.sync` task started.
enum Started<'a> {
    Job(Waitable, &'a str),
    Execution(&'a str),
}

/// Stops what a task started when nobody waits for its end any more: a task that is cancelled takes it with it (Step
/// Functions developer guide, "Run a Job (.sync)").
struct StopOnDrop<'a> {
    engine: &'a Engine,
    what: Started<'a>,
    /// Whether it has not ended.
    armed: bool,
}

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let engine = self.engine.clone();
        let (action, request) = match self.what {
            Started::Job(Waitable::HyperParameterTuningJob, name) => {
                ("StopHyperParameterTuningJob", json!({"HyperParameterTuningJobName": name}))
            }
            Started::Job(Waitable::TrainingJob, name) => {
                ("StopTrainingJob", json!({"TrainingJobName": name}))
            }
            Started::Job(Waitable::TransformJob, name) => {
                ("StopTransformJob", json!({"TransformJobName": name}))
            }
            Started::Execution(arn) => {
                if !engine.is_leaving() {
                    let cause = "The execution that waited for it was stopped.";
                    // One that has ended in between need not be stopped.
                    let _ = engine.stop(arn, "States.TaskFailed", cause);
                }
                return;
            }
        };
        self.engine.let_go(async move {
            // A job that has ended in between cannot be stopped, and need not be.
            let _ = engine.sagemaker.call(Service::SageMaker, action, request).await;
        });
    }
}

/// The result of a `.sync` task: the job's description, or its failure with the description as the cause.
fn job_result(description: Value) -> Result<Value, TaskFailure> {
    let status = ["HyperParameterTuningJobStatus", "TrainingJobStatus", "TransformJobStatus"]
        .into_iter()
        .find_map(|member| description.get(member)?.as_str());
    if status == Some("Completed") {
        return Ok(description);
    }
    Err(TaskFailure::new(TASK_FAILED, description.to_string()))
}
