//! Lists: filters, order, pages.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use mlpp_sagemaker::Service;
use serde_json::{Value, json};
use support::{Lab, training_job, tuning_job};

const SCRIPT: &str = r#"
case "$TRAINING_JOB_NAME" in *bad*|*-002-*) exit 4;; esac
echo x > "$SM_MODEL_DIR/m"; echo "score=$SM_HP_X;"
"#;

fn names(listed: &Value, answer: &str, member: &str) -> Vec<String> {
    let summaries = listed[answer].as_array().unwrap().iter();
    summaries.map(|summary| summary[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn training_jobs() {
    let lab = Lab::new(SCRIPT);
    let mut jobs = Vec::new();
    for name in ["b", "bad", "a"] {
        jobs.push(lab.train(training_job(name)).await);
    }
    let list = async |request: Value| {
        names(&lab.must("ListTrainingJobs", request).await, "TrainingJobSummaries", "TrainingJobName")
    };
    assert_eq!(list(json!({})).await, ["a", "bad", "b"]);
    assert_eq!(list(json!({"SortOrder": "Ascending"})).await, ["b", "bad", "a"]);
    assert_eq!(list(json!({"SortBy": "Name", "SortOrder": "Ascending"})).await, ["a", "b", "bad"]);
    assert_eq!(list(json!({"SortBy": "Status"})).await[0], "bad");
    assert_eq!(list(json!({"StatusEquals": "Failed"})).await, ["bad"]);
    assert_eq!(list(json!({"NameContains": "b", "SortBy": "Name"})).await, ["bad", "b"]);
    let created = &jobs[1]["CreationTime"];
    assert_eq!(list(json!({"CreationTimeAfter": created})).await, ["a"]);
    assert_eq!(list(json!({"CreationTimeBefore": created})).await, ["b"]);
    assert_eq!(list(json!({"LastModifiedTimeAfter": 4_000_000_000_u64})).await, Vec::<String>::new());

    let mut found = Vec::new();
    let mut request = json!({"MaxResults": 2});
    loop {
        let listed = lab.must("ListTrainingJobs", request.clone()).await;
        found.extend(names(&listed, "TrainingJobSummaries", "TrainingJobName"));
        let Some(token) = listed.get("NextToken") else { break };
        request["NextToken"] = token.clone();
    }
    assert_eq!(found, ["a", "bad", "b"]);
    for (request, message) in [
        (json!({"StatusEquals": "Done"}), "enum value set: [InProgress, Completed"),
        (json!({"SortBy": "Luck"}), "enum value set: [Name, CreationTime, Status]"),
        (json!({"MaxResults": 101}), "less than or equal to 100"),
        (json!({"NextToken": "x"}), "Invalid NextToken: x"),
        (json!({"CreationTimeAfter": "yesterday"}), "is not a time"),
    ] {
        let error = lab.call("ListTrainingJobs", request).await.unwrap_err();
        assert!(error.message.contains(message), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tuning_jobs_and_their_trials() {
    let lab = Lab::new(SCRIPT);
    for name in ["second", "first"] {
        lab.tune(tuning_job(name, "Random", 3)).await;
    }
    let listed = lab.must("ListHyperParameterTuningJobs", json!({})).await;
    let answer = "HyperParameterTuningJobSummaries";
    assert_eq!(names(&listed, answer, "HyperParameterTuningJobName"), ["first", "second"]);
    let summary = &listed[answer][0];
    assert_eq!(
        (&summary["Strategy"], &summary["ResourceLimits"]["MaxNumberOfTrainingJobs"]),
        (&json!("Random"), &json!(3))
    );

    let list = async |mut request: Value| {
        request["HyperParameterTuningJobName"] = json!("first");
        lab.platform
            .call(Service::SageMaker, "ListTrainingJobsForHyperParameterTuningJob", request)
            .await
            .unwrap()
    };
    let numbers = |listed: &Value| {
        let all = names(listed, "TrainingJobSummaries", "TrainingJobName");
        all.iter().map(|name| name["first-00".len()..][..1].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&list(json!({})).await), ["1", "2", "3"]);
    assert_eq!(numbers(&list(json!({"SortOrder": "Descending"})).await), ["3", "2", "1"]);
    assert_eq!(numbers(&list(json!({"StatusEquals": "Failed"})).await), ["2"]);
    // Those without an objective are not listed by it.
    let best = list(json!({"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"})).await;
    let values: Vec<f64> = best["TrainingJobSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trial| trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"].as_f64().unwrap())
        .collect();
    assert!(values.len() == 2 && values[0] > values[1], "{best:#}");
    let page = list(json!({"MaxResults": 2})).await;
    assert_eq!(numbers(&page), ["1", "2"]);
    assert_eq!(numbers(&list(json!({"MaxResults": 2, "NextToken": page["NextToken"]})).await), ["3"]);
}
