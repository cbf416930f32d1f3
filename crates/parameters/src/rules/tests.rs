use super::*;

fn check(text: &str) -> Vec<Diagnostic> {
    let documents = Documents::merge([("ml-parameters.json", text)]).unwrap();
    validate(&documents, &"/ml-project".parse().unwrap(), &ProjectRules::default())
        .map_or_else(|findings| findings, |valid| valid.warnings)
}

fn codes(text: &str) -> Vec<(&'static str, String)> {
    check(text).into_iter().map(|finding| (finding.code, finding.pointer)).collect()
}

#[test]
fn a_name_too_long_once_stamped_is_pointed_at_where_it_is_too_long() {
    let text = format!(r#"{{"tuningJobName":"{}"}}"#, "a".repeat(18));
    let findings = check(&text);
    assert_eq!((findings[0].code, findings[0].span.start), ("name/too-long-once-stamped", 18 + 17));
    for (max, start, end) in [
        (17, r#"{"tuningJobName":""#, r#""}"#),
        (48, r#"{"model":{"name":""#, r#""}}"#),
        (48, r#"{"endpointName":""#, r#""}"#),
    ] {
        assert_eq!(codes(&format!("{start}{}{end}", "m".repeat(max))), [], "{start}");
        assert_eq!(codes(&format!("{start}{}{end}", "m".repeat(max + 1)))[0].0, "name/too-long-once-stamped");
        assert_eq!(codes(&format!("{start}{}{end}", "m".repeat(200))).len(), 1);
    }
    let text = |length| format!(r#"{{"trainingJobDefinitionName":"{}"}}"#, "a".repeat(length));
    assert_eq!(codes(&text(64)), []);
    assert_eq!(codes(&text(65))[0].0, "value/length");
}

#[test]
fn names_that_the_launch_adds_are_reserved() {
    assert_eq!(codes(r#"{"channels":[]}"#)[0].0, "document/reserved-name");
}

#[test]
fn numbers_and_switches_may_be_written_as_texts() {
    for text in [
        r#"{"maxParallelTrainingJobs":"1","maxNumberOfTrainingJobs":2}"#,
        r#"{"model":{"hosting":{"initialInstanceCount":"1"}},"autoscalingMinCapacity":1,"autoscalingMaxCapacity":"4"}"#,
        r#"{"enableManagedSpotTraining":"false"}"#,
        r#"{"targetTrackingScalingPolicyConfiguration":{"TargetValue":"1e-9","DisableScaleIn":"true"}}"#,
        r#"{"parameterRanges":{"ContinuousParameterRanges":[{"Name":"a","MinValue":0.1,"MaxValue":"1.0"}]}}"#,
        r#"{"staticHyperParameters":{"a":1e-9,"b":true,"c":"","d":"x"}}"#,
    ] {
        assert_eq!(codes(text), [], "{text}");
    }
    for (text, code) in [
        (r#"{"maxParallelTrainingJobs":true}"#, "value/type"),
        (r#"{"maxParallelTrainingJobs":" 1"}"#, "value/integer"),
        (r#"{"maxParallelTrainingJobs":1.0}"#, "value/integer"),
        (r#"{"maxParallelTrainingJobs":"٣"}"#, "value/integer"),
        (r#"{"maxParallelTrainingJobs":null}"#, "value/type"),
        (r#"{"maxParallelTrainingJobs":99999999999999999999999}"#, "value/bounds"),
        (r#"{"maxParallelTrainingJobs":-1}"#, "value/bounds"),
        (r#"{"enableManagedSpotTraining":0}"#, "value/boolean"),
        (r#"{"enableManagedSpotTraining":"True"}"#, "value/boolean"),
        (r#"{"targetTrackingScalingPolicyConfiguration":{"TargetValue":1e400}}"#, "value/number"),
        (r#"{"targetTrackingScalingPolicyConfiguration":{"TargetValue":1e300}}"#, "value/bounds"),
        (r#"{"targetTrackingScalingPolicyConfiguration":{}}"#, "value/required"),
        (
            r#"{"targetTrackingScalingPolicyConfiguration":{"TargetValue":1,
                "CustomizedMetricSpecification":{"Dimensions":[{"Value":"x"}]}}}"#,
            "value/required",
        ),
        (r#"{"mine":[{"deep":1e400}]}"#, "value/number"),
        (r#"{"staticHyperParameters":{"a":1e400}}"#, "value/number"),
        (r#"{"staticHyperParameters":{"a":["x"]}}"#, "value/type"),
        (r#"{"autoscalingMinCapacity":0}"#, "value/bounds"),
        (
            r#"{"targetTrackingScalingPolicyConfiguration":{"TargetValue":1,"ScaleInCooldown":-1}}"#,
            "value/bounds",
        ),
        (
            r#"{"targetTrackingScalingPolicyConfiguration":{"TargetValue":1,"PredefinedMetricSpecification":{}}}"#,
            "value/required",
        ),
        (r#"{"staticHyperParameters":{"a":null}}"#, "value/type"),
        (r#"{"staticHyperParameters":["x"]}"#, "value/type"),
        (r#"{"model":"survival"}"#, "value/type"),
        (r#"{"trainingInstanceType":"ml.c5.2xlarg"}"#, "value/enum"),
    ] {
        assert_eq!(codes(text).into_iter().map(|finding| finding.0).collect::<Vec<_>>(), [code], "{text}");
    }
}

fn ranges(kind: &str, range: &str) -> String {
    format!(r#"{{"parameterRanges":{{"{kind}ParameterRanges":[{{"Name":"a",{range}}}]}}}}"#)
}

#[test]
fn bounds_are_compared_as_what_they_are() {
    for (kind, range, code) in [
        // One apart, where 64-bit floating-point numbers are equal.
        ("Integer", r#""MinValue":"9007199254740992","MaxValue":"9007199254740993""#, None),
        ("Integer", r#""MinValue":9007199254740993,"MaxValue":9007199254740992"#, Some("range/bounds")),
        ("Integer", r#""MinValue":"-5","MaxValue":"-7""#, Some("range/bounds")),
        ("Integer", r#""MinValue":"9","MaxValue":"10""#, None),
        ("Integer", r#""MinValue":"1","MaxValue":"2.5""#, Some("value/integer")),
        ("Integer", r#""MinValue":"0","MaxValue":"2","ScalingType":"Logarithmic""#, Some("range/scaling")),
        (
            "Integer",
            r#""MinValue":"0","MaxValue":"1","ScalingType":"ReverseLogarithmic""#,
            Some("range/scaling"),
        ),
        ("Continuous", r#""MinValue":"0.1","MaxValue":"1e-1""#, Some("range/bounds")),
        ("Continuous", r#""MinValue":"-1e308","MaxValue":"1e308""#, None),
        ("Continuous", r#""MinValue":"0","MaxValue":"1e309""#, Some("value/number")),
        ("Continuous", r#""MinValue":"<min>","MaxValue":"1""#, Some("value/placeholder")),
        ("Continuous", r#""MinValue":"0","MaxValue":"0.99","ScalingType":"ReverseLogarithmic""#, None),
        (
            "Continuous",
            r#""MinValue":"0","MaxValue":"1","ScalingType":"ReverseLogarithmic""#,
            Some("range/scaling"),
        ),
        (
            "Continuous",
            r#""MinValue":"-0.1","MaxValue":"0.5","ScalingType":"ReverseLogarithmic""#,
            Some("range/scaling"),
        ),
        ("Continuous", r#""MinValue":"0","MaxValue":"1","ScalingType":"Log""#, Some("value/enum")),
        ("Continuous", r#""MinValue":true,"MaxValue":"1""#, Some("value/type")),
        ("Continuous", r#""minValue":0,"MinValue":"0","MaxValue":"1""#, Some("key/unknown-member")),
        ("Categorical", r#""Values":["a",1]"#, Some("value/type")),
        ("Categorical", r#""Values":"a""#, Some("value/type")),
    ] {
        let found: Vec<_> = codes(&ranges(kind, range)).into_iter().map(|finding| finding.0).collect();
        assert_eq!(found, code.into_iter().collect::<Vec<_>>(), "{kind} {range}");
    }
    let thirty_one = (0..31).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(",");
    assert_eq!(codes(&ranges("Categorical", &format!(r#""Values":[{thirty_one}]"#)))[0].0, "value/count");
}

#[test]
fn what_is_empty_is_not_given() {
    for text in [
        r#"{"spotTrainingCheckpointS3Uri":""}"#,
        r#"{"model":{"artifactType":"","trainingSubnets":[],"trainingSecurityGroupIds":[]}}"#,
        r#"{"parameterRanges":{"CategoricalParameterRanges":[]}}"#,
    ] {
        assert_eq!(codes(text), [], "{text}");
    }
    let text = r#"{"model":{"trainingSubnets":[],"trainingSecurityGroupIds":["sg-1"]}}"#;
    assert_eq!(codes(text), [("network/vpc", "/model/trainingSecurityGroupIds".to_owned())]);
    assert_eq!(codes(r#"{"model":{"artifactsS3OutputPath":""}}"#)[0].0, "value/s3-uri");
}

#[test]
fn a_character_is_pointed_at_behind_escapes() {
    let text = r#"{"algorithmARN":"\u0061\ud83d\ude00 <region>"}"#;
    let findings = check(text);
    let span = findings[0].span;
    assert_eq!(&text[span.start as usize..span.end as usize], "<region>");
}

#[test]
fn findings_come_in_the_order_of_the_documents_and_warnings_with_errors() {
    let text = r#"{"tunningJobName":"x","model":{"name":"-"},"a b":1,"endpointName":"_"}"#;
    let found: Vec<_> = codes(text).into_iter().map(|finding| finding.0).collect();
    assert_eq!(found, ["key/near-miss", "value/pattern", "name/level", "value/pattern"]);
}

#[test]
fn a_near_miss_beside_the_known_key_is_a_key_of_the_users_own() {
    assert_eq!(codes(r#"{"endpointName":"a","endpointName2":"b"}"#), []);
    assert_eq!(codes(r#"{"endpointName2":"b"}"#)[0].0, "key/near-miss");
}

#[test]
fn a_document_that_stands_in_no_source_is_checked_as_well() {
    let root = Value::Object(vec![Member::new("algorithmARN", Value::String("<arn>".into()))]).into();
    let documents = Documents { sources: crate::Sources::default(), root, digests: Vec::new() };
    let findings = validate(&documents, &"/p".parse().unwrap(), &ProjectRules::default()).unwrap_err();
    assert_eq!(findings[0].code, "value/placeholder");
}

#[test]
fn an_instance_type_of_a_new_family_is_no_error() {
    for (name, code) in [
        ("ml.z9x.2xlarge", "value/new-instance-type"),
        ("ml.c5.3xlarge", "value/enum"),
        ("c5.2xlarge", "value/enum"),
        ("ml.C9.large", "value/enum"),
    ] {
        assert_eq!(codes(&format!(r#"{{"trainingInstanceType":"{name}"}}"#))[0].0, code, "{name}");
        assert_eq!(codes(&format!(r#"{{"model":{{"hosting":{{"instanceType":"{name}"}}}}}}"#))[0].0, code);
    }
}

#[test]
fn the_size_of_the_input_is_counted_in_bytes_to_the_last() {
    // 81 members of some 3,200 bytes each, and one to fill up.
    let document = |fill: usize| {
        let members: Vec<_> = (10..91).map(|n| format!(r#""m{n}":"{}","#, "é".repeat(1596))).collect();
        format!(r#"{{{}"fill":"{}"}}"#, members.concat(), "x".repeat(fill))
    };
    let room = MAX_INPUT_BYTES - document(0).len();
    assert_eq!(codes(&document(room)), []);
    assert_eq!(codes(&document(room + 1)), [("document/input-too-large", "/m10".to_owned())]);
}

#[test]
fn what_stands_just_within_a_limit_is_allowed() {
    let target = |value: &str| {
        format!(
            r#"{{"targetTrackingScalingPolicyConfiguration":{{"TargetValue":{value},"ScaleInCooldown":0}}}}"#
        )
    };
    let capacity = |initial: u32| {
        format!(
            r#"{{"model":{{"hosting":{{"initialInstanceCount":{initial}}}}},"autoscalingMinCapacity":2,"autoscalingMaxCapacity":4}}"#
        )
    };
    let statics = |count: usize, length: usize| {
        let members: Vec<_> = (0..count).map(|n| format!(r#""p{n}":"{}""#, "x".repeat(length))).collect();
        format!(r#"{{"staticHyperParameters":{{{}}}}}"#, members.join(","))
    };
    let spot = |rest: &str| format!(r#"{{"spotTrainingCheckpointS3Uri":"s3://demo-bucket/x"{rest}}}"#);
    for (text, code) in [
        // 2^360 is some 2.3485e108.
        (target("2.348e108"), None),
        (target("-2.348e108"), None),
        (target("2.349e108"), Some("value/bounds")),
        (target("-2.349e108"), Some("value/bounds")),
        (capacity(2), None),
        (capacity(4), None),
        (capacity(1), Some("scaling/capacity")),
        (capacity(5), Some("scaling/capacity")),
        (r#"{"autoscalingMinCapacity":4,"autoscalingMaxCapacity":4}"#.to_owned(), None),
        (r#"{"autoscalingMinCapacity":5,"autoscalingMaxCapacity":4}"#.to_owned(), Some("scaling/capacity")),
        (statics(100, 1), None),
        (statics(101, 1), Some("hyperparameter/count")),
        (statics(1, 2500), None),
        (statics(1, 2501), Some("value/length")),
        // Too long for the member, and so not told to be large for a parameter as well.
        (statics(1, 5000), Some("value/length")),
        (statics(1, 9000), Some("value/length")),
        (format!(r#"{{"notes":"{}"}}"#, "x".repeat(8192)), Some("value/advanced-tier")),
        (format!(r#"{{"notes":"{}"}}"#, "x".repeat(8193)), Some("value/size")),
        // Bytes are counted, not characters; a list counts with its commas.
        (format!(r#"{{"notes":"{}"}}"#, "é".repeat(2048)), None),
        (format!(r#"{{"notes":"{}"}}"#, "é".repeat(2049)), Some("value/advanced-tier")),
        (format!(r#"{{"notes":"{}"}}"#, "é".repeat(4097)), Some("value/size")),
        (format!(r#"{{"notes":["{}","{}"]}}"#, "x".repeat(4096), "x".repeat(4096)), Some("value/size")),
        // `/ml-project` is one level of the 15.
        (format!("{}1{}", r#"{"a":"#.repeat(14), "}".repeat(14)), None),
        (format!("{}1{}", r#"{"a":"#.repeat(15), "}".repeat(15)), Some("name/path")),
        (ranges("Integer", r#""MinValue":"5","MaxValue":"5""#), Some("range/bounds")),
        (spot(r#","enableManagedSpotTraining":true"#), None),
        (spot(r#","enableManagedSpotTraining":"true""#), None),
        (spot(r#","enableManagedSpotTraining":"false""#), Some("spot/checkpoint-unused")),
        (spot(""), Some("spot/checkpoint-unused")),
    ] {
        let found: Vec<_> = codes(&text).into_iter().map(|finding| finding.0).collect();
        assert_eq!(found, code.into_iter().collect::<Vec<_>>(), "{}", &text[..text.len().min(200)]);
    }
}

#[test]
fn a_secret_stands_at_a_key_of_the_users_own() {
    let secret = r#"{"$secret":"env:TOKEN"}"#;
    for (text, code, pointer) in [
        (format!(r#"{{"own":{secret},"deep":{{"own":{secret}}},"model":{{"own":{secret}}}}}"#), "", ""),
        (format!(r#"{{"endpiontName":{secret}}}"#), "key/near-miss", "/endpiontName"),
        (format!(r#"{{"x.releases":{secret}}}"#), "name/releases", "/x.releases"),
        (format!(r#"{{"a b":{secret}}}"#), "name/level", "/a b"),
        (format!(r#"{{"own":[{{"x":{secret}}}]}}"#), "secret/in-list", "/own/0/x"),
        (format!(r#"{{"own":{{"$secret":{secret}}}}}"#), "secret/source", "/own/$secret"),
        (r#"{"own":{"$secret":null}}"#.to_owned(), "secret/source", "/own/$secret"),
        (r#"{"own":{"$secret":"env:","x":1}}"#.to_owned(), "secret/shape", "/own/x"),
        (r#"{"$secret":"env:TOKEN"}"#.to_owned(), "name/level", "/$secret"),
        (format!(r#"{{"staticHyperParameters":{secret}}}"#), "secret/verbatim", "/staticHyperParameters"),
        (
            format!(r#"{{"parameterRanges":{{"IntegerParameterRanges":[{secret}]}}}}"#),
            "secret/verbatim",
            "/parameterRanges/IntegerParameterRanges/0",
        ),
        (
            format!(r#"{{"parameterRanges":{{"IntegerParameterRanges":{secret}}}}}"#),
            "secret/verbatim",
            "/parameterRanges/IntegerParameterRanges",
        ),
        (
            ranges("Integer", r#""MinValue":{"$secret":"hunter2"},"MaxValue":"1""#),
            "secret/verbatim",
            "/parameterRanges/IntegerParameterRanges/0/MinValue",
        ),
    ] {
        let found = codes(&text);
        let expected: Vec<_> = if code.is_empty() { Vec::new() } else { vec![(code, pointer.to_owned())] };
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn no_level_of_a_name_ends_as_release_records_do() {
    for (text, pointer) in [
        (r#"{"a.releases":1}"#, "/a.releases"),
        (r#"{"model":{"hosting":{".releases":1}}}"#, "/model/hosting/.releases"),
        (r#"{"staticHyperParameters":{"a.releases":"1"}}"#, "/staticHyperParameters/a.releases"),
        (
            r#"{"parameterRanges":{"CategoricalParameterRanges":[{"Name":"a.releases","Values":["x"]}]}}"#,
            "/parameterRanges/CategoricalParameterRanges/0/Name",
        ),
    ] {
        assert_eq!(codes(text), [("name/releases", pointer.to_owned())], "{text}");
    }
    assert_eq!(codes(r#"{"releases":1,"a.releases.b":1,"a":[{"b.releases":1}]}"#), []);
}
