use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use mlpp_parameters::{DriftPolicy, ParameterName, ParameterType};
use mlpp_provider::memory::{Fault, ManualClock, MemoryObjects, MemoryStore};
use mlpp_provider::{PutParameter, history, read_parameters};

use super::*;
use crate::custom_resource::RequestType;

const BUCKET: &str = "demo-bucket";

/// A stack with the example's documents in a bucket.
struct Stack {
    clock: Arc<ManualClock>,
    store: MemoryStore,
    objects: MemoryObjects,
}

impl Stack {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let stack =
            Self { store: MemoryStore::new(Arc::clone(&clock)), clock, objects: MemoryObjects::versioned() };
        for name in ["ml-parameters.json", "hyperparameters.json"] {
            stack.upload(name, &document(name)).await;
        }
        stack
    }

    async fn upload(&self, key: &str, text: &str) -> String {
        let written = self.objects.put(BUCKET, key, text.as_bytes().to_vec()).await.unwrap();
        written.version.unwrap()
    }

    /// Asks as CloudFormation does, with calls that go wrong as `fault` says.
    async fn ask(
        &self,
        kind: RequestType,
        change: impl Fn(&mut Value),
        fault: Option<Fault>,
    ) -> Result<Map<String, Value>, String> {
        let request = request(kind, change);
        let store = self.store.handle(fault);
        let resource = ParametersResource {
            store: &store,
            objects: &self.objects,
            clock: &*self.clock,
            writer: format!("writer-{}", self.clock.now()),
            key: FingerprintKey::new([1; 32]),
        };
        let done = match kind {
            RequestType::Delete => resource.delete(&request).await.map(|()| Map::new()),
            _ => resource.make(&request).await,
        };
        done.map_err(|error| mlpp_provider::with_sources(&*error))
    }

    async fn make(&self) -> Result<Map<String, Value>, String> {
        self.ask(RequestType::Update, |_| {}, None).await
    }

    async fn delete(&self) -> Result<Map<String, Value>, String> {
        self.ask(RequestType::Delete, |_| {}, None).await
    }

    /// Names and values below the project's path.
    async fn live(&self) -> Vec<(String, String)> {
        let mut live: Vec<_> = self
            .store
            .list(&path())
            .await
            .unwrap()
            .into_iter()
            .map(|parameter| (parameter.name.as_str().to_owned(), parameter.value))
            .collect();
        live.sort();
        live
    }

    async fn put(&self, name: &str, value: &str) {
        let name: ParameterName = name.parse().unwrap();
        let put = PutParameter {
            name,
            parameter_type: ParameterType::String,
            value: value.to_owned(),
            overwrite: true,
        };
        self.store.put(put).await.unwrap();
    }
}

fn document(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/titanic").join(name);
    std::fs::read_to_string(file).unwrap()
}

fn path() -> StorePath {
    "/ml-project".parse().unwrap()
}

fn request(kind: RequestType, change: impl Fn(&mut Value)) -> Envelope {
    let mut properties = json!({
        "ParameterStorePath": "/ml-project",
        "Parameters": {"Bucket": BUCKET, "Key": "ml-parameters.json"},
        "Hyperparameters": {"Bucket": BUCKET, "Key": "hyperparameters.json"},
    });
    change(&mut properties);
    let event = json!({
        "RequestType": kind.name(), "ResponseURL": "https://x.invalid/", "RequestId": "r",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/s/guid",
        "LogicalResourceId": "Parameters", "PhysicalResourceId": "s/ml-project",
        "ResourceProperties": properties,
    });
    Envelope::read(&event).unwrap()
}

