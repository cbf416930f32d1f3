use serde_json::{Value, json};

use crate::stub::Stub;
use crate::util::Project;

fn refused(code: &str, message: &str) -> (u16, String) {
    (400, json!({"__type": code, "message": message}).to_string())
}

/// Two pages of trials, the first of which is empty; times as the service writes them.
fn trials(request: &Value) -> Value {
    if request["NextToken"].is_null() {
        return json!({"TrainingJobSummaries": [], "NextToken": "more"});
    }
    let trial = |name: &str, status: &str, value: Option<f64>, ntrees: &str| {
        let mut trial = json!({"TrainingJobName": name, "TrainingJobStatus": status, "CreationTime": 1_760_000_000.1,
            "TrainingStartTime": 1_760_000_010.0, "TrainingEndTime": 1_760_000_040.5, "TunedHyperParameters": {"ntrees": ntrees}});
        if let Some(value) = value {
            trial["FinalHyperParameterTuningJobObjectiveMetric"] =
                json!({"MetricName": "auc", "Value": value});
        }
        trial
    };
    json!({"TrainingJobSummaries": [
        trial("t-1", "Completed", Some(0.7), "12"), trial("t-2", "Completed", Some(0.9), "17"), trial("t-3", "Failed", None, "1"),
    ]})
}

/// The services with one tuning job, one training job with a log, and one endpoint.
fn services(action: &str, request: &Value) -> (u16, String) {
    let answer = match action {
        "SageMaker.DescribeHyperParameterTuningJob" if request["HyperParameterTuningJobName"] == "tuning" => {
            json!({
                "HyperParameterTuningJobName": "tuning", "HyperParameterTuningJobStatus": "Completed",
                "TrainingJobDefinition": {"TuningObjective": {"MetricName": "auc", "Type": "Maximize"}},
                "BestTrainingJob": {"TrainingJobName": "t-2"},
            })
        }
        "SageMaker.ListTrainingJobsForHyperParameterTuningJob" => trials(request),
        "SageMaker.DescribeTrainingJob" if request["TrainingJobName"] == "t-1" => {
            json!({"TrainingJobName": "t-1", "TrainingJobStatus": "Completed"})
        }
        "Logs_20140328.DescribeLogStreams" => json!({"logStreams": [{"logStreamName": "t-1/algo-1"}]}),
        "Logs_20140328.GetLogEvents" => match request["nextToken"].as_str() {
            None => json!({"events": [{"message": "one\n"}], "nextForwardToken": "f/1"}),
            Some("f/1") => json!({"events": [], "nextForwardToken": "f/2"}),
            Some("f/2") => json!({"events": [{"message": "two"}], "nextForwardToken": "f/3"}),
            Some(last) => json!({"events": [], "nextForwardToken": last}),
        },
        "SageMaker.ListEndpoints" => json!({"Endpoints": [{"EndpointName": "survival"}]}),
        "SageMaker.DescribeEndpoint" if request["EndpointName"] == "survival" => json!({
            "EndpointName": "survival", "EndpointStatus": "InService", "EndpointConfigName": "survival-1",
            "ProductionVariants": [{"VariantName": "all", "CurrentInstanceCount": 2}],
        }),
        "AnyScaleFrontendService.DescribeScalingActivities" => json!({"ScalingActivities": [
            {"ResourceId": "endpoint/survival/variant/all", "Description": "Setting desired instance count to 2.",
             "Cause": "monitor alarm", "StartTime": 1_760_000_000.0},
            {"ResourceId": "endpoint/other/variant/all", "Description": "Setting desired instance count to 7.",
             "Cause": "monitor alarm", "StartTime": 1_760_000_000.0},
        ]}),
        "POST /endpoints/survival/invocations" => return (200, "[0.25]".to_owned()),
        "POST /endpoints/broken/invocations" => {
            return (
                424,
                json!({"Message": "Received client error (400)", "OriginalStatusCode": 400,
                "OriginalMessage": "3 columns are expected"})
                .to_string(),
            );
        }
        _ if action.starts_with("POST /endpoints/") => {
            return refused("ValidationError", "Endpoint nothing of account 111122223333 not found.");
        }
        _ => return refused("ValidationException", "Could not find it"),
    };
    (200, answer.to_string())
}

