//! What the service does where the specification leaves it open: texts of causes, places of events, limits.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use mlpp_states::{
    Command, Event, Execution, HistoryEvent, Outcome, StartParameters, StateMachine, TaskRequest, TimerId,
    Timestamp,
};
use serde_json::{Value, json};

type Answer<'a> = &'a mut dyn FnMut(&TaskRequest) -> Result<Value, &'static str>;

/// Runs a machine in virtual time; `answer` gives the tasks' results.
fn run_with(
    parameters: StartParameters,
    definition: &Value,
    answer: Answer<'_>,
) -> (Outcome, Vec<HistoryEvent>) {
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::new(parameters);
    let mut events = Vec::new();
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
        events.extend(step.events);
        for command in step.commands {
            match command {
                Command::ScheduleTask(request) => {
                    let id = request.id;
                    pending.push(match answer(&request) {
                        Ok(output) => Event::TaskSucceeded { id, output: Arc::new(output) },
                        Err(error) => Event::TaskFailed { id, error: Some(error.into()), cause: None },
                    });
                }
                Command::StartTimer { id, at } => drop(timers.insert(id, at)),
                Command::CancelTimer { id } => drop(timers.remove(&id)),
                Command::CancelTask { .. } => {}
            }
        }
        if let Some(outcome) = execution.outcome() {
            return (outcome.clone(), events);
        }
        if step.more {
            pending.insert(0, Event::Continue);
        }
    }
}

fn run(definition: &Value, input: Value, answer: Answer<'_>) -> (Outcome, Vec<HistoryEvent>) {
    run_with(StartParameters::named("machine", "execution", Arc::new(input)), definition, answer)
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

/// The error, and the cause without the words that name the state.
fn failure(outcome: &Outcome) -> (String, String) {
    let Outcome::Failed { error, cause } = outcome else { panic!("{outcome:?}") };
    let cause = cause.as_deref().unwrap_or_default();
    let cause = cause.split_once("). ").map_or(cause, |(_, rest)| rest);
    (error.as_deref().unwrap_or_default().to_owned(), cause.to_owned())
}

fn single(state: &Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

#[test]
fn paths_that_find_nothing_have_the_service_s_words() {
    let task = |more: Value| {
        let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:::test:work", "End": true});
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        state
    };
    let no_results = "Invalid path '$.no' : No results for path: $['no']";
    for (state, expected) in [
        (
            json!({"Type": "Wait", "SecondsPath": "$.no", "End": true}),
            "The SecondsPath parameter does not reference an input value: $.no",
        ),
        (
            json!({"Type": "Wait", "TimestampPath": "$.no", "End": true}),
            "The TimestampPath parameter does not reference an input value: $.no",
        ),
        (json!({"Type": "Fail", "ErrorPath": "$.no"}), no_results),
        (json!({"Type": "Fail", "CausePath": "$.no"}), no_results),
        (json!({"Type": "Pass", "InputPath": "$.no", "End": true}), no_results),
        (json!({"Type": "Pass", "OutputPath": "$.no", "End": true}), no_results),
        (task(json!({"TimeoutSecondsPath": "$.no"})), no_results),
        (task(json!({"HeartbeatSecondsPath": "$.no"})), no_results),
    ] {
        let (error, cause) = failure(&without_tasks(&single(&state), json!({"a": 1})));
        assert_eq!((error.as_str(), cause.as_str()), ("States.Runtime", expected), "{state}");
    }
}

#[test]
fn a_wait_refuses_what_is_no_time() {
    let seconds = single(&json!({"Type": "Wait", "SecondsPath": "$.at", "End": true}));
    let timestamp = single(&json!({"Type": "Wait", "TimestampPath": "$.at", "End": true}));
    let no_timestamp = "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: $.at";
    for (definition, value, expected) in [
        (&seconds, json!(-1), "The SecondsPath parameter references a negative value: $.at == -1".to_owned()),
        (
            &seconds,
            json!(1.5),
            "The SecondsPath parameter cannot be parsed as a long value: $.at == 1.5".to_owned(),
        ),
        (&seconds, json!(2_147_483_648_i64), "Wait state delay is too long.".to_owned()),
        (&timestamp, json!("2038-01-19T03:14:08Z"), "Wait state delay is too long.".to_owned()),
        (&timestamp, json!("tomorrow"), format!("{no_timestamp} == tomorrow")),
        (&timestamp, json!(5), format!("{no_timestamp} == 5")),
    ] {
        let outcome = without_tasks(definition, json!({"at": value}));
        assert_eq!(failure(&outcome), ("States.Runtime".into(), expected), "{value}");
    }
    // Virtual time begins in 1970.
    let longest = json!({"at": "2038-01-19T03:14:07Z"});
    assert_eq!(output(&without_tasks(&timestamp, longest.clone())), longest);
}

#[test]
fn fields_of_a_rule_or_catcher_are_named_below_it() {
    let choice = json!({"QueryLanguage": "JSONata", "StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [
            {"Condition": "{% false %}", "Next": "D"},
            {"Condition": "{% true %}", "Output": {"v": "{% $no %}"}, "Next": "D"}]},
        "D": {"Type": "Succeed"}}});
    let (_, cause) = failure(&without_tasks(&choice, json!({})));
    assert_eq!(
        cause,
        "The JSONata expression '$no' specified for the field 'Choices[1]/Output/v' returned nothing (undefined)."
    );
    let catching = json!({"QueryLanguage": "JSONata", "StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:states:::test:work", "End": true, "Catch": [
            {"ErrorEquals": ["Other"], "Next": "D"},
            {"ErrorEquals": ["States.ALL"], "Assign": {"v": ["{% $no %}"]}, "Next": "D"}]},
        "D": {"Type": "Succeed"}}});
    let (outcome, events) = run(&catching, json!({}), &mut |_| Err("Broken"));
    assert!(failure(&outcome).1.contains("for the field 'Catch[1]/Assign/v[0]' returned nothing"));
    let evaluation =
        events.iter().find(|event| event.event_type.as_str() == "EvaluationFailed").unwrap().to_flat_json();
    assert_eq!(evaluation["location"], "Catch[1]/Assign/v[0]");
}

