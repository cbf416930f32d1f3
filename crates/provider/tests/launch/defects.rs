//! What the replaced system sent wrongly, or could not send, and what is sent here.

use mlpp_parameters::{DecodeError, ParameterType};
use mlpp_provider::{LaunchError, ReadError};
use serde_json::{Value, json};

use crate::project::{DOCUMENT, KEY, Project, plain};
use crate::support::{Writer, edit, path, run};

/// Applies a document and launches a manifest of that key: the input of the execution.
fn sent(project: &Project, document: &str, key: &str) -> Value {
    run(Writer::default().apply(&project.store, document)).unwrap();
    project.launch(&project.put(key, &plain())).unwrap();
    project.inputs().pop().unwrap()
}

// DEFECTS C1
#[test]
fn a_switch_that_is_off_is_sent_as_off() {
    let document = r#"{"enableManagedSpotTraining":false,"otherFlag":false,"on":true,
        "targetTrackingScalingPolicyConfiguration":{"TargetValue":1,"DisableScaleIn":false}}"#;
    let project = Project::empty(&path());
    let input = sent(&project, document, KEY);
    let scaling = &input["targetTrackingScalingPolicyConfiguration"];
    assert_eq!(
        (&input["enableManagedSpotTraining"], &scaling["DisableScaleIn"]),
        (&json!(false), &json!(false))
    );
    assert_eq!((&input["otherFlag"], &input["on"]), (&json!(false), &json!(true)));
    // What is neither is no switch, and starts nothing.
    edit(&project.store, "/p/enableManagedSpotTraining", "no");
    let refused = project.launch(&project.put("second.json", &plain()));
    assert!(
        matches!(refused, Err(LaunchError::Read(ReadError::Decode(DecodeError::Value { .. })))),
        "{refused:?}"
    );

    // As the replaced system wrote it.
    let project = Project::empty(&path());
    project.set("/p/enableManagedSpotTraining", ParameterType::String, "False");
    project.launch(&project.put(KEY, &plain())).unwrap();
    assert_eq!(project.inputs()[0]["enableManagedSpotTraining"], json!(false));
}

// DEFECTS C2, C23
#[test]
fn a_launch_sees_nothing_of_the_one_before() {
    let project = Project::empty(&path());
    let first = r#"{"tuningJobName":"x","subnets":["a","b","c"],"endpointName":"e","staticHyperParameters":{"seed":"1","k":"v"},
        "parameterRanges":{"IntegerParameterRanges":[{"Name":"ntrees","MinValue":"1","MaxValue":"2"}]}}"#;
    sent(&project, first, "first.json");
    let input = sent(&project, r#"{"subnets":["a"],"staticHyperParameters":{"k":"v"}}"#, "second.json");
    let mut members: Vec<_> = input.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["channels", "provenance", "staticHyperParameters", "subnets"]);
    assert_eq!((&input["subnets"], &input["staticHyperParameters"]), (&json!(["a"]), &json!({"k": "v"})));
}

// DEFECTS C3
#[test]
fn a_list_keeps_its_order_and_what_it_has_twice() {
    let document = r#"{"model":{"trainingSubnets":["subnet-c","subnet-a","subnet-b"],"trainingSecurityGroupIds":["sg-1"]},
        "own":["d","d","e"]}"#;
    let input = sent(&Project::empty(&path()), document, KEY);
    assert_eq!(input["model"]["trainingSubnets"], json!(["subnet-c", "subnet-a", "subnet-b"]));
    assert_eq!(input["own"], json!(["d", "d", "e"]));
}

// DEFECTS C10
#[test]
fn a_project_without_an_endpoint_is_launched_with_what_it_has() {
    let input = sent(&Project::empty(&path()), r#"{"own":"x"}"#, KEY);
    let members: Vec<_> = input.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members.len(), 3, "{members:?}");
    assert_eq!(input["own"], "x");
}

// DEFECTS C11: every second page of the store's listing is empty and has a token.
#[test]
fn an_empty_page_does_not_end_the_read() {
    let project = Project::of(DOCUMENT);
    for n in 0..45 {
        edit(&project.store, &format!("/p/more/n{n}"), "x");
    }
    project.launch(&project.put(KEY, &plain())).unwrap();
    let input = project.inputs().remove(0);
    assert_eq!(input["more"].as_object().unwrap().len(), 45);
    assert_eq!(input["provenance"]["drift"]["count"], 45);
    assert_eq!(input["tuningJobName"].as_str().map(|name| name.starts_with("survival-")), Some(true));
}

// DEFECTS C16
#[test]
fn a_parameter_that_is_the_path_of_others_is_named_and_starts_nothing() {
    let project = Project::of(DOCUMENT);
    edit(&project.store, "/p/model", "x");
    let refused = project.launch(&project.put(KEY, &plain())).unwrap_err();
    assert_eq!(refused.to_string(), "\"model\" is both a parameter and the path of others");
    assert!(project.workflows.started().is_empty());
}

// DEFECTS C22
#[test]
fn a_secret_that_nobody_may_decrypt_stops_no_launch() {
    let project = Project::of(DOCUMENT);
    project.set("/p/registry/token", ParameterType::SecureString, "hunter2");
    project.launch(&project.put(KEY, &plain())).unwrap();
    let input = project.inputs().remove(0);
    assert_eq!(input["registry"]["token"], json!({"$secret": "/p/registry/token", "version": 1}));
}

// DEFECTS C26
#[test]
fn ranges_are_sent_in_the_order_of_the_document() {
    let range = |name: &str| format!(r#"{{"Name":"{name}","MinValue":"1","MaxValue":"2"}}"#);
    let names = ["ntrees", "depth", "zeta", "alpha", "max_bins", "b", "B", "c1", "c10", "c2", "c3"];
    let ranges: Vec<_> = names.iter().map(|name| range(name)).collect();
    let document = format!(r#"{{"parameterRanges":{{"IntegerParameterRanges":[{}]}}}}"#, ranges.join(","));
    let input = sent(&Project::empty(&path()), &document, KEY);
    let sent = input["parameterRanges"]["IntegerParameterRanges"].as_array().unwrap();
    assert_eq!(sent.iter().map(|range| range["Name"].as_str().unwrap()).collect::<Vec<_>>(), names);
}
