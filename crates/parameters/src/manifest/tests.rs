use super::*;

fn manifest(text: &str) -> Result<Manifest, Vec<(&'static str, String)>> {
    let mut sources = Sources::default();
    let source = sources.add("manifest.json", text);
    Manifest::parse(&mut sources, source)
        .map_err(|findings| findings.into_iter().map(|f| (f.code, f.pointer)).collect())
}

fn channel(name: &str, uri: &str) -> String {
    format!(r#"{{"channelName":"{name}","s3DataSource":{{"S3DataType":"S3Prefix","S3Uri":"{uri}"}}}}"#)
}

fn channels(list: &[String]) -> String {
    format!(r#"{{"channels":[{}]}}"#, list.join(","))
}

#[test]
fn a_manifest_names_its_channels_and_their_places() {
    let read = manifest(&channels(&[channel("training", "s3://demo-bucket/a/b.csv")])).unwrap();
    assert_eq!(read.channels[0].name, "training");
    assert_eq!(read.channels[0].location(), Some(("demo-bucket", "a/b.csv")));
}

#[test]
fn every_fault_of_its_channels_is_named_with_its_pointer() {
    let with = |source: &str| channels(&[format!(r#"{{"channelName":"a","s3DataSource":{source}}}"#)]);
    let good = || channel("a", "s3://demo-bucket/x");
    let too_many: Vec<_> = (0..21).map(|n| channel(&format!("c{n}"), "s3://demo-bucket/x")).collect();
    for (text, code, pointer) in [
        ("[]".to_owned(), "manifest/channels", ""),
        ("{}".to_owned(), "manifest/channels", "/channels"),
        (r#"{"channels":null}"#.to_owned(), "manifest/channels", "/channels"),
        (channels(&[]), "manifest/channels", "/channels"),
        (channels(&too_many), "manifest/channels", "/channels"),
        (channels(&[good(), good()]), "manifest/duplicate-channel", "/channels/1/channelName"),
        (
            channels(&[channel("a b", "s3://demo-bucket/x")]),
            "manifest/channel-name",
            "/channels/0/channelName",
        ),
        (channels(&["{}".into()]), "manifest/channel-name", "/channels/0"),
        (channels(&[channel("a", "http://x/y")]), "manifest/s3-uri", "/channels/0/s3DataSource/S3Uri"),
        (channels(&[channel("a", "s3://Upper/y")]), "manifest/s3-uri", "/channels/0/s3DataSource/S3Uri"),
        (with("{\"S3Uri\":\"s3://demo-bucket/x\"}"), "value/required", "/channels/0/s3DataSource"),
        (
            with(r#"{"S3DataType":"S3prefix","S3Uri":"s3://demo-bucket/x"}"#),
            "value/enum",
            "/channels/0/s3DataSource/S3DataType",
        ),
        (
            with(r#"{"S3DataType":"S3Prefix","S3Uri":"s3://demo-bucket/x","AttributeNames":[""]}"#),
            "value/length",
            "/channels/0/s3DataSource/AttributeNames/0",
        ),
        (
            with(r#"{"S3DataType":"S3Prefix","S3Uri":"s3://demo-bucket/x","Region":"x"}"#),
            "key/unknown-member",
            "/channels/0/s3DataSource/Region",
        ),
        (r#"{"seed":1,"channels":[]}"#.to_owned(), "manifest/unknown-key", "/seed"),
        (channels(&[channel(".", "s3://demo-bucket/x")]), "manifest/channel-name", "/channels/0/channelName"),
        (
            channels(&[channel("..", "s3://demo-bucket/x")]),
            "manifest/channel-name",
            "/channels/0/channelName",
        ),
        (
            with(r#"{"S3DataType":"Converse","S3Uri":"s3://demo-bucket/x"}"#),
            "manifest/s3-data-type",
            "/channels/0/s3DataSource/S3DataType",
        ),
        (
            with(r#"{"S3DataType":"AugmentedManifestFile","S3Uri":"s3://demo-bucket/x"}"#),
            "manifest/augmented",
            "/channels/0/s3DataSource/S3DataType",
        ),
    ] {
        assert_eq!(manifest(&text).unwrap_err()[..1], [(code, pointer.to_owned())], "{text}");
    }
}

/// A manifest with further members.
fn with(more: &str) -> String {
    format!(r#"{{"channels":[{}],{more}}}"#, channel("training", "s3://demo-bucket/x"))
}

// DEFECTS C20
#[test]
fn a_manifest_may_override_parameters_and_pin_a_release() {
    let overrides = r#"{"staticHyperParameters":{"seed":"7","new":"x"},"model":{"hosting":{"initialInstanceCount":2}},"maxNumberOfTrainingJobs":3,"parameterRanges":{"IntegerParameterRanges":[{"Name":"ntrees","MaxValue":"20"}]}}"#;
    let read = manifest(&with(&format!(r#""parameters":{overrides},"release":12"#))).unwrap();
    assert_eq!(read.parameters.unwrap().to_string(), overrides);
    assert_eq!(read.release, Some(12));

    let plain = manifest(&with(r#""parameters":{}"#)).unwrap();
    assert!(plain.parameters.is_none() && plain.release.is_none());
}

// DEFECTS C20
#[test]
fn what_a_manifest_may_not_override_is_refused() {
    let not_allowed = "manifest/override-not-allowed";
    for (more, expected) in [
        (r#""parameters":[]"#, vec![("manifest/parameters", "/parameters")]),
        (r#""parameters":null"#, vec![("manifest/parameters", "/parameters")]),
        (r#""parameters":{"tuningJobName":"x"}"#, vec![(not_allowed, "/parameters/tuningJobName")]),
        (
            r#""parameters":{"staticHyperParametersX":1}"#,
            vec![(not_allowed, "/parameters/staticHyperParametersX")],
        ),
        (r#""parameters":{"a/b":{"~":1}}"#, vec![(not_allowed, "/parameters/a~1b")]),
        (r#""parameters":{"model":{}}"#, vec![(not_allowed, "/parameters/model")]),
        (r#""parameters":{"model":[1]}"#, vec![(not_allowed, "/parameters/model")]),
        (
            r#""parameters":{"model":{"name":"x","hosting":{"initialInstanceCount":1,"instanceType":"y"}}}"#,
            vec![
                (not_allowed, "/parameters/model/name"),
                (not_allowed, "/parameters/model/hosting/instanceType"),
            ],
        ),
        (
            r#""parameters":{"channels":[],"provenance":1,"release":2}"#,
            vec![
                ("document/reserved-name", "/parameters/channels"),
                ("document/reserved-name", "/parameters/provenance"),
                ("document/reserved-name", "/parameters/release"),
            ],
        ),
        (
            r#""parameters":{"staticHyperParameters":{"a":{"$secret":"env:A"},"b":[{"$secret":"env:B"}]}}"#,
            vec![
                ("manifest/override-secret", "/parameters/staticHyperParameters/a"),
                ("manifest/override-secret", "/parameters/staticHyperParameters/b/0"),
            ],
        ),
    ] {
        let found = manifest(&with(more)).unwrap_err();
        let found: Vec<_> = found.iter().map(|(code, pointer)| (*code, pointer.as_str())).collect();
        assert_eq!(found, expected, "{more}");
    }
}

#[test]
fn a_release_is_an_integer_from_one() {
    for value in ["0", "-1", "1.0", "1e2", "\"3\"", "null", "[1]", "18446744073709551616"] {
        let found = manifest(&with(&format!(r#""release":{value}"#))).unwrap_err();
        assert_eq!(found, [("manifest/release", "/release".to_owned())], "{value}");
    }
}

#[test]
fn a_project_says_what_may_be_overridden() {
    let found = |allowed: &Overridable, more: &str| {
        let mut sources = Sources::default();
        let source = sources.add("manifest.json", with(more));
        Manifest::parse_allowing(&mut sources, source, allowed).err().unwrap_or_default()
    };
    let name = r#""parameters":{"tuningJobName":"x"}"#;
    assert_eq!(found(&Overridable::new([""]).unwrap(), name), []);
    assert_eq!(found(&Overridable::new(["/tuningJobName"]).unwrap(), name), []);
    assert_eq!(found(&Overridable::new(["/a~1b/~0"]).unwrap(), r#""parameters":{"a/b":{"~":1}}"#), []);
    let none = Overridable::new([""; 0]).unwrap();
    let help = found(&none, name)[0].help.clone();
    assert_eq!(help.as_deref(), Some("this project allows no overrides: change the documents"));
    let reserved = found(&Overridable::new([""]).unwrap(), r#""parameters":{"release":1}"#);
    assert_eq!(reserved[0].code, "document/reserved-name");

    for text in ["a", "a/b", "/a~", "/a~2", "/~01~"] {
        assert_eq!(Overridable::new(["/a", text]), Err(PointerError(text.to_owned())));
    }
}

#[test]
fn what_may_be_a_secret_is_hidden() {
    let mut sources = Sources::default();
    let more =
        r#""parameters":{"staticHyperParameters":{"a":{"$secret":"hunter2"},"b":{"$secret":"env:B"}}}"#;
    let source = sources.add("manifest.json", with(more));
    let findings = Manifest::parse(&mut sources, source).unwrap_err();
    assert_eq!(findings.len(), 2);
    let text = &sources.get(source).unwrap().text;
    assert!(!text.contains("hunter2") && text.contains("env:B"), "{text}");
}
