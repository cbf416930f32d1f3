//! What the system that this one replaces stored and sent for its own example, reproduced.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use mlpp_parameters::{
    Content, Digest, Documents, DriftPolicy, Effective, LiveParameter, Manifest, ManifestEvent,
    ParameterType, ProjectRules, Provenance, Resolution, Revision, Sources, Stamp, StorePath, encode,
    execution_input, resolve, validate,
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

fn documents(golden: &Path) -> Documents {
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

/// The parameters as the store holds them after an import by `content`.
fn stored(content: &Content) -> Vec<LiveParameter> {
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
    live
}

/// The parameters as the replaced system stored them.
fn stored_by_it(golden: &Path) -> Vec<LiveParameter> {
    let stored = json(golden.join("golden-parameters.json"));
    let rows = stored["parameters"].as_array().unwrap().iter();
    rows.map(|row| LiveParameter {
        name: row["Name"].as_str().unwrap().parse().unwrap(),
        parameter_type: match row["Type"].as_str().unwrap() {
            "StringList" => ParameterType::StringList,
            _ => ParameterType::String,
        },
        value: row["Value"].as_str().unwrap().to_owned(),
        version: 1,
    })
    .collect()
}

fn event() -> ManifestEvent {
    ManifestEvent {
        bucket: "demo-bucket".into(),
        key: "manifests/manifest.json".into(),
        revision: Revision::Version("v1".into()),
        last_modified: 1_594_981_230,
    }
}

/// The execution input that the launch composes of the parameters `read` and the manifest with the text `manifest`.
fn launched(read: &Resolution, release: Option<u64>, manifest: &str) -> (Value, Stamp) {
    let mut sources = Sources::default();
    let source = sources.add("manifest.json", manifest);
    let parsed = Manifest::parse(&mut sources, source).unwrap();
    let effective = Effective::compose(
        &read.document().unwrap(),
        "the release",
        &parsed,
        &path(),
        &ProjectRules::default(),
        sources,
    )
    .unwrap();
    assert_eq!(effective.warnings, []);
    let stamp = Stamp::of(&event(), NonZeroU32::MIN);
    let provenance = Provenance {
        release,
        policy: DriftPolicy::Use,
        drift: read.drift.clone(),
        event: event(),
        manifest_digest: Digest::of(manifest),
        overridden: effective.overridden,
        tool: "mlpp test".into(),
    };
    let input = execution_input(&effective.document, &parsed, &stamp, &provenance).unwrap();
    (serde_json::from_str(&input).unwrap(), stamp)
}

fn manifest(golden: &Path) -> String {
    std::fs::read_to_string(golden.join("golden-inputs/manifest.json")).unwrap()
}

/// Takes what is other than in the input that the replaced system sent out of both, one by one; what is left must be equal.
fn take_exceptions(input: &mut Value, expected: &mut Value, stamp: &Stamp, provenance: &Value) {
    for (pointer, base) in [("/tuningJobName", "survival-tuning"), ("/model/name", "survival-model")] {
        let theirs = expected.pointer_mut(pointer).unwrap().take();
        assert_eq!(theirs, json!(format!("{base}-20200717102030")));
        assert_eq!(input.pointer_mut(pointer).unwrap().take(), json!(format!("{base}-{stamp}")));
    }
    let target = "/targetTrackingScalingPolicyConfiguration/TargetValue";
    assert_eq!(expected.pointer_mut(target).unwrap().take(), json!(5000.0));
    assert_eq!(input.pointer_mut(target).unwrap().take(), json!(5000));
    assert_eq!(input.as_object_mut().unwrap().remove("provenance").unwrap(), *provenance);
}

fn provenance(release: Option<u64>, manifest: &str) -> Value {
    json!({
        "release": release,
        "policy": "use",
        "drift": {"count": 0, "names": []},
        "manifest": {
            "bucket": "demo-bucket",
            "key": "manifests/manifest.json",
            "version": "v1",
            "digest": Digest::of(manifest),
        },
        "tool": "mlpp test",
    })
}

#[test]
fn the_example_is_sent_as_the_same_execution_input() {
    let Some(golden) = golden() else { return };
    let content = encode(&documents(&golden).root, &path()).unwrap();
    let read = resolve(&path(), Some(&content), &[], &stored(&content)).unwrap();
    let manifest = manifest(&golden);
    let (mut input, stamp) = launched(&read, Some(1), &manifest);
    let mut expected = json(golden.join("golden-execution-input.canonical.json"));
    take_exceptions(&mut input, &mut expected, &stamp, &provenance(Some(1), &manifest));
    assert_eq!(input, expected);
}

#[test]
fn a_tree_that_the_replaced_system_wrote_is_sent_as_the_same_execution_input() {
    let Some(golden) = golden() else { return };
    let read = resolve(&path(), None, &[], &stored_by_it(&golden)).unwrap();
    let manifest = manifest(&golden);
    let (mut input, stamp) = launched(&read, None, &manifest);
    let mut expected = json(golden.join("golden-execution-input.canonical.json"));
    take_exceptions(&mut input, &mut expected, &stamp, &provenance(None, &manifest));
    // Nothing is stored for a list without ranges, and there is no record that it was there.
    let kinds = expected["parameterRanges"].as_object_mut().unwrap();
    assert_eq!(kinds.remove("CategoricalParameterRanges"), Some(json!([])));
    // The document had a text that the service takes as a number; without a record it is one.
    let count = "/model/hosting/initialInstanceCount";
    assert_eq!(expected.pointer_mut(count).unwrap().take(), json!("1"));
    assert_eq!(input.pointer_mut(count).unwrap().take(), json!(1));
    // The store does not keep the order of ranges, and there is no record that does.
    for kind in ["IntegerParameterRanges", "ContinuousParameterRanges"] {
        for side in [&mut input, &mut expected] {
            let ranges = side["parameterRanges"][kind].as_array_mut().unwrap();
            ranges.sort_by_key(|range| range["Name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(input, expected);
}

// DEFECTS C20
#[test]
fn what_the_manifest_overrides_is_all_that_differs() {
    let Some(golden) = golden() else { return };
    let content = encode(&documents(&golden).root, &path()).unwrap();
    let read = resolve(&path(), Some(&content), &[], &stored(&content)).unwrap();
    let plain = manifest(&golden);
    let mut overriding: Value = serde_json::from_str(&plain).unwrap();
    overriding["parameters"] = json!({
        "staticHyperParameters": {"seed": "7"},
        "maxNumberOfTrainingJobs": 3,
        "maxParallelTrainingJobs": 3,
        "parameterRanges": {"IntegerParameterRanges": [{"Name": "ntrees", "MaxValue": "20"}]},
    });
    let overriding = overriding.to_string();
    let (mut input, stamp) = launched(&read, Some(1), &overriding);
    let (mut expected, same_stamp) = launched(&read, Some(1), &plain);
    assert_eq!(stamp, same_stamp);

    let ranges = read.document().unwrap();
    let ranges = ranges.value.get("parameterRanges").unwrap().value.get("IntegerParameterRanges").unwrap();
    let ranges: Value = serde_json::from_str(&ranges.to_string()).unwrap();
    let at = ranges.as_array().unwrap().iter().position(|range| range["Name"] == "ntrees").unwrap();
    let max = format!("/parameterRanges/IntegerParameterRanges/{at}/MaxValue");
    for (pointer, theirs, ours) in [
        ("/staticHyperParameters/seed", json!("1"), json!("7")),
        ("/maxNumberOfTrainingJobs", json!(10), json!(3)),
        ("/maxParallelTrainingJobs", json!(10), json!(3)),
        (&max, json!("100"), json!("20")),
    ] {
        assert_eq!(expected.pointer_mut(pointer).unwrap().take(), theirs, "{pointer}");
        assert_eq!(input.pointer_mut(pointer).unwrap().take(), ours, "{pointer}");
    }
    let mut told = input.as_object_mut().unwrap().remove("provenance").unwrap();
    let mut overrides: Vec<String> = serde_json::from_value(told["overrides"].take()).unwrap();
    overrides.sort();
    assert_eq!(
        overrides,
        ["/maxNumberOfTrainingJobs", "/maxParallelTrainingJobs", &max, "/staticHyperParameters/seed",]
    );
    told.as_object_mut().unwrap().remove("overrides");
    assert_eq!(told, provenance(Some(1), &overriding));
    assert_eq!(expected.as_object_mut().unwrap().remove("provenance"), Some(provenance(Some(1), &plain)));
    assert_eq!(input, expected);
}
