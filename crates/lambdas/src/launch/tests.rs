use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use mlpp_parameters::release::Action;
use mlpp_parameters::{Documents, FingerprintKey, SecretSource, SecretValue, encode};
use mlpp_provider::memory::{MemoryObjects, MemoryStore, MemoryWorkflows};
use mlpp_provider::{
    ApplyRequest, ExecutionDescription, PlanRequest, SecretReader, Secrets, StartExecution, Started,
    WorkflowKind, WorkflowsError, apply, plan,
};
use serde_json::json;

use super::*;

const BUCKET: &str = "demo-bucket";
const STATE_MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:tuning";
const TIME: u64 = 1_594_981_230;

/// Keeps what it is sent, or takes nothing.
#[derive(Default)]
struct Queue {
    is_gone: AtomicBool,
    messages: Mutex<Vec<Value>>,
}

impl FailureQueue for Queue {
    async fn send(&self, message: &str) -> Result<(), String> {
        if self.is_gone.load(Ordering::Relaxed) {
            return Err("no such queue".to_owned());
        }
        self.messages.lock().unwrap().push(serde_json::from_str(message).unwrap());
        Ok(())
    }
}

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, _: &SecretSource) -> Result<SecretValue, String> {
        Err("none".to_owned())
    }
}

/// A stack whose parameters are applied.
struct Stack {
    store: MemoryStore,
    objects: MemoryObjects,
    workflows: MemoryWorkflows,
    queue: Queue,
    settings: Settings,
}

impl Stack {
    fn with(document: &str, objects: MemoryObjects) -> Self {
        let store = MemoryStore::default();
        let path: StorePath = "/p".parse().unwrap();
        let content = encode(&Documents::merge([("a.json", document)]).unwrap().root, &path).unwrap();
        let key = FingerprintKey::new([1; 32]);
        run(async {
            let secrets = Secrets { reader: &NoSecrets, key: &key };
            let request = PlanRequest { path: &path, content: &content, keep_drift: false, secrets };
            let planned = plan(&store, &request).await.unwrap();
            let request = ApplyRequest {
                path: &path,
                documents: &[],
                action: Action::Apply,
                owner: "mlpp",
                author: "a",
                writer: "w",
                tool: TOOL,
                adopt: false,
                exclusive: false,
                keep_releases: 20,
            };
            apply(&store, store.clock(), &planned, &request, &mut |_| {}).await.unwrap();
        });
        objects.set_time(TIME);
        let settings = Settings {
            path,
            state_machine_arn: STATE_MACHINE.to_owned(),
            policy: DriftPolicy::Use,
            prefix: "manifests/".to_owned(),
            overridable: Overridable::default(),
            rules: ProjectRules::default(),
        };
        let workflows = MemoryWorkflows::new([(STATE_MACHINE, WorkflowKind::Standard)]);
        Self { store, objects, workflows, queue: Queue::default(), settings }
    }

    fn new() -> Self {
        Self::with(r#"{"own": 1}"#, MemoryObjects::versioned())
    }

    /// Writes an object; the record that S3 sends about it.
    fn put(&self, key: &str, text: &str) -> Value {
        let written = run(self.objects.put(BUCKET, key, text.as_bytes().to_vec())).unwrap();
        let mut object =
            json!({"key": key, "size": text.len(), "eTag": written.etag, "sequencer": "0055AED6DCD90281E5"});
        if let Some(version) = written.version {
            object["versionId"] = json!(version);
        }
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "eventTime": "2020-07-17T10:20:30.123Z",
            "s3": {"bucket": {"name": BUCKET}, "object": object},
        })
    }

    fn deliver(&self, records: &[&Value]) -> (Tally, Result<(), Unfinished>) {
        self.deliver_event(&json!({ "Records": records }))
    }

    fn deliver_event(&self, event: &Value) -> (Tally, Result<(), Unfinished>) {
        let Self { store, objects, workflows, queue, settings } = self;
        run(launch_all(store, objects, workflows, queue, settings, event))
    }

    fn started(&self) -> Vec<StartExecution> {
        self.workflows.started()
    }

    fn messages(&self) -> Vec<Value> {
        self.queue.messages.lock().unwrap().clone()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

fn manifest(channel: &str) -> String {
    json!({"channels": [{"channelName": channel, "s3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://demo-bucket/data/", "S3DataDistributionType": "FullyReplicated",
        "AttributeNames": [],
    }}]})
    .to_string()
}

