//! What the system that this one replaces stored and sent for its own example, reproduced.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::PathBuf;

use mlpp_parameters::{
    Digest, Documents, LiveParameter, Manifest, ManifestEvent, ParameterType, ProjectRules, Provenance,
    Sources, Stamp, StorePath, encode, execution_input, resolve, validate,
};
use serde_json::{Value, json};

/// The folder with the golden files, or `None` with a word about it.
fn golden() -> Option<PathBuf> {
    let shared = std::env::var_os("MLPP_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let golden = shared.join("golden");
    if golden.is_dir() {
        return Some(golden);
    }
    println!("skipped: golden files ({} is not there)", golden.display());
    if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(file, "golden files: crates/parameters/tests/golden.rs").unwrap();
    }
    None
}

fn documents(golden: &std::path::Path) -> Documents {
    let read = |name: &str| {
        (name.to_owned(), std::fs::read_to_string(golden.join("golden-inputs").join(name)).unwrap())
    };
    Documents::merge([read("hyperparameters.json"), read("ml-parameters.json")]).unwrap()
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn path() -> StorePath {
    "/ml-project".parse().unwrap()
}

#[test]
fn the_example_is_stored_as_the_same_56_parameters() {
    let Some(golden) = golden() else { return };
    let content = encode(&documents(&golden).root, &path()).unwrap();
    let expected = json(golden.join("golden-parameters.json"));
    let mut rows: Vec<_> = content
        .parameters()
        .map(|(entry, kind)| {
            (path().name(&entry.levels).unwrap().to_string(), kind.as_str(), entry.value.clone())
        })
        .collect();
    let stored = expected["parameters"].as_array().unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let mut wanted: Vec<_> = stored
        .iter()
        .map(|row| {
            let value = match text(row, "Value").as_str() {
                // Booleans are stored as JSON writes them.
                "True" if !text(row, "Name").contains("/staticHyperParameters/") => "true".to_owned(),
                value => value.to_owned(),
            };
            let parameter_type = if text(row, "Type") == "StringList" { "StringList" } else { "String" };
            (text(row, "Name"), parameter_type, value)
        })
        .collect();
    rows.sort();
    wanted.sort();
    assert_eq!(rows.len(), 56);
    assert_eq!(rows, wanted);
}

#[test]
fn the_example_has_no_finding() {
    let Some(golden) = golden() else { return };
    let valid = validate(&documents(&golden), &path(), &ProjectRules::default()).unwrap();
    assert_eq!(valid.warnings, []);
    assert_eq!(valid.content.parameters().count(), 56);
}

#[test]
fn the_example_is_sent_as_the_same_execution_input() {
    let Some(golden) = golden() else { return };
    let content = encode(&documents(&golden).root, &path()).unwrap();
    let live: Vec<_> = content
        .parameters()
        .map(|(entry, parameter_type)| LiveParameter {
            name: path().name(&entry.levels).unwrap(),
            parameter_type,
            value: entry.value.clone(),
            version: 1,
        })
        .collect();
    assert!(live.iter().any(|parameter| parameter.parameter_type == ParameterType::StringList));
    let parameters = resolve(&path(), Some(&content), &live).unwrap();
    assert_eq!(parameters.edited, [""; 0]);

    let text = std::fs::read_to_string(golden.join("golden-inputs/manifest.json")).unwrap();
    let manifest_digest = Digest::of(&text);
    let mut sources = Sources::default();
    let source = sources.add("manifest.json", text);
    let manifest = Manifest::parse(&sources, source).unwrap();
    let event = ManifestEvent {
        bucket: "demo-bucket".into(),
        key: "manifests/manifest.json".into(),
        version: "v1".into(),
        last_modified: 1_594_981_230,
    };
    let stamp = Stamp::of(&event);
    let provenance = Provenance {
        release: Some(1),
        edited: Vec::new(),
        event,
        manifest_digest: manifest_digest.clone(),
        tool: "mlpp test".into(),
    };
    let input = execution_input(&parameters.document, &manifest, &stamp, &provenance).unwrap();
    let mut input: Value = serde_json::from_str(&input).unwrap();
    let mut expected = json(golden.join("golden-execution-input.canonical.json"));

    // The exceptions, one by one.
    let named = |base: &str| json!(format!("{base}-{stamp}"));
    assert_eq!(expected["tuningJobName"].take(), json!("survival-tuning-20200717102030"));
    assert_eq!(input["tuningJobName"].take(), named("survival-tuning"));
    assert_eq!(expected["model"]["name"].take(), json!("survival-model-20200717102030"));
    assert_eq!(input["model"]["name"].take(), named("survival-model"));
    let target = "/targetTrackingScalingPolicyConfiguration/TargetValue";
    assert_eq!(expected.pointer_mut(target).unwrap().take(), json!(5000.0));
    assert_eq!(input.pointer_mut(target).unwrap().take(), json!(5000));
    assert_eq!(
        input.as_object_mut().unwrap().remove("provenance").unwrap(),
        json!({
            "release": 1,
            "drift": {"count": 0, "names": []},
            "manifest": {
                "bucket": "demo-bucket", "key": "manifests/manifest.json", "version": "v1", "digest": manifest_digest,
            },
            "tool": "mlpp test",
        })
    );
    assert_eq!(input, expected);
}
