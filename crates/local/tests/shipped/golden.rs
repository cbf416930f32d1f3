//! What the shipped workflows ask of the services for the golden input is what the original asked, except where the original
//! was wrong: each such place stands in [`exceptions`] with the id of the defect (`docs/defects.md`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::simulated::{Services, repository};

const TUNING: &str = "model-tuning";
const DEPLOYMENT: &str = "endpoint-deployment";
const COMBINED: &str = "model-tuning-with-endpoint-deployment";

/// A place where a request differs from the golden one. `null` stands for absent.
struct Exception {
    /// The workflow that makes the request.
    workflow: &'static str,
    request: &'static str,
    pointer: &'static str,
    golden: Value,
    ours: Value,
    defect: &'static str,
}

/// Every place where a request differs from the golden one.
fn exceptions() -> Vec<Exception> {
    let tags = || json!([{"Key": "Name", "Value": "stack"}, {"Key": "Environment", "Value": "development"}]);
    // Of the endpoint's name and the execution, within the service's 63 characters; the original's was of the second.
    let name = || json!("survival-endpoint-20200717102031");
    let own = || json!("survival-endpoint-75ec1238948be9");
    let exception = |workflow, request, pointer, golden, ours, defect| Exception {
        workflow,
        request,
        pointer,
        golden,
        ours,
        defect,
    };
    vec![
        exception(
            TUNING,
            "CreateHyperParameterTuningJob",
            "/TrainingJobDefinitions/0/OutputDataConfig/KmsKeyId",
            json!(""),
            Value::Null,
            "D19",
        ),
        exception(TUNING, "CreateModel", "/Tags", Value::Null, tags(), "D21"),
        exception(DEPLOYMENT, "CreateEndpointConfig", "/EndpointConfigName", name(), own(), "D17"),
        exception(DEPLOYMENT, "CreateEndpointConfig", "/Tags", json!([]), tags(), "D21"),
        exception(DEPLOYMENT, "CreateEndpoint", "/EndpointConfigName", name(), own(), "D17"),
        exception(DEPLOYMENT, "CreateEndpoint", "/Tags", json!([]), tags(), "D21"),
        exception(DEPLOYMENT, "UpdateEndpoint", "/EndpointConfigName", name(), own(), "D17"),
    ]
}

/// The golden file of that name, or `None` with a word about it.
fn golden(file: &str) -> Option<Value> {
    let shared =
        std::env::var_os("MLPP_SHARED").map_or_else(|| repository().join("../shared"), PathBuf::from);
    let folder = shared.join("golden");
    if folder.is_dir() {
        return Some(serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap());
    }
    println!("skipped: golden files ({} is not there)", folder.display());
    if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
        let mut list = std::fs::OpenOptions::new().create(true).append(true).open(list).unwrap();
        writeln!(list, "golden files: crates/local/tests/shipped/golden.rs").unwrap();
    }
    None
}

/// Where two values differ, with both; `null` stands for absent. Numbers are equal by value, lists of different lengths
/// differ as a whole.
fn differences(golden: &Value, ours: &Value, at: &str) -> Vec<(String, Value, Value)> {
    match (golden, ours) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            let of = |object: &serde_json::Map<String, Value>, name: &String| {
                object.get(name).cloned().unwrap_or_default()
            };
            names
                .into_iter()
                .flat_map(|name| differences(&of(left, name), &of(right, name), &format!("{at}/{name}")))
                .collect()
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .flat_map(|(index, (left, right))| differences(left, right, &format!("{at}/{index}")))
            .collect(),
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => Vec::new(),
        _ if golden == ours => Vec::new(),
        _ => vec![(at.to_owned(), golden.clone(), ours.clone())],
    }
}

