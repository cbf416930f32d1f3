//! What a manifest's event comes to: one execution with the right name and input, or none and the reason.

#![allow(clippy::unwrap_used)]

mod support;

use std::num::NonZeroU32;

use mlpp_parameters::{
    Digest, DriftPolicy, InputError, ManifestEvent, Overridable, ParameterType, Revision, StorePath,
    decode_key,
};
use mlpp_provider::memory::{MemoryObjects, MemoryStore, MemoryWorkflows};
use mlpp_provider::{
    LaunchError, LaunchRequest, Launched, Objects as _, ParameterStore as _, PutParameter, ReadError,
    StartExecution, Which, WorkflowKind, WorkflowsError, compose, launch, prepare,
};
use serde_json::{Value, json};
use support::{Vault, Writer, edit, path, run};

const BUCKET: &str = "demo-bucket";
const KEY: &str = "manifests/manifest.json";
const STATE_MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:tuning";
const EXPRESS: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:express";
const TIME: u64 = 1_594_981_230;

/// A bucket, a store and a state machine.
struct Project {
    store: MemoryStore,
    objects: MemoryObjects,
    workflows: MemoryWorkflows,
    path: StorePath,
}

impl Project {
    /// A project with a release of the document `text`, and a bucket that keeps versions.
    fn of(text: &str) -> Self {
        let project = Self::empty(&path());
        run(Writer::default().apply(&project.store, text)).unwrap();
        project
    }

    fn empty(path: &StorePath) -> Self {
        let kinds = [(STATE_MACHINE, WorkflowKind::Standard), (EXPRESS, WorkflowKind::Express)];
        let objects = MemoryObjects::versioned();
        objects.set_time(TIME);
        let workflows = MemoryWorkflows::new(kinds);
        Self { store: MemoryStore::default(), objects, workflows, path: path.clone() }
    }

    /// Writes an object and gives its event.
    fn put(&self, key: &str, text: &str) -> ManifestEvent {
        run(self.objects.put(BUCKET, key, text.as_bytes().to_vec())).unwrap();
        run(self.objects.get(BUCKET, key, Which::Newest)).unwrap().event(BUCKET, key)
    }

    /// Writes a parameter by hand.
    fn set(&self, name: &str, parameter_type: ParameterType, value: &str) {
        let (name, value) = (name.parse().unwrap(), value.to_owned());
        run(self.store.put(PutParameter { name, parameter_type, value, overwrite: true })).unwrap();
    }

    fn launch(&self, event: &ManifestEvent) -> Result<Launched, LaunchError> {
        self.launch_by(event, DriftPolicy::Use, 1)
    }

    fn launch_by(
        &self,
        event: &ManifestEvent,
        policy: DriftPolicy,
        attempt: u32,
    ) -> Result<Launched, LaunchError> {
        let overridable = Overridable::default();
        let request = self.request(event, policy, attempt, &overridable);
        run(launch(&self.store, &self.objects, &self.workflows, STATE_MACHINE, &request))
    }

    fn request<'a>(
        &'a self,
        event: &'a ManifestEvent,
        policy: DriftPolicy,
        attempt: u32,
        overridable: &'a Overridable,
    ) -> LaunchRequest<'a> {
        let attempt = NonZeroU32::new(attempt).unwrap();
        LaunchRequest { event, attempt, path: &self.path, policy, overridable, tool: "mlpp test" }
    }

    /// The inputs of what was started.
    fn inputs(&self) -> Vec<Value> {
        let parsed = |request: &StartExecution| serde_json::from_str(&request.input).unwrap();
        self.workflows.started().iter().map(parsed).collect()
    }
}

/// A manifest with one channel and with `more` members.
fn manifest(more: &Value) -> String {
    let source = json!({"S3DataType": "S3Prefix", "S3Uri": "s3://demo-bucket/train.csv"});
    let mut manifest = json!({"channels": [{"channelName": "training", "s3DataSource": source}]});
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    manifest.to_string()
}

fn plain() -> String {
    manifest(&json!({}))
}

/// The codes of what is not valid, with their pointers.
fn invalid(result: Result<Launched, LaunchError>) -> Vec<(&'static str, String)> {
    match result.unwrap_err() {
        LaunchError::Invalid(findings, sources) => {
            assert!(
                findings.iter().all(|finding| sources.line_column(finding.span).is_some()),
                "{findings:?}"
            );
            findings.into_iter().map(|finding| (finding.code, finding.pointer)).collect()
        }
        other => panic!("{other:?}"),
    }
}

