//! Plan, apply, drift, history, rollback, pins, saved plans and destroy, by the real binary.

#![allow(clippy::unwrap_used)]

mod util;

use mlpp_parameters::ParameterType;
use util::Project;

const STOPPING: &str = "staticHyperParameters/stopping_rounds";

fn stopping_rounds(project: &Project, value: &str) {
    let text = project.read("hyperparameters.json");
    let (before, rest) = text.split_once("\"stopping_rounds\": \"").unwrap();
    let (_, after) = rest.split_once('"').unwrap();
    project.write("hyperparameters.json", format!("{before}\"stopping_rounds\": \"{value}\"{after}"));
}

/// A project of which releases 1 to `count` were applied, with `stopping_rounds` of 1, 2 and so on.
fn applied(count: usize) -> Project {
    let project = Project::titanic();
    for number in 1..=count {
        stopping_rounds(&project, &number.to_string());
        let outcome = project.json(0, ["apply", "--json"]);
        assert_eq!(outcome["release"], number);
    }
    project
}

fn live(project: &Project) -> serde_json::Value {
    project.json(0, ["show", "--live", "--json"])["staticHyperParameters"]["stopping_rounds"].clone()
}

#[test]
fn a_plan_writes_nothing() {
    let project = Project::titanic();
    let before = project.state("");
    let shown = project.stdout(0, ["plan"]);
    assert!(shown.starts_with("/ml-project (development): nothing was applied yet\n"), "{shown}");
    assert!(shown.contains("56 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged"), "{shown}");
    let plan = project.json(6, ["plan", "--json", "--exit-code"]);
    assert_eq!(plan["release"], serde_json::Value::Null);
    assert_eq!(plan["changes"], true);
    assert_eq!(plan["parameters"].as_array().unwrap().len(), 56);
    assert!(!project.path().join(".mlpp").exists());
    assert_eq!(project.state(""), before);
}

#[test]
fn documents_are_applied_once() {
    let project = Project::titanic();
    let first = project.json(0, ["apply", "--json"]);
    assert_eq!((&first["release"], &first["new"], &first["created"]), (&1.into(), &true.into(), &56.into()));
    let before = project.state(".mlpp/");
    let second = project.json(0, ["apply", "--json"]);
    let unchanged = (&second["release"], &second["new"], &second["unchanged"]);
    assert_eq!(unchanged, (&1.into(), &false.into(), &56.into()));
    assert_eq!(project.stdout(0, ["apply"]), "release 1 is in force already, 56 parameters unchanged\n");
    assert_eq!(
        project.stdout(0, ["plan", "--exit-code"]),
        "/ml-project (development): release 1 is in force\nNothing to do.\n"
    );
    assert_eq!(project.state(".mlpp/"), before);
}

#[test]
fn a_document_that_changed_is_a_new_release() {
    let project = applied(1);
    stopping_rounds(&project, "12");
    project.replace("ml-parameters.json", "\"autoscalingMinCapacity\": 1,", "\"ownKey\": [\"a\", \"b\"],");
    insta::assert_snapshot!("changed_plan", project.stdout(6, ["plan", "--exit-code"]));
    insta::assert_snapshot!("changed_diff", project.stdout(6, ["diff", "--exit-code"]));
    let output = project.refused(3, "apply/not-confirmed", ["apply"]);
    assert!(output.contains("delete 1 and replace 0 parameters of /ml-project"), "{output}");
    assert_eq!(project.json(0, ["plan", "--json"])["release"], 1);
    insta::assert_snapshot!("changed_apply", project.stdout(0, ["apply", "--yes"]));
    assert_eq!(project.stdout(0, ["diff", "--exit-code"]), "");
    assert_eq!(live(&project), "12");
}

