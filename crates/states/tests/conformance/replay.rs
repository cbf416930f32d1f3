//! Runs a vector: recorded results are fed back, in virtual time.

use std::sync::Arc;

use mlpp_states::recorded::{RecordedTask, RecordedTasks};
use mlpp_states::{
    Event, Execution, HistoryEvent, Json, Outcome, Simulation, StartParameters, StateMachine, TaskPurpose,
    TaskRequest, Timestamp, WorkflowType,
};
use serde_json::{Value, json};

pub(crate) struct Run {
    pub outcome: Option<Outcome>,
    pub events: Vec<HistoryEvent>,
    /// Parameters that a task was given and those that were recorded, where they differ.
    pub parameters: Vec<(Value, Value)>,
}

/// Runs `vector`; `between` sees the execution after every step.
pub(crate) fn run(vector: &Value, between: &mut dyn FnMut(&mut Execution)) -> Result<Run, String> {
    let definition = substituted(&vector["definition"], &vector["placeholder_values"]);
    let input = substituted(&vector["input"], &vector["placeholder_values"]);
    let workflow = if vector["type"] == "EXPRESS" { WorkflowType::Express } else { WorkflowType::Standard };
    let machine =
        StateMachine::parse_as(&definition.to_string(), workflow).map_err(|error| error.to_string())?;
    let mut parameters = StartParameters::named("machine", "execution", Arc::new(input));
    if workflow == WorkflowType::Express {
        parameters = parameters.express();
        // An asynchronous execution's context object has the count.
        let synchronous = vector["id"].as_str().unwrap().contains("express_sync");
        parameters.redrive_count = (!synchronous).then_some(0);
    }
    let mut tasks: Vec<RecordedTask> = serde_json::from_value(vector["tasks"].clone()).unwrap();
    for task in &mut tasks {
        // The recorder's worker.
        task.worker_name = Some(String::from("BASE_ID_ACTIVITY_CONSUMER"));
    }
    let mut tasks = RecordedTasks::new(tasks);
    let mut others = Vec::new();
    let mut answer = |request: &TaskRequest| match request.purpose {
        TaskPurpose::ReadItems => read(&vector["setup"], request),
        TaskPurpose::WriteResults => {
            Ok(vec![Event::TaskSucceeded { id: request.id, output: Arc::new(json!({})) }])
        }
        TaskPurpose::Task => {
            let replayed =
                tasks.take(request).ok_or_else(|| format!("no result is recorded for {request:?}"))?;
            others.extend(replayed.other_parameters.map(|other| (Value::clone(&request.parameters), other)));
            Ok(replayed.events)
        }
    };
    let mut simulation = Simulation::new(&machine, parameters, Timestamp(1_700_000_000_000)).bounded(1);
    let mut events = Vec::new();
    while let Some(more) = simulation.step(&mut answer)? {
        between(simulation.execution_mut());
        events.extend(more);
        assert!(events.len() < 100_000, "{} does not end", vector["id"]);
    }
    Ok(Run { outcome: simulation.execution().outcome().cloned(), events, parameters: others })
}

fn read(setup: &Value, request: &TaskRequest) -> Result<Vec<Event>, String> {
    let objects = setup["s3_objects"].as_array().cloned().unwrap_or_default();
    let in_bucket = |object: &&Value| object["bucket"] == request.parameters["Bucket"];
    let output: Option<Value> = if request.resource.ends_with(":listObjectsV2") {
        let entries: Vec<Value> = objects
            .iter()
            .filter(in_bucket)
            .map(|object| {
                let body = object["body"].as_str().unwrap();
                json!({"Etag": "etag", "Key": object["key"], "LastModified": 1, "Size": body.len(), "StorageClass": "STANDARD"})
            })
            .collect();
        Some(json!({"Contents": entries}))
    } else {
        objects
            .iter()
            .filter(in_bucket)
            .find(|object| object["key"] == request.parameters["Key"])
            .map(|o| o["body"].clone())
    };
    let output = output.ok_or_else(|| format!("no object for {request:?}"))?;
    Ok(vec![Event::TaskSucceeded { id: request.id, output: Json::new(output) }])
}

/// `value` with the recorder's tokens replaced where it says what they stood for.
fn substituted(value: &Value, tokens: &Value) -> Value {
    match value {
        Value::String(text) => tokens.get(text).cloned().unwrap_or_else(|| value.clone()),
        Value::Array(items) => items.iter().map(|item| substituted(item, tokens)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| (key.clone(), substituted(item, tokens)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
