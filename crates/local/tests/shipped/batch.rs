//! Batch inference: with which model, what is asked for each channel, and where the results are said to be.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::request_shapes::faults;
use crate::simulated::{Answer, Asked, COMPLETIONS, Services, full_input};

const MACHINE: &str = "batch-inference";
/// The name of the jobs: that of the input and 14 characters of the execution.
const NAME: &str = "survival-batch-e1fc2e1e3f8edb";

fn input(absent: &[&str]) -> Value {
    let mut input = full_input(MACHINE);
    for member in absent {
        input["transform"].as_object_mut().unwrap().remove(*member).unwrap();
    }
    input
}

fn succeeded(services: &mut Services<'_>, input: &Value) -> Value {
    let output = match services.run(MACHINE, input) {
        Outcome::Succeeded { output } => Value::clone(&output),
        other => panic!("{other:?}"),
    };
    for asked in &services.asked {
        assert_eq!(faults(&asked.action, &asked.parameters), [""; 0], "{}", asked.state);
    }
    output
}

fn failure(outcome: &Outcome) -> (&str, &str) {
    match outcome {
        Outcome::Failed { error: Some(error), cause: Some(cause) } => (error, cause),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_whole_request_is_what_the_input_says() {
    let mut services = Services::new();
    let output = succeeded(&mut services, &input(&[]));
    let requests = services.requests("CreateTransformJob");
    let place = format!("s3://demo-bucket/predictions/{NAME}");
    let expected = |index: usize, channel: &str, uri: &str| {
        json!({
            "TransformJobName": format!("{NAME}-{index}"), "ModelName": "survival-model-00p2l41v5macto",
            "BatchStrategy": "MultiRecord", "MaxConcurrentTransforms": 2, "MaxPayloadInMB": 6,
            "Environment": {"LEVEL": "1"},
            "ModelClientConfig": {"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 1},
            "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0]"},
            "TransformInput": {
                "ContentType": "text/csv", "CompressionType": "None", "SplitType": "Line",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            },
            "TransformOutput": {
                "S3OutputPath": format!("{place}/{channel}"), "Accept": "text/csv", "AssembleWith": "Line",
                "KmsKeyId": "key",
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "Tags": [{"Key": "Name", "Value": "stack"}, {"Key": "Environment", "Value": "development"}],
        })
    };
    assert_eq!(
        requests,
        [
            &expected(0, "training", "s3://demo-bucket/titanic/training/train.csv"),
            &expected(1, "validation", "s3://demo-bucket/titanic/validation/validation.csv"),
        ]
    );
    let job = |index: usize, channel: &str| {
        json!({"channelName": channel, "transformJobName": format!("{NAME}-{index}"),
            "s3OutputPath": format!("{place}/{channel}")})
    };
    let expected = json!({"modelName": "survival-model-00p2l41v5macto", "s3OutputPath": place,
        "transformJobs": [job(0, "training"), job(1, "validation")]});
    assert_eq!(output, expected);
    let published = services.request("Publish");
    assert_eq!(published["TopicArn"], COMPLETIONS);
    let mut message: Value = serde_json::from_str(published["Message"].as_str().unwrap()).unwrap();
    let execution = message.as_object_mut().unwrap().remove("execution").unwrap();
    assert!(execution.as_str().unwrap().ends_with(":batch-inference:0tp2l41v5macto"), "{execution}");
    assert_eq!(message, expected);
}

#[test]
fn a_request_has_no_more_than_is_said() {
    let mut bare = input(&[]);
    bare.as_object_mut().unwrap().remove("inputContentType");
    bare["transform"] =
        json!({"jobName": "j", "modelName": "m", "s3OutputPath": "s3://b", "instanceType": "ml.m5.large"});
    for count in [1, 2, 20] {
        let channels: Vec<Value> = (0..count)
            .map(|index| {
                json!({"channelName": format!("c{index}"),
                    "s3DataSource": {"S3DataType": "ManifestFile", "S3Uri": format!("s3://b/{index}"), "AttributeNames": []}})
            })
            .collect();
        bare["channels"] = channels.into();
        let mut services = Services::new();
        let output = succeeded(&mut services, &bare);
        assert_eq!(output["transformJobs"].as_array().map(Vec::len), Some(count));
        let requests = services.requests("CreateTransformJob");
        assert_eq!(requests.len(), count);
        for (index, request) in requests.into_iter().enumerate() {
            let name = request["TransformJobName"].as_str().unwrap();
            let source = json!({"S3DataType": "ManifestFile", "S3Uri": format!("s3://b/{index}")});
            assert_eq!(
                request,
                &json!({
                    "TransformJobName": name, "ModelName": "m",
                    "TransformInput": {"DataSource": {"S3DataSource": source}},
                    "TransformOutput": {"S3OutputPath": format!("s3://b/{}/c{index}", name.rsplit_once('-').unwrap().0)},
                    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                    "Tags": [{"Key": "Name", "Value": "stack"}, {"Key": "Environment", "Value": "development"}],
                })
            );
        }
    }
}

#[test]
fn names_stay_within_what_the_service_takes() {
    let mut long = input(&[]);
    long["transform"]["jobName"] = json!("j".repeat(63));
    long["channels"] = (0..100)
        .map(|index| {
            json!({"channelName": format!("c{index}"), "s3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/x"}})
        })
        .collect();
    let mut services = Services::new();
    succeeded(&mut services, &long);
    let requests = services.requests("CreateTransformJob");
    let longest = requests.iter().map(|request| request["TransformJobName"].as_str().unwrap().len()).max();
    assert_eq!((requests.len(), longest), (100, Some(62)));
}

#[test]
fn a_model_is_made_of_a_training_job() {
    let mut services = Services::new();
    let output = succeeded(&mut services, &input(&["modelName"]));
    assert_eq!(services.request("DescribeTrainingJob"), &json!({"TrainingJobName": "survival-training"}));
    assert_eq!(services.request("DescribeAlgorithm"), &json!({"AlgorithmName": "h2o-gbm-algorithm"}));
    let model = services.request("CreateModel");
    assert_eq!(model["ModelName"], NAME);
    assert_eq!(
        model["PrimaryContainer"],
        json!({
            "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/h2o-gbm-predictor:latest",
            "ModelDataUrl": "s3://demo-bucket/model-artifacts/survival-training/output/model.tar.gz",
            "Environment": {"MODEL_TYPE": "MOJO"},
        })
    );
    assert!(model["VpcConfig"]["Subnets"].is_array() && model["ExecutionRoleArn"].is_string(), "{model}");
    assert_eq!(output["modelName"], NAME);
    assert!(services.requests("CreateTransformJob").iter().all(|request| request["ModelName"] == NAME));

    // Without an algorithm the job has an image of its own; without a VPC the model has none.
    let own = json!({"TrainingJobStatus": "Completed", "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"},
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"}});
    let mut services = Services::answering(|asked| {
        (asked.action == "DescribeTrainingJob").then(|| Answer::Output(own.clone()))
    });
    let mut input = input(&["modelName"]);
    input.as_object_mut().unwrap().remove("model");
    succeeded(&mut services, &input);
    assert_eq!(services.requests("DescribeAlgorithm"), [&Value::Null; 0]);
    let model = services.request("CreateModel");
    let container = json!({"Image": "image", "ModelDataUrl": "s3://b/model.tar.gz", "Environment": {}});
    assert_eq!((&model["PrimaryContainer"], model.get("VpcConfig")), (&container, None));
}

#[test]
fn a_training_job_that_made_no_model_is_told() {
    let mut described =
        json!({"TrainingJobStatus": "Failed", "AlgorithmSpecification": {"AlgorithmName": "a"}});
    let run = |described: &Value, algorithm: &Value| {
        let answer = |asked: &Asked| match asked.action.as_str() {
            "DescribeTrainingJob" => Some(Answer::Output(described.clone())),
            "DescribeAlgorithm" => Some(Answer::Output(algorithm.clone())),
            _ => None,
        };
        let mut services = Services::answering(answer);
        let outcome = services.run(MACHINE, &input(&["modelName"]));
        assert_eq!(services.requests("CreateTransformJob"), [&Value::Null; 0]);
        let (error, cause) = failure(&outcome);
        (error.to_owned(), cause.to_owned())
    };
    let (error, cause) = run(&described, &json!({}));
    let why = "a model can be made only of one that is Completed and has artifacts.";
    assert_eq!(
        (error.as_str(), cause),
        ("NoModelArtifacts", format!("The training job survival-training is Failed; {why}"))
    );
    described["ModelArtifacts"] = json!({"S3ModelArtifacts": "s3://b/model.tar.gz"});
    assert_eq!(run(&described, &json!({})).0, "NoModelArtifacts");
    described["TrainingJobStatus"] = json!("Completed");
    let (error, cause) = run(&described, &json!({}));
    assert_eq!(
        (error.as_str(), cause.starts_with("The algorithm a names no container")),
        ("NoInferenceImage", true)
    );
}

#[test]
fn the_newest_model_of_the_launches_name_is_taken_where_none_is_named() {
    let newest = input(&["modelName", "trainingJobName"]);
    for models in [
        vec![
            "other-survival-model-00p2l41v5macto",
            "survival-model-00p2l41v5macto",
            "survival-model-00p2l40v5macto",
        ],
        vec!["survival-model-00p2l41v5macto"],
    ] {
        let mut services = Services::new();
        services.models = models;
        assert_eq!(succeeded(&mut services, &newest)["modelName"], "survival-model-00p2l41v5macto");
        assert_eq!(
            services.request("ListModels"),
            &json!({
                "NameContains": "survival-model-", "SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100,
            })
        );
    }
    for models in
        [vec![], vec!["survival-model"], vec!["survival-model-x", "other-survival-model-00p2l41v5macto"]]
    {
        let mut services = Services::new();
        services.models = models;
        let outcome = services.run(MACHINE, &newest);
        let (error, cause) = failure(&outcome);
        assert_eq!(
            (error, cause.starts_with("There is no model of the name survival-model ")),
            ("NoModel", true)
        );
    }
}

#[test]
fn an_input_that_names_no_model_is_told() {
    let mut input = input(&["modelName", "trainingJobName"]);
    for (member, value) in [("name", json!("")), ("name", Value::Null)] {
        input["model"][member] = value;
        if input["model"][member].is_null() {
            input.as_object_mut().unwrap().remove("model");
        }
        let mut services = Services::new();
        let outcome = services.run(MACHINE, &input);
        let (error, cause) = failure(&outcome);
        assert_eq!((error, cause.contains("transform.modelName")), ("NoModel", true));
        assert_eq!(services.asked.len(), 1, "the notification alone");
    }
}

#[test]
fn as_many_channels_are_transformed_at_once_as_is_said() {
    // Jobs that never end are asked for until the bound is reached.
    for (bound, asked) in [(json!(1), 1), (json!("3"), 3), (json!(0), 5), (Value::Null, 1)] {
        let mut input = input(&[]);
        input["transform"]["maxParallelJobs"] = bound.clone();
        if bound.is_null() {
            input["transform"].as_object_mut().unwrap().remove("maxParallelJobs");
        }
        let channel = input["channels"][0].clone();
        input["channels"] = vec![channel; 5].into();
        let mut services =
            Services::answering(|asked| (asked.action == "CreateTransformJob").then_some(Answer::Nothing));
        let outcome = services.run(MACHINE, &input);
        assert_eq!(failure(&outcome).0, "States.Timeout");
        assert_eq!(services.requests("CreateTransformJob").len(), asked, "{bound}");
    }
}
