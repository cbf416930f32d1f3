//! The results of a distributed Map: what `WriterConfig` makes of them, and the objects that they are written to.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html>
//!
//! Differences from the service: results are written when all items have ended well enough, not when the Map Run fails; there are one
//! object of those that succeeded and one of those that failed, however large.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::engine::Engine;
use super::flow::foreign;
use super::frame::{Activity, Ended, Frame, WriteWork};
use super::{FrameId, TaskPurpose};
use crate::context::ChildExecution;
use crate::data;
use crate::definition::{MapState, ResultWriter, StateKind, Transformation};
use crate::environment::Problem;

/// What the child executions gave, by how they ended.
#[derive(Default)]
struct Results {
    succeeded: Vec<Value>,
    failed: Vec<Value>,
    all: Vec<Value>,
}

impl Engine<'_> {
    /// What a writer tells of the child execution in `frame`, an item of the Map in frame `id` that is over.
    pub(super) fn ended(&self, id: FrameId, frame: &Frame, failed: bool) -> Option<Ended> {
        self.execution.frames.get(&id).and_then(|frame| self.map_state(frame))?.writer.as_ref()?;
        let child = frame.child.as_deref()?.clone();
        Some(Ended { number: frame.journal, child, stop_time: self.now, failed })
    }

    /// The Map Run is over: its results are written, or are the state's result.
    pub(super) fn write_results(
        &mut self,
        id: FrameId,
        results: Vec<Value>,
        ended: &BTreeMap<usize, Ended>,
        run: &str,
    ) -> Result<(), Problem> {
        let Some(state) = self.execution.frames.get(&id).and_then(|frame| self.state(frame)) else {
            return Err(foreign());
        };
        let StateKind::Map(map) = &state.kind else { return Err(foreign()) };
        let Some(writer) = &map.writer else {
            self.run_succeeded(id, &Arc::new(Value::Array(results)));
            return Ok(());
        };
        let keep = writer.resource.is_none();
        let results = transform(writer, results, ended, keep, |ended, output| {
            let child = ChildExecution {
                map_run_arn: run,
                seed: self.execution.parameters.seed,
                number: ended.number,
                express: map.express,
                input: &ended.child.input,
                start_time: ended.child.start_time,
            };
            record(&child, ended, output)
        });
        if keep {
            self.run_succeeded(id, &Arc::new(Value::Array(results.all)));
            return Ok(());
        }
        let input = self.selected_input(id, state)?;
        let arguments = match &writer.arguments {
            Some(template) => self
                .with_environment(id, &input, (None, None), |env| {
                    template.evaluate(env, "ResultWriter/Arguments")
                })
                .unwrap_or_else(|| Err(foreign()))?,
            None => data::empty_object(),
        };
        let work = objects(writer, &arguments, run, &results);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.activity = Activity::Work;
        }
        self.write_next(id, Box::new(work));
        Ok(())
    }

    /// An object is written.
    pub(super) fn results_written(&mut self, id: FrameId) {
        let Some(frame) = self.execution.frames.get_mut(&id) else { return };
        let Activity::Writing(_, work) = std::mem::replace(&mut frame.activity, Activity::Work) else {
            return;
        };
        self.write_next(id, work);
    }

    fn write_next(&mut self, id: FrameId, mut work: Box<WriteWork>) {
        let Some(object) = work.objects.pop_front() else {
            return self.run_succeeded(id, &work.result);
        };
        let Some(state) = self.execution.frames.get(&id).and_then(|frame| self.state(frame)) else { return };
        let StateKind::Map(map) = &state.kind else { return };
        let Some(resource) = map.writer.as_ref().and_then(|writer| writer.resource.as_ref()) else { return };
        let purpose = TaskPurpose::WriteResults;
        let task = self.request(id, purpose, &state.name, resource, object, (None, None), None);
        if let Some(frame) = self.execution.frames.get_mut(&id) {
            frame.activity = Activity::Writing(task, work);
        }
    }

    fn map_state(&self, frame: &Frame) -> Option<&MapState> {
        match &self.state(frame)?.kind {
            StateKind::Map(map) => Some(map),
            _ => None,
        }
    }
}