fn tally(started: usize, already: usize, skipped: usize, failed: usize, retried: usize) -> Tally {
    Tally { started, already, skipped, failed, retried }
}

// DEFECTS C4, C5, C6
#[test]
fn an_event_starts_each_of_its_manifests_once_however_often_it_comes() {
    let stack = Stack::new();
    let (one, two) =
        (stack.put("manifests/a.json", &manifest("a")), stack.put("manifests/b.json", &manifest("b")));
    let (told, done) = stack.deliver(&[&one, &two]);
    assert!(done.is_ok());
    assert_eq!(told, tally(2, 0, 0, 0, 0));
    assert_eq!(stack.deliver(&[&two]).0, tally(0, 1, 0, 0, 0));
    assert_eq!(stack.deliver(&[&one, &two, &one]).0, tally(0, 3, 0, 0, 0));
    let started = stack.started();
    assert_eq!(started.len(), 2);
    assert_ne!(started[0].name, started[1].name);
    let input: Value = serde_json::from_str(&started[0].input).unwrap();
    assert_eq!(input["channels"][0]["channelName"], "a");
    assert_eq!(input["provenance"]["manifest"]["key"], "manifests/a.json");
}

// DEFECTS C8, C9
#[test]
fn the_version_that_the_event_is_about_is_launched_and_keys_are_decoded() {
    let stack = Stack::new();
    let first = stack.put("manifests/my a+b.json", &manifest("first"));
    let second = stack.put("manifests/my a+b.json", &manifest("second"));
    let encoded = |record: &Value| {
        let mut record = record.clone();
        record["s3"]["object"]["key"] = json!("manifests/my+a%2Bb.json");
        record
    };
    // Out of order.
    assert_eq!(stack.deliver(&[&encoded(&second), &encoded(&first)]).0, tally(2, 0, 0, 0, 0));
    let channels: Vec<_> = stack
        .started()
        .iter()
        .map(|one| serde_json::from_str::<Value>(&one.input).unwrap()["channels"][0]["channelName"].clone())
        .collect();
    assert_eq!(channels, ["second", "first"]);
}

#[test]
fn in_a_bucket_without_versions_what_was_written_again_is_skipped() {
    let stack = Stack::with(r#"{"own": 1}"#, MemoryObjects::default());
    stack.objects.set_time(TIME + 1_000);
    let first = stack.put("manifests/a.json", &manifest("first"));
    let second = stack.put("manifests/a.json", &manifest("second"));
    assert_eq!(stack.deliver(&[&first, &second]).0, tally(1, 0, 1, 0, 0));
    run(stack.objects.delete(BUCKET, "manifests/a.json")).unwrap();
    assert_eq!(stack.deliver(&[&second]).0, tally(0, 0, 1, 0, 0));
    assert_eq!(stack.messages(), [json!(null); 0]);
    // The name begins with the event's own time, not with the object's.
    assert!(stack.started()[0].name.starts_with("0qdlze6"), "{}", stack.started()[0].name);
}

// DEFECTS C18, C19
#[test]
fn what_can_never_be_launched_goes_to_the_failure_queue_and_the_rest_goes_on() {
    let stack = Stack::new();
    let good = stack.put("manifests/good.json", &manifest("a"));
    let broken = stack.put("manifests/broken.json", "{\"channels\": [");
    let empty = stack.put("manifests/empty.json", "{\"channels\": []}");
    let mut garbled = good.clone();
    garbled["s3"]["object"]["key"] = json!("manifests/100%.json");
    let mut lacking = good.clone();
    lacking["s3"]["object"].as_object_mut().unwrap().remove("eTag");
    lacking["s3"]["object"].as_object_mut().unwrap().remove("versionId");
    let mut timeless = lacking.clone();
    timeless["s3"]["object"]["eTag"] = json!("e");
    timeless["eventTime"] = json!("yesterday");
    let (told, done) = stack.deliver(&[&broken, &empty, &garbled, &lacking, &timeless, &json!(7), &good]);
    assert!(done.is_ok());
    assert_eq!(told, tally(1, 0, 0, 6, 0));
    let messages = stack.messages();
    assert_eq!(messages[0]["record"], broken);
    assert_eq!(messages[0]["findings"][0]["code"], "document/not-json");
    assert_eq!(messages[1]["findings"][0]["code"], "manifest/channels");
    assert_eq!(messages[1]["findings"][0]["line"], 1);
    assert_eq!(messages[1]["findings"][0]["source"], "s3://demo-bucket/manifests/empty.json");
    let told: Vec<_> = messages[2..].iter().map(|message| message["message"].as_str().unwrap()).collect();
    assert_eq!(
        told,
        [
            "the key \"manifests/100%.json\" has a \"%\" at byte 13 that no two hexadecimal digits follow",
            "the record has no text s3.object.eTag",
            "the record's eventTime \"yesterday\" is no time",
            "the record has no text eventName",
        ]
    );
}

// DEFECTS C19, E7
#[test]
fn what_is_no_manifest_is_left_alone() {
    let stack = Stack::new();
    let test = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET});
    assert_eq!(stack.deliver_event(&test).0, tally(0, 0, 0, 0, 0));
    let mut removed = stack.put("manifests/a.json", &manifest("a"));
    removed["eventName"] = json!("ObjectRemoved:Delete");
    let records = [
        removed,
        stack.put("hyperparameters.json", "{}"),
        stack.put("manifests/notes.txt", "x"),
        stack.put("manifests/xjson", "x"),
    ];
    assert_eq!(stack.deliver(&records.iter().collect::<Vec<_>>()).0, tally(0, 0, 4, 0, 0));
    assert_eq!(stack.messages(), [json!(null); 0]);
    // What nobody sends is told to somebody.
    assert_eq!(stack.deliver_event(&json!({"hello": 1})).0, tally(0, 0, 0, 1, 0));
    assert_eq!(stack.messages()[0]["event"], json!({"hello": 1}));
}

