//! Model tuning: what it does with what the services answer.

use mlpp_states::Outcome;
use serde_json::{Value, json};

use crate::simulated::{Answer, Services, full_input};

const MACHINE: &str = "model-tuning";

/// Runs with an answer to one action in place of the service's: what was asked, and the end.
fn answering(action: &str, answer: &Value) -> (Vec<String>, Outcome, Value) {
    let mut services =
        Services::answering(|asked| (asked.action == action).then(|| Answer::Output(answer.clone())));
    let outcome = services.run(MACHINE, &full_input(MACHINE));
    let model = services.requests("CreateModel").first().map(|model| Value::clone(model)).unwrap_or_default();
    (services.asked.into_iter().map(|asked| asked.action).collect(), outcome, model)
}

fn failure(outcome: &Outcome) -> (&str, &str) {
    match outcome {
        Outcome::Failed { error: Some(error), cause: Some(cause) } => (error, cause),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_algorithm_without_an_image_for_inference_fails_before_anything_is_trained() {
    for described in [
        json!({}),
        json!({"InferenceSpecification": {"Containers": []}}),
        json!({"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://b/m"}]}}),
    ] {
        let (asked, outcome, _) = answering("DescribeAlgorithm", &described);
        assert_eq!(asked, ["DescribeAlgorithm", "Publish"]);
        let (error, cause) = failure(&outcome);
        assert_eq!(
            (error, cause.contains("h2o-gbm-algorithm names no container for inference")),
            ("NoInferenceImage", true)
        );
    }
}

#[test]
fn a_tuning_job_without_a_best_training_job_is_told() {
    for described in
        [json!({}), json!({"BestTrainingJob": {}}), json!({"HyperParameterTuningJobStatus": "Completed"})]
    {
        let (asked, outcome, _) = answering("CreateHyperParameterTuningJob", &described);
        assert_eq!(asked, ["DescribeAlgorithm", "CreateHyperParameterTuningJob", "Publish"]);
        let cause = "No training job of the tuning job survival-tuning reported the objective metric.";
        assert_eq!(failure(&outcome), ("NoBestTrainingJob", cause));
    }
}

#[test]
fn the_model_is_where_the_training_job_put_it() {
    let url = "s3://demo-bucket/elsewhere/model.tar.gz";
    let (_, outcome, model) =
        answering("DescribeTrainingJob", &json!({"ModelArtifacts": {"S3ModelArtifacts": url}}));
    let Outcome::Succeeded { output } = outcome else { panic!("{outcome:?}") };
    assert_eq!(
        (&model["PrimaryContainer"]["ModelDataUrl"], &output["bestModelDataUrl"]),
        (&json!(url), &json!(url))
    );
    let (asked, outcome, _) = answering("DescribeTrainingJob", &json!({"TrainingJobStatus": "Completed"}));
    assert_eq!(failure(&outcome).0, "States.QueryEvaluationError");
    assert_eq!(asked.last().map(String::as_str), Some("Publish"));
}

#[test]
fn what_was_not_said_is_passed_on_to_the_next_workflow() {
    let mut input = full_input(MACHINE);
    input["of the user"] = json!({"any": [1, "thing"]});
    let Outcome::Succeeded { output } = Services::new().run(MACHINE, &input) else { panic!("it fails") };
    for (member, value) in input.as_object().unwrap() {
        assert_eq!(&output[member], value, "{member}");
    }
}