/// What the results become: all in one list where they are kept (`keep`), else by how the child executions ended.
fn transform(
    writer: &ResultWriter,
    results: Vec<Value>,
    ended: &BTreeMap<usize, Ended>,
    keep: bool,
    record: impl Fn(&Ended, Value) -> Value,
) -> Results {
    let mut sorted = Results::default();
    for (index, result) in results.into_iter().enumerate() {
        let ended = ended.get(&index);
        let failed = ended.is_some_and(|ended| ended.failed);
        let list = match (keep, failed) {
            (true, _) => &mut sorted.all,
            (_, true) => &mut sorted.failed,
            _ => &mut sorted.succeeded,
        };
        match (writer.transformation, ended, result) {
            (Transformation::None, Some(ended), result) => list.push(record(ended, result)),
            // A failure is told of with what is known of it, whatever the transformation.
            (_, Some(ended), result) if ended.failed => list.push(record(ended, result)),
            (Transformation::Flatten, _, Value::Array(elements)) => list.extend(elements),
            (_, _, result) => list.push(result),
        }
    }
    sorted
}

/// A child execution as the service describes it, with its output or its failure.
fn record(child: &ChildExecution<'_>, ended: &Ended, output: Value) -> Value {
    let mut record = Map::new();
    let mut put = |name: &str, value: Value| drop(record.insert(String::from(name), value));
    let status = if ended.failed { "FAILED" } else { "SUCCEEDED" };
    put("ExecutionArn", Value::from(child.execution_arn()));
    put("Input", Value::from(child.input.to_string()));
    put("InputDetails", json!({"Included": true}));
    put("Name", Value::from(child.name()));
    match output {
        Value::Object(mut failure) if ended.failed => {
            put("Error", failure.remove("Error").unwrap_or_default());
            put("Cause", failure.remove("Cause").unwrap_or_default());
        }
        output => {
            put("Output", Value::from(output.to_string()));
            put("OutputDetails", json!({"Included": true}));
        }
    }
    if ended.failed {
        put("RedriveStatus", Value::from(if child.express { "NOT_REDRIVABLE" } else { "REDRIVABLE" }));
    } else {
        put("RedriveStatus", Value::from("NOT_REDRIVABLE"));
        put("RedriveStatusReason", Value::from("Execution is SUCCEEDED and cannot be redriven"));
    }
    put("RedriveCount", Value::from(0));
    put("StartDate", Value::from(child.start_time.to_rfc3339()));
    put("StateMachineArn", Value::from(child.machine_arn()));
    put("Status", Value::from(status));
    put("StopDate", Value::from(ended.stop_time.to_rfc3339()));
    Value::Object(record)
}

/// The objects to be written: results, failures, and the manifest that names them.
fn objects(writer: &ResultWriter, arguments: &Value, run: &str, results: &Results) -> WriteWork {
    let bucket = arguments.get("Bucket").cloned().unwrap_or_default();
    let prefix = arguments.get("Prefix").and_then(Value::as_str).unwrap_or_default();
    let separator = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    let folder = format!("{prefix}{separator}{}", run.rsplit(':').next().unwrap_or_default());
    let mut objects = VecDeque::new();
    let mut put = |key: &str, body: String| {
        objects.push_back(Arc::new(json!({"Bucket": bucket, "Key": key, "Body": body})));
    };
    let mut files = Map::new();
    for (kind, values) in
        [("FAILED", &results.failed), ("PENDING", &Vec::new()), ("SUCCEEDED", &results.succeeded)]
    {
        let mut named = Vec::new();
        if !values.is_empty() {
            let texts = values.iter().map(Value::to_string).collect::<Vec<_>>();
            let (body, extension) = if writer.lines {
                (texts.join("\n") + "\n", "jsonl")
            } else {
                (format!("[{}]", texts.join(",")), "json")
            };
            let key = format!("{folder}/{kind}_0.{extension}");
            named.push(json!({"Key": key, "Size": body.len()}));
            put(&key, body);
        }
        files.insert(String::from(kind), Value::Array(named));
    }
    let manifest = json!({"DestinationBucket": bucket, "MapRunArn": run, "ResultFiles": files});
    let key = format!("{folder}/manifest.json");
    put(&key, manifest.to_string());
    let details = json!({"Bucket": bucket, "Key": key});
    WriteWork { objects, result: Arc::new(json!({"MapRunArn": run, "ResultWriterDetails": details})) }
}
