//! Releases in Parameter Store: what is written, what is not, and what others read of it.

use serde_json::{Value, json};

use crate::support::Account;
use crate::util::Project;

/// The actions among `calls` that write.
fn writes(calls: &[String]) -> usize {
    calls.iter().filter(|call| !call.starts_with("Get") && !call.starts_with("Describe")).count()
}

/// What a parameter is, by its name.
fn value(parameters: &[Value], name: &str) -> Value {
    let found = parameters.iter().find(|parameter| parameter["Name"] == name);
    found.map_or(Value::Null, |parameter| parameter["Value"].clone())
}

#[test]
fn what_is_applied_is_read_by_the_clients_of_others_and_applied_once() {
    let test = "what_is_applied_is_read_by_the_clients_of_others_and_applied_once";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    let text = project.read("mlpp.toml");
    project.write("mlpp.toml", text + "\n[tags]\nteam = \"survival\"\n");

    let planned = account.json(&project, 6, &["plan", "--json", "--exit-code"]);
    assert_eq!((&planned["release"], planned["parameters"].as_array().unwrap().len()), (&Value::Null, 56));
    let calls = account.calls();
    assert_eq!(writes(&calls), 0, "{calls:?}");

    let first = account.json(&project, 0, &["apply", "--json"]);
    assert_eq!((&first["release"], &first["new"], &first["created"]), (&json!(1), &json!(true), &json!(56)));
    let calls = account.calls();
    let puts = calls.iter().filter(|call| *call == "PutParameter").count();
    // The leaves, the chunk that records them, its head, and the mark that it is committed.
    assert_eq!(puts, 56 + 3, "{calls:?}");

    let second = account.json(&project, 0, &["apply", "--json"]);
    assert_eq!(
        (&second["release"], &second["new"], &second["unchanged"]),
        (&json!(1), &json!(false), &json!(56))
    );
    let calls = account.calls();
    assert_eq!(writes(&calls), 0, "{calls:?}");
    assert!(!project.path().join(".mlpp").exists(), "nothing of the project is on this machine");

    let leaves = account.leaves();
    assert_eq!(leaves.len(), 56);
    assert_eq!(value(&leaves, "/ml-project/staticHyperParameters/seed"), "1");
    let list = leaves.iter().find(|leaf| leaf["Name"] == "/ml-project/model/hosting/subnets");
    assert!(list.is_none_or(|list| list["Type"] == "StringList"), "{list:?}");
    let code = "print(json.dumps(ssm.list_tags_for_resource(ResourceType='Parameter',\
                ResourceId='/ml-project/tuningJobName')['TagList']))";
    assert_eq!(account.boto3(code, &Value::Null), json!([{"Key": "team", "Value": "survival"}]));
}

#[test]
fn an_edit_in_place_is_shown_and_reverted_and_a_release_comes_back() {
    let test = "an_edit_in_place_is_shown_and_reverted_and_a_release_comes_back";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    let seed = "/ml-project/staticHyperParameters/seed";
    account.expect(&project, 0, &["apply"]);
    account.put(seed, "String", "7");

    let shown = account.stdout(&project, 6, &["plan", "--exit-code"]);
    assert!(shown.contains("\"7\" → \"1\"   (edited in place since the last release)"), "{shown}");
    let live = account.stdout(&project, 6, &["diff", "--live", "--exit-code"]);
    assert!(live.contains("staticHyperParameters/seed"), "{live}");
    let rendered = account.json(&project, 0, &["render"]);
    assert_eq!(rendered["staticHyperParameters"]["seed"], "7");
    let refused = account.refused(&project, 6, "drift/found", &["render", "--drift", "fail"]);
    assert!(refused.contains("staticHyperParameters/seed"), "{refused}");

    account.calls();
    let outcome = account.json(&project, 0, &["apply", "--json"]);
    assert_eq!((&outcome["release"], &outcome["updated"]), (&json!(2), &json!(1)));
    let calls = account.calls();
    assert!(writes(&calls) <= 5, "{calls:?}");
    assert_eq!(value(&account.leaves(), seed), "1");

    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
    account.expect(&project, 0, &["apply"]);
    assert_eq!(value(&account.leaves(), seed), "2");
    account.expect(&project, 0, &["pin", "1"]);
    let outcome = account.json(&project, 0, &["rollback", "1", "--json"]);
    assert_eq!((&outcome["release"], &outcome["updated"]), (&json!(4), &json!(1)));
    assert_eq!(value(&account.leaves(), seed), "1");
    let history = account.json(&project, 0, &["history", "--json"]);
    assert_eq!(history.as_array().map(Vec::len), Some(4), "{history}");
    let shown = account.json(&project, 0, &["show", "--release", "3", "--json"]);
    assert_eq!(shown["staticHyperParameters"]["seed"], "2");
}