// DEFECTS A1, A2, A19
#[tokio::test]
async fn a_stack_is_made_changed_and_deleted() {
    let stack = Stack::new().await;
    let attributes = stack.ask(RequestType::Create, |_| {}, None).await.unwrap();
    assert_eq!(Value::Object(attributes), json!({"PARAM_STORE_PATH": "/ml-project", "Release": "1"}));
    assert_eq!(stack.live().await.len(), 56);
    // CloudFormation asks again when it got no answer: nothing is written.
    let before = stack.store.dump();
    assert_eq!(stack.ask(RequestType::Create, |_| {}, None).await.unwrap()["Release"], "1");
    assert_eq!(stack.store.dump(), before);

    let changed = document("ml-parameters.json").replace("\"maxNumberOfTrainingJobs\": 10", "\"added\": 3");
    stack.upload("ml-parameters.json", &changed).await;
    let attributes = stack.make().await.unwrap();
    assert_eq!(Value::Object(attributes), json!({"PARAM_STORE_PATH": "/ml-project", "Release": "2"}));
    let live = stack.live().await;
    assert!(live.contains(&("/ml-project/added".to_owned(), "3".to_owned())));
    assert!(!live.iter().any(|(name, _)| name == "/ml-project/maxNumberOfTrainingJobs"));

    // A version that is named is what is read, also when there is a newer one.
    let versions = |properties: &mut Value| properties["Parameters"]["Version"] = json!("v1");
    stack.ask(RequestType::Update, versions, None).await.unwrap();
    assert!(stack.live().await.iter().any(|(name, _)| name == "/ml-project/maxNumberOfTrainingJobs"));

    stack.delete().await.unwrap();
    assert_eq!(stack.store.dump(), []);
    stack.delete().await.unwrap();
}

// DEFECTS A4
#[tokio::test]
async fn what_others_have_at_the_path_stays() {
    let stack = Stack::new().await;
    stack.ask(RequestType::Create, |_| {}, None).await.unwrap();
    stack.put("/ml-project/owned-by-another-stack", "x").await;
    stack.delete().await.unwrap();
    assert_eq!(stack.live().await, [("/ml-project/owned-by-another-stack".to_owned(), "x".to_owned())]);
}

// DEFECTS A3, A5
#[tokio::test]
async fn a_create_over_what_is_there_is_refused_and_its_delete_removes_nothing_of_it() {
    let stack = Stack::new().await;
    stack.put("/ml-project/tuningJobName", "theirs").await;
    let before = stack.store.dump();
    let refused = stack.ask(RequestType::Create, |_| {}, None).await.unwrap_err();
    assert!(refused.contains("no release recorded them, such as /ml-project/tuningJobName"), "{refused}");
    assert_eq!(stack.store.dump(), before);
    stack.delete().await.unwrap();
    assert_eq!(stack.store.dump(), before);
    // Unless the stack says that it takes it over.
    let adopt = |properties: &mut Value| properties["Adopt"] = json!("true");
    stack.ask(RequestType::Create, adopt, None).await.unwrap();
    assert_eq!(stack.live().await.len(), 56);
}

#[tokio::test]
async fn another_owner_s_parameters_are_neither_changed_nor_removed() {
    let stack = Stack::new().await;
    stack.make().await.unwrap();
    let before = stack.store.dump();
    let other = |kind| {
        let mut request = request(kind, |_| {});
        request.stack_id = "arn:aws:cloudformation:us-east-1:123456789012:stack/other/guid".to_owned();
        request
    };
    let resource = ParametersResource {
        store: &stack.store,
        objects: &stack.objects,
        clock: &*stack.clock,
        writer: "other".to_owned(),
        key: FingerprintKey::new([1; 32]),
    };
    stack.upload("hyperparameters.json", "{}").await;
    let refused = resource.make(&other(RequestType::Update)).await.unwrap_err();
    assert!(refused.to_string().contains("belongs to arn:aws:cloudformation"), "{refused}");
    resource.delete(&other(RequestType::Delete)).await.unwrap();
    assert_eq!(stack.store.dump(), before);
}

// DEFECTS A6, A8, A10, A13, A17, A20
#[tokio::test]
async fn documents_that_are_not_valid_are_told_with_their_places_and_nothing_is_written() {
    let stack = Stack::new().await;
    for (text, told) in [
        ("{\"a\": 1,", "s3://demo-bucket/ml-parameters.json:1:8: "),
        ("{\"a b\": 1}", "(name/"),
        ("{\"tuningStrategy\": \"Guess\"}", "ml-parameters.json:1:20: "),
        ("{\"a\": 1, \"a\": 2}", "(document/duplicate-key)"),
        ("{\"staticHyperParameters\": {\"seed\": \"2\"}}", "(document/collision)"),
    ] {
        stack.upload("ml-parameters.json", text).await;
        let refused = stack.ask(RequestType::Create, |_| {}, None).await.unwrap_err();
        assert!(refused.contains(told), "{text}: {refused}");
        assert_eq!(stack.store.dump(), []);
    }
    let many: Vec<_> = (0..9).map(|n| format!("\"b {n}\": 1,")).collect();
    stack.upload("ml-parameters.json", &format!("{{{} \"z\": 1}}", many.concat())).await;
    let refused = stack.make().await.unwrap_err();
    assert!(refused.ends_with("; and 6 more"), "{refused}");
    let absent = |properties: &mut Value| properties["Parameters"]["Key"] = json!("absent.json");
    let refused = stack.ask(RequestType::Create, absent, None).await.unwrap_err();
    assert_eq!(refused, "there is no object s3://demo-bucket/absent.json");
}

