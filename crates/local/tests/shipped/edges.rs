//! What the other tests let pass: each of these fails after a small change to a definition that all of them survived.

use std::collections::BTreeMap;

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::request_shapes::faults;
use crate::simulated::{Answer, MACHINES, Services, full_input, names, tasks};

const COMBINED: &str = "model-tuning-with-endpoint-deployment";

fn run(services: &mut Services<'_>, machine: &str, input: &Value) -> Value {
    let output = match services.run(machine, input) {
        Outcome::Succeeded { output } => Value::clone(&output),
        other => panic!("{machine}: {other:?}"),
    };
    for asked in services.asked.iter().filter(|asked| asked.action != "StartExecution") {
        assert_eq!(faults(&asked.action, &asked.parameters), [""; 0], "{machine}, \"{}\"", asked.state);
    }
    output
}

#[test]
fn nested_executions_have_the_name_of_theirs_and_the_output_tells_of_both() {
    let input = full_input(COMBINED);
    let mut services = Services::new();
    let output = run(&mut services, COMBINED, &input);
    // The same launch twice finds the same executions, and starts no others.
    let started: Vec<_> = services
        .requests("StartExecution")
        .into_iter()
        .map(|request| (&request["StateMachineArn"], &request["Name"]))
        .collect();
    let name = json!("0tp2l41v5macto");
    assert_eq!(started, [(&json!("model-tuning"), &name), (&json!("endpoint-deployment"), &name)]);
    let config = services.request("CreateEndpointConfig");
    let model = services.request("CreateModel");
    assert_eq!(
        output,
        json!({
            "tuningJobName": input["tuningJobName"],
            "bestTrainingJob": "survival-tuning-007-abcdef12",
            "bestModelDataUrl": model["PrimaryContainer"]["ModelDataUrl"],
            "modelName": model["ModelName"],
            "endpoint": {
                "endpointName": input["endpointName"],
                "endpointConfigName": config["EndpointConfigName"],
                "endpointArn": "arn",
                "productionVariants": config["ProductionVariants"],
            },
        })
    );
}

#[test]
fn categories_that_are_numbers_or_booleans_are_sent_as_texts() {
    let mut input = full_input("model-tuning");
    input["parameterRanges"] =
        json!({"CategoricalParameterRanges": [{"Name": "c", "Values": [1, 0.5, true, "x"]}]});
    let mut services = Services::new();
    run(&mut services, "model-tuning", &input);
    let definition = &services.request("CreateHyperParameterTuningJob")["TrainingJobDefinitions"][0];
    assert_eq!(
        definition["HyperParameterRanges"]["CategoricalParameterRanges"],
        json!([{"Name": "c", "Values": ["1", "0.5", "true", "x"]}])
    );
}

#[test]
fn a_switch_is_on_where_it_says_so_in_whatever_case() {
    for (said, on) in [
        (json!(true), true),
        (json!("true"), true),
        (json!("True"), true),
        (json!(false), false),
        (json!("False"), false),
    ] {
        let mut input = full_input(COMBINED);
        input["enableInterContainerTrafficEncryption"] = said.clone();
        input["enableNetworkIsolation"] = said.clone();
        input["targetTrackingScalingPolicyConfiguration"]["DisableScaleIn"] = said.clone();
        let mut services = Services::new();
        run(&mut services, COMBINED, &input);
        let definition = &services.request("CreateHyperParameterTuningJob")["TrainingJobDefinitions"][0];
        let policy = &services.request("PutScalingPolicy")["TargetTrackingScalingPolicyConfiguration"];
        for sent in [
            &definition["EnableInterContainerTrafficEncryption"],
            &definition["EnableNetworkIsolation"],
            &policy["DisableScaleIn"],
        ] {
            assert_eq!(sent, &json!(on), "{said}");
        }
    }
}

#[test]
fn an_endpoint_of_the_longest_name_has_a_configuration_of_a_name_that_the_service_takes() {
    for length in [47, 48, 49, 63] {
        let mut input = full_input("endpoint-deployment");
        input["endpointName"] = "e".repeat(length).into();
        let mut services = Services::new();
        run(&mut services, "endpoint-deployment", &input);
        let name = services.request("CreateEndpointConfig")["EndpointConfigName"].as_str().unwrap();
        assert_eq!(name.len(), length.min(48) + 15);
    }
}

#[test]
fn results_of_jobs_with_a_long_name_are_where_their_name_says() {
    for length in [43, 44, 45, 100] {
        let mut input = full_input("batch-inference");
        input["transform"]["jobName"] = "b".repeat(length).into();
        let mut services = Services::new();
        let output = run(&mut services, "batch-inference", &input);
        for (index, job) in output["transformJobs"].as_array().unwrap().iter().enumerate() {
            let name = job["transformJobName"].as_str().unwrap().strip_suffix(&format!("-{index}")).unwrap();
            let place = format!("s3://demo-bucket/predictions/{name}");
            assert_eq!(output["s3OutputPath"], place.as_str());
            assert_eq!(job["s3OutputPath"], format!("{place}/{}", job["channelName"].as_str().unwrap()));
        }
    }
}

#[test]
fn what_only_reads_is_tried_again() {
    let mut tried = BTreeMap::new();
    for machine in &names() {
        let mut input = full_input(machine);
        if machine == "batch-inference" {
            input["transform"].as_object_mut().unwrap().remove("modelName");
        }
        let mut inputs = vec![input.clone()];
        if machine == "batch-inference" {
            input["transform"].as_object_mut().unwrap().remove("trainingJobName");
            inputs.push(input);
        }
        for (state, resource) in tasks(&MACHINES[machine].outline()) {
            let action = resource.rsplit(':').next().unwrap();
            let reads = action.starts_with("describe") || action.starts_with("list");
            if !reads {
                continue;
            }
            for input in &inputs {
                for (error, cause) in [
                    ("SageMaker.SageMakerException", "Rate exceeded (Service: SageMaker, Status Code: 400)"),
                    ("SageMaker.SdkClientException", "Unable to execute HTTP request: Read timed out"),
                ] {
                    let mut attempts = 0;
                    let mut services = Services::answering(|asked| {
                        let this = asked.machine == *machine && asked.state == state;
                        attempts += usize::from(this);
                        (this && attempts < 3).then(|| Answer::failure(error, cause))
                    });
                    run(&mut services, machine, input);
                    drop(services);
                    let most = tried.entry((machine.clone(), state.clone(), error)).or_insert(0);
                    *most = attempts.max(*most);
                }
            }
        }
    }
    assert_eq!(tried.len(), 14, "{tried:?}");
    assert!(tried.values().all(|attempts| *attempts >= 3), "{tried:?}");
}
