//! Definitions that the service refuses, with codes, messages and places as `ValidateStateMachineDefinition` gives them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use mlpp_states::{DefinitionLimits, Diagnostic, StateMachine, WorkflowType};
use serde_json::{Value, json};

fn findings(definition: &Value) -> Vec<Diagnostic> {
    match StateMachine::parse(&definition.to_string()) {
        Ok(machine) => machine.warnings().to_vec(),
        Err(error) => error.diagnostics,
    }
}

/// Code, message and place of each finding; a place that is none is empty.
fn told(definition: &Value) -> Vec<(&'static str, String, String)> {
    findings(definition)
        .into_iter()
        .map(|found| (found.code.as_str(), found.message, found.location.unwrap_or_default()))
        .collect()
}

#[track_caller]
fn check(definition: &Value, expected: &[(&'static str, &str, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(code, message, location)| (*code, String::from(*message), String::from(*location)))
        .collect();
    assert_eq!(told(definition), expected, "{definition}");
}

const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
const TARGET: &str = "MISSING_TRANSITION_TARGET";

fn pass(more: &Value) -> Value {
    let mut state = json!({"Type": "Pass", "End": true});
    state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"StartAt": "X", "States": {"X": state}})
}

fn jsonata(output: &str) -> Value {
    let mut definition = pass(&json!({"Output": {"v": [format!("{{% {output} %}}")]}}));
    definition["QueryLanguage"] = json!("JSONata");
    definition
}

#[test]
fn transitions_that_lead_nowhere() {
    check(
        &json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nope"}}}),
        &[
            (TARGET, "Missing 'Next' target: Nope", "/States/A/Next"),
            ("MISSING_END_STATE", "Workflow has no terminal state", ""),
        ],
    );
    check(
        &json!({"StartAt": "Nope", "States": {"A": {"Type": "Pass", "End": true}}}),
        &[
            (TARGET, "Missing 'Next' target: Nope", "/StartAt"),
            (TARGET, "State \"A\" is not reachable.", "/States/A"),
        ],
    );
    check(
        &json!({"StartAt": "C", "States": {
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "Ghost"}], "Default": "Gone"},
            "Z": {"Type": "Pass", "End": true}}}),
        &[
            (TARGET, "Missing 'Next' target: Ghost", "/States/C/Choices[0]/Next"),
            (TARGET, "Missing 'Next' target: Gone", "/States/C/Default"),
            (TARGET, "State \"Z\" is not reachable.", "/States/Z"),
        ],
    );
    check(
        &json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Ghost"}]}}}),
        &[(TARGET, "Missing 'Next' target: Ghost", "/States/T/Catch[0]/Next")],
    );
}

