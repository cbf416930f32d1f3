use std::path::Path;
use std::sync::Arc;

use mlpp_provider::ExecutionDescription;
use mlpp_states::{Event, Execution, StateMachine, TaskId, Timestamp};
use serde_json::json;

use super::*;

const DEFINITION: &str = r#"{"QueryLanguage": "JSONata", "StartAt": "T", "States": {
    "T": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "W"},
    "W": {"Type": "Wait", "Seconds": 60, "End": true}}}"#;

fn parameters() -> StartParameters {
    StartParameters::named("m", "e", Arc::new(json!({"n": 0.1})))
}

fn open(folder: &Path) -> Executions {
    Executions::open(&folder.join("mlpp.db")).unwrap()
}

fn insert(executions: &Executions) -> bool {
    let new = NewExecution {
        parameters: &parameters(),
        input: r#"{"n": 0.1}"#,
        definition: DEFINITION,
        parent: Some(Parent { execution_arn: "parent", task: 3 }),
        start_ms: 1,
    };
    executions.insert(&new).unwrap()
}

fn arn() -> String {
    parameters().execution_arn.to_string()
}

/// Takes in and records an event.
fn step(executions: &Executions, execution: &mut Execution, number: u64, event: &Event) {
    let machine = StateMachine::parse(DEFINITION).unwrap();
    let time = Timestamp(1_000 * i64::try_from(number).unwrap());
    let step = execution.step(&machine, event.clone(), time);
    let history: Vec<_> = step.events.iter().map(|event| (event.id, event.to_json().to_string())).collect();
    let record = StepRecord { number, time, event, history: &history, end: None };
    executions.record(&arn(), &record).unwrap();
}

#[test]
fn an_execution_starts_once_and_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let executions = open(folder.path());
    assert!(insert(&executions));
    assert!(!insert(&executions));
    assert_eq!(executions.describe(&arn()).unwrap().status, ExecutionStatus::Running);
    assert!(executions.ask_to_stop(&arn(), "Stopped", "by hand").unwrap());
    let recorded = executions.recorded(&arn()).unwrap().unwrap();
    assert_eq!(recorded.parent(), Some(Parent { execution_arn: "parent", task: 3 }));
    assert_eq!(recorded.stop, Some(("Stopped".to_owned(), "by hand".to_owned())));
    let succeeded = ExecutionDescription {
        status: ExecutionStatus::Succeeded,
        output: Some("1".into()),
        error: None,
        cause: None,
    };
    executions.finish(&arn(), &succeeded, 2).unwrap();
    executions.finish(&arn(), &ExecutionDescription { output: None, ..succeeded.clone() }, 3).unwrap();
    let record = executions.get(&arn()).unwrap();
    assert_eq!(record.description, succeeded);
    assert_eq!(record.stop.map(jiff::Timestamp::as_millisecond), Some(2));
    assert_eq!(record.definition.as_deref(), Some(DEFINITION));
    assert_eq!(executions.list().unwrap(), [record]);
    assert!(!executions.ask_to_stop(&arn(), "Stopped", "by hand").unwrap());
    assert!(matches!(executions.describe("other"), Err(WorkflowsError::ExecutionDoesNotExist(_))));
}

#[test]
fn an_execution_is_made_again_of_its_journal_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let executions = open(folder.path());
    insert(&executions);
    let fresh = executions.replay(&arn()).unwrap();
    assert_eq!((fresh.steps, fresh.execution.has_started()), (0, false));

    let mut execution = Execution::new(parameters());
    step(&executions, &mut execution, 0, &Event::Started);
    let id = TaskId(execution.pending_commands().iter().find_map(task_of).unwrap());
    // A number whose last digit a careless reader of JSON would get wrong.
    let output = Arc::new(json!({"MessageId": "m", "value": 5.066_758_207_021_517e-6}));
    step(&executions, &mut execution, 1, &Event::TaskSucceeded { id, output });
    let again = open(folder.path()).replay(&arn()).unwrap();
    assert_eq!(again.steps, 2);
    assert_eq!(again.execution.pending_commands(), execution.pending_commands());
    let texts = [&again.execution, &execution].map(|execution| serde_json::to_string(execution).unwrap());
    assert_eq!(texts[0], texts[1]);
}

fn task_of(command: &mlpp_states::Command) -> Option<u64> {
    match command {
        mlpp_states::Command::ScheduleTask(request) => Some(request.id.0),
        _ => None,
    }
}

#[test]
fn a_journal_that_leads_elsewhere_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let executions = open(folder.path());
    insert(&executions);
    let mut execution = Execution::new(parameters());
    step(&executions, &mut execution, 0, &Event::Started);
    executions
        .lock()
        .execute(
            "UPDATE execution_events SET event = replace(event, 'TaskStateEntered', 'X') WHERE id = 2",
            [],
        )
        .unwrap();
    assert!(matches!(executions.replay(&arn()), Err(JournalError::Differs(2))));
    assert!(matches!(executions.replay("other"), Err(JournalError::Absent)));
}

#[test]
fn a_step_is_recorded_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let executions = open(folder.path());
    insert(&executions);
    let record = |number, ids: &[u64]| {
        let history: Vec<_> = ids.iter().map(|id| (*id, id.to_string())).collect();
        let event = Event::Continue;
        let step = StepRecord { number, time: Timestamp(1), event: &event, history: &history, end: None };
        executions.record(&arn(), &step)
    };
    record(0, &[2, 1]).unwrap();
    record(1, &[10]).unwrap();
    assert_eq!(executions.history(&arn()).unwrap(), ["1", "2", "10"]);
    assert!(record(2, &[11, 10]).is_err());
    assert!(record(1, &[12]).is_err());
    assert_eq!(executions.history(&arn()).unwrap(), ["1", "2", "10"]);
}

#[test]
fn a_resource_is_claimed_by_one_task_until_its_execution_ends() {
    let folder = tempfile::tempdir().unwrap();
    let executions = open(folder.path());
    insert(&executions);
    let (arn, resource) = (arn(), "TrainingJob/t");
    let task = |task| Parent { execution_arn: &arn, task };
    assert!(!executions.is_claimed_by(resource, task(1)).unwrap());
    executions.claim(resource, task(1)).unwrap();
    assert!(executions.is_claimed_by(resource, task(1)).unwrap());
    executions.claim(resource, task(2)).unwrap();
    assert!(!executions.is_claimed_by(resource, task(1)).unwrap());
    let status = ExecutionStatus::Aborted;
    let end = ExecutionDescription { status, output: None, error: None, cause: None };
    executions.finish(&arn, &end, 2).unwrap();
    assert!(!executions.is_claimed_by(resource, task(2)).unwrap());
}

#[test]
fn what_has_no_journal_is_aborted() {
    let folder = tempfile::tempdir().unwrap();
    let executions = open(folder.path());
    insert(&executions);
    assert_eq!(executions.abort_without_journal(3).unwrap(), 0);
    executions.lock().execute("DELETE FROM execution_journals", []).unwrap();
    assert_eq!(executions.abort_without_journal(3).unwrap(), 1);
    let left = executions.describe(&arn()).unwrap();
    assert_eq!((left.status, left.error.as_deref()), (ExecutionStatus::Aborted, Some("Interrupted")));
}