#[test]
fn a_value_of_another_type_is_replaced_and_one_of_another_kind_changes_the_record_alone() {
    let project = applied(1);
    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": 1");
    assert!(project.stdout(6, ["plan", "--exit-code"]).contains("the record alone changes"));
    project.replace(
        "ml-parameters.json",
        "\"endpointName\"",
        "\"ownList\": [\"a\", \"b\"], \"endpointName\"",
    );
    project.expect(0, ["apply", "--yes"]);
    project.replace("ml-parameters.json", "\"ownList\": [\"a\", \"b\"]", "\"ownList\": \"a\"");
    let plan = project.stdout(0, ["plan"]);
    assert!(plan.contains("± replace   ownList  StringList \"a,b\" → String \"a\""), "{plan}");
    project.refused(3, "apply/not-confirmed", ["apply"]);
    project.expect(0, ["apply", "--yes"]);
    assert_eq!(project.json(0, ["show", "--live", "--json"])["ownList"], "a");
}

#[test]
fn two_releases_are_compared() {
    let project = applied(3);
    assert_eq!(
        project.stdout(6, ["diff", "1", "3", "--exit-code"]),
        format!("  ~ {STOPPING}  \"1\" → \"3\"\n")
    );
    assert_eq!(project.stdout(6, ["diff", "1", "--exit-code"]), format!("  ~ {STOPPING}  \"1\" → \"3\"\n"));
    let rows = project.json(0, ["diff", "1", "3", "--json"]);
    assert_eq!(
        rows,
        serde_json::json!([{
            "parameter": STOPPING,
            "before": {"kind": "string", "value": "1"},
            "after": {"kind": "string", "value": "3"},
        }])
    );
    assert_eq!(project.stdout(0, ["diff", "3", "3", "--exit-code"]), "");
    project.refused(3, "release/absent", ["diff", "3", "4"]);
}

#[test]
fn an_edit_in_place_is_drift_and_the_apply_reverts_it() {
    let project = applied(1);
    project.edit(&format!("/ml-project/{STOPPING}"), ParameterType::String, "99");
    let plan = project.stdout(6, ["plan", "--exit-code"]);
    assert!(plan.contains("\"99\" → \"1\"   (edited in place since the last release)"), "{plan}");
    assert!(plan.contains("1 edited in place, 0 of them kept"), "{plan}");
    let line = format!("  ! {STOPPING}  \"1\" → \"99\"\n");
    assert_eq!(project.stdout(6, ["diff", "--live", "--exit-code"]), line);
    let drift = project.json(0, ["diff", "--live", "--json"]);
    assert_eq!(drift["drift"][0]["live"], serde_json::json!({"type": "String", "value": "99"}));
    assert_eq!(live(&project), "99");
    let ignoring = project.json(0, ["show", "--live", "--json", "--drift", "ignore"]);
    assert_eq!(ignoring["staticHyperParameters"]["stopping_rounds"], "1");
    let failing = project.refused(6, "drift/found", ["show", "--live", "--drift", "fail"]);
    assert!(failing.contains(STOPPING), "{failing}");

    let kept = project.stdout(0, ["plan", "--keep-drift", "--exit-code"]);
    assert!(kept.contains("\"99\" (the documents say \"1\")"), "{kept}");
    assert_eq!(project.json(0, ["apply", "--keep-drift", "--json"])["kept"], 1);
    assert_eq!(live(&project), "99");
    let reverted = project.json(0, ["apply", "--json"]);
    assert_eq!((&reverted["updated"], &reverted["edited_in_place"]), (&1.into(), &1.into()));
    assert_eq!(live(&project), "1");
    assert_eq!(project.stdout(0, ["diff", "--live", "--exit-code"]), "");
}

#[test]
fn the_policy_to_fail_launches_nothing_while_the_store_differs() {
    let project = applied(1);
    let file = project.read("mlpp.toml").replace("environment =", "drift = \"fail\"\nenvironment =");
    project.write("mlpp.toml", file);
    project.expect(0, ["render"]);
    project.edit(&format!("/ml-project/{STOPPING}"), ParameterType::String, "99");
    let refused = project.expect(6, ["render"]);
    assert_eq!(String::from_utf8_lossy(&refused.stdout), "");
    assert!(project.stderr(&refused).contains("drift/found"), "{}", project.stderr(&refused));
    project.expect(0, ["render", "--drift", "use"]);
    project.expect(0, ["apply"]);
    project.expect(0, ["render"]);
}