#[test]
fn a_secret_is_encrypted_and_its_value_is_in_no_record() {
    let test = "a_secret_is_encrypted_and_its_value_is_in_no_record";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    project.replace("ml-parameters.json", "{", "{\n  \"apiToken\": {\"$secret\": \"file:token.txt\"},");
    project.write("token.txt", "hunter2\n");
    account.expect(&project, 0, &["apply"]);
    let parameters = account.parameters();
    let secret = parameters.iter().find(|parameter| parameter["Name"] == "/ml-project/apiToken").unwrap();
    assert_eq!(secret["Type"], "SecureString");
    let others: Vec<_> = parameters.iter().filter(|parameter| *parameter != secret).collect();
    assert!(!json!(others).to_string().contains("hunter2"));
    let code = "print(json.dumps(ssm.get_parameter(Name='/ml-project/apiToken', WithDecryption=True)['Parameter']['Value']))";
    assert_eq!(account.boto3(code, &Value::Null), "hunter2");

    account.calls();
    assert_eq!(account.json(&project, 0, &["apply", "--json"])["new"], false);
    assert_eq!(writes(&account.calls()), 0);
    project.write("token.txt", "hunter3\n");
    let plan = account.stdout(&project, 0, &["plan"]);
    assert!(plan.contains("apiToken") && !plan.contains("hunter"), "{plan}");
    assert_eq!(account.json(&project, 0, &["apply", "--json"])["updated"], 1);
    assert_eq!(account.boto3(code, &Value::Null), "hunter3");
}

#[test]
fn what_is_destroyed_leaves_what_belongs_to_others() {
    let test = "what_is_destroyed_leaves_what_belongs_to_others";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    account.expect(&project, 0, &["apply"]);
    account.put("/ml-project/of-others", "String", "x");
    account.put("/ml-project-2/of-others", "String", "y");
    account.refused(&project, 3, "apply/not-confirmed", &["destroy"]);
    account.expect(&project, 0, &["destroy", "--yes"]);
    let names: Vec<_> = account.parameters().into_iter().map(|parameter| parameter["Name"].clone()).collect();
    assert_eq!(names, ["/ml-project/of-others", "/ml-project-2/of-others"]);
}

#[test]
fn a_claim_that_stands_keeps_other_writers_away() {
    let test = "a_claim_that_stands_keeps_other_writers_away";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    account.expect(&project, 0, &["apply"]);
    // As another writer leaves it that was cut off: claimed, and not committed.
    account.boto3("ssm.delete_parameter(Name='/ml-project.releases/1/committed')", &Value::Null);
    project.replace("hyperparameters.json", "\"seed\": \"1\"", "\"seed\": \"2\"");
    let before = account.parameters();
    let refused = account.refused(&project, 5, "apply/pending", &["apply"]);
    assert!(refused.contains("release 1"), "{refused}");
    assert_eq!(account.parameters(), before);
}

#[test]
fn a_value_that_needs_the_advanced_tier_is_told_with_its_price() {
    let test = "a_value_that_needs_the_advanced_tier_is_told_with_its_price";
    let Some(account) = Account::new(test) else { return };
    let project = Project::titanic();
    let large = "x".repeat(5000);
    project.replace("ml-parameters.json", "{", &format!("{{\n  \"large\": \"{large}\","));
    let plan = account.stdout(&project, 0, &["plan"]);
    assert!(
        plan.contains("1 of them has over 4096 characters and needs the Advanced tier: 0.05 USD a month"),
        "{plan}"
    );
    account.expect(&project, 0, &["apply"]);
    let code = "print(json.dumps([p['Tier'] for p in ssm.describe_parameters(ParameterFilters=[\
                {'Key': 'Name', 'Values': ['/ml-project/large']}])['Parameters']]))";
    assert_eq!(account.boto3(code, &Value::Null), json!(["Advanced"]));
}
