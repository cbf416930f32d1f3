//! Distributed Maps: what they read, what their child executions see, what they write.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use std::sync::Arc;

use mlpp_states::{
    Command, Event, Execution, Outcome, StartParameters, StateMachine, TaskPurpose, TaskRequest, Timestamp,
};
use serde_json::{Value, json};

/// Runs a machine whose only state is `map`; `objects` gives what the Map reads, tasks fail.
fn run(map: &Value, input: Value, objects: &dyn Fn(&TaskRequest) -> Value) -> (Outcome, Vec<Value>) {
    let definition = json!({"StartAt": "M", "States": {"M": map}});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let mut execution = Execution::new(StartParameters::named("machine", "execution", Arc::new(input)));
    let mut events = vec![Event::Started];
    let mut written = Vec::new();
    while let Some(event) = events.pop() {
        let step = execution.step(&machine, event, Timestamp(0));
        for command in step.commands {
            let Command::ScheduleTask(request) = command else { panic!("{command:?}") };
            let id = request.id;
            events.push(match request.purpose {
                TaskPurpose::ReadItems => Event::TaskSucceeded { id, output: Arc::new(objects(&request)) },
                TaskPurpose::WriteResults => {
                    written.push(Value::clone(&request.parameters));
                    Event::TaskSucceeded { id, output: Arc::new(json!({})) }
                }
                TaskPurpose::Task => {
                    Event::TaskFailed { id, error: Some("Broken".into()), cause: Some("as asked".into()) }
                }
            });
        }
        if step.more {
            events.push(Event::Continue);
        }
    }
    (execution.outcome().unwrap().clone(), written)
}

fn output(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Succeeded { output } => Value::clone(output),
        other => panic!("{other:?}"),
    }
}

