//! Parts of the language that recorded executions do not reach.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use mlpp_states::{
    Command, Event, Execution, HistoryEvent, Outcome, StartParameters, StateMachine, TaskPurpose,
    TaskRequest, TimerId, Timestamp,
};
use serde_json::{Value, json};

/// Runs a machine with a function for its tasks, in virtual time; `None` leaves a task under way.
fn run(
    definition: &Value,
    input: Value,
    answer: &mut dyn FnMut(&TaskRequest) -> Option<Result<Value, &'static str>>,
) -> (Outcome, Vec<HistoryEvent>, Vec<Command>) {
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::new(StartParameters::named("machine", "execution", Arc::new(input)));
    let mut events = Vec::new();
    let mut commands = Vec::new();
    let mut timers: BTreeMap<TimerId, Timestamp> = BTreeMap::new();
    let mut pending = vec![Event::Started];
    let mut now = Timestamp(0);
    loop {
        let event = if pending.is_empty() {
            let (&id, &at) = timers.iter().min_by_key(|(id, at)| (**at, **id)).unwrap();
            timers.remove(&id);
            now = at;
            Event::TimerFired { id }
        } else {
            pending.remove(0)
        };
        let step = execution.step(&machine, event, now);
        if step.more {
            pending.insert(0, Event::Continue);
        }
        events.extend(step.events);
        for command in &step.commands {
            match command {
                Command::ScheduleTask(request) => {
                    let id = request.id;
                    pending.extend(answer(request).map(|result| match result {
                        Ok(output) => Event::TaskSucceeded { id, output: Arc::new(output) },
                        Err(error) => Event::TaskFailed {
                            id,
                            error: Some(error.into()),
                            cause: Some("as asked".into()),
                        },
                    }));
                }
                Command::StartTimer { id, at } => drop(timers.insert(*id, *at)),
                Command::CancelTimer { id } => drop(timers.remove(id)),
                Command::CancelTask { .. } => {}
            }
        }
        commands.extend(step.commands);
        if let Some(outcome) = execution.outcome() {
            return (outcome.clone(), events, commands);
        }
    }
}

fn without_tasks(definition: &Value, input: Value) -> Outcome {
    run(definition, input, &mut |request| panic!("{request:?}")).0
}

fn output(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Succeeded { output } => Value::clone(output),
        other => panic!("{other:?}"),
    }
}

fn failure(outcome: &Outcome) -> (String, String) {
    match outcome {
        Outcome::Failed { error, cause } => {
            (error.as_deref().unwrap_or_default().to_owned(), cause.as_deref().unwrap_or_default().to_owned())
        }
        other => panic!("{other:?}"),
    }
}

fn types(events: &[HistoryEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

fn task(more: &Value) -> Value {
    let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::test:work", "End": true});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    state
}

fn single(state: &Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

#[test]
fn variables_of_an_outer_scope_are_seen_and_not_changed() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Each"},
        "Each": {"Type": "Map", "Items": [10, 20], "Next": "Read", "ItemProcessor": {"StartAt": "In", "States": {
            "In": {"Type": "Pass", "Assign": {"y": "{% $x + $states.input %}"}, "Next": "Out"},
            "Out": {"Type": "Pass", "Output": "{% $y %}", "End": true}}}},
        "Read": {"Type": "Pass", "Output": {"x": "{% $x %}", "items": "{% $states.input %}", "y": "{% $exists($y) %}"}, "End": true}}});
    assert_eq!(
        output(&without_tasks(&definition, json!({}))),
        json!({"x": 1, "items": [11, 21], "y": false})
    );
}

#[test]
fn a_child_execution_sees_no_outer_variables() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Each"},
        "Each": {"Type": "Map", "Items": [10], "End": true, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "In", "States": {
            "In": {"Type": "Pass", "Output": "{% $exists($x) %}", "End": true}}}}}});
    assert_eq!(output(&without_tasks(&definition, json!({}))), json!([false]));
}

#[test]
fn assignments_read_the_values_from_before_the_state() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": "{% $y %}", "y": "{% $x %}"}, "Output": "{% $x %}", "Next": "C"},
        "C": {"Type": "Pass", "Output": "{% [$states.input, $x, $y] %}", "End": true}}});
    assert_eq!(output(&without_tasks(&definition, json!({}))), json!([1, 2, 1]));
}

#[test]
fn a_choice_without_a_match_ends_the_execution() {
    let definition = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": true, "Next": "D"}]}, "D": {"Type": "Succeed"}}});
    let (error, cause) = failure(&without_tasks(&definition, json!({})));
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("Failed to transition out of the state"), "{cause}");
}

