use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::OnMoto;

fn name(launched: &Value) -> String {
    launched["execution"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_launch_is_one_execution_that_is_listed_and_described() {
    let Some(aws) = OnMoto::new("a_launch_is_one_execution_that_is_listed_and_described") else { return };
    let none = aws.stderr(3, ["launch", "--quiet"]);
    assert!(none.contains("release/absent"), "{none}");
    aws.expect(0, ["apply"]);
    let ended = aws.json(0, ["launch", "--wait", "--quiet", "--json"]);
    assert_eq!((&ended["status"], &ended["release"]), (&json!("SUCCEEDED"), &json!(1)), "{ended:#}");
    let execution = ended["name"].as_str().unwrap();
    let second = aws.json(0, ["launch", "--quiet", "--json"]);
    assert_eq!((&second["already"], name(&second).as_str()), (&json!(true), execution));
    let by_object = format!("s3://{}/manifests/manifest.json", aws.bucket);
    let third = aws.json(0, ["launch", &by_object, "--quiet", "--json"]);
    assert_eq!((&third["already"], name(&third).as_str()), (&json!(true), execution));
    let again = aws.json(0, ["launch", "--again", "--quiet", "--json"]);
    assert_eq!(again["already"], false);
    assert_eq!(again["input"]["provenance"]["attempt"], 2);

    let listed = aws.json(0, ["executions", "--json"]);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names.len(), 2, "{listed:#}");
    assert!(names.contains(&json!(execution)) && names.contains(&json!(name(&again))), "{listed:#}");
    assert!(listed.as_array().unwrap().iter().all(|one| one["manifest"] == by_object.as_str()));
    assert_eq!(aws.json(0, ["executions", "-n", "1", "--json"]).as_array().unwrap().len(), 1);

    let described = aws.json(0, ["describe", execution, "--json"]);
    assert_eq!(described["status"], "SUCCEEDED");
    let states: BTreeMap<_, _> = described["states"]
        .as_array()
        .unwrap()
        .iter()
        .map(|state| (state["name"].as_str().unwrap(), state["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [("Decide", "succeeded"), ("Finish", "succeeded"), ("Prepare", "succeeded")].into(),
        "{described:#}"
    );
    // What boto3 reads of it is what is shown.
    let read = aws.boto3(&format!(
        "import json
sfn = boto3.client('stepfunctions')
arn = '{}'
execution = sfn.describe_execution(executionArn=arn)
events = sfn.get_execution_history(executionArn=arn)['events']
print(json.dumps({{'input': json.loads(execution['input']), 'events': [event['type'] for event in events]}}))",
        described["arn"].as_str().unwrap()
    ));
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["input"], described["input"]);
    let events: Vec<_> =
        described["history"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(read["events"], json!(events));
    // By the beginning of its name, as a table, and as a picture with what became of each state.
    let table = aws.stdout(0, ["describe", execution, "--history"]);
    assert!(table.contains("PassStateEntered") && !table.contains("not simulated"), "{table}");
    aws.expect(0, ["describe", execution, "--graph", "graph.svg"]);
    let graph = aws.project.read("graph.svg");
    assert!(graph.contains("<svg") && graph.contains("Linger") && graph.contains("succeeded"), "{graph}");
    let absent = aws.stderr(3, ["describe", "nothing-of-that-name"]);
    assert!(absent.contains("execution/absent"), "{absent}");
    // Both names of one second begin alike.
    let ambiguous = aws.stderr(3, ["describe", &execution[..3]]);
    assert!(ambiguous.contains("execution/ambiguous"), "{ambiguous}");
}

#[test]
fn an_execution_is_stopped_once() {
    let Some(aws) = OnMoto::new("an_execution_is_stopped_once") else { return };
    aws.expect(0, ["apply"]);
    aws.seed("101");
    let launched = aws.json(0, ["launch", "--quiet", "--json"]);
    let execution = name(&launched);
    let stopped = aws.json(0, ["stop", &execution, "--cause", "enough", "--json"]);
    assert_eq!(stopped["status"], "ABORTED", "{stopped:#}");
    let described = aws.json(0, ["describe", &execution, "--json"]);
    // moto keeps no cause of a stop.
    assert_eq!(described["status"], "ABORTED");
    let again = aws.stderr(3, ["stop", &execution]);
    assert!(again.contains("execution/status"), "{again}");
    let running = aws.json(0, ["resume", "--quiet", "--json"]);
    assert_eq!(running, json!([]));
}

#[test]
fn what_fails_is_told_with_its_cause() {
    let Some(aws) = OnMoto::new("what_fails_is_told_with_its_cause") else { return };
    aws.expect(0, ["apply"]);
    aws.seed("102");
    let failed = aws.stderr(4, ["launch", "--wait", "--quiet"]);
    assert!(failed.contains("workflow/failed") && failed.contains("it was asked to fail"), "{failed}");
    let described = aws.json(0, ["describe", "--json"]);
    assert_eq!((&described["status"], &described["error"]), (&json!("FAILED"), &json!("Own.Refused")));
    let last = described["states"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["name"], &last["status"]), (&json!("Refuse"), &json!("failed")));
    let status = aws.stderr(3, ["resume", described["name"].as_str().unwrap()]);
    assert!(status.contains("--redrive"), "{status}");
}

#[test]
fn put_writes_to_the_bucket() {
    let Some(aws) = OnMoto::new("put_writes_to_the_bucket") else { return };
    let uri = format!("s3://{}/manifests/", aws.bucket);
    let put = aws.stdout(0, ["put", "manifest.json", &uri]);
    assert_eq!(put.trim(), format!("{uri}manifest.json"));
    let read = aws.boto3(&format!(
        "print(boto3.client('s3').get_object(Bucket='{}', Key='manifests/manifest.json')['Body'].read().decode(), end='')",
        aws.bucket
    ));
    assert_eq!(read, aws.project.read("manifest.json"));
    let absent = aws.stderr(1, ["put", "manifest.json", "s3://there-is-no-such-bucket/manifests/"]);
    assert!(absent.contains("NoSuchBucket"), "{absent}");
}
