use super::*;
use crate::{Documents, ProjectRules, validate};

fn read(text: &str) -> Result<Schema, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let source = sources.add("own.schema.json", text);
    Schema::parse(&sources, source)
}

/// Code, pointer and place of what is found in `document` by `project`.
fn found(document: &str, project: &ProjectRules) -> Vec<(&'static str, String, String)> {
    let documents = Documents::merge([("a.json", document)]).unwrap();
    let findings = match validate(&documents, &"/p".parse().unwrap(), project) {
        Ok(valid) => valid.warnings,
        Err(findings) => findings,
    };
    let shown = |finding: &Diagnostic| {
        let text = &documents.sources.get(finding.span.source).unwrap().text;
        text[finding.span.start as usize..finding.span.end as usize].to_owned()
    };
    findings.iter().map(|finding| (finding.code, finding.pointer.clone(), shown(finding))).collect()
}

fn violations(document: &str, schema: &str) -> Vec<(String, String)> {
    let found = found(document, &ProjectRules::default().with_schema(read(schema).unwrap()));
    let violation = |(code, pointer, shown)| {
        assert_eq!(code, "schema/violation", "{pointer}");
        (pointer, shown)
    };
    found.into_iter().map(violation).collect()
}

fn target(document: &str, schema: &str) -> Vec<(&'static str, String)> {
    let found = found(document, &ProjectRules::default().with_target("w", read(schema).unwrap()));
    found.into_iter().map(|(code, pointer, _)| (code, pointer)).collect()
}