#[test]
fn a_path_that_finds_nothing_is_told_with_field_and_input() {
    let definition = single(&json!({"Type": "Pass", "Parameters": {"a": {"x.$": "$.no"}}, "End": true}));
    let (error, cause) = failure(&without_tasks(&definition, json!({"b": 1})));
    assert_eq!(error, "States.Runtime");
    assert_eq!(
        cause,
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONPath '$.no' specified for the field \
         'x.$' could not be found in the input '{\"b\":1}'"
    );
}

#[test]
fn a_condition_must_be_a_boolean() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% 'yes' %}", "Next": "D"}]}, "D": {"Type": "Succeed"}}});
    let (error, cause) = failure(&without_tasks(&definition, json!({})));
    assert_eq!(error, "States.QueryEvaluationError");
    assert!(cause.ends_with("Expected 'boolean', but was 'string' for value: \"yes\""), "{cause}");
}

#[test]
fn data_has_a_largest_size() {
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Output": "{% $pad('', 262143) %}", "End": true}}});
    let (error, _) = failure(&without_tasks(&definition, json!({})));
    assert_eq!(error, "States.DataLimitExceeded");
    let (outcome, events, _) =
        run(&single(&task(&json!({}))), json!({}), &mut |_| Some(Ok(Value::from("x".repeat(262_143)))));
    assert_eq!(failure(&outcome).0, "States.DataLimitExceeded");
    assert!(types(&events).contains(&"TaskFailed"));
}

#[test]
fn data_has_a_largest_depth() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let definition = single(&json!({"Type": "Pass", "End": true}));
    assert_eq!(output(&without_tasks(&definition, nested(100))), nested(100));
    assert_eq!(failure(&without_tasks(&definition, nested(101))).0, "States.DataLimitExceeded");
    let deepening = json!({"StartAt": "D", "States": {
        "D": {"Type": "Pass", "Parameters": {"d.$": "$"}, "Assign": {"v": {"w.$": "$"}}, "Next": "D2"},
        "D2": {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": true, "Next": "E"}], "Default": "D"}, "E": {"Type": "Succeed"}}});
    assert_eq!(failure(&without_tasks(&deepening, json!({}))).0, "States.DataLimitExceeded");
}

#[test]
fn a_history_has_a_largest_length() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": true, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"}}});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::new(StartParameters::named("m", "e", Arc::new(json!({}))));
    let mut step = execution.step(&machine, Event::Started, Timestamp(0));
    while step.more {
        step = execution.step(&machine, Event::Continue, Timestamp(0));
    }
    let (error, cause) = failure(execution.outcome().unwrap());
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("maximum number of history events (25000)"), "{cause}");
}

#[test]
fn a_machine_times_out() {
    let mut definition = single(&task(&json!({})));
    definition["TimeoutSeconds"] = json!(30);
    let (outcome, events, commands) = run(&definition, json!({}), &mut |_| None);
    assert_eq!(outcome, Outcome::TimedOut);
    assert_eq!(types(&events).last(), Some(&"ExecutionTimedOut"));
    assert!(commands.iter().any(|command| matches!(command, Command::CancelTask { .. })));
}

#[test]
fn a_failed_branch_takes_the_others_down() {
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "A", "States": {"A": task(&json!({}))}},
        {"StartAt": "B", "States": {"B": task(&json!({}))}},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}]}}});
    let (outcome, events, commands) =
        run(&definition, json!({}), &mut |request| (&*request.state_name == "B").then_some(Err("Broken")));
    assert_eq!(failure(&outcome), ("Broken".into(), "as asked".into()));
    let types = types(&events);
    assert_eq!(types.iter().filter(|name| **name == "TaskStateAborted").count(), 2);
    assert!(types.contains(&"WaitStateAborted") && types.contains(&"ParallelStateFailed"));
    assert_eq!(commands.iter().filter(|command| matches!(command, Command::CancelTask { .. })).count(), 1);
    assert_eq!(commands.iter().filter(|command| matches!(command, Command::CancelTimer { .. })).count(), 1);
}

#[test]
fn a_failed_iteration_takes_the_others_down() {
    let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "End": true,
        "ItemProcessor": {"StartAt": "T", "States": {"T": task(&json!({}))}}}}});
    let (outcome, events, _) = run(&definition, json!([0, 1, 2]), &mut |request| {
        (*request.parameters == json!(1)).then_some(Err("Broken"))
    });
    assert_eq!(failure(&outcome).0, "Broken");
    assert_eq!(types(&events).iter().filter(|name| **name == "MapIterationAborted").count(), 2);
}

