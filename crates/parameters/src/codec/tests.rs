use proptest::prelude::*;

use super::*;
use crate::json::{Member, Node, Value, parse};
use crate::{Content, Kind, ParameterType, Sources, StorePath};

fn document(text: &str) -> Node {
    let mut sources = Sources::default();
    let source = sources.add("test.json", text);
    parse(&sources, source).unwrap()
}

fn path() -> StorePath {
    "/ml-project".parse().unwrap()
}

fn stored(text: &str) -> Vec<(String, Kind, String)> {
    let content = encode(&document(text), &path()).unwrap();
    content.entries.into_iter().map(|e| (e.levels.join("/"), e.kind, e.value)).collect()
}

fn codes(text: &str) -> Vec<(&'static str, String)> {
    let findings = encode(&document(text), &path()).unwrap_err();
    findings.into_iter().map(|finding| (finding.code, finding.pointer)).collect()
}

#[test]
fn each_kind_is_stored_in_its_own_way() {
    let rows = stored(
        r#"{"s":"x","n":1e-9,"b":false,"l":["a","b"],"z":null,"e":"","o":{},"el":[],
            "c":["a,b"],"m":[1,"a"],"r":"{{{ssm:x}}}","d":{"k":[{"x":{}}]}}"#,
    );
    let expected = [
        ("s", Kind::String, "x"),
        ("n", Kind::Number, "1e-9"),
        ("b", Kind::Boolean, "false"),
        ("l", Kind::StringList, "a,b"),
        ("z", Kind::Null, ""),
        ("e", Kind::EmptyString, ""),
        ("o", Kind::EmptyObject, ""),
        ("el", Kind::EmptyList, ""),
        ("c", Kind::Json, r#"["a,b"]"#),
        ("m", Kind::Json, r#"[1,"a"]"#),
        ("r", Kind::Json, r#""{\u007b{ssm:x}}}""#),
        ("d/k", Kind::Json, r#"[{"x":{}}]"#),
    ];
    for (row, (name, kind, value)) in rows.iter().zip(expected) {
        assert_eq!((row.0.as_str(), row.1, row.2.as_str()), (name, kind, value));
    }
    assert_eq!(rows.len(), expected.len());
}

#[test]
fn ranges_are_keyed_by_name_and_keep_their_order() {
    let text = r#"{"parameterRanges":{"IntegerParameterRanges":[
        {"Name":"b","MinValue":"1"},{"Name":"a"},{"MaxValue":2,"Name":"c"}],"ContinuousParameterRanges":[]}}"#;
    let names: Vec<_> = stored(text).into_iter().map(|row| (row.0, row.1)).collect();
    let below = |name: &str| format!("parameterRanges/{name}");
    assert_eq!(
        names,
        [
            (below("IntegerParameterRanges/b/MinValue"), Kind::String),
            (below("IntegerParameterRanges/a"), Kind::EmptyObject),
            (below("IntegerParameterRanges/c/MaxValue"), Kind::Number),
            (below("ContinuousParameterRanges"), Kind::EmptyList),
        ]
    );
    let back = decode(&encode(&document(text), &path()).unwrap()).unwrap();
    assert_eq!(back, document(text));
}

