//! Whatever comes in, the core neither panics nor loses count, and goes on from its serialised state.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use std::sync::Arc;

use mlpp_states::{
    Event, Execution, InspectionLevel, Mock, MockErrorOutput, StartParameters, StateConfiguration,
    StateMachine, TaskId, TestStateOptions, TestStateRequest, TestStateStatus, TimerId, Timestamp,
    test_state,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A machine with every type of state, in both languages.
fn definition() -> Value {
    let task = |name: &str| json!({"Type": "Task", "Resource": format!("arn:aws:states:::test:{name}"), "End": true});
    let mut guarded = task("run.sync");
    guarded.as_object_mut().unwrap().extend(
        json!({
            "TimeoutSeconds": 10, "HeartbeatSeconds": 3,
            "Parameters": {"a.$": "$.a", "b.$": "States.Format('{}', $$.Execution.Name)", "c": [{"d.$": "$..a"}]},
            "ResultSelector": {"r.$": "$"}, "ResultPath": "$.result.deep",
            "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2, "JitterStrategy": "FULL"}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Split"}]
        })
        .as_object()
        .unwrap()
        .clone(),
    );
    guarded.as_object_mut().unwrap().remove("End");
    guarded["Next"] = json!("Split");
    json!({
        "StartAt": "Choose",
        "TimeoutSeconds": 1000,
        "States": {
            "Choose": {"Type": "Choice", "Choices": [
                {"And": [{"Variable": "$.a", "IsPresent": true}, {"Not": {"Variable": "$.a", "NumericGreaterThan": 3}}], "Next": "Guarded"},
                {"Variable": "$.s", "StringMatches": "x*", "Assign": {"v.$": "$.s"}, "Next": "Split"}], "Default": "Pause"},
            "Pause": {"Type": "Wait", "Seconds": 2, "Next": "Compute"},
            "Compute": {"Type": "Pass", "QueryLanguage": "JSONata",
                "Output": {"a": "{% $states.input.a + 1 %}", "list": "{% [1..3] %}"}, "Assign": {"n": "{% $random() %}"}, "Next": "Guarded"},
            "Guarded": guarded,
            "Split": {"Type": "Parallel", "ResultPath": "$.branches", "Next": "Each",
                "Branches": [
                    {"StartAt": "L", "States": {"L": task("left")}},
                    {"StartAt": "R", "States": {"R": {"Type": "Wait", "Seconds": 1, "Next": "R2"}, "R2": {"Type": "Succeed"}}}],
                "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Each"}]},
            "Each": {"Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 2, "ItemSelector": {"i.$": "$$.Map.Item.Value"},
                "ItemProcessor": {"StartAt": "I", "States": {"I": task("item")}},
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Spread"}], "ResultPath": "$.list", "Next": "Spread"},
            "Spread": {"Type": "Map", "ItemsPath": "$.list", "ToleratedFailureCount": 1,
                "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "D", "States": {"D": task("spread")}},
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost"}], "Next": "Done"},
            "Done": {"Type": "Succeed"},
            "Lost": {"Type": "Fail", "ErrorPath": "$.Error", "Cause": "lost"}
        }
    })
}

fn event() -> impl Strategy<Value = Event> {
    let task = (1..60_u64).prop_map(TaskId);
    let output =
        prop_oneof![Just(json!({"a": 1})), Just(json!(null)), Just(json!([1, "x"])), Just(json!("text"))];
    prop_oneof![
        1 => Just(Event::Started),
        1 => Just(Event::Continue),
        1 => task.clone().prop_map(|id| Event::TaskStarted { id, worker_name: None }),
        1 => (task.clone(), output.clone()).prop_map(|(id, output)| Event::TaskSubmitted { id, output: Arc::new(output) }),
        6 => (task.clone(), output).prop_map(|(id, output)| Event::TaskSucceeded { id, output: Arc::new(output) }),
        3 => (task.clone(), "[A-C]").prop_map(|(id, error)| Event::TaskFailed { id, error: Some(error), cause: None }),
        1 => task.prop_map(|id| Event::TaskHeartbeat { id }),
        6 => (1..60_u64).prop_map(|id| Event::TimerFired { id: TimerId(id) }),
    ]
}

