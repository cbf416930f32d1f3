//! Show, render and package: what the parameters are, what they would launch, what a deployment takes.

#![allow(clippy::unwrap_used)]

mod util;

use std::process::Command;

use serde_json::{Value, json};
use util::Project;

/// A project with an overlay for production, a document of its own, and a value that a shell would take apart.
fn layered() -> Project {
    let project = Project::titanic();
    let settings = project.read("mlpp.toml");
    project.write(
        "mlpp.toml",
        format!(
            "documents = [\"own.json\"]\n{settings}\n[environments.development]\n\
             [environments.production]\noverlays = [\"production.json\"]\nparameter_store_path = \"/production\"\n"
        ),
    );
    project.write(
        "own.json",
        "{\"own\": {\"note\": \"it's $HOME `date` \\\"x\\\"\\nsecond line\", \"none\": null, \"list\": [1, 2.50]}}",
    );
    project.write(
        "production.json",
        "{\"autoscalingMaxCapacity\": 8,\n \"parameterRanges\": {\"IntegerParameterRanges\": [{\"Name\": \"ntrees\", \
         \"MaxValue\": \"50\"}]}}",
    );
    project
}

#[test]
fn every_value_tells_where_it_was_written() {
    let project = layered();
    insta::assert_snapshot!("origin", project.stdout(0, ["show", "--origin", "-e", "production"]));
    let rows = project.json(0, ["show", "--origin", "--json", "-e", "production"]);
    let of =
        |name: &str| rows.as_array().unwrap().iter().find(|row| row["parameter"] == name).unwrap().clone();
    assert_eq!(
        of("autoscalingMaxCapacity"),
        json!({
            "parameter": "autoscalingMaxCapacity",
            "value": "8",
            "origin": {"file": "production.json", "line": 1, "column": 28, "overlay": true},
        })
    );
    assert_eq!(of("own/none")["origin"]["file"], "own.json");
}

#[test]
fn an_environment_has_parameters_of_its_own() {
    let project = layered();
    let maximum = |environment: &str| {
        let shown = project.json(0, ["show", "--json", "-e", environment]);
        let range = &shown["parameterRanges"]["IntegerParameterRanges"][0];
        (shown["autoscalingMaxCapacity"].clone(), range["MaxValue"].clone(), range["MinValue"].clone())
    };
    assert_eq!(maximum("development"), (4.into(), "20".into(), "10".into()));
    assert_eq!(maximum("production"), (8.into(), "50".into(), "10".into()));
    project.expect(0, ["apply", "-e", "production"]);
    project.expect(0, ["apply"]);
    let live = |environment| project.json(0, ["show", "--live", "--json", "-e", environment]);
    assert_eq!(live("production")["autoscalingMaxCapacity"], 8);
    assert_eq!(live("development")["autoscalingMaxCapacity"], 4);
    assert_eq!(live("production")["own"], project.json(0, ["show", "--json"])["own"]);
}

#[test]
fn a_tree_shows_each_value_as_its_kind() {
    insta::assert_snapshot!("tree", layered().stdout(0, ["show"]));
}

#[test]
fn yaml_holds_what_json_holds() {
    insta::assert_snapshot!("yaml", layered().stdout(0, ["show", "--yaml"]));
}