#[test]
fn states_that_nothing_leads_to() {
    let two = json!({"StartAt": "W", "States": {"W": {"Type": "Pass", "End": true}, "a/b": {"Type": "Pass", "End": true}}});
    check(&two, &[(TARGET, "State \"a/b\" is not reachable.", "/States/a/b")]);
    check(
        &json!({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [two], "End": true}}}),
        &[(TARGET, "State \"a/b\" is not reachable.", "/States/P/Branches[0]/States/a/b")],
    );
    // What cannot end is not asked what it can reach, unless it is inside a state.
    let endless = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}, "C": {"Type": "Pass", "Next": "A"}}});
    check(&endless, &[("MISSING_END_STATE", "Workflow has no terminal state", "")]);
    let error = StateMachine::parse(&endless.to_string()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid state machine definition: 'MISSING_END_STATE: Workflow has no terminal state at null'"
    );
    check(
        &json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": endless, "End": true}}}),
        &[(TARGET, "State \"C\" is not reachable.", "/States/M/ItemProcessor/States/C")],
    );
    let inner = json!({"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}});
    check(
        &json!({"StartAt": "X", "States": {"X": {"Type": "Map", "ItemProcessor": inner, "End": true}}}),
        &[("DUPLICATE_STATE_NAME", "Duplicate State name: X", "/States/X/ItemProcessor/States/X")],
    );
}

#[test]
fn fields_are_told_at_their_state() {
    check(
        &pass(&json!({"TimeoutSeconds": 5})),
        &[(SCHEMA, "Field 'TimeoutSeconds' is not supported", "/States/X")],
    );
    check(
        &pass(&json!({"Output": {}})),
        &[(
            SCHEMA,
            "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage",
            "/States/X",
        )],
    );
    check(
        &pass(&json!({"QueryLanguage": "jsonata", "Output": {}, "InputPath": "$.a"})),
        &[
            (
                SCHEMA,
                "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage",
                "/States/X",
            ),
            (SCHEMA, "Value should be one of the following: [JSONPath, JSONata]", "/States/X/QueryLanguage"),
        ],
    );
    check(
        &pass(&json!({"QueryLanguage": 5})),
        &[(SCHEMA, "Expected value of type [STRING]", "/States/X/QueryLanguage")],
    );
    let inner =
        json!({"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    check(
        &json!({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": true}}}),
        &[(SCHEMA, "Field 'QueryLanguage' is not supported", "/States/M/ItemProcessor")],
    );
}

#[test]
fn a_state_refused_for_its_language_is_not_asked_about_fields() {
    let mut definition = pass(&json!({"QueryLanguage": "JSONPath", "Output": {"v": 1}}));
    definition["QueryLanguage"] = json!("JSONata");
    let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
    check(&definition, &[(SCHEMA, message, "/States/X")]);
    let inner = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    check(
        &json!({"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": {"Type": "Map", "QueryLanguage": "JSONPath",
            "MaxConcurrency": -1, "ItemProcessor": inner, "End": true}}}),
        &[(SCHEMA, message, "/States/M"), (SCHEMA, "Minimum value is 0", "/States/M/MaxConcurrency")],
    );
}

#[test]
fn expressions_that_the_service_refuses() {
    let at = "/States/X/Output/v[0]";
    check(&jsonata("1 +"), &[("INVALID_JSONATA_EXPRESSION", "Unexpected end of expression", at)]);
    check(&jsonata("a[1,2)"), &[("INVALID_JSONATA_EXPRESSION", "Expected \"]\", got \",\"", at)]);
    let unsupported = "UNSUPPORTED_JSONATA_EXPRESSION";
    check(
        &jsonata("phone & $.x & $$"),
        &[
            (unsupported, "Reference to 'phone' at the top level is not supported.", at),
            (unsupported, "Reference to '$' at the top level is not supported.", at),
            (unsupported, "Reference to '$$' is not supported.", at),
        ],
    );
    check(
        &jsonata("$states.errorOutput"),
        &[(unsupported, "Field '$states.errorOutput' does not exist.", at)],
    );
    check(
        &json!({"QueryLanguage": "JSONata", "StartAt": "T", "States": {
            "T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true, "Catch": [
                {"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Assign": {"e": "{% $states.errorOutput %}"}, "Next": "D"}]},
            "D": {"Type": "Succeed"}}}),
        &[],
    );
}

#[test]
fn values_that_look_like_paths_are_warned_of() {
    for (more, code, location) in [
        (json!({"Parameters": {"a": ["x", {"b": "$.c"}]}}), "NO_DOLLAR", "/States/X/Parameters/a[1]/b"),
        (json!({"Result": {"a.$": "$.b"}}), "PASS_RESULT_IS_STATIC", "/States/X/Result"),
    ] {
        let machine = StateMachine::parse(&pass(&more).to_string()).unwrap();
        let [warning] = machine.warnings() else { panic!("{:?}", machine.warnings()) };
        assert_eq!((warning.code.as_str(), warning.location.as_deref()), (code, Some(location)));
    }
}

#[test]
fn a_finding_has_the_text_it_is_about() {
    let text = r#"{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "Ghost"}]},
        "E": {"Type": "Succeed"}}}"#;
    let error = StateMachine::parse(text).unwrap_err();
    let span = error.diagnostics[0].span.clone().unwrap();
    assert_eq!(
        (&text[span], error.diagnostics[0].pointer.as_str()),
        ("\"Ghost\"", "/States/C/Choices/0/Next")
    );
}

#[test]
fn a_definition_has_a_largest_size() {
    let definition = pass(&json!({"Comment": "x".repeat(1_048_576)}));
    let found = told(&definition);
    assert_eq!(found.len(), 1);
    assert!(found[0].1.contains("the most is 1048576"), "{found:?}");

    let name = "n".repeat(81);
    let named = json!({"StartAt": name, "States": {&name: {"Type": "Succeed"}}});
    check(
        &named,
        &[(
            "INVALID_STATE_NAME",
            &format!(
                "Invalid State name: State '{name}' exceeds the 80-character limit allowed by the service"
            ),
            &format!("/States/{name}"),
        )],
    );
    let lifted = |definition: &Value| {
        let limits = DefinitionLimits::lifted();
        StateMachine::parse_within(&definition.to_string(), WorkflowType::Standard, limits).is_ok()
    };
    assert!(lifted(&definition) && lifted(&named));

    let mut deep = json!({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}});
    for depth in 0..32 {
        let name = format!("M{depth}");
        deep =
            json!({"StartAt": name, "States": {&name: {"Type": "Map", "ItemProcessor": deep, "End": true}}});
    }
    assert_eq!(told(&deep)[0].0, "TOO_DEEPLY_NESTED");
}

#[test]
fn variables_have_names_that_expressions_can_say() {
    let assign = |name: &str| pass(&json!({"Assign": {name: 1}}));
    for name in ["a", "été1", "snake_case"] {
        check(&assign(name), &[]);
    }
    for name in ["1a", "a-b", "states", "", &"n".repeat(81)] {
        let message = format!("'{name}' is not a valid variable name");
        check(&assign(name), &[(SCHEMA, &message, &format!("/States/X/Assign/{name}"))]);
    }
}