#[test]
fn trials_are_listed_from_all_pages_the_best_first() {
    let (project, stub) = (Project::titanic(), Stub::new(services));
    let listed: Value =
        serde_json::from_str(&stub.stdout(&project, 0, &["trials", "tuning", "--json"])).unwrap();
    let list = listed["trials"].as_array().unwrap();
    let names: Vec<_> = list.iter().map(|trial| trial["training_job"].as_str().unwrap()).collect();
    assert_eq!(names, ["t-2", "t-1", "t-3"]);
    assert_eq!((&list[0]["value"], &list[0]["seconds"]), (&json!(0.9), &json!(30.5)));
    assert_eq!(list[2]["value"], Value::Null);
    let table = stub.stdout(&project, 0, &["trials", "tuning"]);
    assert!(table.contains("0.9000") && table.contains("30.5 s"), "{table}");
}

#[test]
fn the_values_of_the_best_trial_are_promoted() {
    let (project, stub) = (
        Project::titanic(),
        Stub::new(|action: &str, request: &Value| match action {
            _ if action.starts_with("AmazonSSM.") => {
                (200, json!({"Parameters": [], "InvalidParameters": []}).to_string())
            }
            _ => services(action, request),
        }),
    );
    let plan = stub.stdout(&project, 0, &["promote", "tuning", "--dry-run"]);
    assert!(plan.contains("staticHyperParameters/ntrees") && plan.contains("17"), "{plan}");
    assert!(stub.calls().iter().all(|(action, _)| !action.contains("Put")), "{:?}", stub.calls());
}

#[test]
fn a_log_is_read_to_its_end_over_pages_that_are_empty() {
    let (project, stub) = (Project::titanic(), Stub::new(services));
    assert_eq!(stub.stdout(&project, 0, &["logs", "t-1"]), "one\ntwo\n");
    let (_, asked) =
        stub.calls().into_iter().find(|(action, _)| action.ends_with("DescribeLogStreams")).unwrap();
    let asked: Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(asked["logGroupName"], "/aws/sagemaker/TrainingJobs");
    assert_eq!(asked["logStreamNamePrefix"], "t-1/");
    assert!(stub.stderr(&project, 3, &["logs", "nothing"]).contains("logs/absent"));
}

#[test]
fn endpoints_are_listed_and_one_tells_how_it_was_scaled() {
    let (project, stub) = (Project::titanic(), Stub::new(services));
    let all: Value = serde_json::from_str(&stub.stdout(&project, 0, &["endpoints", "--json"])).unwrap();
    assert_eq!(all[0]["EndpointName"], "survival");
    let one: Value =
        serde_json::from_str(&stub.stdout(&project, 0, &["endpoints", "survival", "--json"])).unwrap();
    assert_eq!(
        one["scaling_activities"],
        json!([{"Time": "2025-10-09T08:53:20Z", "VariantName": "all", "From": null, "To": 2, "Cause": "monitor alarm"}])
    );
    assert!(stub.stdout(&project, 0, &["endpoints", "survival"]).contains("→ 2"));
    assert!(stub.stderr(&project, 3, &["endpoints", "nothing"]).contains("endpoint/absent"));
}

#[test]
fn an_endpoint_is_asked_by_a_signed_request() {
    let (project, stub) = (Project::titanic(), Stub::new(services));
    assert_eq!(stub.stdout(&project, 0, &["predict", "survival"]), "[0.25]\n");
    assert_eq!(
        stub.calls(),
        [("POST /endpoints/survival/invocations".to_owned(), project.read("data/rows.csv"))]
    );
    let said = stub.stderr(&project, 3, &["predict", "broken"]);
    assert!(said.contains("predict/refused") && said.contains("400: 3 columns are expected"), "{said}");
    assert!(stub.stderr(&project, 3, &["predict", "nothing"]).contains("endpoint/absent"));
}
