//! Calls of services that a task makes once, though it be asked for again after a crash.
//!
//! An execution is recorded before a call is made and after it was answered. A process that is killed between the two leaves
//! a task that is asked for again, and a service that may have done what it was asked. So the task claims what it is about to
//! make, change or delete, where the service does not have it so already. What a task finds done under its own claim it did
//! itself, and it answers what the service answered. What it finds without a claim of its own is of somebody else: the call is
//! made, and refused by the service's own rules.

use mlpp_provider::WorkflowsError;
use mlpp_sagemaker::{Service, ServiceError};
use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::executions::Parent;

/// Why a call gave nothing.
#[derive(Debug)]
pub(super) enum EffectError {
    /// The service's answer.
    Service(ServiceError),
    /// The claim cannot be read or written.
    Claim(WorkflowsError),
}

impl From<WorkflowsError> for EffectError {
    fn from(error: WorkflowsError) -> Self {
        Self::Claim(error)
    }
}

/// What an action does to a resource of SageMaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    Update,
    Delete,
}

/// Verb and kind of resource of an action: `CreateModel` is (`Create`, `Model`); `None` for one that can be repeated.
fn effect_of(action: &str) -> Option<(Verb, &str)> {
    [("Create", Verb::Create), ("Update", Verb::Update), ("Delete", Verb::Delete)]
        .into_iter()
        .find_map(|(prefix, verb)| Some((verb, action.strip_prefix(prefix)?)))
}

/// Calls a service for a task: what the task did before, as far as that can be told, is not done again.
pub(super) async fn call_once(
    engine: &Engine,
    task: Parent<'_>,
    service: Service,
    action: &str,
    request: Value,
) -> Result<Value, EffectError> {
    let call = |request| async { engine.sagemaker.call(service, action, request).await };
    let effect = effect_of(action).filter(|_| service == Service::SageMaker);
    let named = effect.and_then(|(verb, kind)| {
        let name = request.get(format!("{kind}Name"))?.as_str()?.to_owned();
        Some((verb, kind, name))
    });
    let Some((verb, kind, name)) = named else { return call(request).await.map_err(EffectError::Service) };
    let _one = engine.making.lock().await;
    let describe = json!({format!("{kind}Name"): name});
    // Where it cannot be described there is none; the call tells every other reason.
    let found = engine.sagemaker.call(Service::SageMaker, &format!("Describe{kind}"), describe).await.ok();
    let resource = match verb {
        Verb::Create => format!("{kind}/{name}"),
        Verb::Update | Verb::Delete => format!("{action}/{name}"),
    };
    let claimed = engine.executions.is_claimed_by(&resource, task)?;
    let is_done = match verb {
        Verb::Create => found.is_some(),
        Verb::Update => found.as_ref().is_some_and(|found| has_all(found, &request)),
        Verb::Delete => found.is_none(),
    };
    if is_done && claimed {
        return Ok(answer(verb, kind, found.as_ref()));
    }
    if !is_done && !claimed {
        engine.executions.claim(&resource, task)?;
    }
    call(request).await.map_err(EffectError::Service)
}

/// Whether a description shows every member of the request that made it so.
fn has_all(description: &Value, request: &Value) -> bool {
    let Some(members) = request.as_object() else { return false };
    members.iter().all(|(member, value)| description.get(member) == Some(value))
}

/// What the service answers to such an action: the ARN of what was made or changed, nothing to a delete.
fn answer(verb: Verb, kind: &str, found: Option<&Value>) -> Value {
    let mut answer = Map::new();
    if verb != Verb::Delete {
        let member = format!("{kind}Arn");
        let arn = found.and_then(|found| found.get(&member)).cloned().unwrap_or_default();
        answer.insert(member, arn);
    }
    Value::Object(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_of_an_action_is_in_its_name() {
        assert_eq!(effect_of("CreateTrainingJob"), Some((Verb::Create, "TrainingJob")));
        assert_eq!(effect_of("UpdateEndpoint"), Some((Verb::Update, "Endpoint")));
        assert_eq!(effect_of("DeleteModel"), Some((Verb::Delete, "Model")));
        assert_eq!(effect_of("DescribeEndpoint"), None);
    }

    #[test]
    fn an_answer_is_the_services() {
        let found = json!({"ModelName": "m", "ModelArn": "arn:m"});
        assert_eq!(answer(Verb::Create, "Model", Some(&found)), json!({"ModelArn": "arn:m"}));
        assert_eq!(answer(Verb::Delete, "Model", None), json!({}));
    }
}