#[tokio::test]
async fn secrets_come_from_parameter_store_alone() {
    let stack = Stack::new().await;
    stack
        .upload("ml-parameters.json", r#"{"own": {"token": {"$secret": "env:AWS_SECRET_ACCESS_KEY"}}}"#)
        .await;
    let refused = stack.make().await.unwrap_err();
    assert!(refused.contains("use ssm:<name>"), "{refused}");
    assert_eq!(stack.store.dump(), []);
}

// DEFECTS A20
#[tokio::test]
async fn an_update_that_fails_at_any_call_leaves_the_release_in_force_and_the_parameters_as_it_has_them() {
    let reference = Stack::new().await;
    reference.make().await.unwrap();
    let old = reference.live().await;
    let mut calls = 0;
    loop {
        let stack = Stack::new().await;
        stack.make().await.unwrap();
        let changed = document("ml-parameters.json")
            .replace("\"maxNumberOfTrainingJobs\": 10", "\"maxNumberOfTrainingJobs\": 20")
            .replace("\"autoscalingMaxCapacity\": 4", "\"autoscalingMaxCapacity\": 3, \"added\": 3");
        stack.upload("ml-parameters.json", &changed).await;
        if stack.ask(RequestType::Update, |_| {}, Some(Fault::FailBefore(calls))).await.is_ok() {
            break;
        }
        let release =
            history(&stack.store, &path()).await.unwrap().into_iter().find(|release| release.current);
        let read = read_parameters(&stack.store, &path(), DriftPolicy::Use, None).await.unwrap();
        assert_eq!(read.drift, [], "call {calls}");
        let is_new = read.document.value.get("added").is_some();
        // Once the mark is set the new release is in force, whatever fails then.
        if is_new {
            assert!(matches!(release.unwrap().head.action, Action::Apply), "call {calls}");
        } else {
            assert_eq!(stack.live().await, old, "call {calls}");
        }
        // CloudFormation rolls back, or somebody tries again: that works.
        stack.make().await.unwrap();
        assert!(stack.live().await.contains(&("/ml-project/added".to_owned(), "3".to_owned())));
        calls += 1;
    }
    assert!(calls > 20, "{calls}");
}

#[tokio::test]
async fn a_store_that_is_gone_is_told_as_such_and_the_next_one_waits_for_what_was_cut_off() {
    let stack = Stack::new().await;
    stack.make().await.unwrap();
    stack.upload("ml-parameters.json", "{\"a\": 1}").await;
    let properties = Properties::read(&request(RequestType::Update, |_| {}).properties).unwrap();
    let key = FingerprintKey::new([1; 32]);
    let owner = "arn:aws:cloudformation:us-east-1:123456789012:stack/s/guid";
    let importer = Importer { owner, author: "Parameters", writer: "w", key: &key };
    // The first call that leaves a claim.
    for calls in 0.. {
        let store = stack.store.handle(Some(Fault::CrashBefore(calls)));
        let failed = import(&store, &stack.objects, &*stack.clock, &properties, importer).await.unwrap_err();
        let releases = history(&stack.store, &path()).await.unwrap();
        if let Some(claim) = releases.iter().find(|release| !release.committed) {
            assert!(claim.head.lease_until > stack.clock.now());
            let told = mlpp_provider::with_sources(&failed);
            assert!(told.contains("the parameter store failed"), "{told}");
            break;
        }
    }
    let attributes = stack.make().await.unwrap();
    assert_eq!(attributes["Release"], "3");
    // A delete waits as well.
    stack.delete().await.unwrap();
    assert_eq!(stack.store.dump(), []);
}
