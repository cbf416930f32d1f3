//! Runs a vector: recorded results are fed back, in virtual time.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlpp_states::{
    Command, Event, Execution, HistoryEvent, Json, Outcome, StartParameters, StateMachine, TaskPurpose,
    TaskRequest, TimerId, Timestamp, WorkflowType,
};
use serde_json::{Value, json};

pub(crate) struct Run {
    pub outcome: Option<Outcome>,
    pub events: Vec<HistoryEvent>,
    /// Parameters that a task was given and those that were recorded, where they differ.
    pub parameters: Vec<(Value, Value)>,
}

struct Replay<'v> {
    tasks: Vec<(&'v Value, bool)>,
    setup: &'v Value,
    pending: Vec<Event>,
    timers: BTreeMap<TimerId, Timestamp>,
    parameters: Vec<(Value, Value)>,
    problem: Option<String>,
}

/// Runs `vector`; `between` sees the execution after every step.
pub(crate) fn run(vector: &Value, between: &mut dyn FnMut(&mut Execution)) -> Result<Run, String> {
    let definition = substituted(&vector["definition"], &vector["placeholder_values"]);
    let input = substituted(&vector["input"], &vector["placeholder_values"]);
    let workflow = if vector["type"] == "EXPRESS" { WorkflowType::Express } else { WorkflowType::Standard };
    let machine =
        StateMachine::parse_as(&definition.to_string(), workflow).map_err(|error| error.to_string())?;
    let mut parameters = StartParameters::named("machine", "execution", Arc::new(input));
    parameters.workflow = workflow;
    if workflow == WorkflowType::Express {
        parameters.execution_arn = "arn:aws:states:us-east-1:111111111111:express:machine:execution:1".into();
        let synchronous = vector["id"].as_str().unwrap().contains("express_sync");
        parameters.redrive_count = (!synchronous).then_some(0);
    }
    let mut execution = Execution::new(parameters);
    let mut replay = Replay {
        tasks: vector["tasks"].as_array().unwrap().iter().map(|task| (task, false)).collect(),
        setup: &vector["setup"],
        pending: vec![Event::Started],
        timers: BTreeMap::new(),
        parameters: Vec::new(),
        problem: None,
    };
    let mut now = Timestamp(1_700_000_000_000);
    let mut events = Vec::new();
    for _ in 0..100_000 {
        let event = if replay.pending.is_empty() {
            let Some((&id, &at)) = replay.timers.iter().min_by_key(|(id, at)| (**at, **id)) else { break };
            replay.timers.remove(&id);
            now = at;
            Event::TimerFired { id }
        } else {
            replay.pending.remove(0)
        };
        let step = execution.step_bounded(&machine, event, now, 1);
        between(&mut execution);
        events.extend(step.events);
        for command in step.commands {
            replay.take(command);
        }
        if step.more {
            replay.pending.insert(0, Event::Continue);
        }
        if execution.outcome().is_some() {
            break;
        }
    }
    match replay.problem {
        Some(problem) => Err(problem),
        None => Ok(Run { outcome: execution.outcome().cloned(), events, parameters: replay.parameters }),
    }
}

impl Replay<'_> {
    fn take(&mut self, command: Command) {
        match command {
            Command::StartTimer { id, at } => {
                self.timers.insert(id, at);
            }
            Command::CancelTimer { id } => {
                self.timers.remove(&id);
            }
            Command::CancelTask { .. } => {}
            Command::ScheduleTask(request) => match request.purpose {
                TaskPurpose::ReadItems => self.read(&request),
                TaskPurpose::WriteResults => self.problem = Some(String::from("a ResultWriter is asked for")),
                TaskPurpose::Task => self.answer(&request),
            },
        }
    }

    fn answer(&mut self, request: &TaskRequest) {
        let index = request.iterations.last().map(|(_, index)| *index);
        let found = self.tasks.iter_mut().find(|(task, done)| {
            let recorded = task["iteration"].as_array().and_then(|chain| chain.last());
            // Where the recorder could not tell the state, the parameters have to.
            if task["linked"] == json!(false) {
                return !done && task["parameters"] == *request.parameters;
            }
            !done
                && task["state"] == *request.state_name
                && task["attempt"] == request.attempt
                && recorded
                    .is_none_or(|iteration| iteration["index"].as_u64() == index.map(|index| index as u64))
        });
        let Some((task, done)) = found else {
            self.problem = Some(format!("no result is recorded for {request:?}"));
            return;
        };
        *done = true;
        if task["parameters"] != *request.parameters {
            self.parameters.push((Value::clone(&request.parameters), task["parameters"].clone()));
        }
        let id = request.id;
        if task["kind"] == "activity" {
            // The recorder's worker.
            self.pending.push(Event::TaskStarted {
                id,
                worker_name: Some(String::from("BASE_ID_ACTIVITY_CONSUMER")),
            });
        }
        if let Some(output) = task.get("submitted") {
            self.pending.push(Event::TaskSubmitted { id, output: Arc::new(output.clone()) });
        }
        let result = &task["result"];
        let text = |name: &str| result[name].as_str().map(String::from);
        match result["event"].as_str() {
            None => {}
            Some(event) if event.ends_with("Succeeded") => {
                self.pending.push(Event::TaskSucceeded { id, output: Arc::new(result["output"].clone()) });
            }
            Some(event) if event.ends_with("TimedOut") => {}
            Some(_) => {
                self.pending.push(Event::TaskFailed { id, error: text("error"), cause: text("cause") });
            }
        }
    }

    fn read(&mut self, request: &TaskRequest) {
        let objects = self.setup["s3_objects"].as_array().cloned().unwrap_or_default();
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
        match output {
            Some(output) => {
                self.pending.push(Event::TaskSucceeded { id: request.id, output: Json::new(output) });
            }
            None => self.problem = Some(format!("no object for {request:?}")),
        }
    }
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
