//! The requests of the shipped workflows for inputs of every shape: each is what the service's model allows, lists stay lists,
//! and what was left out is left out.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::request_shapes::faults;
use crate::simulated::{Services, full_input, names};

const TUNING: &str = "model-tuning";
const KINDS: [&str; 3] =
    ["IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges"];

/// Runs to the successful end; every request is one that the service's model allows.
fn run(machine: &str, input: &Value) -> (Services<'static>, Value) {
    let mut services = Services::new();
    let output = match services.run(machine, input) {
        Outcome::Succeeded { output } => Value::clone(&output),
        other => panic!("{machine}: {other:?} of {input}"),
    };
    for asked in services.asked.iter().filter(|asked| asked.action != "StartExecution") {
        let faults = faults(&asked.action, &asked.parameters);
        assert_eq!(faults, [""; 0], "{machine}, \"{}\"", asked.state);
    }
    (services, output)
}

/// The training job definition that the tuning job of that input has.
fn tuned(input: &Value) -> Value {
    let (services, _) = run(TUNING, input);
    let definitions =
        services.request("CreateHyperParameterTuningJob")["TrainingJobDefinitions"].as_array().unwrap();
    let [definition] = &definitions[..] else { panic!("{definitions:?}") };
    definition.clone()
}

fn with(input: &Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let mut input = input.clone();
    let parent = input.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.insert(member.to_owned(), value);
    input
}

fn without(input: &Value, pointers: &[&str]) -> Value {
    let mut input = input.clone();
    for pointer in pointers {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        let parent = input.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        assert!(parent.remove(member).is_some(), "{pointer}");
    }
    input
}

fn channels(count: usize) -> Value {
    let channel = |index| {
        json!({"channelName": format!("channel-{index}"), "s3DataSource": {
            "AttributeNames": [], "S3DataDistributionType": "FullyReplicated", "S3DataType": "S3Prefix",
            "S3Uri": format!("s3://demo-bucket/data/{index}/"),
        }})
    };
    (0..count).map(channel).collect()
}

