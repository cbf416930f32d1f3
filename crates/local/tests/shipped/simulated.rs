//! The shipped workflows in virtual time, with stand-ins for the services.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use mlpp_states::outline::{Kind, Outline};
use mlpp_states::{
    Event, Outcome, Simulation, StartParameters, StateMachine, TaskRequest, Timestamp, substitute,
};
use serde_json::{Value, json};

pub(crate) const FAILURES: &str = "arn:aws:sns:us-east-1:123456789012:fail";
pub(crate) const COMPLETIONS: &str = "arn:aws:sns:us-east-1:123456789012:done";

/// The values that a stack would give.
const SUBSTITUTIONS: [(&str, &str); 8] = [
    ("StackName", "stack"),
    ("Environment", "development"),
    ("TrainingRoleArn", "arn:aws:iam::123456789012:role/hpo"),
    ("ModelRoleArn", "arn:aws:iam::123456789012:role/model"),
    ("FailureNotificationTopicArn", FAILURES),
    ("CompletionNotificationTopicArn", COMPLETIONS),
    ("ModelTuningStateMachineArn", "model-tuning"),
    ("EndpointDeploymentStateMachineArn", "endpoint-deployment"),
];

/// The shipped workflows by name: every definition in the folder.
pub(crate) static MACHINES: LazyLock<BTreeMap<String, StateMachine>> = LazyLock::new(|| {
    let values = SUBSTITUTIONS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let machine =
        |name: &String| StateMachine::parse(&substitute(&definition(name), &values).unwrap()).unwrap();
    names().into_iter().map(|name| (name.clone(), machine(&name))).collect()
});

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all definitions in `workflows/`.
pub(crate) fn names() -> Vec<String> {
    let files = std::fs::read_dir(repository().join("workflows")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        names.filter_map(|file| file.strip_suffix(".asl.json").map(str::to_owned)).collect();
    names.sort();
    names
}

pub(crate) fn definition(name: &str) -> String {
    std::fs::read_to_string(repository().join(format!("workflows/{name}.asl.json"))).unwrap()
}

/// What a task was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) machine: String,
    pub(crate) state: String,
    /// The action with its first letter as the API has it, without `.sync`.
    pub(crate) action: String,
    pub(crate) parameters: Value,
}

/// What a task is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Output(Value),
    Failure {
        error: String,
        cause: Option<String>,
    },
    /// It never ends.
    Nothing,
}

impl Answer {
    pub(crate) fn failure(error: &str, cause: &str) -> Self {
        Self::Failure { error: error.to_owned(), cause: Some(cause.to_owned()) }
    }
}

/// Gives the answer to a task in place of the services, where it has one.
type Instead<'a> = Box<dyn FnMut(&Asked) -> Option<Answer> + 'a>;

/// The services, as far as the workflows can tell, and what they were asked.
pub(crate) struct Services<'a> {
    pub(crate) asked: Vec<Asked>,
    /// The endpoint's description, where there is one.
    pub(crate) endpoint: Option<Value>,
    pub(crate) models: Vec<&'static str>,
    /// The virtual time that the last run took, in seconds.
    pub(crate) seconds: i64,
    instead: Instead<'a>,
}

impl<'a> Services<'a> {
    pub(crate) fn new() -> Self {
        Self::answering(|_| None)
    }

    pub(crate) fn answering(instead: impl FnMut(&Asked) -> Option<Answer> + 'a) -> Self {
        let models =
            vec!["other-survival-model-00p2l41v5macto", "survival-model-00p2l41v5macto", "survival-model"];
        Self { asked: Vec::new(), endpoint: None, models, seconds: 0, instead: Box::new(instead) }
    }

    /// Runs the workflow; a task that never ends runs into its timeout.
    pub(crate) fn run(&mut self, machine: &str, input: &Value) -> Outcome {
        let parameters = StartParameters::named(machine, "0tp2l41v5macto", Arc::new(input.clone()));
        let start = Timestamp(1_700_000_000_000);
        let mut simulation = Simulation::new(&MACHINES[machine], parameters, start);
        let answer = |request: &TaskRequest| Ok::<_, Infallible>(self.answer(machine, request));
        let Ok(outcome) = simulation.run(answer, drop);
        let seconds = (simulation.now().0 - start.0) / 1000;
        self.seconds = seconds;
        outcome.unwrap_or_else(|| panic!("{machine} waits for a task that has no timeout"))
    }

