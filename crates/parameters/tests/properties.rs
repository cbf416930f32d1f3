//! Whatever the documents hold, validation ends with findings that can be shown, and not with more than there is to find.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use mlpp_parameters::json::{Node, Value};
use mlpp_parameters::{Documents, ProjectRules, Severity, Sources, StorePath, decode, rules, validate};
use proptest::prelude::*;

/// Names that rules know, so that generated documents come to them.
const NAMES: [&str; 35] = [
    "tuningJobName",
    "tuningStrategy",
    "maxNumberOfTrainingJobs",
    "maxParallelTrainingJobs",
    "trainingJobEarlyStoppingType",
    "trainingJobDefinitionName",
    "algorithmARN",
    "parameterRanges",
    "IntegerParameterRanges",
    "ContinuousParameterRanges",
    "CategoricalParameterRanges",
    "Name",
    "MinValue",
    "MaxValue",
    "ScalingType",
    "Values",
    "staticHyperParameters",
    "enableManagedSpotTraining",
    "spotTrainingCheckpointS3Uri",
    "model",
    "hosting",
    "trainingSubnets",
    "trainingSecurityGroupIds",
    "artifactsS3OutputPath",
    "name",
    "subnets",
    "securityGroupIds",
    "initialInstanceCount",
    "acceleratorType",
    "endpointName",
    "autoscalingMinCapacity",
    "autoscalingMaxCapacity",
    "targetTrackingScalingPolicyConfiguration",
    "TargetValue",
    "$secret",
];

/// What a secret is in the generated documents, where it stands as it should not.
const SENTINEL: &str = "hunter2";

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        1 => "[A-Za-z_-]{1,12}",
        1 => "\\PC{0,4}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(
            &[
                "",
                "Grid",
                "Hyperband",
                "Auto",
                "AUTO",
                "Logarithmic",
                "true",
                "s3://a",
                "s3://demo/<x>",
                "<region>",
                "1",
                "-1",
                "0.5",
                "1e999",
                "a-",
                "{{x}}",
                "env:TOKEN",
                "s3://demo-bucket/x.releases",
                "ü😀\n"
            ][..]
        )
        .prop_map(str::to_owned),
        "[a-z<>/:.-]{0,70}",
        any::<String>(),
    ]
}

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?"
}

/// The text of a JSON value.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        number(),
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#"{"$secret": "env:TOKEN"}"#.to_owned()),
        prop::sample::select(&[r#"{"$secret": "hunter2"}"#, r#"{"$secret": ["hunter2"], "x": 1}"#][..])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|list| format!("[{}]", list.join(", "))),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    prop::collection::hash_map(key(), value, 0..7).prop_map(|members| {
        let members =
            members.iter().map(|(name, value)| format!("{}: {value}", serde_json::to_string(name).unwrap()));
        format!("{{{}}}", members.collect::<Vec<_>>().join(",\n"))
    })
}

/// A document whose ranges look like ranges.
fn with_ranges() -> impl Strategy<Value = String> {
    let range =
        prop::collection::hash_map(prop::sample::select(&NAMES[11..16]), value(), 0..5).prop_map(|members| {
            let members = members.iter().map(|(name, value)| format!("\"{name}\": {value}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        });
    let lists = prop::collection::vec(prop::collection::vec(range, 0..4), 3);
    (lists, object(value())).prop_map(|(lists, statics)| {
        let kinds =
            lists.iter().zip(&NAMES[8..11]).map(|(list, kind)| format!("\"{kind}\": [{}]", list.join(", ")));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        format!("{{\"parameterRanges\": {{{kinds}}}, \"staticHyperParameters\": {statics}}}")
    })
}

fn nodes(node: &Node) -> usize {
    1 + match &node.value {
        Value::Object(members) => members.iter().map(|member| nodes(&member.node)).sum(),
        Value::Array(elements) => elements.iter().map(nodes).sum(),
        _ => 0,
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let path: StorePath = "/ml-project".parse().unwrap();
    let documents = Documents::merge([("a.json", text)]).unwrap();
    let findings = match validate(&documents, &path, &ProjectRules::default()) {
        Ok(valid) => {
            prop_assert_eq!(&decode(&valid.content).unwrap(), &documents.root);
            let names: HashSet<_> = valid.content.entries.iter().map(|entry| &entry.levels).collect();
            prop_assert_eq!(names.len(), valid.content.entries.len(), "two values have one name");
            prop_assert!(valid.warnings.iter().all(|finding| finding.severity == Severity::Warning));
            valid.warnings
        }
        Err(findings) => {
            prop_assert!(findings.iter().any(|finding| finding.severity == Severity::Error));
            findings
        }
    };
    prop_assert!(findings.len() <= 3 * nodes(&documents.root), "{} findings", findings.len());
    prop_assert!(!documents.sources.get(0).unwrap().text.contains(SENTINEL));
    for finding in &findings {
        let said = [
            &finding.message,
            &finding.label,
            &finding.pointer,
            finding.help.as_ref().unwrap_or(&finding.label),
        ];
        prop_assert!(said.iter().all(|text| !text.contains(SENTINEL)), "{finding:?}");
        let rule = rules::explain(finding.code);
        prop_assert_eq!(rule.map(|rule| rule.severity), Some(finding.severity), "{}", finding.code);
        let span = finding.span;
        prop_assert!(text.get(span.start as usize..span.end as usize).is_some_and(|shown| !shown.is_empty()));
        prop_assert!(documents.sources.line_column(span).is_some());
        let value = serde_json::from_str::<serde_json::Value>(text);
        prop_assert!(
            value.is_err() || value.unwrap().pointer(&finding.pointer).is_some(),
            "{}",
            finding.pointer
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_document_is_validated(document in object(value())) {
        check(&document)?;
    }

    #[test]
    fn any_ranges_are_validated(document in with_ranges()) {
        check(&document)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut sources = Sources::default();
        if let Ok(source) = sources.add_bytes("a.json", &bytes) {
            let _ = mlpp_parameters::json::parse(&sources, source);
        }
        let refused = Documents::merge([("a.json", &bytes)]).map(|documents| validate(&documents, &"/p".parse().unwrap(), &ProjectRules::default()));
        if let Err((findings, _)) = refused {
            prop_assert!(!findings.is_empty());
        }
    }
}