fn input() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"a": 1, "list": [1, 2, 3]})),
        Just(json!({"a": 9, "s": "xyz", "list": []})),
        Just(json!({"s": "xyz", "list": ["p", "q"]})),
        Just(json!([])),
        Just(json!({"a": "text"})),
    ]
}

/// Feeds `events`; each step also goes through a copy that was written out and read back.
fn feed(machine: &StateMachine, input: Value, events: Vec<Event>) {
    let mut execution = Execution::new(StartParameters::named("m", "e", Arc::new(input)));
    let mut last_id = 0;
    let mut now = Timestamp(0);
    for event in std::iter::once(Event::Started).chain(events) {
        now = now.plus_millis(700);
        let over = execution.outcome().is_some();
        let text = serde_json::to_string(&execution).unwrap();
        let mut copy: Execution = serde_json::from_str(&text).unwrap();
        let step = execution.step_bounded(machine, event.clone(), now, 50);
        assert_eq!(copy.step_bounded(machine, event, now, 50), step);
        assert!(!over || (step.events.is_empty() && step.commands.is_empty()));
        for event in &step.events {
            assert_eq!(event.id, last_id + 1);
            assert!(event.previous_event_id < event.id);
            last_id = event.id;
        }
        if execution.outcome().is_some() {
            assert!(execution.pending_commands().is_empty());
        } else {
            // Something outside, or the next step, can always bring the execution on.
            assert!(step.more || !execution.pending_commands().is_empty());
        }
    }
}

/// A request to test a state of `definition`, or with `lone` the state by itself.
fn tested(definition: &Value, name: &str, lone: bool, input: &Value) -> TestStateRequest {
    let text = if lone { definition["States"][name].to_string() } else { definition.to_string() };
    TestStateRequest {
        definition: text,
        state_name: (!lone).then(|| name.to_owned()),
        input: Some(input.to_string()),
        inspection_level: InspectionLevel::Trace,
        ..TestStateRequest::default()
    }
}

fn mock() -> impl Strategy<Value = Option<Mock>> {
    let result = prop::sample::select(&["{}", "[]", "[1, 2]", "{\"StatusCode\": \"x\"}", "1", "{"][..])
        .prop_map(|text| Some(Mock { result: Some(text.into()), ..Mock::default() }));
    let error = prop::sample::select(&["A", "States.Runtime", "States.Timeout", ""][..]).prop_map(|name| {
        let output = MockErrorOutput { error: name.into(), cause: None };
        Some(Mock { error_output: Some(output), ..Mock::default() })
    });
    prop_oneof![1 => Just(None), 2 => result, 2 => error]
}

/// Replaces the `at`-th node of `value`, counted in order, by `with`, or takes it away.
fn mutate(value: &mut Value, at: &mut usize, with: Option<&Value>) -> bool {
    let Some(left) = at.checked_sub(1) else {
        *value = with.cloned().unwrap_or(Value::Null);
        return true;
    };
    *at = left;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| mutate(item, at, with)),
        Value::Object(map) => {
            if *at < map.len() && with.is_none() {
                let key = map.keys().nth(*at).unwrap().clone();
                map.remove(&key);
                return true;
            }
            map.values_mut().any(|item| mutate(item, at, with))
        }
        _ => false,
    }
}

fn replacement() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(json!(null))),
        1 => Just(Some(json!({}))),
        1 => Just(Some(json!([]))),
        1 => Just(Some(json!(-1))),
        1 => Just(Some(json!(1e300))),
        1 => Just(Some(json!("Split"))),
        1 => Just(Some(json!("JSONata"))),
        1 => "\\$[$.a\\[\\]'*:0-9?(@)]{0,12}".prop_map(|path| Some(Value::from(path))),
        1 => "States\\.(Format|Array|MathAdd|JsonMerge)\\([${}',.a0-9]{0,12}\\)".prop_map(|call| Some(Value::from(call))),
        1 => "\\{% [$a.()+\\[\\]{}:=&0-9]{0,12} %\\}".prop_map(|expression| Some(Value::from(expression))),
    ]
}

