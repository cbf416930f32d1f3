//! The driver: tasks run concurrently, time is the clock's, an execution can be stopped and taken over.
#![cfg(feature = "driver")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mlpp_states::driver::{
    Observer, StopSignal, TaskFailure, TaskHandler, TaskReporter, VirtualClock, run, stop_channel,
};
use mlpp_states::{Event, Execution, Outcome, StartParameters, StateMachine, Step, TaskRequest, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Barrier;

const START: Timestamp = Timestamp(1_700_000_000_000);

/// Answers by the resource's last part.
struct Handler {
    together: Barrier,
    calls: AtomicUsize,
}

impl Handler {
    fn new(together: usize) -> Arc<Self> {
        Arc::new(Self { together: Barrier::new(together), calls: AtomicUsize::new(0) })
    }
}

impl TaskHandler for Handler {
    async fn run(&self, request: TaskRequest, reporter: TaskReporter) -> Result<Value, TaskFailure> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        match request.resource.rsplit(':').next() {
            Some("echo") => Ok(Value::clone(&request.parameters)),
            Some("meet") => {
                self.together.wait().await;
                Ok(json!("met"))
            }
            Some("flaky") if call < 2 => Err(TaskFailure::new("Flaky", "not yet")),
            Some("job.sync") => {
                reporter.submitted(json!({"job": 1}));
                Ok(json!("done"))
            }
            Some("panic") => panic!("as asked"),
            Some("never") => std::future::pending().await,
            _ => Ok(json!(call)),
        }
    }
}

fn execution(definition: &Value, input: Value) -> (StateMachine, Execution) {
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    (machine, Execution::new(StartParameters::named("machine", "execution", Arc::new(input))))
}

fn task(name: &str, more: &Value) -> Value {
    let mut state = json!({"Type": "Task", "Resource": format!("arn:aws:states:::test:{name}"), "End": true});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"QueryLanguage": "JSONata", "StartAt": "T", "States": {"T": state}})
}

/// Keeps what an observer would persist.
#[derive(Default)]
struct Journal {
    events: Vec<(Event, Timestamp)>,
    types: Vec<&'static str>,
    last: Option<String>,
}

impl Observer for Journal {
    type Error = std::convert::Infallible;

    async fn observe(
        &mut self,
        execution: &Execution,
        event: &Event,
        now: Timestamp,
        step: &Step,
    ) -> Result<(), Self::Error> {
        self.events.push((event.clone(), now));
        self.types.extend(step.events.iter().map(|event| event.event_type.as_str()));
        self.last = Some(serde_json::to_string(execution).unwrap());
        Ok(())
    }
}

async fn drive(definition: &Value, input: Value, handler: &Arc<Handler>) -> (Outcome, Timestamp, Journal) {
    let (machine, mut execution) = execution(definition, input);
    let clock = VirtualClock::starting_at(START);
    let mut journal = Journal::default();
    let outcome =
        run(&machine, &mut execution, handler, &clock, &mut journal, StopSignal::never()).await.unwrap();
    (outcome, mlpp_states::driver::Clock::now(&clock), journal)
}

fn output(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Succeeded { output } => Value::clone(output),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn branches_run_at_the_same_time() {
    let branch = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Task", "Resource": "arn:aws:states:::test:meet", "End": true}}});
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [branch("A"), branch("B"), branch("C")], "End": true}}});
    let (outcome, _, _) = drive(&definition, json!({}), &Handler::new(3)).await;
    assert_eq!(output(&outcome), json!(["met", "met", "met"]));
}

#[tokio::test]
async fn waits_take_virtual_time_only() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "Now"},
        "Now": {"Type": "Pass", "Output": "{% $millis() %}", "End": true}}});
    let (outcome, now, _) = drive(&definition, json!({"seconds": 86_400}), &Handler::new(1)).await;
    assert_eq!(output(&outcome), json!(START.0 + 86_400_000));
    assert_eq!(now, Timestamp(START.0 + 86_400_000));
}

#[tokio::test]
async fn retries_wait_between_attempts() {
    let definition = task(
        "flaky",
        &json!({"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 3.0}]}),
    );
    let (outcome, now, _) = drive(&definition, json!({}), &Handler::new(1)).await;
    assert_eq!(output(&outcome), json!(2));
    assert_eq!(now, Timestamp(START.0 + 8_000));
}

#[tokio::test]
async fn a_job_reports_its_submission_before_its_end() {
    let (outcome, _, journal) = drive(&task("job.sync", &json!({})), json!({}), &Handler::new(1)).await;
    assert_eq!(output(&outcome), json!("done"));
    assert_eq!(
        journal.types,
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded"
        ]
    );
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_task() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:states:::test:panic", "End": true,
              "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Error %}", "Next": "Caught"}]},
        "Caught": {"Type": "Pass", "End": true}}});
    let (outcome, _, _) = drive(&definition, json!({}), &Handler::new(1)).await;
    assert_eq!(output(&outcome), json!("States.TaskFailed"));
}

#[tokio::test]
async fn a_stopped_execution_is_aborted() {
    let (machine, mut execution) = execution(&task("never", &json!({})), json!({}));
    let (handle, signal) = stop_channel();
    handle.stop(Some("Enough".into()), None);
    let clock = VirtualClock::starting_at(START);
    let outcome = run(&machine, &mut execution, &Handler::new(1), &clock, &mut (), signal).await.unwrap();
    assert_eq!(outcome, Outcome::Aborted { error: Some("Enough".into()), cause: None });
}

#[tokio::test]
async fn an_execution_is_taken_over_with_its_tasks_under_way() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 5, "Next": "T"},
        "T": {"Type": "Task", "Resource": "arn:aws:states:::test:echo", "Arguments": {"id": "{% $uuid() %}"}, "End": true}}});
    let (machine, _) = execution(&definition, json!({}));
    let (whole, _, journal) = drive(&definition, json!({}), &Handler::new(1)).await;
    // As if the process had died after each step: what it wrote down is enough.
    for steps in 1..journal.events.len() {
        let mut execution =
            Execution::new(StartParameters::named("machine", "execution", Arc::new(json!({}))));
        for (event, now) in &journal.events[..steps] {
            execution.step(&machine, event.clone(), *now);
        }
        let now = journal.events[steps - 1].1;
        let clock = VirtualClock::starting_at(now);
        let outcome = run(&machine, &mut execution, &Handler::new(1), &clock, &mut (), StopSignal::never())
            .await
            .unwrap();
        assert_eq!(outcome, whole, "after {steps} steps");
    }
}
