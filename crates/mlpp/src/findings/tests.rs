use serde_json::Value;

use super::*;

fn findings() -> Findings {
    let mut sources = Sources::default();
    let document = sources.add("project/a b.json", "{\n  \"ü\": 7\n}\n");
    let span = |start, end| mlpp_parameters::json::Span::new(document, start, end);
    let mut findings = Findings::default();
    let error = Diagnostic::error("value/bounds", span(10, 11), "7 is too much").at("/ü".to_owned());
    findings.add(&[error.label("1 to 3").help("write less")], &sources);
    findings.add(&[Diagnostic::warning("key/near-miss", span(4, 8), "not known")], &sources);
    let plain = crate::error::Plain {
        code: "project/file-absent",
        message: "there is no x.json".to_owned(),
        help: "make it".to_owned(),
    };
    findings.add_error(CommandError::one(crate::exit_code::ExitCode::InvalidInput, plain));
    findings
}

#[test]
fn a_finding_has_its_place_in_characters() {
    let findings = findings();
    assert_eq!((findings.errors(), findings.warnings()), (2, 1));
    let record = &findings.records[0];
    assert_eq!(record.pointer.as_deref(), Some("/ü"));
    assert_eq!(record.message, "7 is too much");
    let place = &record.place;
    assert_eq!(
        (place.line, place.column, place.end_line, place.end_column),
        (Some(2), Some(8), Some(2), Some(9))
    );
    assert_eq!(findings.records[2].place, Place::default());
}

#[test]
fn files_are_named_within_the_project() {
    for (file, folder, within) in [
        ("project/a.json", "project", "a.json"),
        ("project/env/a.json", "project", "env/a.json"),
        ("a.json", "", "a.json"),
        ("./a.json", ".", "a.json"),
        ("/elsewhere/a.json", "project", "/elsewhere/a.json"),
        ("project/../a.json", "project", "../a.json"),
    ] {
        assert_eq!(relative(file, Path::new(folder)), within, "{file} in {folder}");
    }
}

/// What the schema of SARIF 2.1.0 requires of every object that is written here.
#[test]
fn the_log_has_what_sarif_requires() {
    let mut records = findings().records;
    for file in records.iter_mut().filter_map(|record| record.place.file.as_mut()) {
        *file = relative(file, Path::new("project"));
    }
    let log = sarif::log(&records);
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "mlpp");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(!rule["id"].as_str().unwrap().is_empty());
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
        // A multiformatMessageString must have a text beside its Markdown.
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty());
        assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# "));
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        for location in result["locations"].as_array().into_iter().flatten() {
            let physical = &location["physicalLocation"];
            assert_eq!(physical["artifactLocation"]["uri"], "a%20b.json");
            for member in ["startLine", "startColumn", "endLine", "endColumn"] {
                assert!(physical["region"][member].as_u64().unwrap() >= 1, "{member}");
            }
        }
    }
    assert_eq!(results[2].get("locations"), None::<&Value>);
}