// DEFECTS C6, C19
#[test]
fn a_record_that_cannot_be_put_into_the_failure_queue_fails_the_invocation() {
    let stack = Stack::new();
    stack.queue.is_gone.store(true, Ordering::Relaxed);
    let good = stack.put("manifests/good.json", &manifest("a"));
    let broken = stack.put("manifests/broken.json", "{");
    let (told, done) = stack.deliver(&[&broken, &good]);
    assert_eq!(told, tally(1, 0, 0, 0, 1));
    assert_eq!(
        done.unwrap_err().to_string(),
        "1 of the event's records to be tried again: the failure queue takes nothing: no such queue"
    );
}

#[test]
fn an_express_state_machine_and_an_absent_one_are_refused() {
    for (arn, told) in [
        ("arn:aws:states:us-east-1:123456789012:stateMachine:express", "one event could start several"),
        ("arn:aws:states:us-east-1:123456789012:stateMachine:absent", "there is no state machine"),
    ] {
        let mut stack = Stack::new();
        stack.workflows = MemoryWorkflows::new([
            (STATE_MACHINE, WorkflowKind::Standard),
            ("arn:aws:states:us-east-1:123456789012:stateMachine:express", WorkflowKind::Express),
        ]);
        stack.settings.state_machine_arn = arn.to_owned();
        let record = stack.put("manifests/a.json", &manifest("a"));
        assert_eq!(stack.deliver(&[&record]).0, tally(0, 0, 0, 1, 0));
        assert!(stack.messages()[0]["message"].as_str().unwrap().contains(told), "{:?}", stack.messages());
    }
}

#[test]
fn nothing_applied_and_edits_under_the_policy_fail_are_told() {
    let mut stack = Stack::new();
    stack.settings.path = "/nothing".parse().unwrap();
    stack.settings.policy = DriftPolicy::Fail;
    let record = stack.put("manifests/a.json", &manifest("a"));
    assert_eq!(stack.deliver(&[&record]).0, tally(0, 0, 0, 1, 0));
    assert!(stack.messages()[0]["message"].as_str().unwrap().contains("no release was applied at /nothing"));
}

/// Step Functions whose calls may fail before or after their effect.
struct Flaky<'a> {
    inner: &'a MemoryWorkflows,
    numbers: &'a Mutex<Numbers>,
    is_well: &'a AtomicBool,
}

impl Flaky<'_> {
    fn fails(&self) -> bool {
        !self.is_well.load(Ordering::Relaxed) && self.numbers.lock().unwrap().below(4) == 0
    }
}

fn gone() -> WorkflowsError {
    WorkflowsError::Unavailable("HTTP 503".into())
}