#[test]
fn parameters_that_nobody_recorded_are_left_alone_until_they_are_adopted() {
    let project = applied(1);
    project.edit("/ml-project/model/other", ParameterType::String, "foreign");
    assert_eq!(project.stdout(0, ["plan", "--exit-code"]).lines().last(), Some("Nothing to do."));
    project.replace("ml-parameters.json", "\"artifactType\"", "\"other\": \"mine\", \"artifactType\"");
    let plan = project.stdout(0, ["plan"]);
    assert!(plan.contains("(no release recorded it)"), "{plan}");
    project.refused(3, "apply/not-ours", ["apply"]);
    project.expect(0, ["apply", "--adopt"]);
    assert_eq!(project.json(0, ["show", "--live", "--json"])["model"]["other"], "mine");
}

#[test]
fn the_history_tells_the_values_of_a_parameter() {
    let project = applied(3);
    let releases = project.json(0, ["history", "--json"]);
    let told: Vec<_> = releases
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["release"].as_u64().unwrap(), row["in_force"].as_bool().unwrap(), row["changed"].as_u64())
        })
        .collect();
    assert_eq!(told, [(3, true, Some(1)), (2, false, Some(1)), (1, false, Some(57))]);
    for name in [STOPPING.to_owned(), format!("/{STOPPING}"), format!("/ml-project/{STOPPING}")] {
        let values = project.json(0, ["history", &name, "--json"]);
        let told: Vec<_> =
            values.as_array().unwrap().iter().map(|row| (row["release"].as_u64(), &row["value"])).collect();
        assert_eq!(told, [(Some(3), &"3".into()), (Some(2), &"2".into()), (Some(1), &"1".into())]);
    }
    assert_eq!(project.json(0, ["history", "-n", "1", "--json"]).as_array().unwrap().len(), 1);
    let told =
        project.refused(3, "release/no-parameter", ["history", "staticHyperParameters/stoping_rounds"]);
    assert!(told.contains(&format!("did you mean {STOPPING}?")), "{told}");
    let table = project.stdout(0, ["history", STOPPING]);
    assert!(table.contains("\"3\"") && table.contains("\"1\""), "{table}");
}

#[test]
fn a_rollback_is_a_new_release_with_the_content_of_an_old_one() {
    let project = applied(3);
    let to = project.json(0, ["rollback", "1", "--json"]);
    assert_eq!((&to["release"], &to["updated"]), (&4.into(), &1.into()));
    assert_eq!(live(&project), "1");
    assert_eq!(project.stdout(0, ["diff", "1", "4", "--exit-code"]), "");
    assert_eq!(project.json(0, ["history", "--json"])[0]["action"], "rollback to 1");
    // Without a number it is the one before that in force.
    project.expect(0, ["rollback"]);
    assert_eq!(live(&project), "3");
    project.refused(3, "release/absent", ["rollback", "9"]);
}

#[test]
fn a_rollback_without_a_release_before_says_so() {
    let project = Project::titanic();
    let none = project.refused(3, "release/absent", ["rollback"]);
    assert!(none.contains("nothing was applied"), "{none}");
    assert!(!project.path().join(".mlpp").exists());
    project.expect(0, ["apply"]);
    let only = project.refused(3, "release/absent", ["rollback"]);
    assert!(only.contains("no release before"), "{only}");
}