/// A definition may ask for many copies of data: they are refused before they fill the memory.
#[test]
fn copies_are_bounded() {
    let input = json!(["x".repeat(200_000)]);
    let fields = |value: &str| {
        let members: serde_json::Map<String, Value> =
            (0..40_000).map(|number| (format!("v{number}.$"), json!(value))).collect();
        json!(members)
    };
    let arguments = vec!["$"; 50_000].join(", ");
    for (field, value) in [
        ("Parameters", fields("$")),
        ("Assign", fields("$[0]")),
        ("Parameters", json!({"v.$": format!("States.Array({arguments})")})),
        ("Parameters", json!({"v.$": format!("States.Format('{}', {arguments})", "{}".repeat(50_000))})),
        (
            "Parameters",
            json!({"v.$": format!("{}$[0]{}", "States.JsonToString(".repeat(30), ")".repeat(30))}),
        ),
    ] {
        let definition =
            json!({"StartAt": "S", "States": {"S": {"Type": "Pass", field: value, "End": true}}});
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let mut execution = Execution::new(StartParameters::named("m", "e", Arc::new(input.clone())));
        execution.step(&machine, Event::Started, Timestamp(0));
        assert!(
            matches!(execution.outcome(), Some(mlpp_states::Outcome::Failed { .. })),
            "{}",
            execution.outcome().is_some()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events(input in input(), events in prop::collection::vec(event(), 0..60)) {
        let machine = StateMachine::parse(&definition().to_string()).unwrap();
        feed(&machine, input, events);
    }

    #[test]
    fn any_definition(mut at in 0..220_usize, with in replacement(), input in input(), events in prop::collection::vec(event(), 0..30)) {
        let mut definition = definition();
        mutate(&mut definition, &mut at, with.as_ref());
        let text = definition.to_string();
        match StateMachine::parse(&text) {
            Ok(machine) => feed(&machine, input, events),
            Err(error) => {
                prop_assert!(!error.diagnostics.is_empty());
                for diagnostic in error.diagnostics {
                    prop_assert!(diagnostic.span.is_none_or(|span| text.get(span).is_some()));
                }
            }
        }
    }

    #[test]
    fn any_tested_state(
        (mut at, with) in (0..220_usize, replacement()),
        name in prop::sample::select(&["Choose", "Pause", "Compute", "Guarded", "Split", "Each", "Spread", "Done", "Lost", "I"][..]),
        lone in any::<bool>(),
        input in input(),
        mock in mock(),
        (retries, failures) in (prop::option::of(0..4_u32), prop::option::of(0..4_usize)),
    ) {
        let mut definition = definition();
        mutate(&mut definition, &mut at, with.as_ref());
        let mut request = tested(&definition, name, lone, &input);
        if mock.is_some() {
            request.state_configuration = StateConfiguration {
                retrier_retry_count: retries,
                map_iteration_failure_count: failures,
                ..StateConfiguration::default()
            };
        }
        request.mock = mock;
        if let Ok(response) = test_state(&request, &TestStateOptions::default()) {
            // What succeeded or was caught has an output, what failed an error or at least no output.
            let left = matches!(response.status, TestStateStatus::Succeeded | TestStateStatus::CaughtError);
            prop_assert_eq!(response.output.is_some(), left);
            prop_assert!(left || response.next_state.is_none());
            prop_assert_eq!(&test_state(&request, &TestStateOptions::default()).unwrap(), &response);
        }
    }

    #[test]
    fn any_text(text in "[\\[\\]{}:,\"a-zS.$0-9 ]{0,80}") {
        let _ = StateMachine::parse(&text);
    }
}
