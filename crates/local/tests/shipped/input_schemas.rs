//! The schemas of the shipped workflows' inputs say what the workflows do: what may be left out can be left out, what is
//! required cannot, and what is of an allowed type can be used. The services behind them are stand-ins.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mlpp_local::input_schema;
use mlpp_parameters::schema::Schema;
use mlpp_parameters::{Documents, ProjectRules, Severity, Sources, validate};
use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::simulated::{Services, full_input, names};

/// The rules of a project with a shipped workflow as its target, by the workflow's name. A schema is compiled once: that
/// takes much longer than to use it.
static RULES: LazyLock<BTreeMap<String, ProjectRules>> = LazyLock::new(|| {
    let rules = |name: &str| {
        let mut sources = Sources::default();
        let source = sources.add(format!("{name}.input.schema.json"), input_schema(name).unwrap());
        ProjectRules::default().with_target(name, Schema::parse(&sources, source).unwrap())
    };
    names().into_iter().map(|name| (name.clone(), rules(&name))).collect()
});

/// Whether the workflow comes to its end.
fn succeeds(name: &str, input: &Value) -> bool {
    matches!(Services::new().run(name, input), Outcome::Succeeded { .. })
}

/// The codes of all errors in the documents' part of an input, when the workflow is the target.
fn errors(name: &str, input: &Value) -> Vec<&'static str> {
    let mut documents = input.clone();
    documents.as_object_mut().unwrap().remove("channels");
    let documents = Documents::merge([("input.json", documents.to_string())]).unwrap();
    let findings = validate(&documents, &"/p".parse().unwrap(), &RULES[name]).err().unwrap_or_default();
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.code).collect()
}

/// The full input with one element in each list, which stands for the others, and none of the lists empty.
fn short_input(name: &str) -> Value {
    fn shorten(value: &mut Value) {
        match value {
            Value::Array(list) => {
                list.truncate(1);
                list.iter_mut().for_each(shorten);
            }
            Value::Object(members) => members.values_mut().for_each(shorten),
            _ => {}
        }
    }
    let mut input = full_input(name);
    if let Some(ranges) = input.pointer_mut("/parameterRanges/CategoricalParameterRanges") {
        *ranges = json!([{"Name": "distribution", "Values": ["bernoulli"]}]);
    }
    shorten(&mut input);
    input
}

/// The pointers of all values below `value` that are the documents' business.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (format!("{at}/{name}"), value)).collect()
        }
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)).collect()
        }
        _ => Vec::new(),
    };
    let own = below.into_iter().filter(|(pointer, _)| pointer != "/channels");
    own.flat_map(|(pointer, value)| [vec![pointer.clone()], pointers(value, &pointer)].concat()).collect()
}

#[test]
fn a_member_is_required_exactly_when_the_workflow_fails_without_it() {
    for name in &names() {
        let full = short_input(name);
        assert_eq!(errors(name, &full), [""; 0], "{name}");
        assert!(succeeds(name, &full), "{name}");
        let mut required = 0;
        for pointer in pointers(&full, "") {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let mut input = full.clone();
            let Some(object) = input.pointer_mut(parent).unwrap().as_object_mut() else { continue };
            if pointer == "/productionVariants/0/InstanceType" {
                // A serverless variant has none: that is between the user and the service.
                continue;
            }
            object.remove(member);
            let told = errors(name, &input).contains(&"target/required");
            assert_eq!(told, !succeeds(name, &input), "{name} without {pointer}");
            required += usize::from(told);
        }
        let expected = match name.as_str() {
            "model-tuning" => 11,
            "endpoint-deployment" => 3,
            "batch-inference" => 4,
            _ => 14,
        };
        assert_eq!(required, expected, "{name}");
    }
}

#[test]
fn the_workflow_can_use_every_value_that_validation_lets_through() {
    let tried = [
        json!(null),
        json!(true),
        json!("false"),
        json!(""),
        json!(1.5),
        json!("1"),
        json!([]),
        json!(["x"]),
        json!({}),
        json!({"x": 1}),
    ];
    for name in &names() {
        let full = short_input(name);
        let mut used = 0;
        for pointer in pointers(&full, "") {
            for value in &tried {
                let mut input = full.clone();
                *input.pointer_mut(&pointer).unwrap() = value.clone();
                if errors(name, &input).is_empty() {
                    assert!(succeeds(name, &input), "{name} with {value} at {pointer}");
                    used += 1;
                }
            }
        }
        assert!(used > 20, "{name}: {used}");
    }
}

/// Bounds and values of `CreateTransformJob`.
#[test]
fn the_values_of_a_transform_job_are_those_that_the_service_takes() {
    let name = "batch-inference";
    for (member, good, bad) in [
        ("batchStrategy", vec![json!("MultiRecord"), json!("SingleRecord")], vec![json!("Multi"), json!(1)]),
        ("splitType", vec![json!("Line"), json!("None")], vec![json!("line"), json!("Lines")]),
        ("assembleWith", vec![json!("Line")], vec![json!("TFRecord")]),
        ("compressionType", vec![json!("Gzip")], vec![json!("gzip"), json!("Zip")]),
        (
            "instanceCount",
            vec![json!(1), json!("3")],
            vec![json!(0), json!("0"), json!(1.5), json!("x"), json!(-1)],
        ),
        ("maxConcurrentTransforms", vec![json!(0), json!("8")], vec![json!(-1), json!("01")]),
        (
            "maxPayloadInMB",
            vec![json!(0), json!(100), json!("100")],
            vec![json!(101), json!("101"), json!(-1)],
        ),
        (
            "s3OutputPath",
            vec![json!("s3://demo-bucket"), json!("s3://demo-bucket/predictions/")],
            vec![
                json!("demo-bucket/predictions"),
                json!("s3://Demo/x"),
                json!(format!("s3://demo-bucket/{}", "x".repeat(900))),
            ],
        ),
        (
            "instanceType",
            vec![json!("ml.m5.large"), json!("ml.p4d.24xlarge")],
            vec![json!("m5.large"), json!("ml.m5"), json!("")],
        ),
        ("kmsKeyId", vec![json!("alias/own")], vec![json!("a key")]),
        ("environment", vec![json!({"OWN_1": "x", "N": 1})], vec![json!({"1": "x"}), json!({"a-b": "x"})]),
        (
            "modelClientConfig",
            vec![json!({"InvocationsMaxRetries": 3, "InvocationsTimeoutInSeconds": "3600"})],
            vec![
                json!({"InvocationsMaxRetries": 4}),
                json!({"InvocationsTimeoutInSeconds": 0}),
                json!({"Retries": 1}),
            ],
        ),
        ("batchStategy", vec![], vec![json!("MultiRecord")]),
    ] {
        for (values, told) in [(good, &[][..]), (bad, &["target/type"][..])] {
            for value in values {
                let mut input = full_input(name);
                input["transform"][member] = value.clone();
                assert_eq!(errors(name, &input), told, "{member}: {value}");
            }
        }
    }
}