#[test]
fn an_inline_map_runs_as_many_items_as_it_may() {
    let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$", "End": true,
        "ItemProcessor": {"StartAt": "T", "States": {"T": task(&json!({}))}}}}});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::new(StartParameters::named("m", "e", Arc::new(json!([0, 1, 2, 3, 4]))));
    execution.step(&machine, Event::Started, Timestamp(0));
    let mut finished = Vec::new();
    while execution.outcome().is_none() {
        let pending = execution.pending_commands();
        assert!(pending.len() <= 2);
        let Some(Command::ScheduleTask(request)) = pending.last() else { panic!("{pending:?}") };
        finished.push(request.parameters.clone());
        execution.step(
            &machine,
            Event::TaskSucceeded { id: request.id, output: request.parameters.clone() },
            Timestamp(0),
        );
    }
    assert_eq!(finished.len(), 5);
    // The results are in the order of the items, whatever ended first.
    assert_eq!(output(execution.outcome().unwrap()), json!([0, 1, 2, 3, 4]));
}

#[test]
fn a_distributed_map_batches_tolerates_and_writes() {
    let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "End": true,
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"of": "all"}}, "ToleratedFailurePercentage": 50,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "T", "States": {"T": task(&json!({}))}},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}}}});
    let mut written = Vec::new();
    let (outcome, _, _) = run(&definition, json!([0, 1, 2]), &mut |request| {
        if request.purpose == TaskPurpose::WriteResults {
            written.push(Value::clone(&request.parameters));
            return Some(Ok(json!({})));
        }
        let last = request.parameters["Items"] == json!([2]);
        Some(if last { Err("Broken") } else { Ok(request.parameters["Items"].clone()) })
    });
    let [failed, succeeded, manifest] = written.as_slice() else { panic!("{written:?}") };
    assert!(failed["Body"].as_str().unwrap().contains("\"Error\":\"Broken\""), "{failed}");
    assert!(succeeded["Body"].as_str().unwrap().contains("\"Output\":\"[0,1]\""), "{succeeded}");
    let result = output(&outcome);
    assert_eq!(result["ResultWriterDetails"], json!({"Bucket": "b", "Key": manifest["Key"]}));
    assert!(
        result["MapRunArn"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:states:us-east-1:111111111111:mapRun:machine/")
    );
}

#[test]
fn too_many_failures_fail_a_distributed_map() {
    let definition = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "End": true, "ToleratedFailureCount": 1,
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "T", "States": {"T": task(&json!({}))}}}}});
    let (outcome, events, _) = run(&definition, json!([0, 1, 2]), &mut |_| Some(Err("Broken")));
    assert_eq!(failure(&outcome).0, "States.ExceedToleratedFailureThreshold");
    assert_eq!(types(&events)[3..], ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]);
}

#[test]
fn heartbeats_keep_a_task_alive() {
    let definition = single(&task(
        &json!({"HeartbeatSeconds": 10, "TimeoutSeconds": 100, "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Late"}]}),
    ));
    let mut definition = definition;
    definition["States"]["Late"] = json!({"Type": "Succeed"});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::new(StartParameters::named("m", "e", Arc::new(json!({}))));
    let step = execution.step(&machine, Event::Started, Timestamp(0));
    let id = step.commands.iter().find_map(|command| match command {
        Command::ScheduleTask(request) => Some(request.id),
        _ => None,
    });
    let step = execution.step(&machine, Event::TaskHeartbeat { id: id.unwrap() }, Timestamp(9_000));
    let Some(Command::StartTimer { id, at }) = step.commands.last() else { panic!("{step:?}") };
    assert_eq!(*at, Timestamp(19_000));
    execution.step(&machine, Event::TimerFired { id: *id }, *at);
    assert_eq!(output(execution.outcome().unwrap()), json!({"Error": "States.Timeout", "Cause": ""}));
}

#[test]
fn a_token_is_handed_to_the_task_that_waits_for_it() {
    let state = task(
        &json!({"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {"Token.$": "$$.Task.Token"}}),
    );
    let (outcome, events, _) = run(&single(&state), json!({}), &mut |request| {
        assert_eq!(request.parameters["Token"].as_str(), request.task_token.as_deref());
        assert_eq!(request.integration().unwrap(), ("sqs".into(), "sendMessage.waitForTaskToken".into()));
        Some(Ok(json!("done")))
    });
    assert_eq!(output(&outcome), json!("done"));
    let scheduled =
        events.iter().find(|event| event.event_type.as_str() == "TaskScheduled").unwrap().to_json();
    assert_eq!(scheduled["taskScheduledEventDetails"]["resourceType"], "sqs");
    assert!(scheduled["taskScheduledEventDetails"]["parameters"].is_string());
}

#[test]
fn a_wait_is_neither_negative_nor_a_fraction() {
    for seconds in [json!(-1), json!(1.5), json!("5")] {
        let definition = json!({"QueryLanguage": "JSONata", "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": "{% $states.input %}", "End": true}}});
        assert_eq!(failure(&without_tasks(&definition, seconds)).0, "States.QueryEvaluationError");
    }
}