#[test]
fn what_cannot_be_a_parameter_is_refused_with_its_place() {
    assert_eq!(codes(r#"{"a b":1}"#), [("name/level", "/a b".into())]);
    assert_eq!(codes(r#"{"a/b":1,"":2}"#), [("name/level", "/a~1b".into()), ("name/level", "/".into())]);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(15), "}".repeat(15));
    assert_eq!(codes(&deep), [("name/path", "/a".repeat(15))]);
    assert_eq!(codes("[1]"), [("document/shape", String::new())]);
    let ranges = |list: &str| format!(r#"{{"parameterRanges":{{"I":{list}}}}}"#);
    assert_eq!(codes(&ranges(r#"{"a":1}"#)), [("range/shape", "/parameterRanges/I".into())]);
    assert_eq!(codes(&ranges("[1]")), [("range/shape", "/parameterRanges/I/0".into())]);
    assert_eq!(codes(&ranges(r#"[{"MinValue":"1"}]"#)), [("range/shape", "/parameterRanges/I/0".into())]);
    assert_eq!(
        codes(&ranges(r#"[{"Name":"x"},{"Name":"x"}]"#)),
        [("range/duplicate", "/parameterRanges/I/1/Name".into())]
    );
    assert_eq!(codes(&ranges(r#"[{"Name":"a/b"}]"#)), [("name/level", "/parameterRanges/I/0/Name".into())]);
}

#[test]
fn entries_that_contradict_each_other_are_refused() {
    let entry = |name: &str, kind, value: &str| crate::Entry {
        levels: name.split('/').map(str::to_owned).collect(),
        kind,
        value: value.into(),
    };
    let error = |entries| decode(&Content { entries }).unwrap_err().to_string();
    assert_eq!(
        error(vec![entry("model", Kind::String, "x"), entry("model/name", Kind::String, "y")]),
        "\"model\" is both a parameter and the path of others"
    );
    assert_eq!(
        error(vec![entry("model/name", Kind::String, "y"), entry("model", Kind::String, "x")]),
        "\"model\" is both a parameter and the path of others"
    );
    assert_eq!(
        error(vec![entry("parameterRanges/I/x", Kind::String, "y")]),
        "\"parameterRanges/I/x\" is a parameter, but a range's bounds lie below its name"
    );
    assert_eq!(
        error(vec![entry("n", Kind::Number, "0x10")]),
        "the value of \"n\" is not a JSON number: \"0x10\""
    );
    assert_eq!(
        error(vec![entry("b", Kind::Boolean, "True")]),
        "the value of \"b\" is not true or false: \"True\""
    );
}

fn key() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_.-]{1,6}"
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z]{1,8}", "[ ,{}\"\\\\a-c\\n\\PC]{0,12}"]
}

fn object(members: Vec<(String, Value)>) -> Value {
    let mut unique = indexmap::IndexMap::new();
    unique.extend(members);
    Value::Object(unique.into_iter().map(|(name, value)| Member::new(name, value)).collect())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?".prop_map(Value::Number),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|list| Value::Array(list.into_iter().map(Node::from).collect())),
            prop::collection::vec((key(), inner), 0..5).prop_map(object),
        ]
    })
}

fn ranges() -> impl Strategy<Value = Value> {
    let range =
        prop::collection::vec((key().prop_filter("Name is the range's", |k| k != "Name"), value()), 0..3);
    prop::collection::vec((key(), range), 0..4).prop_map(|ranges| {
        let mut unique = indexmap::IndexMap::new();
        unique.extend(ranges);
        let list = unique.into_iter().map(|(name, members)| {
            let mut all = vec![("Name".to_owned(), Value::String(name))];
            all.extend(members);
            Node::from(object(all))
        });
        Value::Array(list.collect())
    })
}

fn any_document() -> impl Strategy<Value = Node> {
    let plain =
        prop::collection::vec((key().prop_filter("ranges come apart", |k| k != RANGES), value()), 0..6);
    let kinds = prop::collection::vec((key(), prop_oneof![ranges(), text().prop_map(Value::String)]), 0..3);
    (plain, prop::option::of(kinds)).prop_map(|(mut members, kinds)| {
        if let Some(kinds) = kinds {
            members.push((RANGES.to_owned(), object(kinds)));
        }
        object(members).into()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn what_is_encoded_comes_back(document in any_document()) {
        let content = encode(&document, &path()).unwrap();
        for (entry, parameter_type) in content.parameters() {
            prop_assert!(!entry.value.is_empty());
            prop_assert!(!entry.value.contains("{{"));
            if parameter_type == ParameterType::StringList {
                prop_assert!(entry.value.split(',').all(|item| !item.is_empty()));
            }
        }
        prop_assert_eq!(decode(&content).unwrap(), document);
    }
}
