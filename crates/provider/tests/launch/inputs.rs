//! What goes into the input: the parameters, what the manifest overrides, the release that it names.

use mlpp_parameters::{DriftPolicy, Overridable, ParameterType};
use mlpp_provider::{LaunchError, ReadError, prepare};
use serde_json::json;

use crate::project::{DOCUMENT, KEY, Project, invalid, manifest, plain};
use crate::support::{Vault, Writer, edit, path, run};

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