/// A Map whose child executions give `child`, with more fields.
fn map(child: &Value, fields: Value) -> Value {
    let mut map = json!({"Type": "Map", "End": true, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P", "States": {"P": child}}});
    let Value::Object(fields) = fields else { panic!("{fields}") };
    map.as_object_mut().unwrap().extend(fields);
    map
}

fn same() -> Value {
    json!({"Type": "Pass", "End": true})
}

/// The items that `reader` reads.
fn items(reader: &Value, objects: &dyn Fn(&TaskRequest) -> Value) -> Value {
    output(&run(&map(&same(), json!({"ItemReader": reader})), json!({}), objects).0)
}

fn object(parameters: &Value) -> String {
    format!("{}/{}", parameters["Bucket"].as_str().unwrap(), parameters["Key"].as_str().unwrap())
}

#[test]
fn items_come_from_the_objects_of_a_listing_until_there_are_enough() {
    let reader = |config: &Value| {
        json!({"Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket": "b", "Prefix": "p/"}, "ReaderConfig": config})
    };
    let objects = |request: &TaskRequest| {
        if request.resource.ends_with(":listObjectsV2") {
            assert_eq!(*request.parameters, json!({"Bucket": "b", "Prefix": "p/"}));
            return json!({"Contents": [{"Key": "p/"}, {"Key": "p/1"}, {"Key": "p/2"}, {"Key": "p/3"}]});
        }
        assert_eq!(&*request.resource, "arn:aws:states:::s3:getObject");
        match object(&request.parameters).as_str() {
            "b/p/1" => json!("[1, 2]"),
            "b/p/2" => json!("[3, 4]"),
            other => panic!("{other} is not wanted"),
        }
    };
    let config = json!({"Transformation": "LOAD_AND_FLATTEN", "InputType": "JSON", "MaxItems": 3});
    assert_eq!(items(&reader(&config), &objects), json!([1, 2, 3]));
    let listed = items(&reader(&json!({"MaxItems": 2})), &objects);
    assert_eq!(listed, json!([{"Key": "p/"}, {"Key": "p/1"}]));
}

#[test]
fn items_come_from_the_files_of_manifests() {
    let reader = |config: &Value| {
        json!({"Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "b", "Key": "manifest"}, "ReaderConfig": config})
    };
    let inventory = |request: &TaskRequest| match object(&request.parameters).as_str() {
        "b/manifest" => {
            json!(
                json!({"destinationBucket": "arn:aws:s3:::inventories", "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, Size", "files": [{"key": "1.csv.gz"}, {"key": "2.csv.gz"}]})
                .to_string()
            )
        }
        "inventories/1.csv.gz" => json!("\"b\",\"k1\",\"1\"\n\"b\",\"k2\",\"2\"\n"),
        "inventories/2.csv.gz" => json!("\"b\",\"k3\",\"3\"\n"),
        other => panic!("{other}"),
    };
    let row = |key: &str, size: &str| json!({"Bucket": "b", "Key": key, "Size": size});
    assert_eq!(
        items(&reader(&json!({"InputType": "MANIFEST"})), &inventory),
        json!([row("k1", "1"), row("k2", "2"), row("k3", "3")])
    );
    assert_eq!(
        items(&reader(&json!({"ManifestType": "S3_INVENTORY", "MaxItems": 1})), &inventory),
        json!([row("k1", "1")])
    );
    let athena = |request: &TaskRequest| match object(&request.parameters).as_str() {
        "b/manifest" => json!("\"s3://data/1.jsonl\"\ns3://data/in/2.jsonl\n"),
        "data/1.jsonl" => json!("{\"a\":1}\n"),
        "data/in/2.jsonl" => json!("{\"a\":2}\n{\"a\":3}\n"),
        other => panic!("{other}"),
    };
    let config = json!({"ManifestType": "ATHENA_DATA", "InputType": "JSONL"});
    assert_eq!(items(&reader(&config), &athena), json!([{"a": 1}, {"a": 2}, {"a": 3}]));
}

#[test]
fn items_may_be_deep_in_an_object() {
    let reader = json!({"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/0/b"}});
    let content = |_: &TaskRequest| json!("{\"a\": [{\"b\": [1, 2]}]}");
    assert_eq!(items(&reader, &content), json!([1, 2]));
    let map = map(&same(), json!({"ItemReader": reader}));
    let Outcome::Failed { error, .. } = run(&map, json!({}), &|_| json!("{}")).0 else { panic!() };
    assert_eq!(error.as_deref(), Some("States.ItemReaderFailed"));
}

#[test]
fn child_executions_have_contexts_of_their_own() {
    let child = json!({"Type": "Pass", "End": true, "Parameters": {"context.$": "$$", "input.$": "$$.Execution.Input"}});
    let map = map(&child, json!({"Label": "Each", "ItemSelector": {"item.$": "$$.Map.Item.Value"}}));
    let results = output(&run(&map, json!([1, 2]), &|_| json!(null)).0);
    let (first, second) = (&results[0]["context"], &results[1]["context"]);
    assert_eq!(first["Execution"]["Input"], json!({"item": 1}));
    assert_eq!(results[1]["input"], json!({"item": 2}));
    assert_ne!(first["Execution"]["Name"], second["Execution"]["Name"]);
    assert_eq!(first["StateMachine"]["Name"], "machine/Each");
    assert_eq!(
        first["StateMachine"]["Id"],
        "arn:aws:states:us-east-1:111111111111:stateMachine:machine/Each"
    );
    let name = first["Execution"]["Name"].as_str().unwrap();
    assert_eq!(
        first["Execution"]["Id"],
        format!("arn:aws:states:us-east-1:111111111111:execution:machine/Each:{name}")
    );
    assert_eq!(first.get("Map"), None);
}

#[test]
fn results_without_an_object_are_the_state_s() {
    let writer = |transformation: &str| {
        let writer = json!({"WriterConfig": {"Transformation": transformation, "OutputType": "JSON"}});
        let input = json!([[1, 2], 3]);
        output(&run(&map(&same(), json!({"ResultWriter": writer})), input, &|_| json!(null)).0)
    };
    assert_eq!(writer("COMPACT"), json!([[1, 2], 3]));
    assert_eq!(writer("FLATTEN"), json!([1, 2, 3]));
    let records = writer("NONE");
    assert_eq!(records[0]["Output"], "[1,2]");
    assert_eq!(records[1]["Input"], "3");
    assert_eq!(records[1]["Status"], "SUCCEEDED");
    let name = records[1]["Name"].as_str().unwrap();
    assert!(records[1]["ExecutionArn"].as_str().unwrap().ends_with(name));
}

#[test]
fn results_are_written_by_how_their_executions_ended() {
    let choice = json!({"StartAt": "C", "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "States": {
        "C": {"Type": "Choice", "Default": "S", "Choices": [{"Variable": "$", "NumericEquals": 0, "Next": "T"}]},
        "S": {"Type": "Pass", "End": true},
        "T": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true}}});
    let mut definition = map(
        &same(),
        json!({"ToleratedFailureCount": 1, "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket.$": "$.bucket", "Prefix": "out/"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"}}, "ItemsPath": "$.items"}),
    );
    definition["ItemProcessor"] = choice;
    let input = json!({"bucket": "b", "items": [1, 0, {"a": 2}]});
    let (outcome, written) = run(&definition, input, &|_| json!(null));
    let [failed, succeeded, manifest] = written.as_slice() else { panic!("{written:?}") };
    let result = output(&outcome);
    let run = result["MapRunArn"].as_str().unwrap().rsplit(':').next().unwrap();
    assert_eq!(succeeded["Key"], format!("out/{run}/SUCCEEDED_0.jsonl"));
    assert_eq!(succeeded["Body"], "1\n{\"a\":2}\n");
    let record: Value = serde_json::from_str(failed["Body"].as_str().unwrap()).unwrap();
    assert_eq!((&record["Error"], &record["Cause"]), (&json!("Broken"), &json!("as asked")));
    assert_eq!((&record["Status"], &record["Input"]), (&json!("FAILED"), &json!("0")));
    let files: Value = serde_json::from_str(manifest["Body"].as_str().unwrap()).unwrap();
    assert_eq!(
        files["ResultFiles"],
        json!({"FAILED": [{"Key": failed["Key"], "Size": failed["Body"].as_str().unwrap().len()}], "PENDING": [],
            "SUCCEEDED": [{"Key": succeeded["Key"], "Size": 10}]})
    );
    assert_eq!(
        result["ResultWriterDetails"],
        json!({"Bucket": "b", "Key": format!("out/{run}/manifest.json")})
    );
}

#[test]
fn inline_maps_have_no_reader() {
    let mut inline = map(
        &same(),
        json!({"ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}}),
    );
    inline["ItemProcessor"].as_object_mut().unwrap().remove("ProcessorConfig");
    let Outcome::Failed { error, cause } = run(&inline, json!([]), &|_| json!(null)).0 else { panic!() };
    assert_eq!(error.as_deref(), Some("States.Runtime"));
    assert!(
        cause.unwrap().ends_with(
            "The ItemReader, ItemBatcher and ResultWriter fields are not supported for INLINE maps"
        )
    );
}