impl Workflows for Flaky<'_> {
    async fn kind(&self, arn: &str) -> Result<WorkflowKind, WorkflowsError> {
        if self.fails() { Err(gone()) } else { self.inner.kind(arn).await }
    }

    async fn start(&self, request: StartExecution) -> Result<Started, WorkflowsError> {
        if self.fails() {
            return Err(gone());
        }
        let started = self.inner.start(request).await?;
        if self.fails() { Err(gone()) } else { Ok(started) }
    }

    async fn describe(&self, arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.inner.describe(arn).await
    }

    async fn stop(&self, arn: &str, error: &str, cause: &str) -> Result<(), WorkflowsError> {
        self.inner.stop(arn, error, cause).await
    }
}

/// Numbers from a seed, by a linear congruential generator with the constants of MMIX.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// An event that is being dealt with.
type Invocation<'a> = (Value, Pin<Box<dyn Future<Output = (Tally, Result<(), Unfinished>)> + 'a>>);

/// One schedule: manifests are written, their events are delivered in any order, several at once, some twice; invocations take
/// turns at each of their calls, and some end in the middle of one. Lambda delivers again what failed.
fn schedule(seed: u64) {
    const SCHEDULE_KEYS: [&str; 2] = ["manifests/a.json", "manifests/b.json"];
    let numbers = Mutex::new(Numbers(seed));
    let below = |bound| numbers.lock().unwrap().below(bound);
    let versioned = below(2) == 0;
    let objects = if versioned { MemoryObjects::versioned() } else { MemoryObjects::default() };
    let stack = Stack::with("{}", objects);
    let mut records = Vec::new();
    // What must be started: every version, or where none are kept the last writing under each key.
    let mut wanted = BTreeMap::new();
    for number in 0..=below(3) {
        stack.objects.set_time(TIME + number as u64);
        let key = SCHEDULE_KEYS[below(2)];
        let mut record = stack.put(key, &manifest(&format!("c{number}")));
        record["s3"]["object"]["sequencer"] = json!(format!("{number:016}"));
        let identity = if versioned { number.to_string() } else { key.to_owned() };
        wanted.insert(identity, format!("c{number}"));
        records.push(record);
    }
    let mut deliveries: Vec<Value> = Vec::new();
    for record in &records {
        for _ in 0..=below(2) {
            deliveries.push(json!({"Records": [record]}));
        }
    }
    if below(3) == 0 {
        deliveries.push(json!({ "Records": records }));
    }
    let is_well = AtomicBool::new(false);
    let workflows = Flaky { inner: &stack.workflows, numbers: &numbers, is_well: &is_well };
    let mut context = Context::from_waker(Waker::noop());
    let mut running: Vec<Invocation<'_>> = Vec::new();
    let mut failures = 0;
    while !deliveries.is_empty() || !running.is_empty() {
        // The services answer in the end.
        is_well.store(failures > 20, Ordering::Relaxed);
        if !deliveries.is_empty() && (running.is_empty() || (running.len() < 3 && below(3) == 0)) {
            let event = deliveries.swap_remove(below(deliveries.len()));
            let Stack { store, objects, queue, settings, .. } = &stack;
            let (delivered, workflows) = (event.clone(), &workflows);
            let work =
                async move { launch_all(store, objects, workflows, queue, settings, &delivered).await };
            running.push((event, Box::pin(work)));
        }
        let chosen = below(running.len());
        if failures <= 20 && below(40) == 0 {
            // It crashes, wherever it is.
            let (event, _) = running.swap_remove(chosen);
            deliveries.push(event);
            failures += 1;
            continue;
        }
        if let Poll::Ready((_, done)) = running[chosen].1.as_mut().poll(&mut context) {
            let (event, _) = running.swap_remove(chosen);
            if done.is_err() {
                deliveries.push(event);
                failures += 1;
            }
        }
    }
    let started = stack.started();
    let channels: Vec<_> = started
        .iter()
        .map(|one| {
            let input: Value = serde_json::from_str(&one.input).unwrap();
            input["channels"][0]["channelName"].as_str().unwrap().to_owned()
        })
        .collect();
    let once: BTreeSet<_> = channels.iter().cloned().collect();
    assert_eq!(once.len(), channels.len(), "seed {seed}: {channels:?}");
    assert_eq!(once, wanted.into_values().collect(), "seed {seed}");
    assert_eq!(stack.messages(), [json!(null); 0], "seed {seed}");
}

// DEFECTS C5, C6
#[test]
fn every_manifest_version_is_started_exactly_once_in_ten_thousand_schedules() {
    for seed in 0..10_000 {
        schedule(seed);
    }
}
