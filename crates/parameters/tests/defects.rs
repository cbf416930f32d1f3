//! What the replaced system could not import, lost on the way or refused too late, and what becomes of it here.

#![allow(clippy::unwrap_used)]

use mlpp_parameters::{
    Content, Documents, LiveParameter, ParameterType, ProjectRules, StorePath, resolve, validate,
};

fn path() -> StorePath {
    "/ml-project".parse().unwrap()
}

/// The content of a valid document below `path`; the codes and pointers of what is wrong with another.
fn validated(text: &str, path: &StorePath) -> Result<Content, Vec<(&'static str, String)>> {
    let finding = |finding: mlpp_parameters::Diagnostic| (finding.code, finding.pointer);
    let findings =
        |findings: Vec<mlpp_parameters::Diagnostic>| findings.into_iter().map(finding).collect::<Vec<_>>();
    let documents = Documents::merge([("a.json", text)]).map_err(|(found, _)| findings(found))?;
    validate(&documents, path, &ProjectRules::default()).map(|valid| valid.content).map_err(findings)
}

/// The codes of what is wrong with a document.
fn refused(text: &str) -> Vec<&'static str> {
    validated(text, &path()).unwrap_err().into_iter().map(|(code, _)| code).collect()
}

/// The parameters of a content, as a store gives them: in the order of their names.
fn live(content: &Content, path: &StorePath) -> Vec<LiveParameter> {
    let live = |(entry, parameter_type): (&mlpp_parameters::Entry, _)| LiveParameter {
        name: path.name(&entry.levels).unwrap(),
        parameter_type,
        value: entry.value.clone(),
        version: 1,
    };
    let mut all: Vec<_> = content.parameters().map(live).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Stores a document and reads it back, as its release was recorded.
fn stored_and_read(text: &str, path: &StorePath) -> (Vec<(String, ParameterType, String)>, String) {
    let content = validated(text, path).unwrap();
    let live = live(&content, path);
    let read = resolve(path, Some(&content), &[], &live).unwrap();
    assert!(read.drift.is_empty());
    let shown = live.into_iter().map(|p| (p.name.into(), p.parameter_type, p.value)).collect();
    (shown, read.document().unwrap().to_string())
}

/// Asserts that each document is stored and comes back to the letter.
fn come_back(texts: &[&str]) {
    for text in texts {
        assert_eq!(stored_and_read(text, &path()).1, *text);
    }
}

// DEFECTS A6
#[test]
fn a_categorical_range_is_stored_as_a_list_and_comes_back_as_one() {
    let text = concat!(
        r#"{"parameterRanges":{"CategoricalParameterRanges":[{"Name":"distribution","Values":["gaussian","auto"]},"#,
        r#"{"Name":"columns","Values":["a,b","c"]}]}}"#
    );
    let (stored, read) = stored_and_read(text, &path());
    let name = |rest: &str| format!("/ml-project/parameterRanges/CategoricalParameterRanges/{rest}/Values");
    let expected = [
        (name("columns"), ParameterType::String, r#"["a,b","c"]"#.to_owned()),
        (name("distribution"), ParameterType::StringList, "gaussian,auto".to_owned()),
    ];
    assert_eq!((stored, read.as_str()), (expected.into(), text));
}

// DEFECTS A7
#[test]
fn bounds_may_be_numbers_and_keep_their_text() {
    let text = concat!(
        r#"{"parameterRanges":{"IntegerParameterRanges":[{"Name":"n","MinValue":10,"MaxValue":"100"}],"#,
        r#""ContinuousParameterRanges":[{"Name":"c","MinValue":1e-9,"MaxValue":0.50}]}}"#
    );
    let (stored, read) = stored_and_read(text, &path());
    assert_eq!(stored.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(), ["0.50", "1e-9", "100", "10"]);
    assert_eq!(read, text);
}

// DEFECTS A8
#[test]
fn values_that_the_store_refuses_are_recorded_or_written_as_json() {
    come_back(&[
        r#"{"spotTrainingCheckpointS3Uri":"","model":{"artifactType":"","trainingSubnets":[]}}"#,
        r#"{"a":[""],"b":"{{x}}","c":["{{ssm:x}}","y"],"d":" "}"#,
    ]);
    let long = |length| format!(r#"{{"notes":"{}"}}"#, "x".repeat(length));
    come_back(&[&long(4096), &long(8192)]);
    assert_eq!(refused(&long(8193)), ["value/size"]);
    // Bytes count, and not characters.
    assert_eq!(refused(&format!(r#"{{"notes":"{}"}}"#, "ü".repeat(4097))), ["value/size"]);
    let (stored, _) = stored_and_read(r#"{"a":"","b":[],"c":{},"d":null}"#, &path());
    assert_eq!(stored, []);
}

// DEFECTS A9
#[test]
fn a_key_that_is_no_name_is_refused_wherever_it_stands() {
    for key in ["a b", "ü", "a:b", "", "a/b"] {
        assert_eq!(refused(&format!(r#"{{"{key}":"1"}}"#)), ["name/level"], "{key}");
        let nested = format!(r#"{{"staticHyperParameters":{{"{key}":"1"}}}}"#);
        assert_eq!(refused(&nested), ["name/level"], "{key}");
    }
    let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    assert_eq!(refused(&nested(15)), ["name/path"]);
    come_back(&[&nested(14)]);
    assert_eq!(refused(&format!(r#"{{"{}":1}}"#, "k".repeat(956))), ["name/path"]);
}

// DEFECTS A10
#[test]
fn two_values_for_one_name_are_refused_before_anything_is_stored() {
    let one = r#"{"staticHyperParameters":{"seed":"1"}}"#;
    let (findings, _) = Documents::merge([("a.json", one), ("b.json", one)]).unwrap_err();
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["document/collision"]);
    let range = r#"{"Name":"n","MinValue":"1","MaxValue":"2"}"#;
    let twice = format!(r#"{{"parameterRanges":{{"IntegerParameterRanges":[{range},{range}]}}}}"#);
    assert_eq!(refused(&twice), ["range/duplicate"]);
}

// DEFECTS A11
#[test]
fn every_type_comes_back_as_what_it_was() {
    come_back(&[
        r#"{"a":true,"b":false,"c":null,"d":7,"e":1e-9,"f":0.50,"g":-0,"h":12345678901234567890123}"#,
        r#"{"a":"true","b":"False","c":"null","d":"7","e":"1e-09","f":"None"}"#,
    ]);
    for number in ["1e400", "-1e400"] {
        assert_eq!(refused(&format!(r#"{{"extraFloat":{number}}}"#)), ["value/number"]);
    }
    for word in ["NaN", "Infinity", "inf", "None", "True"] {
        assert_eq!(refused(&format!(r#"{{"extraFloat":{word}}}"#)), ["document/not-json"], "{word}");
    }
}

// DEFECTS A12
#[test]
fn an_element_with_a_comma_stays_one_element() {
    let (stored, read) = stored_and_read(r#"{"a":["a,b","c"],"b":["a","b","c"]}"#, &path());
    let values: Vec<_> = stored.iter().map(|row| (row.1, row.2.as_str())).collect();
    assert_eq!(values, [(ParameterType::String, r#"["a,b","c"]"#), (ParameterType::StringList, "a,b,c")]);
    assert_eq!(read, r#"{"a":["a,b","c"],"b":["a","b","c"]}"#);
}

// DEFECTS A13
#[test]
fn a_list_may_hold_whatever_json_has() {
    come_back(&[
        r#"{"subnets":[1,2],"b":[true],"c":[["a"]],"d":[{"x":{"y":[]}}],"e":[null],"f":["a",1,null]}"#,
        r#"{"a":["only one"],"b":[" a","b "],"c":["\n"]}"#,
    ]);
}

// DEFECTS A14
#[test]
fn what_is_empty_comes_back_and_what_is_no_document_is_refused() {
    come_back(&["{}", r#"{"x":{}}"#, r#"{"x":{"y":{"z":{}}},"l":[]}"#]);
    assert_eq!(refused("[1]"), ["document/shape"]);
    assert_eq!(refused("\u{feff}{}"), ["document/not-json"]);
    let nameless = r#"{"parameterRanges":{"IntegerParameterRanges":[{"MinValue":"1","MaxValue":"2"}]}}"#;
    assert_eq!(refused(nameless), ["range/shape"]);
}

// DEFECTS A15
#[test]
fn a_slash_in_a_key_or_in_the_name_of_a_range_is_refused() {
    let found = validated(r#"{"n/m":"v"}"#, &path()).unwrap_err();
    assert_eq!(found, [("name/level", "/n~1m".to_owned())]);
    let range = r#"{"parameterRanges":{"CategoricalParameterRanges":[{"Name":"a/b","Values":["x"]}]}}"#;
    let pointer = "/parameterRanges/CategoricalParameterRanges/0/Name".to_owned();
    assert_eq!(validated(range, &path()).unwrap_err(), [("name/level", pointer)]);
}

// DEFECTS A16
#[test]
fn a_path_may_be_called_as_a_key_is_and_must_begin_with_a_slash() {
    let text = concat!(
        r#"{"parameterRanges":{"IntegerParameterRanges":[{"Name":"n","MinValue":"1","MaxValue":"2"}]},"#,
        r#""staticHyperParameters":{"seed":"1"},"model":{"name":"m"}}"#
    );
    for path in ["/a/parameterRanges", "/parameterRanges/IntegerParameterRanges", "/model", "/m"] {
        let (stored, read) = stored_and_read(text, &path.parse().unwrap());
        assert!(stored.iter().all(|row| row.0.starts_with(&format!("{path}/"))), "{stored:?}");
        assert_eq!(read, text, "{path}");
    }
    for path in ["ml-project", "/", "", "//x", "/ml-project/", "/a b", "/aws/x", "/ssm"] {
        assert!(path.parse::<StorePath>().is_err(), "{path}");
    }
}

// DEFECTS A25
#[test]
fn a_key_that_stands_twice_is_refused() {
    assert_eq!(refused(r#"{"a":1,"o":{"x":1,"x":1}}"#), ["document/duplicate-key"]);
}

// DEFECTS C15
#[test]
fn ranges_of_another_kind_and_ranges_without_bounds_are_told() {
    let range = r#"{"Name":"n","MinValue":"1","MaxValue":"2"}"#;
    let auto = format!(r#"{{"parameterRanges":{{"AutoParameters":[{range}]}}}}"#);
    assert_eq!(refused(&auto), ["range/kind"]);
    let bare = r#"{"parameterRanges":{"IntegerParameterRanges":[{"Name":"n"}]}}"#;
    assert!(refused(bare).iter().all(|code| *code == "value/required"), "{:?}", refused(bare));
}

// DEFECTS C17
#[test]
fn a_number_is_one_by_the_rules_of_json() {
    for text in ["10.0", "1e3", "1_0", "٣", " 10", "+10", "0x10", "NaN", ""] {
        let found = refused(&format!(r#"{{"maxNumberOfTrainingJobs":"{text}"}}"#));
        assert_eq!(found, ["value/integer"], "{text}");
    }
    for text in ["NaN", "Infinity", "1e400", "1_0", "٣"] {
        let target = format!(r#"{{"targetTrackingScalingPolicyConfiguration":{{"TargetValue":"{text}"}}}}"#);
        assert_eq!(refused(&target), ["value/number"], "{text}");
    }
}
