use super::*;
use crate::{Documents, encode};

fn path() -> StorePath {
    "/p".parse().unwrap()
}

fn live(name: &str, parameter_type: ParameterType, value: &str) -> LiveParameter {
    LiveParameter { name: name.parse().unwrap(), parameter_type, value: value.into(), version: 1 }
}

fn record(text: &str) -> Content {
    encode(&Documents::merge([("a.json", text)]).unwrap().root, &path()).unwrap()
}

fn drifted(read: &Resolution) -> Vec<&str> {
    read.drift.iter().map(|drift| drift.name.as_str()).collect()
}

#[test]
fn edits_win_and_are_typed_by_the_record() {
    let record = record(r#"{"a":1,"b":"x","c":null,"d":true}"#);
    let tree = [
        live("/p/a", ParameterType::String, "2.50"),
        live("/p/b", ParameterType::String, "x"),
        live("/p/new/list", ParameterType::StringList, "s,t"),
    ];
    let read = resolve(&path(), Some(&record), &[], &tree).unwrap();
    assert_eq!(
        read.document().unwrap().to_string(),
        r#"{"a":2.50,"b":"x","c":null,"new":{"list":["s","t"]}}"#
    );
    assert_eq!(drifted(&read), ["a", "d", "new/list"]);
    assert_eq!(read.drift[1].live, None);
}

#[test]
fn an_edit_that_is_not_of_its_kind_is_an_error() {
    let tree = [live("/p/a", ParameterType::String, "many")];
    let read = resolve(&path(), Some(&record(r#"{"a":1}"#)), &[], &tree).unwrap();
    assert_eq!(read.document().unwrap_err().to_string(), "the value of \"a\" is not a JSON number: \"many\"");
}

#[test]
fn the_leaves_of_an_apply_at_work_are_no_edits() {
    let committed = record(r#"{"a":1,"b":"x","kind":"s","gone":"g"}"#);
    let pending = record(r#"{"a":2,"b":"y","kind":["s"],"new":true}"#);
    let string = ParameterType::String;
    // "a" is written, "b" is not yet, "kind" is deleted and not yet created, "new" is written, "gone" was removed by hand.
    let tree = [live("/p/a", string, "2"), live("/p/b", string, "x"), live("/p/new", string, "true")];
    let read = resolve(&path(), Some(&committed), &[pending], &tree).unwrap();
    assert_eq!(read.document().unwrap().to_string(), r#"{"a":1,"b":"x","kind":"s"}"#);
    assert_eq!(drifted(&read), ["gone"]);
}

#[test]
fn an_edit_beside_an_apply_at_work_is_an_edit() {
    let (committed, pending) = (record(r#"{"a":1}"#), record(r#"{"a":2,"n":1}"#));
    let tree = [live("/p/a", ParameterType::String, "3"), live("/p/n", ParameterType::String, "9")];
    let read = resolve(&path(), Some(&committed), &[pending], &tree).unwrap();
    assert_eq!(read.document().unwrap().to_string(), r#"{"a":3,"n":"9"}"#);
    assert_eq!(drifted(&read), ["a", "n"]);
}

// DEFECTS C12: the path is taken off once, at the front.
#[test]
fn a_tree_without_a_record_is_typed_by_the_rules_and_else_texts() {
    let path: StorePath = "/m".parse().unwrap();
    let string = ParameterType::String;
    let tree = [
        live("/m/model/name", string, "m"),
        live("/m/n", string, "1"),
        live("/m/maxNumberOfTrainingJobs", string, "10"),
        live("/m/enableManagedSpotTraining", string, "True"),
        live("/m/targetTrackingScalingPolicyConfiguration/TargetValue", string, "5000.0"),
        live("/m/parameterRanges/IntegerParameterRanges/ntrees/MinValue", string, "10"),
    ];
    let read = resolve(&path, None, &[], &tree).unwrap();
    assert_eq!(
        read.document().unwrap().to_string(),
        concat!(
            r#"{"enableManagedSpotTraining":true,"maxNumberOfTrainingJobs":10,"model":{"name":"m"},"n":"1","#,
            r#""parameterRanges":{"IntegerParameterRanges":[{"Name":"ntrees","MinValue":"10"}]},"#,
            r#""targetTrackingScalingPolicyConfiguration":{"TargetValue":5000.0}}"#
        )
    );
    assert_eq!(read.drift, []);
}

#[test]
fn a_secret_is_read_as_name_and_version_and_never_as_value() {
    let secret = |version| LiveParameter { version, ..live("/p/token", ParameterType::SecureString, "") };
    let name = secret(1).name;
    let committed = Content { entries: vec![Entry::secret(vec!["token".into()], &name, 3)] };
    let read = resolve(&path(), Some(&committed), &[], &[secret(3)]).unwrap();
    assert_eq!(read.document().unwrap().to_string(), r#"{"token":{"$secret":"/p/token","version":3}}"#);
    assert_eq!(drifted(&read), [""; 0]);
    let read = resolve(&path(), Some(&committed), &[], &[secret(4)]).unwrap();
    assert_eq!(read.document().unwrap().to_string(), r#"{"token":{"$secret":"/p/token","version":4}}"#);
    assert_eq!(read.drift[0].live, Some((ParameterType::SecureString, "4".into())));
}
