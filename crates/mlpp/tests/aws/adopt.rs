//! A tree that the replaced system wrote is taken over as it is.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::Account;
use crate::util::Project;

/// What the replaced system stored and sent for its own example; `None` where it is not at hand.
fn golden(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MLPP_SHARED").map(|shared| PathBuf::from(shared).join("golden"));
    if folder.is_none() {
        crate::util::skip("golden", test, "MLPP_SHARED is not set");
    }
    folder
}

fn read(file: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The account with that tree in it, as that system wrote it, tags included.
fn with_tree(golden: &std::path::Path, test: &str) -> Option<Account> {
    let account = Account::new(test)?;
    let stored = read(golden.join("golden-parameters.json"));
    let code = "for p in given:\n  ssm.put_parameter(**{k: p[k] for k in ('Name', 'Type', 'Value', 'Tags', 'Description', 'Tier')})";
    account.boto3(code, &stored["parameters"]);
    account.calls();
    Some(account)
}

fn puts(account: &Account) -> usize {
    account.calls().iter().filter(|call| *call == "PutParameter").count()
}

#[test]
fn a_tree_of_the_replaced_system_is_adopted_and_launches_as_it_did() {
    let test = "a_tree_of_the_replaced_system_is_adopted_and_launches_as_it_did";
    let Some(golden) = golden(test) else { return };
    let Some(account) = with_tree(&golden, test) else { return };
    let project = Project::empty();
    let before = account.parameters();
    assert_eq!(before.len(), 56);

    let shown = account.stdout(&project, 0, &["adopt", "--dry-run", "--out", "."]);
    assert!(shown.starts_with("/ml-project: 56 parameters\n"), "{shown}");
    let line = |name: &str| {
        let line = shown.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        line.split_whitespace().skip(1).take(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("maxNumberOfTrainingJobs"), "String number");
    assert_eq!(line("enableManagedSpotTraining"), "String boolean");
    assert_eq!(line("staticHyperParameters/seed"), "String string");
    assert!(shown.ends_with("Nothing was written.\n"), "{shown}");
    account.refused(&project, 3, "apply/not-confirmed", &["adopt", "--out", "."]);
    assert_eq!((puts(&account), project.bytes("").len()), (0, 0));

    let outcome = account.json(&project, 0, &["adopt", "--yes", "--json", "--out", "."]);
    assert_eq!((&outcome["release"], outcome["parameters"].as_array().unwrap().len()), (&json!(1), 56));
    assert_eq!(outcome["documents"], json!(["./ml-parameters.json", "./hyperparameters.json"]));
    assert!(puts(&account) <= 5);
    // Every parameter is what it was, its version as well.
    assert_eq!(account.leaves(), before);

    assert_eq!(
        account.stdout(&project, 0, &["plan", "--exit-code"]),
        "/ml-project (development): release 1 is in force\nNothing to do.\n"
    );
    assert_eq!(account.json(&project, 0, &["apply", "--json"])["new"], false);
    assert_eq!(puts(&account), 0);
    assert_eq!(account.stdout(&project, 0, &["diff", "--live", "--exit-code"]), "");

    project.write("manifest.json", std::fs::read(golden.join("golden-inputs/manifest.json")).unwrap());
    let mut input = account.json(&project, 0, &["render", "--manifest-s3-bucket-name", "demo-bucket"]);
    let mut expected = read(golden.join("golden-execution-input.canonical.json"));
    take_exceptions(&mut input, &mut expected);
    assert_eq!(input, expected);

    let refused = account.refused(&project, 3, "adopt/exists", &["adopt", "--out", "."]);
    assert!(refused.contains("hyperparameters.json"), "{refused}");
    account.refused(&project, 3, "adopt/recorded", &["adopt", "--yes"]);
}

/// Takes what is other than in the input that the replaced system sent out of both, one by one; what is left must be equal.
fn take_exceptions(input: &mut Value, expected: &mut Value) {
    for (pointer, base) in [("/tuningJobName", "survival-tuning"), ("/model/name", "survival-model")] {
        let theirs = expected.pointer_mut(pointer).unwrap().take();
        assert_eq!(theirs, json!(format!("{base}-20200717102030")));
        let ours = input.pointer_mut(pointer).unwrap().take();
        let stamp = ours.as_str().unwrap().strip_prefix(&format!("{base}-")).map(str::len);
        assert_eq!(stamp, Some(14), "{ours}");
    }
    let target = "/targetTrackingScalingPolicyConfiguration/TargetValue";
    assert_eq!(expected.pointer_mut(target).unwrap().take(), json!(5000.0));
    let ours = input.pointer_mut(target).unwrap().take();
    assert_eq!(ours.as_f64(), Some(5000.0));
    let provenance = input.as_object_mut().unwrap().remove("provenance").unwrap();
    assert_eq!((&provenance["release"], &provenance["drift"]["count"]), (&json!(1), &json!(0)));
    // Nothing is stored for a list without ranges, so that no tree tells of it.
    let kinds = expected["parameterRanges"].as_object_mut().unwrap();
    assert_eq!(kinds.remove("CategoricalParameterRanges"), Some(json!([])));
    // The document had a text that the service takes as a number; by the rules it is one.
    let count = "/model/hosting/initialInstanceCount";
    assert_eq!(expected.pointer_mut(count).unwrap().take(), json!("1"));
    assert_eq!(input.pointer_mut(count).unwrap().take(), json!(1));
    // The store does not keep the order of ranges.
    for kind in ["IntegerParameterRanges", "ContinuousParameterRanges"] {
        for side in [&mut *input, &mut *expected] {
            let ranges = side["parameterRanges"][kind].as_array_mut().unwrap();
            ranges.sort_by_key(|range| range["Name"].as_str().unwrap().to_owned());
        }
    }
}

#[test]
fn a_tree_of_another_owner_is_adopted_when_that_is_meant() {
    let test = "a_tree_of_another_owner_is_adopted_when_that_is_meant";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    account.expect(&project, 0, &["apply"]);
    // As a stack would have made the release.
    let code = "name = '/ml-project.releases/1'\n\
                head = json.loads(ssm.get_parameter(Name=name)['Parameter']['Value'])\n\
                head['owner'] = 'the-stack'\n\
                ssm.put_parameter(Name=name, Type='String', Value=json.dumps(head), Overwrite=True)";
    account.boto3(code, &Value::Null);
    let before = account.parameters();

    let refused = account.refused(&project, 3, "apply/owner", &["adopt", "--yes"]);
    assert!(refused.contains("the-stack") && refused.contains("--take-over"), "{refused}");
    account.refused(&project, 3, "apply/owner", &["destroy", "--yes"]);
    assert_eq!(account.parameters(), before);

    let outcome = account.json(&project, 0, &["adopt", "--yes", "--take-over", "--json"]);
    assert_eq!(outcome["release"], 2);
    // What the record knew of each value is kept: the documents have nothing to change.
    let leaves = before.into_iter().filter(|found| !found["Name"].as_str().unwrap().contains(".releases/"));
    assert_eq!(account.leaves(), leaves.collect::<Vec<_>>());
    assert_eq!(account.json(&project, 0, &["apply", "--json"])["updated"], 0);
}

#[test]
fn a_secure_string_is_adopted_as_a_secret_and_its_value_is_in_no_document() {
    let test = "a_secure_string_is_adopted_as_a_secret_and_its_value_is_in_no_document";
    let Some(account) = Account::new(test) else { return };
    let project = Project::empty();
    account.put("/ml-project/own/token", "SecureString", "hunter2");
    account.put("/ml-project/own/list", "StringList", "a,b");
    let shown = account.stdout(&project, 0, &["adopt", "--dry-run"]);
    assert!(shown.contains("own/token") && !shown.contains("hunter2"), "{shown}");
    let before = account.leaves();
    account.expect(&project, 0, &["adopt", "--yes", "--out", "."]);
    assert_eq!(account.leaves(), before);
    let document: Value = serde_json::from_str(&project.read("ml-parameters.json")).unwrap();
    let expected = json!({"own": {"list": ["a", "b"], "token": {"$secret": "ssm:/ml-project/own/token"}}});
    assert_eq!(document, expected);
    let records = account.parameters();
    let plain = records.iter().filter(|found| found["Type"] != "SecureString").collect::<Vec<_>>();
    assert!(!json!(plain).to_string().contains("hunter2"));
    let options =
        ["plan", "--exit-code", "--target-state-machine-arn", "arn:aws:states:us-east-1:1:stateMachine:own"];
    assert!(account.stdout(&project, 0, &options).ends_with("Nothing to do.\n"));
}

#[test]
fn what_cannot_be_adopted_is_told_and_nothing_is_written() {
    let test = "what_cannot_be_adopted_is_told_and_nothing_is_written";
    let Some(account) = Account::new(test) else { return };
    let project = Project::empty();
    let refused = account.refused(&project, 3, "adopt/nothing", &["adopt", "--yes"]);
    assert!(refused.contains("/ml-project"), "{refused}");
    account.put("/ml-project/list", "StringList", "a,,b");
    let refused = account.refused(&project, 3, "adopt/not-kept", &["adopt", "--yes", "--out", "."]);
    assert!(refused.contains("/ml-project/list"), "{refused}");
    assert_eq!((account.parameters().len(), project.bytes("").len()), (1, 0));
}

#[test]
fn a_tree_of_this_machine_is_adopted_as_well() {
    let project = Project::titanic();
    project.expect(0, ["apply"]);
    project.expect(0, ["destroy", "--yes"]);
    project.edit("/ml-project/tuningJobName", mlpp_parameters::ParameterType::String, "survival");
    project.edit("/ml-project/maxNumberOfTrainingJobs", mlpp_parameters::ParameterType::String, "3");
    let outcome = project.json(0, ["adopt", "--yes", "--json", "--out", "taken"]);
    let kinds: Vec<_> =
        outcome["parameters"].as_array().unwrap().iter().map(|found| &found["kind"]).collect();
    assert_eq!(kinds, ["number", "string"]);
    let document: Value = serde_json::from_str(&project.read("taken/ml-parameters.json")).unwrap();
    assert_eq!(document, json!({"maxNumberOfTrainingJobs": 3, "tuningJobName": "survival"}));
    assert_eq!(project.json(0, ["show", "--live", "--json"]), document);
}