    /// The parameters of all requests with that action.
    pub(crate) fn requests(&self, action: &str) -> Vec<&Value> {
        self.asked.iter().filter(|asked| asked.action == action).map(|asked| &asked.parameters).collect()
    }

    /// The parameters of the one request with that action.
    pub(crate) fn request(&self, action: &str) -> &Value {
        let [request] = self.requests(action)[..] else { panic!("{action}: {:?}", self.requests(action)) };
        request
    }

    fn answer(&mut self, machine: &str, request: &TaskRequest) -> Vec<Event> {
        let (_, action) = request.integration().unwrap();
        let action = action.split('.').next().unwrap();
        let asked = Asked {
            machine: machine.to_owned(),
            state: request.state_name.to_string(),
            action: format!("{}{}", action[..1].to_uppercase(), &action[1..]),
            parameters: Value::clone(&request.parameters),
        };
        self.asked.push(asked.clone());
        let answer = (self.instead)(&asked).unwrap_or_else(|| self.serve(&asked));
        match answer {
            Answer::Output(output) => vec![Event::TaskSucceeded { id: request.id, output: Arc::new(output) }],
            Answer::Failure { error, cause } => {
                vec![Event::TaskFailed { id: request.id, error: Some(error), cause }]
            }
            Answer::Nothing => Vec::new(),
        }
    }

    fn serve(&mut self, asked: &Asked) -> Answer {
        let refused = |why: &str| Answer::failure("SageMaker.AmazonSageMakerException", why);
        let parameters = &asked.parameters;
        let output = match asked.action.as_str() {
            "CreateHyperParameterTuningJob" => {
                let definition = &parameters["TrainingJobDefinitions"][0];
                if definition["InputDataConfig"].as_array().is_none_or(Vec::is_empty) {
                    return refused("there must be a channel");
                }
                let best =
                    format!("{}-007-abcdef12", parameters["HyperParameterTuningJobName"].as_str().unwrap());
                json!({"BestTrainingJob": {"TrainingJobName": best}})
            }
            "DescribeTrainingJob" => {
                let job = parameters["TrainingJobName"].as_str().unwrap();
                let model = format!("s3://demo-bucket/model-artifacts/{job}/output/model.tar.gz");
                json!({
                    "TrainingJobStatus": "Completed", "ModelArtifacts": {"S3ModelArtifacts": model},
                    "AlgorithmSpecification": {"AlgorithmName": "h2o-gbm-algorithm"},
                })
            }
            "DescribeAlgorithm" => {
                let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/h2o-gbm-predictor:latest";
                json!({"InferenceSpecification": {"Containers": [{"Image": image}]}})
            }
            "CreateEndpointConfig" => {
                let lacks = |variant: &Value| {
                    let instances =
                        variant["InstanceType"].is_string() || variant["ServerlessConfig"].is_object();
                    !instances || !variant["VariantName"].is_string()
                };
                let variants = parameters["ProductionVariants"].as_array().cloned().unwrap_or_default();
                if variants.is_empty() || variants.iter().any(lacks) {
                    return refused("there must be variants with a name and an instance type");
                }
                json!({"EndpointConfigArn": "arn"})
            }
            "DescribeEndpoint" => match &self.endpoint {
                Some(endpoint) => endpoint.clone(),
                None => return Answer::failure("SageMaker.SageMakerException", "Could not find endpoint"),
            },
            "CreateEndpoint" | "UpdateEndpoint" => {
                self.endpoint = Some(json!({
                    "EndpointStatus": "InService",
                    "EndpointArn": "arn",
                    "EndpointConfigName": parameters["EndpointConfigName"],
                }));
                json!({"EndpointArn": "arn"})
            }
            "ListModels" => {
                let contained = parameters["NameContains"].as_str().unwrap();
                let models = self.models.iter().filter(|name| name.contains(contained));
                json!({"Models": models.map(|name| json!({"ModelName": name})).collect::<Vec<_>>()})
            }
            "StartExecution" => return self.start_execution(parameters),
            "CreateTrainingJob"
            | "CreateTransformJob"
            | "CreateModel"
            | "RegisterScalableTarget"
            | "PutScalingPolicy"
            | "Publish" => json!({}),
            other => panic!("nobody answers {other}"),
        };
        Answer::Output(output)
    }