#[test]
fn a_shell_reads_the_assignments_as_they_were_meant() {
    let project = layered();
    project.write("parameters.env", project.stdout(0, ["show", "--env"]));
    let script = ". ./parameters.env; printf '%s|%s|%s|%s|%s' \"$OWN_NOTE\" \"$OWN_NONE\" \"$OWN_LIST\" \
                  \"$MODEL_TRAININGSUBNETS\" \"$PARAMETERRANGES_INTEGERPARAMETERRANGES_NTREES_MINVALUE\"";
    let output = Command::new("bash").args(["-c", script]).current_dir(project.path()).output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "it's $HOME `date` \"x\"\nsecond line|null|[1,2.50]|[\"subnet-a\",\"subnet-b\",\"subnet-c\"]|10"
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn two_parameters_that_a_shell_cannot_tell_apart_are_told() {
    let project = Project::titanic();
    project.replace("ml-parameters.json", "\"tuningJobName\"", "\"a-b\": 1, \"a_b\": 2, \"tuningJobName\"");
    let output = project.expect(0, ["show", "--env"]);
    let told = project.stderr(&output);
    assert!(told.contains("A_B") && told.contains("a-b") && told.contains("a_b"), "{told}");
}

#[test]
fn what_a_release_recorded_is_shown_whatever_the_documents_say() {
    let project = layered();
    let before = project.stdout(0, ["show", "--json"]);
    project.expect(0, ["apply"]);
    project.replace("ml-parameters.json", "\"autoscalingMaxCapacity\": 4", "\"autoscalingMaxCapacity\": 3");
    assert_eq!(project.stdout(0, ["show", "--release", "1", "--json"]), before);
    assert_eq!(project.stdout(0, ["show", "--live", "--json"]), before);
    project.refused(3, "release/absent", ["show", "--release", "2"]);
}

/// A project whose workflow gives back its input.
fn echoing() -> Project {
    let project = Project::titanic();
    project
        .write("own.asl.json", r#"{"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": true}}}"#);
    project.replace("mlpp.toml", "\"model-tuning-with-endpoint-deployment\"", "\"own\"");
    project.write("mlpp.toml", project.read("mlpp.toml") + "\n[state_machines]\nown = \"own.asl.json\"\n");
    project
}

/// The input with the stamp of its launch written as `<stamp>`, and without the time of the manifest.
fn without_stamp(mut input: Value) -> Value {
    let name = input["tuningJobName"].as_str().unwrap();
    let stamp = name.strip_prefix("survival-tuning-").unwrap().to_owned();
    assert!(input["model"]["name"].as_str().unwrap().ends_with(&stamp), "{input}");
    input["tuningJobName"] = "survival-tuning-<stamp>".into();
    input["model"]["name"] = "survival-model-<stamp>".into();
    input
}

#[test]
fn what_is_rendered_is_what_a_run_starts() {
    let project = echoing();
    project.expect(0, ["apply"]);
    let rendered = project.json(0, ["render"]);
    let run = project.json(0, ["run", "--json"]);
    assert_eq!(without_stamp(rendered), without_stamp(run["execution"]["output"].clone()));
    project.edit("/ml-project/staticHyperParameters/seed", mlpp_parameters::ParameterType::String, "7");
    let rendered = project.json(0, ["render"]);
    assert_eq!(rendered["staticHyperParameters"]["seed"], "7");
    assert_eq!(rendered["provenance"]["drift"]["count"], 1, "{:#}", rendered["provenance"]);
}

#[test]
fn what_is_rendered_follows_from_the_manifest_alone_and_an_attempt_is_another_launch() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    let first = project.stdout(0, ["render"]);
    assert_eq!(project.stdout(0, ["render", "manifest.json"]), first);
    let compact = project.stdout(0, ["render", "--compact"]);
    assert_eq!(compact.lines().count(), 1);
    assert_eq!(
        serde_json::from_str::<Value>(&compact).unwrap(),
        serde_json::from_str::<Value>(&first).unwrap()
    );
    let second: Value = project.json(0, ["render", "--attempt", "2"]);
    let first: Value = serde_json::from_str(&first).unwrap();
    assert_ne!(second["tuningJobName"], first["tuningJobName"]);
    let mut second = without_stamp(second);
    assert_eq!(second["provenance"]["attempt"], 2);
    second["provenance"].as_object_mut().unwrap().remove("attempt");
    assert_eq!(second, without_stamp(first));
    project.expect(2, ["render", "--attempt", "0"]);
}

#[test]
fn without_a_release_only_the_documents_can_be_rendered() {
    let project = Project::titanic();
    project.refused(3, "release/absent", ["render"]);
    let input = project.json(0, ["render", "--documents"]);
    assert_eq!(input["provenance"]["release"], Value::Null);
    assert!(!project.path().join(".mlpp").exists());
    project.expect(0, ["apply"]);
    let mut applied = project.json(0, ["render", "--drift", "ignore"]);
    assert_eq!(
        applied["provenance"]["release"]["number"].as_u64().or(applied["provenance"]["release"].as_u64()),
        Some(1)
    );
    applied["provenance"]["release"] = Value::Null;
    assert_eq!(applied, input);
}

#[test]
fn a_manifest_overrides_what_it_may() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    let manifest = |parameters: &str| {
        let text = project.read("manifest.json");
        let channels = text.find("\"channels\"").unwrap();
        project.write("other.json", format!("{{{parameters}, {}", &text[channels..]));
    };
    manifest("\"parameters\": {\"staticHyperParameters\": {\"seed\": \"7\"}}");
    let input = project.json(0, ["render", "other.json"]);
    assert_eq!(input["staticHyperParameters"]["seed"], "7");
    assert_eq!(input["staticHyperParameters"]["stopping_rounds"], "10");
    manifest("\"parameters\": {\"endpointName\": \"mine\"}");
    project.refused(3, "manifest/override-not-allowed", ["render", "other.json"]);
    project.expect(3, ["render", "other.json", "--documents"]);
    // What is overridden is checked as the documents are.
    manifest("\"parameters\": {\"autoscalingMinCapacity\": 9}");
    project.refused(3, "scaling/capacity", ["render", "other.json"]);
}

