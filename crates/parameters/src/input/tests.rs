use std::num::NonZeroU32;

use super::*;
use crate::{
    Content, Digest, Drift, DriftPolicy, Entry, ManifestEvent, ParameterType, Revision, Sources, decode,
};

const CHANNELS: &str =
    r#"[{"channelName":"training","s3DataSource":{"S3DataType":"S3Prefix","S3Uri":"s3://demo-bucket/ü"}}]"#;

fn manifest() -> Manifest {
    let mut sources = Sources::default();
    let source = sources.add("manifest.json", format!(r#"{{"channels":{CHANNELS}}}"#));
    Manifest::parse(&mut sources, source).unwrap()
}

fn event(revision: Revision) -> ManifestEvent {
    ManifestEvent { bucket: "demo-bucket".into(), key: "m.json".into(), revision, last_modified: 0 }
}

fn provenance() -> Provenance {
    Provenance {
        release: None,
        policy: DriftPolicy::Use,
        drift: Vec::new(),
        event: event(Revision::Version("v1".into())),
        manifest_digest: Digest::of("m"),
        overridden: Vec::new(),
        tool: "mlpp test".into(),
    }
}

fn first() -> Stamp {
    Stamp::of(&provenance().event, NonZeroU32::MIN)
}

fn document(text: &str) -> Node {
    let mut sources = Sources::default();
    let source = sources.add("a.json", text);
    crate::json::parse(&sources, source).unwrap()
}

fn composed(text: &str) -> Result<String, InputError> {
    execution_input(&document(text), &manifest(), &first(), &provenance())
}

fn drift_of(provenance: &Provenance) -> Value {
    provenance.to_value(&first()).get("drift").unwrap().value.clone()
}

// DEFECTS C25
#[test]
fn the_stamp_is_appended_to_two_names_and_all_else_is_as_it_was() {
    let text = r#"{"tuningJobName":"t","name":"n","model":{"name":"m","x":{"name":"y"}},"n":1e-9,"ü":["\u00f6\n",null]}"#;
    let stamp = first();
    let expected = format!(
        "{{\"tuningJobName\":\"t-{stamp}\",\"name\":\"n\",\"model\":{{\"name\":\"m-{stamp}\",\"x\":{{\"name\":\"y\"}}}},\
         \"n\":1e-9,\"ü\":[\"ö\\n\",null],\"channels\":{CHANNELS},\"provenance\":{}}}",
        provenance().to_value(&stamp)
    );
    assert_eq!(composed(text).unwrap(), expected);
}

#[test]
fn what_the_launch_adds_is_not_replaced() {
    for name in ["channels", "provenance", "release"] {
        assert_eq!(composed(&format!(r#"{{"{name}":1}}"#)), Err(InputError::Reserved(name.into())));
    }
    assert_eq!(composed("[]"), Err(InputError::Shape));
}

// DEFECTS C18
#[test]
fn an_input_may_have_262144_bytes_and_not_one_more() {
    let around = composed(r#"{"text":""}"#).unwrap().len();
    let with = |length: usize| {
        composed(&format!(r#"{{"text":"{}"}}"#, "ü".repeat(length / 2) + &"x".repeat(length % 2)))
    };
    let room = MAX_INPUT_BYTES - around;
    assert_eq!(with(room).unwrap().len(), MAX_INPUT_BYTES);
    let error = with(room + 1).unwrap_err();
    let InputError::TooLarge { bytes, largest } = &error else { panic!("{error:?}") };
    assert_eq!(*bytes, MAX_INPUT_BYTES + 1);
    let names: Vec<_> = largest.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["text", "provenance", "channels"]);
    assert_eq!(largest[0].1, "\"text\":\"\"".len() + room + 1);
    let expected = format!(
        "the execution input has 262145 bytes; at most 262144 are allowed; its largest members are \"text\" ({} bytes), ",
        largest[0].1
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn the_provenance_says_what_went_into_the_input() {
    let bare = r#"{"release":null,"policy":"use","drift":{"count":0,"names":[]},"manifest":{"bucket":"demo-bucket","key":"m.json","version":"v1","digest":"DIGEST"},"tool":"mlpp test"}"#;
    let digest = Digest::of("m");
    assert_eq!(provenance().to_value(&first()).to_string(), bare.replace("DIGEST", digest.as_str()));

    let etag = Revision::ETag { etag: "abc".into(), sequencer: Some("0055".into()) };
    let drift =
        |name: String| Drift { name, live: Some((ParameterType::String, "1".into())), recorded: true };
    let full = Provenance {
        release: Some(3),
        policy: DriftPolicy::Fail,
        drift: (0..21).map(|n| drift(format!("a/{n}"))).collect(),
        event: event(etag),
        overridden: vec!["/staticHyperParameters/seed".into()],
        ..provenance()
    };
    let second = Stamp::of(&full.event, NonZeroU32::new(2).unwrap());
    let names: Vec<_> = (0..20).map(|n| format!("\"a/{n}\"")).collect();
    assert_eq!(
        full.to_value(&second).to_string(),
        format!(
            r#"{{"release":3,"policy":"fail","drift":{{"count":21,"digest":"{}","names":[{}]}},"manifest":{{"bucket":"demo-bucket","key":"m.json","etag":"abc","digest":"{digest}"}},"overrides":["/staticHyperParameters/seed"],"attempt":2,"tool":"mlpp test"}}"#,
            drift_of(&full).get("digest").unwrap().value.as_str().unwrap(),
            names.join(",")
        )
    );
}

#[test]
fn the_digest_of_the_drift_tells_values_apart() {
    let digest = |live: Option<(ParameterType, &str)>| {
        let live = live.map(|(parameter_type, value)| (parameter_type, value.to_owned()));
        let drift = vec![Drift { name: "a".into(), live, recorded: true }];
        drift_of(&Provenance { drift, ..provenance() }).to_string()
    };
    let all = [
        digest(None),
        digest(Some((ParameterType::String, "1"))),
        digest(Some((ParameterType::String, "2"))),
        digest(Some((ParameterType::StringList, "1"))),
        digest(Some((ParameterType::SecureString, "1"))),
    ];
    assert!((0..all.len()).all(|n| !all[..n].contains(&all[n])), "{all:?}");
}

// DEFECTS C21
#[test]
fn a_secret_is_sent_by_name_and_version() {
    let levels = |text: &str| text.split('/').map(str::to_owned).collect();
    let entry = Entry::secret(levels("registry/token"), &"/p/registry/token".parse().unwrap(), 3);
    let parameters = decode(&Content { entries: vec![entry] }).unwrap();
    let input = execution_input(&parameters, &manifest(), &first(), &provenance()).unwrap();
    let sent = r#"{"registry":{"token":{"$secret":"/p/registry/token","version":3}},"channels":"#;
    assert!(input.starts_with(sent), "{input}");
}