/// Compares what was asked with the golden requests, by the table; adds the rows that apply to `applied`. Gives the names
/// of the golden requests that were made.
fn compare(services: &Services<'_>, golden: &Value, applied: &mut BTreeSet<String>) -> BTreeSet<String> {
    let mut made = BTreeSet::new();
    for asked in &services.asked {
        let reads = asked.action.starts_with("Describe") || asked.action == "StartExecution";
        let Some(expected) = golden["requests"].get(&asked.action) else {
            assert!(reads, "{} asks {}, which the original does not", asked.machine, asked.action);
            continue;
        };
        let of_request =
            |exception: &&Exception| exception.workflow == asked.machine && exception.request == asked.action;
        let exceptions = exceptions();
        let allowed: BTreeMap<String, (Value, Value)> = exceptions
            .iter()
            .filter(of_request)
            .map(|exception| {
                applied.insert(format!("{} {} {}", exception.defect, exception.request, exception.pointer));
                (exception.pointer.to_owned(), (exception.golden.clone(), exception.ours.clone()))
            })
            .collect();
        let differences: BTreeMap<String, (Value, Value)> = differences(expected, &asked.parameters, "")
            .into_iter()
            .map(|(pointer, golden, ours)| (pointer, (golden, ours)))
            .collect();
        assert_eq!(differences, allowed, "{} {}", asked.machine, asked.action);
        assert!(made.insert(asked.action.clone()), "{} is asked twice", asked.action);
    }
    made
}

fn output(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Succeeded { output } => Value::clone(&output),
        other => panic!("{other:?}"),
    }
}

/// A running endpoint as the golden update finds it.
fn running() -> Value {
    json!({
        "EndpointStatus": "InService", "EndpointArn": "arn", "EndpointConfigName": "before",
        "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentInstanceCount": 1}],
    })
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_requests_are_the_originals_except_where_it_was_wrong() {
    let (Some(requests), Some(input)) =
        (golden("golden-workflow-requests.json"), golden("golden-execution-input.json"))
    else {
        return;
    };
    let (input, deployment) = (&input["input"], &requests["requests"]["DeploymentExecutionInput"]);
    let mut applied = BTreeSet::new();
    let tuned = ["CreateHyperParameterTuningJob", "CreateModel"];
    let scaled = ["CreateEndpointConfig", "RegisterScalableTarget", "PutScalingPolicy"];

    let mut services = Services::new();
    let end = output(services.run(TUNING, input));
    assert_eq!(compare(&services, &requests, &mut applied), set(&tuned));
    let added = &requests["requests"]["ExtractModelPath.output.added"];
    for (member, value) in added.as_object().unwrap() {
        assert_eq!(differences(value, &end[member], ""), [], "{member}");
    }
    assert_eq!(end["bestTrainingJob"], requests["best_training_job"]);

    let mut services = Services::new();
    output(services.run(DEPLOYMENT, deployment));
    assert_eq!(
        compare(&services, &requests, &mut applied),
        set(&[&scaled[..], &["CreateEndpoint"]].concat())
    );

    let mut services = Services::new();
    services.endpoint = Some(running());
    output(services.run(DEPLOYMENT, deployment));
    assert_eq!(
        compare(&services, &requests, &mut applied),
        set(&[&scaled[..], &["UpdateEndpoint"]].concat())
    );

    for (endpoint, made) in [(None, "CreateEndpoint"), (Some(running()), "UpdateEndpoint")] {
        let mut services = Services::new();
        services.endpoint = endpoint;
        output(services.run(COMBINED, input));
        let expected = set(&[&tuned[..], &scaled[..], &[made]].concat());
        assert_eq!(compare(&services, &requests, &mut applied), expected);
        let [tuning, deploying] = services.requests("StartExecution")[..] else { panic!("two executions") };
        assert_eq!(differences(input, &tuning["Input"], ""), []);
        assert_eq!(differences(deployment, &deploying["Input"], ""), []);
    }
    assert_eq!(applied.len(), exceptions().len(), "{applied:?}");
}

#[test]
fn a_difference_is_seen_wherever_it_is() {
    let golden = json!({"a": [{"b": 1.0}, []], "c": "x"});
    assert_eq!(differences(&golden, &json!({"a": [{"b": 1}, []], "c": "x"}), ""), []);
    let changed = [
        (json!({"a": [{"b": 2}, []], "c": "x"}), "/a/0/b"),
        (json!({"a": [{"b": "1"}, []], "c": "x"}), "/a/0/b"),
        (json!({"a": [{"b": 1}], "c": "x"}), "/a"),
        (json!({"a": [{"b": 1}, {}], "c": "x"}), "/a/1"),
        (json!({"a": [{"b": 1}, []]}), "/c"),
        (json!({"a": [{"b": 1}, []], "c": "x", "d": 1}), "/d"),
    ];
    for (ours, pointer) in changed {
        let found: Vec<_> =
            differences(&golden, &ours, "").into_iter().map(|(pointer, ..)| pointer).collect();
        assert_eq!(found, [pointer]);
    }
}