#[test]
fn a_manifest_that_names_a_release_gets_it_as_it_was_recorded() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
    project.expect(0, ["apply"]);
    project.edit("/ml-project/staticHyperParameters/seed", mlpp_parameters::ParameterType::String, "99");
    let text = project.read("manifest.json").replacen('{', "{\"release\": 1,", 1);
    project.write("pinned.json", &text);
    let seed = |args: &[&str]| project.json(0, args)["staticHyperParameters"]["seed"].clone();
    assert_eq!(seed(&["render"]), "99");
    assert_eq!(seed(&["render", "pinned.json"]), "1");
    assert_eq!(seed(&["render", "pinned.json", "--drift", "fail"]), "1");
    project.write("pinned.json", text.replace("\"release\": 1", "\"release\": 9"));
    project.refused(3, "release/absent", ["render", "pinned.json"]);
}

#[test]
fn a_package_is_the_documents_as_they_take_effect() {
    let project = layered();
    project.expect(0, ["apply", "-e", "production"]);
    let about = project.json(0, ["package", "-e", "production", "--out", "out"]);
    let file = |name: &str| serde_json::from_str::<Value>(&project.read(name)).unwrap();
    let mut joined = file("out/ml-parameters.json").as_object().unwrap().clone();
    joined.extend(file("out/hyperparameters.json").as_object().unwrap().clone());
    assert_eq!(Value::Object(joined), project.json(0, ["show", "--json", "-e", "production"]));
    assert_eq!(file("out/package.json"), about);
    assert_eq!(about["path"], "/production");
    // Who deploys the two files gets the release that is in force, to the last leaf.
    std::fs::create_dir(project.path().join("deployed")).unwrap();
    for name in ["ml-parameters.json", "hyperparameters.json"] {
        project.write(&format!("deployed/{name}"), project.read(&format!("out/{name}")));
    }
    std::fs::rename(project.path().join(".mlpp"), project.path().join("deployed/.mlpp")).unwrap();
    let path = ["--parameter-store-path", "/production"];
    let plan = project.json(0, ["plan", "--json", "-C", "deployed", path[0], path[1]]);
    let changes: Vec<_> =
        plan["parameters"].as_array().unwrap().iter().filter(|row| row["change"] != "unchanged").collect();
    assert_eq!(changes, [&Value::Null; 0]);
    let again = project.json(0, ["package", "-C", "deployed", "--out", "again", path[0], path[1]]);
    assert_eq!(again["content_digest"], about["content_digest"]);
    assert_eq!(again["documents"], about["documents"]);
}

#[test]
fn a_package_of_two_documents_changes_nothing_when_it_is_applied() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    project.expect(0, ["package", "--out", "out"]);
    for name in ["ml-parameters.json", "hyperparameters.json"] {
        project.write(name, project.read(&format!("out/{name}")));
    }
    assert!(project.stdout(0, ["plan", "--exit-code"]).ends_with("Nothing to do.\n"));
}

#[test]
fn a_package_replaces_no_files_unless_it_is_told_to() {
    let project = Project::titanic();
    project.expect(0, ["package"]);
    let before = project.state("package");
    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
    project.refused(3, "package/exists", ["package"]);
    assert_eq!(project.state("package"), before);
    project.expect(0, ["package", "--force"]);
    assert_ne!(project.state("package"), before);
}

#[test]
fn the_settings_tell_where_they_came_from() {
    let project = layered();
    let settings =
        project.json(0, ["show", "--config", "--json", "--keep-releases", "3", "-e", "production"]);
    assert_eq!(settings["keep_releases"], json!({"value": "3", "origin": "--keep-releases"}));
    assert_eq!(settings["overlays"]["value"], "production.json");
    project.expect(0, ["show", "--config"]);
}
