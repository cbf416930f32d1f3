//! A manifest lands, and the workflow starts, once.

use serde_json::{Value, json};

use crate::running::{Up, address, arrivals, executions, http, idle, manifest, served, until};
use crate::util::{Project, skip};

/// Asks by the service's own client, where it is installed.
fn boto3(project: &Project, rows: &str, prediction: &Value) {
    const SCRIPT: &str = r#"
import json, sys
import boto3
from botocore.exceptions import ClientError
client = boto3.client("sagemaker-runtime", endpoint_url=sys.argv[1], region_name="us-east-1",
                      aws_access_key_id="any", aws_secret_access_key="any")
ask = dict(EndpointName="survival-endpoint", ContentType="text/csv", Accept="application/json", Body=sys.argv[2])
answer = client.invoke_endpoint(**ask)
told = {"variant": answer["InvokedProductionVariant"], "body": json.loads(answer["Body"].read())}
for name, change in [("absent", {"EndpointName": "nothing"}), ("other", {"TargetVariant": "Other"}),
                     ("model", {"Body": "nonsense\n1\n"}), ("large", {"Body": b"1" * 6_291_457})]:
    try:
        client.invoke_endpoint(**{**ask, **change})
    except ClientError as error:
        told[name] = [type(error).__name__, error.response.get("OriginalStatusCode")]
print(json.dumps(told))
"#;
    let Some(python) = std::env::var_os("MLPP_PEERS_PYTHON") else {
        skip("boto3", "a_manifest_lands_and_an_endpoint_answers", "MLPP_PEERS_PYTHON is not set");
        return;
    };
    let mut command = std::process::Command::new(python);
    command.args(["-c", SCRIPT, &format!("http://{}", address(project)), rows]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({
        "variant": "AllTraffic",
        "body": prediction,
        "absent": ["ValidationError", null],
        "other": ["ValidationError", null],
        "model": ["ModelError", 400],
        "large": ["ValidationError", null],
    });
    assert_eq!(told, expected);
}

#[test]
fn a_manifest_lands_and_an_endpoint_answers() {
    let (project, up) = served();
    let endpoints = project.json_beside(["endpoints", "--json"]);
    assert_eq!(endpoints[0]["EndpointStatus"], "InService", "{endpoints:#}");
    let told = project.json_beside(["endpoints", "survival-endpoint", "--json"]);
    assert_eq!((&told["endpoint"], &told["scaling_activities"]), (&endpoints[0], &json!([])));
    let prediction = project.json_beside(["predict", "survival-endpoint"]);
    assert_eq!(prediction["predictions"].as_array().unwrap().len(), 3);
    // The same over HTTP, as a client of SageMaker Runtime asks.
    let rows = project.read("data/rows.csv");
    let (head, body) = http(&project, "POST", "/endpoints/survival-endpoint/invocations", &rows);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}{body}");
    assert!(head.to_lowercase().contains("x-amzn-invoked-production-variant: alltraffic"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), prediction);
    let (head, body) = http(&project, "POST", "/endpoints/nothing/invocations", &rows);
    let is_told = head.to_lowercase().contains("x-amzn-errortype: validationerror");
    assert!(head.starts_with("HTTP/1.1 400") && is_told, "{head}");
    assert!(body.contains("Endpoint nothing of account"), "{body}");
    let (head, body) = http(&project, "POST", "/endpoints/survival-endpoint/invocations", "nonsense\n1\n");
    assert!(head.starts_with("HTTP/1.1 424"), "{head}{body}");
    let status: Value = serde_json::from_str(&http(&project, "GET", "/status", "").1).unwrap();
    assert_eq!(status["executions"]["SUCCEEDED"], 1, "{status:#}");
    assert_eq!(status["endpoints"][0]["EndpointName"], "survival-endpoint", "{status:#}");
    boto3(&project, &rows, &prediction);
    let log = project.command(["logs", "survival-endpoint"]).output().unwrap();
    // The example's algorithm has nothing to say while it serves.
    assert!(log.status.success(), "{}", project.stderr(&log));
    assert_eq!(String::from_utf8_lossy(&log.stderr).trim(), "nothing was printed");
    let told = project.json_beside(["why-not", "manifest.json", "--json"]);
    assert_eq!(
        (&told[0]["verdict"], &told[0]["execution_arn"]),
        (&"launched".into(), &executions(&project)[0]["arn"])
    );
    up.stop();
    project.expect_nothing_left_running();

    // Nobody serves the endpoint: the command does so itself.
    assert_eq!(project.json(0, ["predict", "survival-endpoint"]), prediction);
    project.refused(3, "endpoint/absent", ["predict", "nothing"]);
    project.refused(3, "endpoint/absent", ["endpoints", "nothing"]);
    project.refused(3, "logs/absent", ["logs", "nothing"]);
    project.refused(3, "logs/absent", ["logs", "survival-endpoint", "--kind", "training-job"]);
    project.write("bad.csv", "nonsense\n1\n");
    project.refused(3, "predict/refused", ["predict", "survival-endpoint", "-f", "bad.csv"]);
    // The next one serves it again, and does not launch the manifest again.
    let up = Up::start(&project);
    until(&project, || {
        project.json_beside(["endpoints", "--json"])[0]["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    });
    assert_eq!(project.json_beside(["predict", "survival-endpoint"]), prediction);
    assert_eq!(executions(&project).len(), 1);
    up.stop();
}

#[test]
fn a_bad_manifest_is_rejected_and_stops_nothing() {
    let project = idle();
    let folder = arrivals(&project);
    for (name, text) in [
        ("broken.json", "{\"channels\": ["),
        ("empty.json", ""),
        ("none.json", r#"{"channels": []}"#),
        ("notes.txt", "not a manifest"),
        ("good.json", &manifest(1)),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let up = Up::start(&project);
    until(&project, || {
        project.json_beside(["why-not", "--json"]).as_array().unwrap().len() == 3
            && executions(&project).iter().any(|one| one["status"] == "SUCCEEDED")
    });
    let told = project.json_beside(["why-not", "none.json", "--json"]);
    assert_eq!(told[0]["findings"][0]["code"], "manifest/channels", "{told:#}");
    assert_eq!(told[0]["findings"][0]["line"], 1);
    // Mended, it is another version.
    std::fs::write(folder.join("none.json"), manifest(2)).unwrap();
    until(&project, || executions(&project).len() == 2);
    up.stop();
    let told = project.stdout(0, ["why-not", "none.json"]);
    assert!(told.contains("started as") && told.contains("rejected"), "{told}");
    project.refused(3, "manifest/not-seen", ["why-not", "notes.txt"]);
    project.refused(3, "manifest/not-seen", ["why-not", "nothing.json"]);
}

#[test]
fn two_hundred_manifests_twice_through_three_kills_are_two_hundred_executions() {
    const COUNT: usize = 200;
    let project = idle();
    let folder = arrivals(&project);
    let drop_all = || {
        for number in 0..COUNT {
            std::fs::write(folder.join(format!("{number}.json")), manifest(number)).unwrap();
        }
    };
    drop_all();
    let mut up = Up::start(&project);
    for killed_at in [20, 80, 150] {
        until(&project, || executions(&project).len() >= killed_at);
        up.kill();
        drop_all();
        up = Up::start(&project);
    }
    until(&project, || {
        let all = executions(&project);
        all.len() >= COUNT && all.iter().all(|one| one["status"] == "SUCCEEDED")
    });
    up.stop();
    assert_eq!(executions(&project).len(), COUNT);
    let manifests: std::collections::HashSet<_> =
        executions(&project).iter().map(|one| one["manifest"].to_string()).collect();
    assert_eq!(manifests.len(), COUNT);
}

#[test]
fn what_is_launched_beside_it_is_run() {
    let project = idle();
    std::fs::write(project.path().join("manifest.json"), manifest(0)).unwrap();
    let channel = project.path().join(".mlpp/buckets/demo-bucket/data/0");
    std::fs::create_dir_all(&channel).unwrap();
    std::fs::write(channel.join("rows.csv"), "1\n").unwrap();
    let up = Up::start(&project);
    address(&project);
    let launch = project.command(["launch", "--again"]).output().unwrap();
    assert!(launch.status.success(), "{}", project.stderr(&launch));
    until(&project, || executions(&project).iter().any(|one| one["status"] == "SUCCEEDED"));
    assert!(project.read("up.log").contains("resume"), "{}", project.read("up.log"));
    up.stop();
}
