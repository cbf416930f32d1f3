//! What is not valid starts nothing.

use mlpp_parameters::{InputError, ParameterType};
use mlpp_provider::LaunchError;
use serde_json::{Value, json};

use crate::project::{DOCUMENT, KEY, Project, invalid, manifest, plain};
use crate::support::{edit, path};

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
    let one = |name: &str, value: &str| vec![(format!("/p/{name}"), value.to_owned())];
    let many = (0..101).map(|n| (format!("/p/staticHyperParameters/h{n}"), "1".to_owned())).collect();
    for (edits, code) in [
        (one("tuningStrategy", "Guessing"), "value/enum"),
        (many, "hyperparameter/count"),
        (one("staticHyperParameters/x", &"x".repeat(2501)), "value/length"),
        (one("tuningJobName", &"x".repeat(18)), "name/too-long-once-stamped"),
    ] {
        let project = Project::of(DOCUMENT);
        for (name, value) in &edits {
            edit(&project.store, name, value);
        }
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

// DEFECTS C21
#[test]
fn a_secret_where_a_service_takes_a_text_is_refused() {
    let project = Project::of(DOCUMENT);
    project.set("/p/staticHyperParameters/token", ParameterType::SecureString, "hunter2");
    let refused = project.launch(&project.put(KEY, &plain()));
    assert!(!format!("{refused:?}").contains("hunter2"));
    let pointers: Vec<_> = invalid(refused).into_iter().map(|(_, pointer)| pointer).collect();
    assert_eq!(pointers, ["/staticHyperParameters/token"]);
    assert!(project.workflows.started().is_empty());
}
