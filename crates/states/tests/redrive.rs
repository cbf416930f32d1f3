//! Redrive: what failed is done again, what succeeded is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::sync::Arc;

use mlpp_states::{
    Event, Execution, HistoryEvent, NotRedrivable, Outcome, Simulation, StartParameters, StateMachine,
    TaskRequest, Timestamp,
};
use serde_json::{Value, json};

/// Runs a machine and redrives it until it succeeds; a task fails while its name is in `failing`, each mention for one
/// call. The calls, the history as lines, and the output.
fn run(definition: &Value, failing: &[&str]) -> (Vec<String>, Vec<String>, Value) {
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let input = json!({"items": ["a", "b", "c"]});
    let parameters = StartParameters::named("machine", "execution", Arc::new(input));
    let mut simulation = Simulation::new(&machine, parameters, Timestamp(0)).bounded(1);
    let mut failing: Vec<String> = failing.iter().map(ToString::to_string).collect();
    let (mut calls, mut events) = (Vec::new(), Vec::new());
    let mut answer = |request: &TaskRequest| {
        let name = format!("{}{}", request.state_name, request.parameters.as_str().unwrap_or_default());
        calls.push(format!("{name}#{}", request.attempt));
        let id = request.id;
        Ok::<_, std::convert::Infallible>(vec![match failing.iter().position(|failing| *failing == name) {
            Some(at) => {
                failing.remove(at);
                Event::TaskFailed { id, error: Some("Boom".to_owned()), cause: None }
            }
            None => Event::TaskSucceeded { id, output: Arc::new(json!(name)) },
        }])
    };
    for _ in 0..10 {
        while let Some(more) = simulation.step(&mut answer).unwrap() {
            events.extend(more);
            // An execution that is written out and read back is redriven as well.
            let text = serde_json::to_string(simulation.execution()).unwrap();
            *simulation.execution_mut() = serde_json::from_str(&text).unwrap();
        }
        if simulation.redrive().is_err() {
            break;
        }
    }
    let Some(Outcome::Succeeded { output }) = simulation.execution().outcome() else {
        panic!("{:?}", simulation.execution().outcome());
    };
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event.id, at as u64 + 1);
        assert!(event.previous_event_id < event.id);
    }
    (calls, events.iter().map(line).collect(), Value::clone(output))
}

fn line(event: &HistoryEvent) -> String {
    let flat = event.to_flat_json();
    let name = ["name", "redriveCount"].iter().find_map(|name| flat.get(name));
    let name = name.map(|name| name.as_str().map_or_else(|| name.to_string(), String::from));
    format!("{}<{} {}", event.previous_event_id, event.event_type.as_str(), name.unwrap_or_default())
}

fn task(end: &Value) -> Value {
    let mut task = json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"});
    task.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
    task
}

#[test]
fn a_task_is_scheduled_again_and_what_was_done_is_not() {
    let definition = json!({"StartAt": "A", "TimeoutSeconds": 100, "States": {
        "A": task(&json!({"Next": "B", "ResultPath": null})),
        "B": task(&json!({
            "End": true, "InputPath": "$$.Execution.RedriveCount",
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
        })),
    }});
    let (calls, events, output) = run(&definition, &["B", "B", "B"]);
    // Attempts begin anew with the redrive.
    assert_eq!(calls, ["A#0", "B#0", "B#1", "B#0", "B#1"]);
    assert_eq!(output, "B");
    let redriven = events.iter().position(|event| event.contains("ExecutionRedriven")).unwrap();
    assert!(events[redriven - 1].contains("ExecutionFailed"), "{events:#?}");
    assert_eq!(events[redriven], format!("{redriven}<ExecutionRedriven 1"));
    // The state is not entered again.
    assert_eq!(events[redriven + 1], format!("{}<LambdaFunctionScheduled ", redriven + 1));
    assert_eq!(events.iter().filter(|event| event.contains("TaskStateEntered B")).count(), 1);
}

