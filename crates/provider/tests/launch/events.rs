//! One event starts one execution, of the manifest that it is about.

use mlpp_parameters::{Digest, DriftPolicy, Overridable, Revision, decode_key};
use mlpp_provider::memory::MemoryObjects;
use mlpp_provider::{
    LaunchError, Objects as _, Which, WorkflowsError, compose, launch, prepare, read_parameters,
};
use serde_json::{Value, json};

use crate::project::{BUCKET, DOCUMENT, EXPRESS, KEY, Project, TIME, invalid, manifest, plain};
use crate::support::{edit, run};

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
    let read = read_parameters(&project.store, request.path, request.policy, None);
    let composed = run(compose(&project.store, plain().as_bytes(), &request, read)).unwrap();
    assert!(project.workflows.started().is_empty());
    let launched = project.launch(&event).unwrap().prepared;
    for other in [&composed, &launched] {
        assert_eq!((&other.name, &other.input), (&prepared.name, &prepared.input));
    }
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
