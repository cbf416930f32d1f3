use super::*;
use crate::Severity;

const CHANNELS: &str =
    r#"[{"channelName":"training","s3DataSource":{"S3DataType":"S3Prefix","S3Uri":"s3://demo-bucket/x"}}]"#;

/// The parameters that have the text `resolved`, with the overrides `over`.
fn compose(resolved: &str, over: &str) -> Result<Effective, (Vec<Diagnostic>, Sources)> {
    let text = format!(r#"{{"channels":{CHANNELS},"parameters":{over}}}"#);
    let mut sources = Sources::default();
    let source = sources.add("s3://demo-bucket/manifest.json", text);
    let manifest = Manifest::parse(&mut sources, source).unwrap();
    let mut own = Sources::default();
    let source = own.add("resolved", resolved);
    let resolved = parse(&own, source).unwrap();
    Effective::compose(
        &resolved,
        "release 3 of /p",
        &manifest,
        &"/p".parse().unwrap(),
        &ProjectRules::default(),
        sources,
    )
}

/// Code, pointer, name of the text, and what is marked in it.
fn shown(found: &(Vec<Diagnostic>, Sources)) -> Vec<(&'static str, String, String, String)> {
    let (findings, sources) = found;
    let place = |finding: &Diagnostic| {
        let source = sources.get(finding.span.source).unwrap();
        let marked = &source.text[finding.span.start as usize..finding.span.end as usize];
        (finding.code, finding.pointer.clone(), source.name.clone(), marked.to_owned())
    };
    findings.iter().map(place).collect()
}

const RANGES: &str = r#"{"parameterRanges":{"IntegerParameterRanges":[
    {"Name":"depth","MinValue":"3","MaxValue":"7","ScalingType":"Auto"},
    {"Name":"ntrees","MinValue":"10","MaxValue":"100","ScalingType":"Linear"}]},
    "staticHyperParameters":{"seed":"1"}}"#;

// DEFECTS C20
#[test]
fn overrides_are_laid_over_the_parameters_and_told_by_their_pointers() {
    let over = r#"{"staticHyperParameters":{"seed":"7","metric":"auc"},
        "parameterRanges":{"IntegerParameterRanges":[{"Name":"ntrees","MaxValue":"20"}],
        "ContinuousParameterRanges":[{"Name":"rate","MinValue":"0.1","MaxValue":"0.5","ScalingType":"Auto"}]}}"#;
    let effective = compose(RANGES, over).unwrap();
    assert_eq!(
        effective.document.to_string(),
        r#"{"parameterRanges":{"IntegerParameterRanges":[{"Name":"depth","MinValue":"3","MaxValue":"7","ScalingType":"Auto"},{"Name":"ntrees","MinValue":"10","MaxValue":"20","ScalingType":"Linear"}],"ContinuousParameterRanges":[{"Name":"rate","MinValue":"0.1","MaxValue":"0.5","ScalingType":"Auto"}]},"staticHyperParameters":{"seed":"7","metric":"auc"}}"#
    );
    assert_eq!(
        effective.overridden,
        [
            "/parameterRanges/IntegerParameterRanges/1/MaxValue",
            "/parameterRanges/ContinuousParameterRanges",
            "/staticHyperParameters/seed",
            "/staticHyperParameters/metric",
        ]
    );
    assert_eq!(effective.warnings, []);
}

#[test]
fn what_is_wrong_with_an_override_stands_in_the_manifest() {
    let ranges = |range: &str| format!(r#"{{"parameterRanges":{{"IntegerParameterRanges":[{range}]}}}}"#);
    let at = |end: &str| format!("/parameters{end}");
    for (over, code, pointer, marked) in [
        (
            ranges(r#"{"Name":"ntrees","MaxValue":"9"}"#),
            "range/bounds",
            at("/parameterRanges/IntegerParameterRanges/0/MaxValue"),
            r#""9""#,
        ),
        (
            r#"{"staticHyperParameters":{"ntrees":"50"}}"#.to_owned(),
            "hyperparameter/static-and-tuned",
            at("/staticHyperParameters/ntrees"),
            r#""ntrees""#,
        ),
        (
            ranges(r#"{"Name":"a b","MinValue":"1","MaxValue":"2"}"#),
            "name/level",
            at("/parameterRanges/IntegerParameterRanges/0/Name"),
            r#""a b""#,
        ),
        (
            r#"{"maxNumberOfTrainingJobs":"many"}"#.to_owned(),
            "value/integer",
            at("/maxNumberOfTrainingJobs"),
            r#""many""#,
        ),
    ] {
        let found = shown(&compose(RANGES, &over).unwrap_err());
        let manifest = "s3://demo-bucket/manifest.json".to_owned();
        assert_eq!(found, [(code, pointer, manifest, marked.to_owned())], "{over}");
    }
}

#[test]
fn what_is_wrong_with_a_stored_value_stands_in_the_release() {
    let found = compose(r#"{"tuningJobName":"-x","model":{"name":"m"}}"#, "{}").unwrap_err();
    let place = found.1.line_column(found.0[0].span);
    assert_eq!(place, Some((2, 21)));
    let expected = ("value/pattern", "/tuningJobName", "release 3 of /p", "-x\"");
    let (code, pointer, name, marked) = shown(&found).remove(0);
    assert_eq!((code, pointer.as_str(), name.as_str(), marked.as_str()), expected);
}

#[test]
fn warnings_do_not_stop_a_launch() {
    let effective = compose(r#"{"tuningJobNam":"x"}"#, "{}").unwrap();
    let codes: Vec<_> = effective.warnings.iter().map(|finding| (finding.code, finding.severity)).collect();
    assert_eq!(codes, [("key/near-miss", Severity::Warning)]);
    assert_eq!(effective.sources.line_column(effective.warnings[0].span), Some((2, 3)));
}

#[test]
fn a_recorded_secret_is_valid_and_stays_a_reference() {
    let secret = r#"{"registry":{"token":{"$secret":"/p/registry/token","version":3}}}"#;
    let effective = compose(secret, r#"{"staticHyperParameters":{"seed":"1"}}"#).unwrap();
    assert_eq!(
        effective.document.value.get("registry").unwrap().to_string(),
        r#"{"token":{"$secret":"/p/registry/token","version":3}}"#
    );
}