#[test]
fn branches_that_succeeded_are_not_run_again() {
    let branch = |name: &str| json!({"StartAt": name, "States": {name: task(&json!({"End": true}))}});
    let definition = json!({"StartAt": "P", "States": {"P": {
        "Type": "Parallel", "Branches": [branch("A"), branch("B"), branch("C")], "End": true,
    }}});
    let (calls, _, output) = run(&definition, &["B", "B"]);
    // C was under way when B failed, and is done again as well.
    assert_eq!(calls, ["A#0", "B#0", "C#0", "B#0", "C#0", "B#0", "C#0"]);
    assert_eq!(output, json!(["A", "B", "C"]));
}

#[test]
fn iterations_that_succeeded_are_not_run_again() {
    let map = |processor: Value| {
        json!({"StartAt": "M", "States": {"M": {
            "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": true,
            "ItemProcessor": {
                "ProcessorConfig": processor,
                "StartAt": "T", "States": {"T": task(&json!({"End": true}))},
            },
        }}})
    };
    for processor in [json!({"Mode": "INLINE"}), json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"})]
    {
        let (calls, events, output) = run(&map(processor.clone()), &["Tb", "Tb"]);
        assert_eq!(calls, ["Ta#0", "Tb#0", "Tb#0", "Tb#0", "Tc#0"], "{processor}");
        assert_eq!(output, json!(["Ta", "Tb", "Tc"]));
        let redriven = events.iter().filter(|event| event.contains("MapRunRedriven")).count();
        assert_eq!(redriven, if processor["Mode"] == "INLINE" { 0 } else { 2 });
    }
}

#[test]
fn a_failure_that_was_caught_leaves_nothing_behind() {
    let definition = json!({"StartAt": "P", "States": {
        "P": {
            "Type": "Parallel", "Next": "Z",
            "Branches": [{"StartAt": "A", "States": {"A": task(&json!({"End": true}))}}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}],
        },
        "Z": task(&json!({"End": true})),
    }});
    let (calls, _, output) = run(&definition, &["A", "Z"]);
    assert_eq!(calls, ["A#0", "Z#0", "Z#0"]);
    assert_eq!(output, "Z");
}

#[test]
fn what_was_stopped_or_timed_out_goes_on() {
    let definition = json!({"StartAt": "W", "TimeoutSeconds": 10, "States": {
        "W": {"Type": "Wait", "Seconds": 60, "Next": "E"}, "E": {"Type": "Pass", "End": true},
    }});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let parameters = StartParameters::named("machine", "execution", Arc::new(json!({})));
    let mut execution = Execution::new(parameters);
    assert_eq!(execution.redrivable(), Err(NotRedrivable::Running));
    execution.step(&machine, Event::Started, Timestamp(0));
    execution.step(&machine, Event::StopExecution { error: None, cause: None }, Timestamp(1_000));
    assert_eq!(execution.redrivable(), Ok(()));
    let step = execution.step(&machine, Event::Redriven, Timestamp(2_000));
    // The machine's timeout and the wait begin anew.
    let mut instants: Vec<i64> = step
        .commands
        .iter()
        .map(|command| match command {
            mlpp_states::Command::StartTimer { at, .. } => at.0,
            other => panic!("{other:?}"),
        })
        .collect();
    instants.sort_unstable();
    assert_eq!(instants, [12_000, 62_000]);
    let context = execution.parameters().redrive_count;
    assert_eq!(context, Some(1));
}

#[test]
fn what_succeeded_or_is_express_is_not_redriven() {
    let machine = StateMachine::parse(r#"{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}"#).unwrap();
    let parameters = || StartParameters::named("machine", "execution", Arc::new(json!({})));
    let mut execution = Execution::new(parameters());
    execution.step(&machine, Event::Started, Timestamp(0));
    assert_eq!(execution.redrivable(), Err(NotRedrivable::Succeeded));
    let step = execution.step(&machine, Event::Redriven, Timestamp(0));
    assert!(step.commands.is_empty() && step.events.is_empty());
    let execution = Execution::new(parameters().express());
    assert_eq!(execution.redrivable(), Err(NotRedrivable::Express));
}