const DOCUMENT: &str = r#"{"tuningJobName":"survival","model":{"name":"m","hosting":{"initialInstanceCount":1}},
    "staticHyperParameters":{"seed":"1"},"text":["ü"],"maxNumberOfTrainingJobs":10}"#;

// DEFECTS C25
#[test]
fn a_launch_says_what_it_started_and_sends_utf8() {
    let project = Project::of(DOCUMENT);
    let event = project.put(KEY, &plain());
    let launched = project.launch(&event).unwrap();
    let name = &launched.prepared.name;
    assert!(name.starts_with("0qdlze6") && name.len() == 14, "{name}");
    let arn = format!("arn:aws:states:us-east-1:000000000000:execution:tuning:{name}");
    assert_eq!((launched.started.execution_arn, launched.started.already), (arn, false));
    let started = project.workflows.started();
    assert_eq!((&started[0].name, &started[0].input), (name, &launched.prepared.input));
    assert!(started[0].input.contains(r#""text":["ü"]"#), "{}", started[0].input);
    let input = project.inputs().remove(0);
    assert_eq!(input["tuningJobName"], format!("survival-{name}"));
    assert_eq!(input["model"]["name"], format!("m-{name}"));
    assert_eq!(
        input["provenance"],
        json!({
            "release": 1, "policy": "use", "drift": {"count": 0, "names": []},
            "manifest": {"bucket": BUCKET, "key": KEY, "version": "v1", "digest": Digest::of(plain())},
            "tool": "mlpp test",
        })
    );
}

// DEFECTS C4
#[test]
fn two_records_of_one_event_do_not_see_each_other() {
    let project = Project::of(DOCUMENT);
    let events = [project.put("manifests/a.json", &plain()), project.put("manifests/b.json", &plain())];
    for event in &events {
        project.launch(event).unwrap();
    }
    let started = project.workflows.started();
    for (request, input) in started.iter().zip(project.inputs()) {
        assert_eq!(input["tuningJobName"], format!("survival-{}", request.name));
        assert_eq!(input["model"]["name"], format!("m-{}", request.name));
    }
    assert_eq!(started.len(), 2);
}

// DEFECTS C5
#[test]
fn an_event_that_is_delivered_twice_starts_one_execution() {
    let project = Project::of(DOCUMENT);
    let event = project.put(KEY, &plain());
    let first = project.launch(&event).unwrap();
    // Even when the parameters have changed meanwhile.
    edit(&project.store, "/p/maxNumberOfTrainingJobs", "11");
    let again = project.launch(&event.clone()).unwrap();
    assert_eq!((first.started.already, again.started.already), (false, true));
    assert_eq!(first.started.execution_arn, again.started.execution_arn);
    assert_eq!(project.workflows.started().len(), 1);
}

// DEFECTS C6
#[test]
fn a_batch_that_is_retried_starts_nothing_again() {
    let project = Project::of(DOCUMENT);
    let batch = [project.put("manifests/good.json", &plain()), project.put("manifests/bad.json", "{}")];
    for _ in 0..3 {
        let [good, bad] = [&batch[0], &batch[1]].map(|event| project.launch(event));
        assert!(good.is_ok());
        assert_eq!(invalid(bad), [("manifest/channels", "/channels".to_owned())]);
    }
    assert_eq!(project.workflows.started().len(), 1);
}

// DEFECTS C7
#[test]
fn manifests_of_one_second_start_one_execution_each() {
    let project = Project::of(DOCUMENT);
    let events = [project.put(KEY, &plain()), project.put(KEY, &plain()), project.put("b.json", &plain())];
    assert!(events.iter().all(|event| event.last_modified == TIME));
    for event in &events {
        assert!(!project.launch(event).unwrap().started.already);
    }
    let mut names: Vec<_> = project.inputs().iter().map(|input| input["tuningJobName"].to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3);
}

// DEFECTS C8
#[test]
fn the_key_of_an_event_is_decoded_once() {
    let project = Project::of(DOCUMENT);
    let seed = |seed: &str| manifest(&json!({"parameters": {"staticHyperParameters": {"seed": seed}}}));
    for (key, number) in [("a b.json", "1"), ("a+b.json", "2"), ("ünï%20.json", "3")] {
        project.put(key, &seed(number));
    }
    for encoded in ["a+b.json", "a%2Bb.json", "%C3%BCn%C3%AF%2520.json"] {
        let key = decode_key(encoded).unwrap();
        let object = run(project.objects.get(BUCKET, &key, Which::Newest)).unwrap();
        project.launch(&object.event(BUCKET, key)).unwrap();
    }
    let seeds: Vec<_> =
        project.inputs().iter().map(|input| input["staticHyperParameters"]["seed"].clone()).collect();
    assert_eq!(seeds, ["1", "2", "3"]);
}

// DEFECTS C9
#[test]
fn each_event_has_the_manifest_that_it_is_about() {
    let seed = |seed: &str| manifest(&json!({"parameters": {"staticHyperParameters": {"seed": seed}}}));
    let project = Project::of(DOCUMENT);
    let events = [project.put(KEY, &seed("one")), project.put(KEY, &seed("two"))];
    for event in &events {
        project.launch(event).unwrap();
    }
    let seeds: Vec<_> =
        project.inputs().iter().map(|input| input["staticHyperParameters"]["seed"].clone()).collect();
    assert_eq!(seeds, ["one", "two"]);

    // A bucket that keeps no versions has lost the first.
    let project = Project { objects: MemoryObjects::default(), ..Project::of(DOCUMENT) };
    let events = [project.put(KEY, &seed("one")), project.put(KEY, &seed("two"))];
    let error = project.launch(&events[0]).unwrap_err();
    assert!(error.is_superseded(), "{error:?}");
    project.launch(&events[1]).unwrap();
    let input = project.inputs().remove(0);
    assert_eq!(input["staticHyperParameters"]["seed"], "two");
    let (etag, digest) = (Digest::of(seed("two")), Digest::of(seed("two")));
    let expected = json!({"bucket": BUCKET, "key": KEY, "etag": etag, "digest": digest});
    assert_eq!(input["provenance"]["manifest"], expected);
}

#[test]
fn a_manifest_that_is_gone_is_not_taken_for_one_that_was_written_again() {
    let project = Project { objects: MemoryObjects::default(), ..Project::of(DOCUMENT) };
    let event = project.put(KEY, &plain());
    run(project.objects.delete(BUCKET, KEY)).unwrap();
    let error = project.launch(&event).unwrap_err();
    assert!(matches!(error, LaunchError::Objects(_)) && !error.is_superseded(), "{error:?}");
}

// DEFECTS C12
#[test]
fn a_path_that_recurs_in_names_is_taken_off_once() {
    for path in ["/model", "/t", "/a", "/m", "/name"] {
        let project = Project::empty(&path.parse().unwrap());
        for name in
            ["model/name", "model/trainingSubnets", "model/artifactType", "tuningJobName", "m/model/t"]
        {
            let (parameter_type, value) = match name {
                "model/trainingSubnets" => (ParameterType::StringList, "subnet-a"),
                _ => (ParameterType::String, "x"),
            };
            project.set(&format!("{path}/{name}"), parameter_type, value);
        }
        project.set(&format!("{path}/model/trainingSecurityGroupIds"), ParameterType::StringList, "sg-1");
        let launched = project.launch(&project.put(KEY, &plain())).unwrap();
        let mut input = project.inputs().remove(0);
        for added in ["channels", "provenance"] {
            input.as_object_mut().unwrap().remove(added);
        }
        let name = format!("x-{}", launched.prepared.name);
        let model = json!({
            "name": name, "artifactType": "x", "trainingSubnets": ["subnet-a"], "trainingSecurityGroupIds": ["sg-1"],
        });
        assert_eq!(
            input,
            json!({"m": {"model": {"t": "x"}}, "model": model, "tuningJobName": name}),
            "{path}"
        );
    }
}

// DEFECTS C13
#[test]
fn categorical_ranges_have_the_shape_that_the_service_takes() {
    let project = Project::empty(&path());
    let values = "/p/parameterRanges/CategoricalParameterRanges/distribution/Values";
    project.set(values, ParameterType::StringList, "gaussian,bernoulli,auto");
    project.launch(&project.put(KEY, &plain())).unwrap();
    assert_eq!(
        project.inputs()[0]["parameterRanges"],
        json!({"CategoricalParameterRanges": [{"Name": "distribution", "Values": ["gaussian", "bernoulli", "auto"]}]})
    );

    let project = Project::empty(&path());
    project.set(values, ParameterType::String, "gaussian,bernoulli");
    let pointer = "/parameterRanges/CategoricalParameterRanges/0/Values".to_owned();
    assert_eq!(invalid(project.launch(&project.put(KEY, &plain()))), [("value/type", pointer)]);
    assert!(project.workflows.started().is_empty());
}

// DEFECTS C14
#[test]
fn hyperparameters_that_are_no_texts_are_refused() {
    for (names, parameter_type) in [
        (&["/p/staticHyperParameters/x/a", "/p/staticHyperParameters/x/b"][..], ParameterType::String),
        (&["/p/staticHyperParameters/x"], ParameterType::StringList),
    ] {
        let project = Project::of(DOCUMENT);
        for name in names {
            project.set(name, parameter_type, "1,2");
        }
        let found = invalid(project.launch(&project.put(KEY, &plain())));
        assert_eq!(found, [("value/type", "/staticHyperParameters/x".to_owned())]);
        assert!(project.workflows.started().is_empty());
    }
    let project = Project::of(DOCUMENT);
    for value in [json!({"a": "1"}), json!(["1"])] {
        let over = manifest(&json!({"parameters": {"staticHyperParameters": {"x": value}}}));
        let found = invalid(project.launch(&project.put(KEY, &over)));
        assert_eq!(found, [("value/type", "/parameters/staticHyperParameters/x".to_owned())]);
    }
}

// DEFECTS C18
#[test]
fn a_manifest_is_checked_before_anything_starts() {
    let channel = |name: &str, uri: &str| json!({"channelName": name, "s3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}});
    for (channels, code, pointer) in [
        (json!([]), "manifest/channels", "/channels"),
        (Value::Null, "manifest/channels", "/channels"),
        (json!("training"), "manifest/channels", "/channels"),
        (json!([channel("training", "demo-bucket/x")]), "manifest/s3-uri", "/channels/0/s3DataSource/S3Uri"),
        (json!([channel("a b", "s3://demo-bucket/x")]), "manifest/channel-name", "/channels/0/channelName"),
        (json!([channel("..", "s3://demo-bucket/x")]), "manifest/channel-name", "/channels/0/channelName"),
    ] {
        let project = Project::of(DOCUMENT);
        let event = project.put(KEY, &json!({"channels": channels}).to_string());
        assert_eq!(invalid(project.launch(&event)), [(code, pointer.to_owned())], "{channels}");
        assert!(project.workflows.started().is_empty());
    }
    let project = Project::of(DOCUMENT);
    assert_eq!(
        invalid(project.launch(&project.put(KEY, "\u{feff}{}"))),
        [("document/not-json", String::new())]
    );
}

// DEFECTS C18
#[test]
fn stored_parameters_are_checked_before_anything_starts() {
    let many = |project: &Project| {
        for n in 0..101 {
            project.set(&format!("/p/staticHyperParameters/h{n}"), ParameterType::String, "1");
        }
    };
    let cases: [(&dyn Fn(&Project), &str); 4] = [
        (&|project| project.set("/p/tuningStrategy", ParameterType::String, "Guessing"), "value/enum"),
        (&many, "hyperparameter/count"),
        (
            &|project| project.set("/p/staticHyperParameters/x", ParameterType::String, &"x".repeat(2501)),
            "value/length",
        ),
        (
            &|project| project.set("/p/tuningJobName", ParameterType::String, &"x".repeat(18)),
            "name/too-long-once-stamped",
        ),
    ];
    for (break_it, code) in cases {
        let project = Project::of(DOCUMENT);
        break_it(&project);
        let found = invalid(project.launch(&project.put(KEY, &plain())));
        assert_eq!(found.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [code]);
        assert!(project.workflows.started().is_empty());
    }
}

// DEFECTS C18
#[test]
fn an_input_that_is_too_large_is_refused_with_its_length() {
    let parts: Vec<_> = (0..65).map(|n| format!(r#""part{n}":"{}""#, "x".repeat(4020))).collect();
    let text = format!("{{{}}}", parts.join(","));
    let project = Project::of(&text);
    let event = project.put(KEY, &plain());
    let error = project.launch(&event).unwrap_err();
    let LaunchError::Input(InputError::TooLarge { bytes, largest }) = &error else { panic!("{error:?}") };
    assert!(*bytes > 262_144 && text.len() <= 262_144, "{bytes}");
    assert_eq!(largest[0].1, "\"part10\":\"\"".len() + 4020);
    assert!(project.workflows.started().is_empty());
}

// DEFECTS C20
#[test]
fn a_manifest_overrides_what_it_may_and_nothing_else() {
    let project = Project::of(DOCUMENT);
    let over = json!({"parameters": {
        "staticHyperParameters": {"seed": "7", "metric": "auc"}, "model": {"hosting": {"initialInstanceCount": 2}},
    }});
    project.launch(&project.put(KEY, &manifest(&over))).unwrap();
    let input = project.inputs().remove(0);
    assert_eq!(input["staticHyperParameters"], json!({"seed": "7", "metric": "auc"}));
    assert_eq!(input["model"]["hosting"], json!({"initialInstanceCount": 2}));
    assert_eq!(input["maxNumberOfTrainingJobs"], json!(10));
    assert_eq!(
        input["provenance"]["overrides"],
        json!([
            "/model/hosting/initialInstanceCount",
            "/staticHyperParameters/seed",
            "/staticHyperParameters/metric"
        ])
    );

    for (more, code, pointer) in [
        (json!({"seed": "7"}), "manifest/unknown-key", "/seed"),
        (
            json!({"parameters": {"tuningJobName": "x"}}),
            "manifest/override-not-allowed",
            "/parameters/tuningJobName",
        ),
        (
            json!({"parameters": {"staticHyperParameters": {"t": {"$secret": "env:T"}}}}),
            "manifest/override-secret",
            "/parameters/staticHyperParameters/t",
        ),
        (
            json!({"parameters": {"maxNumberOfTrainingJobs": 0}}),
            "value/bounds",
            "/parameters/maxNumberOfTrainingJobs",
        ),
    ] {
        let found = invalid(project.launch(&project.put(KEY, &manifest(&more))));
        assert_eq!(found, [(code, pointer.to_owned())]);
    }
    assert_eq!(project.workflows.started().len(), 1);
}

#[test]
fn a_project_says_what_manifests_may_override() {
    let project = Project::of(DOCUMENT);
    let over = manifest(&json!({"parameters": {"tuningJobName": "other"}}));
    let event = project.put(KEY, &over);
    let overridable = Overridable::new(["/tuningJobName"]).unwrap();
    let request = project.request(&event, DriftPolicy::Use, 1, &overridable);
    let prepared = run(prepare(&project.store, &project.objects, &request)).unwrap();
    assert!(prepared.input.contains(&format!("\"other-{}\"", prepared.name)), "{}", prepared.input);
}

#[test]
fn edits_are_used_ignored_or_refused_as_the_policy_says() {
    let project = Project::of(DOCUMENT);
    edit(&project.store, "/p/staticHyperParameters/seed", "2");
    let event = |key: &str| project.put(key, &plain());
    let input = |key: &str, policy| {
        project.launch_by(&event(key), policy, 1).unwrap();
        project.inputs().pop().unwrap()
    };
    let used = input("use.json", DriftPolicy::Use);
    assert_eq!(used["staticHyperParameters"]["seed"], "2");
    let drift = &used["provenance"]["drift"];
    assert_eq!((&drift["count"], &drift["names"]), (&json!(1), &json!(["staticHyperParameters/seed"])));
    assert!(drift["digest"].is_string());
    let ignored = input("ignore.json", DriftPolicy::Ignore);
    assert_eq!(ignored["staticHyperParameters"]["seed"], "1");
    assert_eq!(ignored["provenance"]["policy"], "ignore");
    assert_eq!(ignored["provenance"]["drift"], json!({"count": 0, "names": []}));
    let failed = project.launch_by(&event("fail.json"), DriftPolicy::Fail, 1);
    assert!(matches!(failed, Err(LaunchError::Read(ReadError::Drift { release: 1, .. }))), "{failed:?}");
}

#[test]
fn a_release_that_a_manifest_names_is_read_from_its_record() {
    let project = Project::of(DOCUMENT);
    run(Writer::default().apply(&project.store, &DOCUMENT.replace("\"1\"", "\"5\""))).unwrap();
    edit(&project.store, "/p/staticHyperParameters/seed", "9");
    let pinned = manifest(&json!({"release": 1, "parameters": {"maxNumberOfTrainingJobs": 2}}));
    project.launch_by(&project.put(KEY, &pinned), DriftPolicy::Fail, 1).unwrap();
    let input = project.inputs().remove(0);
    assert_eq!(input["staticHyperParameters"]["seed"], "1");
    assert_eq!(input["maxNumberOfTrainingJobs"], json!(2));
    let provenance = &input["provenance"];
    assert_eq!((&provenance["release"], &provenance["policy"]), (&json!(1), &json!("ignore")));
    assert!(input.get("release").is_none());

    let absent = project.launch(&project.put(KEY, &manifest(&json!({"release": 7}))));
    assert!(matches!(absent, Err(LaunchError::Read(ReadError::Records(_)))), "{absent:?}");
}

#[test]
fn a_further_attempt_starts_another_execution_with_names_of_its_own() {
    let project = Project::of(DOCUMENT);
    let event = project.put(KEY, &plain());
    let first = project.launch(&event).unwrap().prepared.name;
    let again = project.launch_by(&event, DriftPolicy::Use, 2).unwrap();
    assert!(!again.started.already && again.prepared.name.ends_with("-2"));
    assert!(project.launch_by(&event, DriftPolicy::Use, 2).unwrap().started.already);
    let inputs = project.inputs();
    let stamp = again.prepared.name.strip_suffix("-2").unwrap();
    assert_ne!(stamp, first);
    assert_eq!(inputs[1]["tuningJobName"], format!("survival-{stamp}"));
    assert_eq!(
        (&inputs[0]["provenance"]["attempt"], &inputs[1]["provenance"]["attempt"]),
        (&Value::Null, &json!(2))
    );
}

#[test]
fn a_target_that_does_not_keep_executions_by_name_is_refused() {
    let project = Project::of(DOCUMENT);
    let event = project.put(KEY, &plain());
    let overridable = Overridable::default();
    let request = project.request(&event, DriftPolicy::Use, 1, &overridable);
    let by = |arn: &str| run(launch(&project.store, &project.objects, &project.workflows, arn, &request));
    assert!(matches!(by(EXPRESS), Err(LaunchError::Express(arn)) if arn == EXPRESS));
    let absent = by("arn:absent");
    assert!(
        matches!(absent, Err(LaunchError::Workflows(WorkflowsError::StateMachineDoesNotExist(_)))),
        "{absent:?}"
    );
    assert!(project.workflows.started().is_empty());
}

#[test]
fn what_is_prepared_is_what_is_launched() {
    let project = Project::of(DOCUMENT);
    let event = project.put(KEY, &plain());
    let overridable = Overridable::default();
    let request = project.request(&event, DriftPolicy::Use, 1, &overridable);
    let prepared = run(prepare(&project.store, &project.objects, &request)).unwrap();
    let composed = run(compose(&project.store, plain().as_bytes(), &request)).unwrap();
    assert!(project.workflows.started().is_empty());
    let launched = project.launch(&event).unwrap().prepared;
    for other in [&composed, &launched] {
        assert_eq!((&other.name, &other.input), (&prepared.name, &prepared.input));
    }
}

// DEFECTS C21
#[test]
fn a_secret_is_sent_by_name_and_version() {
    let project = Project::empty(&path());
    let vault = Vault::of([("env:TOKEN", "hunter2")]);
    let writer = Writer { vault, ..Writer::default() };
    let text = r#"{"registry":{"token":{"$secret":"env:TOKEN"}}}"#;
    run(writer.apply(&project.store, text)).unwrap();
    let launched = project.launch(&project.put(KEY, &plain())).unwrap();
    let input = project.inputs().remove(0);
    assert_eq!(input["registry"]["token"], json!({"$secret": "/p/registry/token", "version": 1}));
    assert!(!format!("{launched:?}").contains("hunter2"));
}

#[test]
fn the_event_of_a_stored_object_has_its_revision_and_time() {
    let project = Project::of(DOCUMENT);
    let event = project.put(KEY, "x");
    assert_eq!((event.revision, event.last_modified), (Revision::Version("v1".into()), TIME));
    let unversioned = Project { objects: MemoryObjects::default(), ..project };
    let etag = Digest::of("x").to_string();
    assert_eq!(unversioned.put(KEY, "x").revision, Revision::ETag { etag, sequencer: None });
}