/// The same with every number and boolean as a text.
fn as_texts(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(flag) => Value::String(flag.to_string()),
        Value::Array(list) => list.iter().map(as_texts).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), as_texts(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

#[test]
fn every_channel_is_sent_however_many_there_are() {
    for count in [1, 2, 20] {
        let channels = channels(count);
        let expected: Vec<Value> = channels
            .as_array()
            .unwrap()
            .iter()
            .map(|channel| {
                json!({
                    "ChannelName": channel["channelName"], "CompressionType": "None", "ContentType": "text/csv",
                    "DataSource": {"S3DataSource": channel["s3DataSource"]}, "InputMode": "File",
                    "RecordWrapperType": "None", "ShuffleConfig": {"Seed": 1},
                })
            })
            .collect();
        for machine in [TUNING, "model-tuning-with-endpoint-deployment"] {
            let input = with(&full_input(machine), "/channels", channels.clone());
            let (services, _) = run(machine, &input);
            let definition = &services.request("CreateHyperParameterTuningJob")["TrainingJobDefinitions"][0];
            assert_eq!(definition["InputDataConfig"], json!(expected), "{machine}");

            let (services, _) = run(machine, &without(&input, &["/parameterRanges"]));
            assert_eq!(
                services.request("CreateTrainingJob")["InputDataConfig"],
                json!(expected),
                "{machine}"
            );
        }
    }
}

#[test]
fn ranges_of_a_kind_may_be_empty_or_absent() {
    let input = full_input(TUNING);
    let one = |kind: &str| match kind {
        "CategoricalParameterRanges" => json!([{"Name": "distribution", "Values": ["bernoulli"]}]),
        _ => json!([{"Name": "ntrees", "MinValue": "1", "MaxValue": "9", "ScalingType": "Linear"}]),
    };
    for kind in KINDS {
        for absent in [false, true] {
            // This kind alone is there, with one range: the others are empty lists, and it is a list of one.
            let mut ranges = json!({kind: one(kind)});
            if !absent {
                KINDS.into_iter().filter(|other| *other != kind).for_each(|other| ranges[other] = json!([]));
            }
            let sent = &tuned(&with(&input, "/parameterRanges", ranges))["HyperParameterRanges"];
            for other in KINDS {
                assert_eq!(sent[other], if other == kind { one(kind) } else { json!([]) }, "{kind} {other}");
            }
        }
    }
    for nothing in [
        json!({}),
        json!({"IntegerParameterRanges": []}),
        json!({"IntegerParameterRanges": [],
        "ContinuousParameterRanges": [], "CategoricalParameterRanges": []}),
    ] {
        let (services, output) = run(TUNING, &with(&input, "/parameterRanges", nothing));
        assert_eq!(services.requests("CreateHyperParameterTuningJob"), [&Value::Null; 0]);
        let request = services.request("CreateTrainingJob");
        assert_eq!(
            (&request["TrainingJobName"], &request["HyperParameters"]),
            (&input["tuningJobName"], &input["staticHyperParameters"])
        );
        assert_eq!(output["bestTrainingJob"], input["tuningJobName"]);
    }
}

#[test]
fn static_hyperparameters_are_texts_and_may_be_absent() {
    let input = full_input(TUNING);
    for (given, sent) in [
        (json!({}), json!({})),
        (
            json!({"a": 1, "b": true, "c": 0.5, "d": "x"}),
            json!({"a": "1", "b": "true", "c": "0.5", "d": "x"}),
        ),
    ] {
        assert_eq!(tuned(&with(&input, "/staticHyperParameters", given))["StaticHyperParameters"], sent);
    }
    assert_eq!(tuned(&without(&input, &["/staticHyperParameters"]))["StaticHyperParameters"], json!({}));
}

#[test]
fn there_is_a_vpc_exactly_where_there_are_subnets() {
    let input = full_input(TUNING);
    let (training, hosting) = ("/model/trainingSubnets", "/model/hosting/subnets");
    let groups = ["/model/trainingSecurityGroupIds", "/model/hosting/securityGroupIds"];
    for one in [json!(["subnet-a"]), json!(["subnet-a", "subnet-b"])] {
        for (subnets, job) in [(training, true), (hosting, false)] {
            let input = with(&input, subnets, one.clone());
            let (services, _) = run(TUNING, &input);
            let vpc = if job {
                &tuned(&input)["VpcConfig"]
            } else {
                &services.request("CreateModel")["VpcConfig"].clone()
            };
            let expected = input.pointer(groups[usize::from(!job)]).unwrap();
            assert_eq!((&vpc["Subnets"], &vpc["SecurityGroupIds"]), (&one, expected));
        }
    }
    let none = with(&with(&input, training, json!([])), hosting, json!([]));
    let absent = without(&input, &[training, hosting, groups[0], groups[1]]);
    for input in [none, absent] {
        let (services, _) = run(TUNING, &input);
        assert_eq!(services.request("CreateModel").get("VpcConfig"), None);
        assert_eq!(tuned(&input).get("VpcConfig"), None);
        let (services, _) = run(TUNING, &without(&input, &["/parameterRanges"]));
        assert_eq!(services.request("CreateTrainingJob").get("VpcConfig"), None);
    }
}

#[test]
fn spot_training_is_on_only_when_it_is_said() {
    let input = full_input(TUNING);
    let checkpoints = json!({"S3Uri": input["spotTrainingCheckpointS3Uri"]});
    for on in [json!(true), json!("true"), json!("True")] {
        let definition = tuned(&with(&input, "/enableManagedSpotTraining", on));
        assert_eq!(definition["EnableManagedSpotTraining"], true);
        assert_eq!(
            definition["StoppingCondition"],
            json!({"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200})
        );
        assert_eq!(definition["CheckpointConfig"], checkpoints);
    }
    for off in [json!(false), json!("false"), json!("False")] {
        let definition = tuned(&with(&input, "/enableManagedSpotTraining", off));
        assert_eq!(definition["EnableManagedSpotTraining"], false);
        assert_eq!(definition["StoppingCondition"], json!({"MaxRuntimeInSeconds": 3600}));
        assert_eq!(definition.get("CheckpointConfig"), None);
    }
    let silent = without(&input, &["/enableManagedSpotTraining", "/spotTrainingCheckpointS3Uri"]);
    assert_eq!(tuned(&silent)["EnableManagedSpotTraining"], false);
    let nowhere = with(&input, "/spotTrainingCheckpointS3Uri", json!(""));
    assert_eq!(tuned(&nowhere).get("CheckpointConfig"), None);
}

#[test]
fn numbers_and_booleans_as_texts_make_the_same_requests() {
    for machine in &names() {
        let input = full_input(machine);
        let (numbers, _) = run(machine, &input);
        let (texts, _) = run(machine, &as_texts(&input));
        let requests = |services: &Services<'_>| -> Vec<(String, Value)> {
            let asked =
                services.asked.iter().filter(|asked| !matches!(&*asked.action, "StartExecution" | "Publish"));
            asked.map(|asked| (asked.state.clone(), asked.parameters.clone())).collect()
        };
        assert_eq!(requests(&numbers), requests(&texts), "{machine}");
        assert!(!requests(&numbers).is_empty());
    }
}

#[test]
fn an_endpoint_is_scaled_only_when_all_of_it_is_said() {
    for machine in ["endpoint-deployment", "model-tuning-with-endpoint-deployment"] {
        let input = full_input(machine);
        let members = [
            "/autoscalingMinCapacity",
            "/autoscalingMaxCapacity",
            "/targetTrackingScalingPolicyConfiguration",
        ];
        for absent in [&members[..1], &members[1..2], &members[2..], &members[..]] {
            let (services, _) = run(machine, &without(&input, absent));
            assert_eq!(services.requests("RegisterScalableTarget"), [&Value::Null; 0], "{absent:?}");
            assert_eq!(services.requests("PutScalingPolicy"), [&Value::Null; 0], "{absent:?}");
        }
        let policy = json!({"TargetValue": "70", "DisableScaleIn": "false", "PredefinedMetricSpecification":
            {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}});
        let (services, _) = run(machine, &with(&input, members[2], policy));
        let sent = &services.request("PutScalingPolicy")["TargetTrackingScalingPolicyConfiguration"];
        assert_eq!((&sent["TargetValue"], &sent["DisableScaleIn"]), (&json!(70), &json!(false)));
        assert_eq!((sent.get("ScaleInCooldown"), sent.get("ScaleOutCooldown")), (None, None));
    }
}

#[test]
fn whatever_may_be_left_out_leaves_requests_that_the_services_take() {
    for (machine, optional) in [
        (
            TUNING,
            vec![
                "/tuningObjective",
                "/trainingJobEarlyStoppingType",
                "/inputContentType",
                "/trainingInstanceCount",
                "/trainingInputMode",
                "/trainingMaxRuntimeInSeconds",
                "/trainingMaxWaitTimeInSeconds",
                "/enableNetworkIsolation",
                "/enableInterContainerTrafficEncryption",
                "/model/artifactType",
                "/model/artifactsKmsKeyId",
                "/model/hosting/initialInstanceCount",
            ],
        ),
        ("endpoint-deployment", vec!["/productionVariants/0/InitialInstanceCount"]),
        (
            "batch-inference",
            vec![
                "/inputContentType",
                "/model",
                "/transform/instanceCount",
                "/transform/maxParallelJobs",
                "/transform/contentType",
                "/transform/compressionType",
                "/transform/splitType",
                "/transform/accept",
                "/transform/assembleWith",
                "/transform/kmsKeyId",
                "/transform/batchStrategy",
                "/transform/maxConcurrentTransforms",
                "/transform/maxPayloadInMB",
                "/transform/environment",
                "/transform/dataProcessing",
                "/transform/modelClientConfig",
            ],
        ),
    ] {
        let input = full_input(machine);
        for pointer in &optional {
            run(machine, &without(&input, &[pointer]));
        }
        run(machine, &without(&input, &optional));
    }
    let bare = without(
        &full_input(TUNING),
        &[
            "/trainingInstanceCount",
            "/trainingMaxRuntimeInSeconds",
            "/trainingMaxWaitTimeInSeconds",
            "/enableNetworkIsolation",
            "/tuningObjective",
            "/inputContentType",
        ],
    );
    let definition = tuned(&bare);
    assert_eq!(
        definition["StoppingCondition"],
        json!({"MaxRuntimeInSeconds": 86400, "MaxWaitTimeInSeconds": 86400})
    );
    assert_eq!(definition["TuningObjective"], json!({"MetricName": "validation:auc", "Type": "Maximize"}));
    assert_eq!(
        (&definition["ResourceConfig"]["InstanceCount"], &definition["EnableNetworkIsolation"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(definition["InputDataConfig"][0].get("ContentType"), None);
}
