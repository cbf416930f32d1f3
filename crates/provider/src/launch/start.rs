use futures_util::future::join;

use super::{LaunchError, Prepared};
use crate::{StartExecution, Started, WorkflowKind, Workflows};

/// The execution called `name`, if the state machine has it already.
///
/// A service can answer a second start with the same input like the first while the execution runs (`StartExecution`): only
/// a look before it tells them apart. Who may not look learns of the execution from [`start`], where that tells.
///
/// # Errors
/// [`LaunchError::Express`]; [`LaunchError::Workflows`] when the state machine cannot be described.
pub async fn find_started(
    workflows: &impl Workflows,
    state_machine_arn: &str,
    name: &str,
) -> Result<Option<Started>, LaunchError> {
    let execution_arn = execution_arn(state_machine_arn, name);
    let look = async {
        let arn = execution_arn?;
        workflows.describe(&arn).await.ok().map(|_| Started { execution_arn: arn, already: true })
    };
    let (kind, started) = join(workflows.kind(state_machine_arn), look).await;
    match kind? {
        WorkflowKind::Express => Err(LaunchError::Express(state_machine_arn.to_owned())),
        WorkflowKind::Standard => Ok(started),
    }
}

/// Starts an execution of the state machine, which is of the standard type: [`find_started`] tells. The execution's name is a
/// function of the event: the same event again starts nothing.
///
/// # Errors
/// [`LaunchError::Workflows`].
pub async fn start(
    workflows: &impl Workflows,
    state_machine_arn: &str,
    prepared: &Prepared,
) -> Result<Started, LaunchError> {
    let request = StartExecution {
        state_machine_arn: state_machine_arn.to_owned(),
        name: prepared.name.clone(),
        input: prepared.input.clone(),
    };
    Ok(workflows.start(request).await?)
}

/// ARN of the execution called `name`; one that is started through a version or an alias is one of the state machine all the
/// same. `None` for what is no ARN of a state machine.
pub fn execution_arn(state_machine_arn: &str, name: &str) -> Option<String> {
    let (account, machine) = state_machine_arn.split_once(":stateMachine:")?;
    let machine = machine.split(':').next()?;
    Some(format!("{account}:execution:{machine}:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_belongs_to_the_state_machine_and_not_to_its_version() {
        let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:own";
        let expected = Some("arn:aws:states:us-east-1:000000000000:execution:own:e".to_owned());
        for suffix in ["", ":7", ":live"] {
            assert_eq!(execution_arn(&format!("{arn}{suffix}"), "e"), expected);
        }
        assert_eq!(execution_arn("own", "e"), None);
    }
}
