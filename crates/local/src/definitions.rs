use std::collections::BTreeMap;
use std::sync::Arc;

use mlpp_provider::{WorkflowKind, WorkflowsError};
use mlpp_states::{DefinitionError, StateMachine, SubstitutionError, substitute};

use crate::local::{ACCOUNT, REGION};
use crate::shipped::STATE_MACHINES;

/// The state machines of a project, by name: those that are shipped and its own, checked and compiled.
#[derive(Debug, Clone)]
pub struct StateMachines(BTreeMap<String, Definition>);

/// A definition, and what it compiles to.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    /// The text, with `${Name}` replaced in it.
    pub(crate) text: Arc<str>,
    pub(crate) machine: Arc<StateMachine>,
}

/// Why a state machine cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the state machine \"{name}\" is not valid")]
pub struct StateMachineError {
    /// The state machine.
    pub name: String,
    /// Its definition, which the findings point into; `${Name}` is replaced in it.
    pub definition: String,
    /// What is wrong.
    #[source]
    pub reason: StateMachineFault,
}

/// What is wrong with a state machine.
#[derive(Debug, thiserror::Error)]
pub enum StateMachineFault {
    /// A `${Name}` without a value.
    #[error(transparent)]
    Substitution(#[from] SubstitutionError),
    /// The definition.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
}

impl StateMachines {
    /// Checks the shipped state machines and the project's `own` (definitions by name; one with the name of a shipped one
    /// replaces it), with `${Name}` replaced from `substitutions` and from what every local project has.
    ///
    /// # Errors
    /// [`StateMachineError`] for the first that is not valid.
    pub fn compile(
        own: &BTreeMap<String, String>,
        substitutions: &BTreeMap<String, String>,
    ) -> Result<Self, StateMachineError> {
        let mut values = local_substitutions();
        values.extend(substitutions.iter().map(|(name, value)| (name.clone(), value.clone())));
        let mut definitions: BTreeMap<&str, &str> = STATE_MACHINES.into_iter().collect();
        definitions.extend(own.iter().map(|(name, definition)| (name.as_str(), definition.as_str())));
        let mut machines = BTreeMap::new();
        for (name, definition) in definitions {
            let fault = |definition: &str, reason| StateMachineError {
                name: name.to_owned(),
                definition: definition.to_owned(),
                reason,
            };
            let text = substitute(definition, &values).map_err(|error| fault(definition, error.into()))?;
            let machine = StateMachine::parse(&text).map_err(|error| fault(&text, error.into()))?;
            machines.insert(name.to_owned(), Definition { text: text.into(), machine: Arc::new(machine) });
        }
        Ok(Self(machines))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is a state machine of that name or ARN.
    pub fn contains(&self, name_or_arn: &str) -> bool {
        self.0.contains_key(name_of(name_or_arn))
    }

    /// How executions of a state machine are kept: each of this machine by its name.
    pub(crate) fn kind(&self, name_or_arn: &str) -> Result<WorkflowKind, WorkflowsError> {
        if self.contains(name_or_arn) {
            Ok(WorkflowKind::Standard)
        } else {
            Err(WorkflowsError::StateMachineDoesNotExist(name_or_arn.to_owned()))
        }
    }

    /// The state machine of that name or ARN, with its name.
    pub(crate) fn get(&self, name_or_arn: &str) -> Option<(&str, &Definition)> {
        self.0.get_key_value(name_of(name_or_arn)).map(|(name, definition)| (name.as_str(), definition))
    }
}

/// The ARN on this machine of the state machine with that name or ARN.
pub fn state_machine_arn(name_or_arn: &str) -> String {
    format!("arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{}", name_of(name_or_arn))
}

fn name_of(name_or_arn: &str) -> &str {
    name_or_arn.rsplit(':').next().unwrap_or(name_or_arn)
}

/// The values that the stack would give, for this machine. Roles and topics have no meaning here but a name.
fn local_substitutions() -> BTreeMap<String, String> {
    let role = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
    [
        ("StackName", "mlpp".to_owned()),
        ("Environment", "development".to_owned()),
        ("TrainingRoleArn", role("training")),
        ("ModelRoleArn", role("model")),
        ("FailureNotificationTopicArn", format!("arn:aws:sns:{REGION}:{ACCOUNT}:failures")),
        ("CompletionNotificationTopicArn", format!("arn:aws:sns:{REGION}:{ACCOUNT}:completions")),
        ("ModelTuningStateMachineArn", state_machine_arn("model-tuning")),
        ("EndpointDeploymentStateMachineArn", state_machine_arn("endpoint-deployment")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_state_machines_are_valid() {
        let machines = StateMachines::compile(&BTreeMap::new(), &BTreeMap::new()).unwrap();
        assert_eq!(
            machines.names().collect::<Vec<_>>(),
            [
                "batch-inference",
                "endpoint-deployment",
                "model-tuning",
                "model-tuning-with-endpoint-deployment"
            ]
        );
        assert!(machines.contains("arn:aws:states:eu-west-1:123456789012:stateMachine:model-tuning"));
        assert!(!machines.contains("model-tunning"));
    }

    #[test]
    fn a_definition_that_is_not_valid_is_named() {
        let own = BTreeMap::from([("own".to_owned(), "{}".to_owned())]);
        let error = StateMachines::compile(&own, &BTreeMap::new()).unwrap_err();
        assert_eq!(error.name, "own");
        let own = BTreeMap::from([("own".to_owned(), r#"{"Comment": "${Nowhere}"}"#.to_owned())]);
        let error = StateMachines::compile(&own, &BTreeMap::new()).unwrap_err();
        assert!(matches!(error.reason, StateMachineFault::Substitution(_)));
    }
}
