use crate::{StartExecution, WorkflowKind, Workflows, WorkflowsError, find_started};

/// One name starts one execution of a state machine, whatever the input is the second time. `state_machine_arn` is a
/// standard one that takes any input.
pub async fn one_name_starts_one_execution(workflows: &impl Workflows, state_machine_arn: &str) {
    assert_eq!(workflows.kind(state_machine_arn).await.unwrap(), WorkflowKind::Standard);
    let request = |name: &str, input: &str| StartExecution {
        state_machine_arn: state_machine_arn.to_owned(),
        name: name.to_owned(),
        input: input.to_owned(),
    };
    let find = async |name: &str| find_started(workflows, state_machine_arn, name).await.unwrap();
    assert_eq!(find("0qdlze60000001").await, None);
    let first = workflows.start(request("0qdlze60000001", "{}")).await.unwrap();
    let again = workflows.start(request("0qdlze60000001", "{}")).await.unwrap();
    let otherwise = workflows.start(request("0qdlze60000001", r#"{"n":1}"#)).await.unwrap();
    // The second one may be answered like the first: a look tells.
    assert_eq!([first.already, otherwise.already], [false, true]);
    let found = find("0qdlze60000001").await.unwrap();
    assert_eq!((&found.execution_arn, found.already), (&first.execution_arn, true));
    assert_eq!([&again.execution_arn, &otherwise.execution_arn], [&first.execution_arn; 2]);
    let other = workflows.start(request("0qdlze60000001-2", "{}")).await.unwrap();
    assert!(!other.already && other.execution_arn != first.execution_arn, "{other:?}");
    workflows.describe(&first.execution_arn).await.unwrap();
}

/// State machines and executions that are not there are told.
pub async fn absent_state_machines_and_executions_are_told(workflows: &impl Workflows) {
    let absent = "arn:aws:states:us-east-1:000000000000:stateMachine:absent";
    let kind = workflows.kind(absent).await;
    assert!(matches!(kind, Err(WorkflowsError::StateMachineDoesNotExist(_))), "{kind:?}");
    let (state_machine_arn, name, input) = (absent.to_owned(), "e".to_owned(), "{}".to_owned());
    let started = workflows.start(StartExecution { state_machine_arn, name, input }).await;
    assert!(matches!(started, Err(WorkflowsError::StateMachineDoesNotExist(_))), "{started:?}");
    let execution = "arn:aws:states:us-east-1:000000000000:execution:absent:e";
    let described = workflows.describe(execution).await;
    assert!(matches!(described, Err(WorkflowsError::ExecutionDoesNotExist(_))), "{described:?}");
    let stopped = workflows.stop(execution, "Error", "cause").await;
    assert!(matches!(stopped, Err(WorkflowsError::ExecutionDoesNotExist(_))), "{stopped:?}");
}