#[test]
fn old_releases_go_and_pinned_ones_stay() {
    let project = applied(2);
    project.expect(0, ["pin", "1"]);
    for value in ["3", "4", "5"] {
        stopping_rounds(&project, value);
        project.expect(0, ["apply", "--keep-releases", "2"]);
    }
    let kept = |project: &Project| {
        let releases = project.json(0, ["history", "--json"]);
        releases.as_array().unwrap().iter().map(|row| row["release"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(kept(&project), [5, 4, 1]);
    project.refused(3, "release/pruned", ["rollback", "2"]);
    project.refused(3, "release/pruned", ["show", "--release", "3"]);
    project.refused(3, "release/pruned", ["pin", "2"]);
    project.expect(0, ["pin", "1", "--remove"]);
    stopping_rounds(&project, "6");
    let last = project.json(0, ["apply", "--json", "--keep-releases", "2"]);
    assert_eq!(last["pruned"], serde_json::json!([1, 4]));
    assert_eq!(kept(&project), [6, 5]);
}

#[test]
fn a_pin_of_no_release_writes_nothing() {
    let project = Project::titanic();
    project.refused(3, "release/absent", ["pin", "1"]);
    assert!(!project.path().join(".mlpp").exists());
}

#[test]
fn a_saved_plan_is_applied_as_it_was_made() {
    let project = applied(1);
    stopping_rounds(&project, "2");
    project.expect(0, ["plan", "--out", "saved.plan"]);
    stopping_rounds(&project, "3");
    let outcome = project.json(0, ["apply", "saved.plan", "--json"]);
    assert_eq!((&outcome["release"], &outcome["updated"]), (&2.into(), &1.into()));
    assert_eq!(live(&project), "2");
}

#[test]
fn a_plan_that_is_stale_or_none_or_of_another_path_writes_nothing() {
    let project = applied(1);
    stopping_rounds(&project, "2");
    project.expect(0, ["plan", "--out", "saved.plan"]);
    project.edit(&format!("/ml-project/{STOPPING}"), ParameterType::String, "99");
    let before = project.state(".mlpp/");
    let told = project.refused(3, "plan/stale", ["apply", "saved.plan"]);
    assert!(told.contains(STOPPING) && told.contains("has been written since"), "{told}");
    let other =
        project.refused(3, "plan/not-valid", ["apply", "saved.plan", "--parameter-store-path", "/other"]);
    assert!(other.contains("/ml-project") && other.contains("/other"), "{other}");
    let other = project.refused(3, "plan/not-valid", ["apply", "saved.plan", "-e", "production"]);
    assert!(other.contains("apply it with --environment development"), "{other}");
    let text = project.read("saved.plan");
    project.write("cut.plan", &text[..text.len() / 2]);
    project.refused(3, "plan/not-valid", ["apply", "cut.plan"]);
    project.write("future.plan", text.replacen("\"format\": 1", "\"format\": 2", 1));
    project.refused(3, "plan/not-valid", ["apply", "future.plan"]);
    project.refused(3, "plan/not-valid", ["apply", "absent.plan"]);
    assert_eq!(project.state(".mlpp/"), before);
    project.expect(0, ["apply"]);
    let told = project.refused(3, "plan/stale", ["apply", "saved.plan"]);
    assert!(told.contains("release 1 was in force, now release 2 is"), "{told}");
}

#[test]
fn a_plan_for_a_store_that_is_gone_does_not_make_a_new_one() {
    let project = applied(1);
    stopping_rounds(&project, "2");
    project.expect(0, ["plan", "--out", "saved.plan"]);
    std::fs::remove_dir_all(project.path().join(".mlpp")).unwrap();
    project.refused(3, "plan/stale", ["apply", "saved.plan"]);
    assert!(!project.path().join(".mlpp").exists());
}

#[test]
fn a_destroy_deletes_what_releases_recorded_and_nothing_else() {
    let project = applied(2);
    project.edit("/ml-project/foreign", ParameterType::String, "stays");
    project.edit("/other/parameter", ParameterType::String, "stays");
    project.refused(3, "apply/not-confirmed", ["destroy"]);
    assert_eq!(live(&project), "2");
    let outcome = project.json(0, ["destroy", "--yes", "--json"]);
    assert_eq!(outcome["deleted"], 56);
    assert_eq!(project.stdout(0, ["show", "--live"]), "└─ foreign = \"stays\"\n");
    assert_eq!(project.json(0, ["history", "--json"]), serde_json::json!([]));
    assert_eq!(project.json(0, ["apply", "--json"])["release"], 1);
}

#[test]
fn a_destroy_of_nothing_writes_nothing() {
    let project = Project::titanic();
    assert_eq!(project.stdout(0, ["destroy"]), "0 parameters and 0 releases deleted\n");
    assert!(!project.path().join(".mlpp").exists());
}
