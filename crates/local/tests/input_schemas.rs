//! The schemas of the shipped workflows' inputs say what the workflows do: what may be left out can be left out, what is
//! required cannot, and what is of an allowed type can be used. The services behind them are stand-ins.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlpp_local::input_schema;
use mlpp_parameters::schema::Schema;
use mlpp_parameters::{Documents, ProjectRules, Severity, Sources, validate};
use mlpp_states::driver::{StopSignal, TaskFailure, TaskHandler, TaskReporter, VirtualClock, run};
use mlpp_states::{Execution, Outcome, StartParameters, StateMachine, TaskRequest, Timestamp, substitute};
use serde_json::{Map, Value, json};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

fn machine(name: &str) -> StateMachine {
    let definition = read(&format!("workflows/{name}.asl.json"));
    let names = [
        "StackName",
        "Environment",
        "TrainingRoleArn",
        "ModelRoleArn",
        "FailureNotificationTopicArn",
        "ModelTuningStateMachineArn",
        "EndpointDeploymentStateMachineArn",
    ];
    let short = |name: &str| name.replace("ModelTuningStateMachineArn", "model-tuning");
    let value = |name: &str| short(name).replace("EndpointDeploymentStateMachineArn", "endpoint-deployment");
    let values: BTreeMap<_, _> = names.into_iter().map(|name| (name.to_owned(), value(name))).collect();
    StateMachine::parse(&substitute(&definition, &values).unwrap()).unwrap()
}

/// Stands in for the services, as far as the workflows can tell.
#[derive(Default)]
struct Services {
    endpoint: AtomicBool,
    config: std::sync::Mutex<Value>,
}

impl TaskHandler for Services {
    async fn run(&self, request: TaskRequest, _: TaskReporter) -> Result<Value, TaskFailure> {
        let asked = Value::clone(&request.parameters);
        let refused = |why: &str| Err(TaskFailure::new("SageMaker.AmazonSageMakerException", why));
        match request.resource.rsplit(':').next().unwrap() {
            "createHyperParameterTuningJob.sync" => {
                if asked["TrainingJobDefinitions"][0]["InputDataConfig"].as_array().is_none_or(Vec::is_empty)
                {
                    return refused("there must be a channel");
                }
                Ok(json!({"BestTrainingJob": {"TrainingJobName": "job"}}))
            }
            "describeTrainingJob" => {
                Ok(json!({"ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"}}))
            }
            "describeAlgorithm" => {
                Ok(json!({"InferenceSpecification": {"Containers": [{"Image": "image"}]}}))
            }
            "createEndpointConfig" => {
                let lacks = |variant: &Value| {
                    !variant["InstanceType"].is_string() || !variant["VariantName"].is_string()
                };
                let variants = asked["ProductionVariants"].as_array().cloned().unwrap_or_default();
                if variants.is_empty() || variants.iter().any(lacks) {
                    return refused("there must be variants with a name and an instance type");
                }
                *self.config.lock().unwrap() = asked["EndpointConfigName"].clone();
                Ok(json!({}))
            }
            "describeEndpoint" if !self.endpoint.load(Ordering::SeqCst) => {
                Err(TaskFailure::new("SageMaker.SageMakerException", "Could not find the endpoint"))
            }
            "describeEndpoint" => Ok(json!({
                "EndpointStatus": "InService",
                "EndpointArn": "arn",
                "EndpointConfigName": self.config.lock().unwrap().clone(),
            })),
            "createEndpoint" => {
                self.endpoint.store(true, Ordering::SeqCst);
                Ok(json!({"EndpointArn": "arn"}))
            }
            "2" => {
                let name = asked["StateMachineArn"].as_str().unwrap().to_owned();
                match Box::pin(execute(&name, asked["Input"].clone())).await {
                    Outcome::Succeeded { output } => Ok(json!({"Output": Value::clone(&output)})),
                    failed => Err(TaskFailure::new("States.TaskFailed", format!("{failed:?}"))),
                }
            }
            _ => Ok(json!({})),
        }
    }
}

async fn execute(name: &str, input: Value) -> Outcome {
    let machine = machine(name);
    let mut execution = Execution::new(StartParameters::named(name, "execution", Arc::new(input)));
    let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
    let services = Arc::new(Services::default());
    run(&machine, &mut execution, &services, &clock, &mut (), StopSignal::never()).await.unwrap()
}

/// Whether the workflow comes to its end.
fn succeeds(name: &str, input: &Value) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    matches!(runtime.block_on(execute(name, input.clone())), Outcome::Succeeded { .. })
}

/// The codes of all errors in the documents' part of an input, when the workflow is the target.
fn errors(name: &str, input: &Value) -> Vec<&'static str> {
    let mut sources = Sources::default();
    let source = sources.add(format!("{name}.input.schema.json"), input_schema(name).unwrap());
    let project = ProjectRules::default().with_target(name, Schema::parse(&sources, source).unwrap());
    let mut documents = input.clone();
    documents.as_object_mut().unwrap().remove("channels");
    let documents = Documents::merge([("input.json", documents.to_string())]).unwrap();
    let findings = validate(&documents, &"/p".parse().unwrap(), &project).err().unwrap_or_default();
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.code).collect()
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

/// An input with every member that a workflow reads.
fn full_input(name: &str) -> Value {
    let mut input = object(&read("examples/titanic/ml-parameters.json"));
    input.extend(object(&read("examples/titanic/hyperparameters.json")));
    input.extend(object(&read("examples/titanic/manifest.json")));
    input.insert("tuningObjective".into(), json!({"MetricName": "validation:auc", "Type": "Maximize"}));
    if name == "endpoint-deployment" {
        let of_scaling = |name: &str| name.starts_with("autoscaling") || name.starts_with("targetTracking");
        input.retain(|name, _| name == "endpointName" || of_scaling(name));
        let variant = json!({"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1});
        input.insert("productionVariants".into(), json!([variant]));
    }
    input.into()
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

const NAMES: [&str; 3] = ["model-tuning", "endpoint-deployment", "model-tuning-with-endpoint-deployment"];

#[test]
fn a_member_is_required_exactly_when_the_workflow_fails_without_it() {
    for name in NAMES {
        let full = full_input(name);
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
        let expected = match name {
            "model-tuning" => 11,
            "endpoint-deployment" => 3,
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
    for name in NAMES {
        let full = full_input(name);
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