    fn start_execution(&mut self, parameters: &Value) -> Answer {
        let machine = parameters["StateMachineArn"].as_str().unwrap();
        match self.run(machine, &parameters["Input"]) {
            Outcome::Succeeded { output } => Answer::Output(json!({"Output": Value::clone(&output)})),
            Outcome::Failed { error, cause } => {
                let told = json!({"Status": "FAILED", "Error": error.as_deref(), "Cause": cause.as_deref()});
                Answer::failure("States.TaskFailed", &told.to_string())
            }
            other => Answer::failure("States.TaskFailed", &json!({"Status": other.status()}).to_string()),
        }
    }
}

/// Every Task state, in Map and Parallel states as well, with its resource.
pub(crate) fn tasks(outline: &Outline<'_>) -> Vec<(String, String)> {
    let of = |state: &mlpp_states::outline::State<'_>| match &state.kind {
        Kind::Task { resource } => vec![(state.name.to_owned(), (*resource).to_owned())],
        Kind::Map { processor, .. } => tasks(processor),
        Kind::Parallel { branches } => branches.iter().flat_map(tasks).collect(),
        _ => Vec::new(),
    };
    outline.states.iter().flat_map(of).collect()
}

/// An input with every member that a workflow reads.
pub(crate) fn full_input(machine: &str) -> Value {
    let read = |file: &str| -> serde_json::Map<String, Value> {
        let text = std::fs::read_to_string(repository().join("examples/titanic").join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let mut input = read("ml-parameters.json");
    input.extend(read("hyperparameters.json"));
    input.extend(read("manifest.json"));
    match machine {
        "endpoint-deployment" => {
            let of_scaling =
                |name: &str| name.starts_with("autoscaling") || name.starts_with("targetTracking");
            input.retain(|name, _| name == "endpointName" || of_scaling(name));
            let variant = json!({"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1});
            input.insert("productionVariants".into(), json!([variant]));
        }
        "batch-inference" => {
            input.retain(|name, _| matches!(name.as_str(), "inputContentType" | "model" | "channels"));
            let model = input["model"].as_object_mut().unwrap();
            model.retain(|name, _| matches!(name.as_str(), "name" | "artifactType" | "hosting"));
            model["name"] = json!("survival-model-0tp2l41v5macto");
            model["hosting"]
                .as_object_mut()
                .unwrap()
                .retain(|name, _| name == "securityGroupIds" || name == "subnets");
            input.insert("transform".into(), json!({
                "jobName": "survival-batch", "modelName": "survival-model-00p2l41v5macto", "trainingJobName": "survival-training",
                "s3OutputPath": "s3://demo-bucket/predictions/", "instanceType": "ml.m5.large",
                "instanceCount": 1, "maxParallelJobs": 2, "contentType": "text/csv", "compressionType": "None",
                "splitType": "Line", "accept": "text/csv", "assembleWith": "Line", "kmsKeyId": "key",
                "batchStrategy": "MultiRecord", "maxConcurrentTransforms": 2, "maxPayloadInMB": 6,
                "environment": {"LEVEL": "1"},
                "dataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0]"},
                "modelClientConfig": {"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 1},
            }));
        }
        _ => {
            input.insert(
                "tuningObjective".into(),
                json!({"MetricName": "validation:auc", "Type": "Maximize"}),
            );
            for (name, value) in [
                ("trainingInstanceCount", json!(1)),
                ("trainingInputMode", json!("File")),
                ("trainingMaxRuntimeInSeconds", json!(3600)),
                ("trainingMaxWaitTimeInSeconds", json!(7200)),
                ("enableNetworkIsolation", json!(true)),
                ("enableInterContainerTrafficEncryption", json!(false)),
            ] {
                input.insert(name.into(), value);
            }
            input["model"]["artifactsKmsKeyId"] = json!("key");
        }
    }
    input.into()
}