#[test]
fn the_last_event_of_a_full_history_says_so() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": true, "Next": "E"}], "Default": "A"},
        "E": {"Type": "Succeed"}}});
    for limit in [40, 41] {
        let mut parameters = StartParameters::named("machine", "execution", Arc::new(json!({})));
        parameters.limits.history_events = limit;
        let (outcome, events) = run_with(parameters, &definition, &mut |request| panic!("{request:?}"));
        let last = events.last().unwrap().to_flat_json();
        let cause = format!("The execution reached the maximum number of history events ({limit}).");
        assert_eq!(
            last,
            json!({"type": "ExecutionFailed", "id": limit, "previousEventId": limit - 1, "error": "States.Runtime", "cause": cause})
        );
        assert_eq!(failure(&outcome), ("States.Runtime".into(), cause));
        assert_eq!(events.len() as u64, limit);
    }
}

#[test]
fn what_ends_an_execution_from_outside_follows_nothing() {
    let mut definition = single(&json!({"Type": "Wait", "Seconds": 60, "End": true}));
    definition["TimeoutSeconds"] = json!(30);
    let (outcome, events) = run(&definition, json!({}), &mut |request| panic!("{request:?}"));
    assert_eq!(outcome, Outcome::TimedOut);
    assert_eq!(
        events.last().unwrap().to_flat_json(),
        json!({"type": "ExecutionTimedOut", "id": 3, "previousEventId": 0, "error": "States.Timeout"})
    );
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::new(StartParameters::named("m", "e", Arc::new(json!({}))));
    execution.step(&machine, Event::Started, Timestamp(0));
    let step = execution.step(&machine, Event::StopExecution { error: None, cause: None }, Timestamp(1));
    assert_eq!(
        step.events.last().unwrap().to_flat_json(),
        json!({"type": "ExecutionAborted", "id": 3, "previousEventId": 0})
    );
}

#[test]
fn variables_have_room_together() {
    let assign = |name: &str, next: Value| {
        let mut state = json!({"Type": "Pass", "Assign": {name: "{% $pad('', 50, 'x') %}"}});
        state.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        state
    };
    let definition = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": assign("a", json!({"Next": "B"})),
        "B": assign("b", json!({"Next": "A2"})),
        "A2": assign("a", json!({"Next": "C"})),
        "C": assign("c", json!({"End": true}))}});
    let run = |bytes: usize| {
        let mut parameters = StartParameters::named("machine", "execution", Arc::new(json!({})));
        parameters.limits.variables_bytes = bytes;
        run_with(parameters, &definition, &mut |request| panic!("{request:?}")).0
    };
    // Three of 52 bytes.
    assert!(matches!(run(156), Outcome::Succeeded { .. }), "{:?}", run(156));
    let (error, cause) = failure(&run(155));
    assert_eq!(error, "States.DataLimitExceeded");
    assert!(cause.contains("'C'"), "{cause}");
    assert!(failure(&run(103)).1.contains("'B'"));
}