#[test]
fn a_schema_that_cannot_be_used_is_told_with_its_place() {
    for (text, code, pointer) in [
        ("{", "document/not-json", ""),
        (r#"{"type":"object","type":"string"}"#, "document/duplicate-key", "/type"),
        (r#""x""#, "schema/not-valid", ""),
        (r#"{"properties":{"a":{"type":"strin"}}}"#, "schema/not-valid", "/properties/a/type"),
        (r#"{"properties":{"a":{"minimum":"1"}}}"#, "schema/not-valid", "/properties/a/minimum"),
        (r#"{"pattern":"("}"#, "schema/not-valid", "/pattern"),
        (r#"{"allOf":[{},{"$ref":"https://example.com/a.json"}]}"#, "schema/not-valid", "/allOf/1/$ref"),
        (r#"{"$ref":"file:///etc/passwd"}"#, "schema/not-valid", "/$ref"),
        (r#"{"$ref":"other.json#/x"}"#, "schema/not-valid", "/$ref"),
        (r#"{"$id":"https://example.com/a","$ref":"b"}"#, "schema/not-valid", "/$ref"),
        (r##"{"properties":{"a":{"$ref":"#/$defs/b"}}}"##, "schema/not-valid", "/properties/a/$ref"),
        (r##"{"$ref":"#nowhere"}"##, "schema/not-valid", "/$ref"),
        (r#"{"$schema":"https://example.com/dialect"}"#, "schema/not-valid", "/$schema"),
    ] {
        let [finding] = &read(text).unwrap_err()[..] else { panic!("{text}") };
        assert_eq!((finding.code, finding.pointer.as_str()), (code, pointer), "{text}: {}", finding.message);
        assert!((finding.span.end as usize) <= text.len(), "{text}");
    }
}

#[test]
fn a_schema_may_refer_to_itself_and_be_of_another_draft() {
    for text in [
        "true",
        r##"{"$ref":"#"}"##,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
        r##"{"properties":{"child":{"$ref":"#"}},"required":[]}"##,
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"type":"string"}}}"#,
        r#"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"#,
    ] {
        assert!(read(text).is_ok(), "{text}");
        assert_eq!(violations(r#"{"child":{"child":{}}}"#, text), [], "{text}");
    }
}

#[test]
fn a_violation_is_placed_where_it_can_be_mended() {
    for (document, schema, pointer, shown) in [
        (r#"{"a":{"b":1}}"#, r#"{"properties":{"a":{"required":["c"]}}}"#, "/a", r#"{"b":1}"#),
        (r#"{"a":1}"#, r#"{"required":["c"]}"#, "", "{"),
        (r#"{"a":{"b":1}}"#, r#"{"properties":{"a":{"additionalProperties":false}}}"#, "/a/b", r#""b""#),
        (r#"{"a":{"b":1}}"#, r#"{"properties":{"a":{"unevaluatedProperties":false}}}"#, "/a/b", r#""b""#),
        (
            r#"{"a":{"bcd":1}}"#,
            r#"{"properties":{"a":{"propertyNames":{"maxLength":2}}}}"#,
            "/a/bcd",
            r#""bcd""#,
        ),
        (r#"{"a":{"b":1}}"#, r#"{"properties":{"a":{"properties":{"b":false}}}}"#, "/a/b", "1"),
        (r#"{"a":["x",2]}"#, r#"{"properties":{"a":{"items":{"type":"string"}}}}"#, "/a/1", "2"),
        (r#"{"a":"b"}"#, r#"{"properties":{"a":{"enum":["c","d"]}}}"#, "/a", r#""b""#),
        (r#"{"a":"x","b":1}"#, r#"{"dependentRequired":{"b":["c"]}}"#, "", "{"),
        // Only one of the alternatives takes an object: what it lacks is told.
        (
            r#"{"a":{"b":1}}"#,
            r#"{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"object","properties":{"b":{"type":"string"}}}]}}}"#,
            "/a/b",
            "1",
        ),
        (r#"{"a":1}"#, r#"{"properties":{"a":{"anyOf":[{"minimum":2},{"minimum":3}]}}}"#, "/a", "1"),
    ] {
        assert_eq!(
            violations(document, schema),
            [(pointer.to_owned(), shown.to_owned())],
            "{document} {schema}"
        );
    }
}

#[test]
fn a_secret_is_valid_against_any_schema_of_the_project() {
    let document = r#"{"own":{"token":{"$secret":"env:TOKEN"}}}"#;
    for schema in [
        r#"{"properties":{"own":{"properties":{"token":{"type":"string","minLength":8}}}}}"#,
        r#"{"properties":{"own":{"additionalProperties":{"type":"number"}}}}"#,
        r#"{"properties":{"own":{"properties":{"token":{"additionalProperties":false}}}}}"#,
        r#"{"properties":{"own":{"anyOf":[{"properties":{"token":{"type":"string"}}},{"type":"string"}]}}}"#,
    ] {
        assert_eq!(violations(document, schema), [], "{schema}");
    }
    assert_eq!(
        violations(
            document,
            r#"{"properties":{"own":{"properties":{"token":{"type":"string"}},"required":["user"]}}}"#
        )
        .len(),
        1
    );
}

#[test]
fn a_target_gets_a_secret_as_the_name_and_version_of_a_parameter() {
    let document = r#"{"token":{"$secret":"env:TOKEN"}}"#;
    let object = r#"{"properties":{"token":{"type":"object","required":["$secret","version"]}}}"#;
    assert_eq!(target(document, object), []);
    for schema in [
        r#"{"properties":{"token":{"type":"string"}}}"#,
        r#"{"properties":{"token":{"properties":{"version":{"type":"string"}}}}}"#,
    ] {
        assert_eq!(target(document, schema), [("target/type", "/token".to_owned())], "{schema}");
    }
}

#[test]
fn what_the_launch_adds_is_not_asked_of_the_documents() {
    let schema = r##"{
        "$ref": "#/$defs/all",
        "$defs": {"all": {"required": ["channels", "provenance", "release", "endpointName", "model"],
                          "properties": {"model": {"required": ["channels"]}}}}
    }"##;
    assert_eq!(target(r#"{"endpointName":"e","model":{"channels":1}}"#, schema), []);
    assert_eq!(
        target(r#"{"model":{}}"#, schema),
        [("target/required", String::new()), ("target/required", "/model".to_owned())]
    );
}

#[test]
fn what_is_told_of_a_value_is_not_said_again() {
    let schema = r#"{"properties":{"maxParallelTrainingJobs":{"type":["number","string"]},"a":{"maximum":5},
        "model":{"type":"object","required":["name"]},"targetTrackingScalingPolicyConfiguration":{"required":["x"]}}}"#;
    for (document, codes) in [
        (r#"{"maxParallelTrainingJobs":true}"#, &["value/type"][..]),
        (r#"{"a":1e400}"#, &["value/number"]),
        (r#"{"model":{"$secret":"env:TOKEN"}}"#, &["secret/verbatim"]),
        (r#"{"model":"m"}"#, &["value/type"]),
        (r#"{"targetTrackingScalingPolicyConfiguration":{}}"#, &["value/required", "target/required"]),
        (r#"{"a":6,"model":{}}"#, &["target/type", "target/required"]),
    ] {
        let found: Vec<_> = target(document, schema).into_iter().map(|(code, _)| code).collect();
        assert_eq!(found, codes, "{document}");
    }
}

#[test]
fn no_finding_quotes_what_a_secret_may_be() {
    let project = ProjectRules::default()
        .with_schema(
            read(r#"{"type":"string","uniqueItems":true,"not":{"type":"object"},"maxProperties":0}"#)
                .unwrap(),
        )
        .with_target(
            "w",
            read(r#"{"properties":{"a":{"enum":[1]},"b":{"items":{"const":1}}},"maxProperties":0}"#).unwrap(),
        );
    let document = r#"{"a":{"$secret":"hunter2"},"b":[{"$secret":"hunter2"}]}"#;
    let documents = Documents::merge([("a.json", document)]).unwrap();
    let findings = validate(&documents, &"/p".parse().unwrap(), &project).unwrap_err();
    assert!(findings.len() > 4);
    assert!(!format!("{findings:?}").contains("hunter2"));
}
