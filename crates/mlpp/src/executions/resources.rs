//! The jobs and resources that executions make, as their histories tell.

use mlpp_local::{ExecutionRecord, LocalExecutions};
use mlpp_provider::WorkflowsError;
use mlpp_sagemaker::ResourceKind;
use serde_json::Value;

/// What kinds of resources there are to show, as SageMaker's actions name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceType {
    HyperParameterTuningJob,
    TrainingJob,
    TransformJob,
    Model,
    EndpointConfig,
    Endpoint,
}

const TYPES: [(&str, ResourceType); 6] = [
    ("HyperParameterTuningJob", ResourceType::HyperParameterTuningJob),
    ("TrainingJob", ResourceType::TrainingJob),
    ("TransformJob", ResourceType::TransformJob),
    ("Model", ResourceType::Model),
    ("EndpointConfig", ResourceType::EndpointConfig),
    ("Endpoint", ResourceType::Endpoint),
];

impl ResourceType {
    /// `HyperParameterTuningJob` and the like.
    pub(crate) fn name(self) -> &'static str {
        TYPES.iter().find(|(_, other)| *other == self).map_or("", |(name, _)| name)
    }

    /// The kind as the services of this machine have it.
    pub(crate) fn kind(self) -> ResourceKind {
        match self {
            Self::HyperParameterTuningJob => ResourceKind::HyperParameterTuningJob,
            Self::TrainingJob => ResourceKind::TrainingJob,
            Self::TransformJob => ResourceKind::TransformJob,
            Self::Model => ResourceKind::Model,
            Self::EndpointConfig => ResourceKind::EndpointConfig,
            Self::Endpoint => ResourceKind::Endpoint,
        }
    }
}

/// A job, a model or an endpoint that a task asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) r#type: ResourceType,
    pub(crate) name: String,
}

/// What an execution asked the services to make or update, and what the executions asked for that it started, in their order.
///
/// # Errors
/// The histories cannot be read.
pub(crate) fn made_by(
    executions: &LocalExecutions,
    all: &[ExecutionRecord],
    arn: &str,
) -> Result<Vec<Resource>, WorkflowsError> {
    let history: Vec<Value> =
        executions.history(arn)?.iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
    let mut found = made_in(&history);
    // Those that it started are newer than it: there is no circle.
    for nested in all.iter().rev().filter(|other| other.parent_arn.as_deref() == Some(arn)) {
        for resource in made_by(executions, all, &nested.arn)? {
            if !found.contains(&resource) {
                found.push(resource);
            }
        }
    }
    Ok(found)
}

/// What the tasks of a history asked the services to make or update, in their order.
pub(crate) fn made_in(history: &[Value]) -> Vec<Resource> {
    let mut found = Vec::new();
    for resource in history.iter().filter_map(asked_for) {
        if !found.contains(&resource) {
            found.push(resource);
        }
    }
    found
}

/// ARNs of the executions that the tasks of a history started, in their order.
pub(crate) fn started_in(history: &[Value]) -> Vec<String> {
    let started = |event: &Value| {
        // A task that waits for the end is submitted; one that does not succeeds with the same answer.
        let details =
            event.get("taskSubmittedEventDetails").or_else(|| event.get("taskSucceededEventDetails"))?;
        let is_start = details["resourceType"] == "states"
            && details["resource"].as_str()?.starts_with("startExecution");
        let output: Value = serde_json::from_str(details["output"].as_str().filter(|_| is_start)?).ok()?;
        let arn = output.get("ExecutionArn").or_else(|| output.get("executionArn"))?;
        arn.as_str().map(str::to_owned)
    };
    let mut found: Vec<String> = Vec::new();
    for arn in history.iter().filter_map(started) {
        if !found.contains(&arn) {
            found.push(arn);
        }
    }
    found
}

/// The resource that a `TaskScheduled` event asks to make or update.
fn asked_for(event: &Value) -> Option<Resource> {
    let details = event.get("taskScheduledEventDetails")?;
    let service = details["resourceType"].as_str()?;
    if !matches!(service, "sagemaker" | "aws-sdk:sagemaker") {
        return None;
    }
    let action = details["resource"].as_str()?;
    let action = action.split_once('.').map_or(action, |(action, _)| action);
    let what = action.strip_prefix("create").or_else(|| action.strip_prefix("update"))?;
    let (name, r#type) = TYPES.into_iter().find(|(name, _)| *name == what)?;
    let parameters: Value = serde_json::from_str(details["parameters"].as_str()?).ok()?;
    let name = parameters.get(format!("{name}Name"))?.as_str()?.to_owned();
    Some(Resource { r#type, name })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_tells_which_execution_it_started() {
        let event = |kind: &str, resource: &str| {
            json!({kind: {"resourceType": "states", "resource": resource,
                "output": json!({"ExecutionArn": "arn:child"}).to_string()}})
        };
        let history = [
            event("taskSubmittedEventDetails", "startExecution.sync:2"),
            event("taskSucceededEventDetails", "startExecution.sync:2"),
            event("taskSucceededEventDetails", "stopExecution"),
        ];
        assert_eq!(started_in(&history), ["arn:child"]);
    }

    #[test]
    fn a_scheduled_task_tells_what_it_makes() {
        let event = |service: &str, action: &str, parameters: &Value| {
            json!({"type": "TaskScheduled", "taskScheduledEventDetails": {"resourceType": service, "resource": action,
                "region": "us-east-1", "parameters": parameters.to_string()}})
        };
        let tuning = event(
            "sagemaker",
            "createHyperParameterTuningJob.sync",
            &json!({"HyperParameterTuningJobName": "t"}),
        );
        let found = asked_for(&tuning).unwrap();
        assert_eq!((found.r#type, found.name.as_str()), (ResourceType::HyperParameterTuningJob, "t"));
        let endpoint = event("aws-sdk:sagemaker", "updateEndpoint", &json!({"EndpointName": "e"}));
        assert_eq!(asked_for(&endpoint).unwrap().r#type.name(), "Endpoint");
        let described = event("aws-sdk:sagemaker", "describeEndpoint", &json!({"EndpointName": "e"}));
        assert_eq!(asked_for(&described), None);
        assert_eq!(asked_for(&event("sns", "publish", &json!({"TopicArn": "t"}))), None);
        assert_eq!(asked_for(&json!({"type": "ExecutionStarted"})), None);
    }
}
