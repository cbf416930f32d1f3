//! For each rule: a file that breaks it and nothing else, with the finding beside it as text, and a file that keeps it.
//!
//! `tests/samples/{invalid,valid}/<area>__<what>.json`; a rule of manifests has a manifest, and `<…>.second.json` is a
//! second document of the same sample. `<…>.project.json` holds the project's own rules for a sample. With `MLPP_WRITE_SAMPLES=1` the findings are written anew instead of compared.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mlpp_parameters::{Diagnostic, Documents, Manifest, ProjectRules, Sources, StorePath, rules, validate};
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name)
}

/// Whether the rule is checked in this build: schemas take the feature `schema`.
fn is_checked(id: &str) -> bool {
    cfg!(feature = "schema") || !id.starts_with("schema/") && !id.starts_with("target/")
}

/// The ids of the samples in a folder.
fn samples(folder: &Path) -> BTreeSet<String> {
    let files =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ids = files.filter_map(|file| file.strip_suffix(".json").map(str::to_owned));
    ids.filter(|id| !id.contains('.')).map(|id| id.replace("__", "/")).collect()
}

fn file(folder: &Path, id: &str, end: &str) -> PathBuf {
    folder.join(format!("{}{end}", id.replace('/', "__")))
}

/// The documents of a sample, by the name of each.
fn texts(folder: &Path, id: &str) -> Vec<(String, Vec<u8>)> {
    let files = [file(folder, id, ".json"), file(folder, id, ".second.json")];
    let there = files.into_iter().filter(|file| file.exists());
    there
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(file).unwrap()))
        .collect()
}

/// The project's own rules for a sample.
fn project(folder: &Path, id: &str) -> ProjectRules {
    let Ok(text) = std::fs::read(file(folder, id, ".project.json")) else { return ProjectRules::default() };
    let project: Value = serde_json::from_slice(&text).unwrap();
    let mut rules = ProjectRules::default();
    for (name, value) in project.as_object().unwrap() {
        rules = match name.as_str() {
            "buckets" => {
                let buckets: Vec<String> = serde_json::from_value(value.clone()).unwrap();
                rules.with_buckets(buckets)
            }
            #[cfg(feature = "schema")]
            "target" => rules.with_target("own-workflow", schema("own-workflow.input.schema.json", value)),
            #[cfg(feature = "schema")]
            "schemas" => {
                let schemas = value.as_array().unwrap().iter();
                schemas.fold(rules, |rules, value| rules.with_schema(schema("own.schema.json", value)))
            }
            other => panic!("{id}: a project has no {other}"),
        };
    }
    rules
}

#[cfg(feature = "schema")]
fn schema(name: &str, value: &Value) -> mlpp_parameters::schema::Schema {
    let mut sources = Sources::default();
    let source = sources.add(name, value.to_string());
    mlpp_parameters::schema::Schema::parse(&sources, source).unwrap()
}

/// Everything that is found in documents, or in a manifest or a schema when the rule is about those.
fn findings(id: &str, texts: Vec<(String, Vec<u8>)>, project: &ProjectRules) -> (Vec<Diagnostic>, Sources) {
    if id.starts_with("manifest/") || id == "schema/not-valid" {
        let mut sources = Sources::default();
        let (name, bytes) = texts.into_iter().next().unwrap();
        let source = sources.add_bytes(name, &bytes).unwrap();
        let findings = match id.split_once('/').unwrap().0 {
            "manifest" => Manifest::parse(&mut sources, source).err(),
            #[cfg(feature = "schema")]
            "schema" => mlpp_parameters::schema::Schema::parse(&sources, source).err(),
            other => panic!("{other}"),
        };
        return (findings.unwrap_or_default(), sources);
    }
    let path: StorePath = "/ml-project".parse().unwrap();
    match Documents::merge(texts) {
        Err(refused) => refused,
        Ok(documents) => {
            let findings =
                validate(&documents, &path, project).map_or_else(|findings| findings, |valid| valid.warnings);
            (findings, documents.sources)
        }
    }
}

fn as_text(finding: &Diagnostic, sources: &Sources) -> String {
    let (line, column) = sources.line_column(finding.span).unwrap();
    let source = sources.get(finding.span.source).unwrap();
    let marked: String =
        source.text[finding.span.start as usize..finding.span.end as usize].chars().take(60).collect();
    let mut text = String::new();
    writeln!(text, "code:     {}", finding.code).unwrap();
    writeln!(text, "severity: {:?}", finding.severity).unwrap();
    writeln!(text, "pointer:  {}", finding.pointer).unwrap();
    writeln!(text, "place:    {}:{line}:{column}", source.name).unwrap();
    writeln!(text, "marked:   {}", marked.lines().next().unwrap_or_default()).unwrap();
    writeln!(text, "message:  {}", finding.message).unwrap();
    writeln!(text, "label:    {}", finding.label).unwrap();
    writeln!(text, "help:     {}", finding.help.as_deref().unwrap_or_default()).unwrap();
    text
}

#[test]
fn every_rule_has_its_samples_and_no_sample_is_without_a_rule() {
    let ids: BTreeSet<_> = rules::all().iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(samples(&folder("invalid")), ids);
    assert_eq!(samples(&folder("valid")), ids);
    for entry in std::fs::read_dir(folder("invalid")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let id = name.split('.').next().unwrap().replace("__", "/");
        assert!(ids.contains(&id), "{name} belongs to no rule");
    }
}

#[test]
fn each_invalid_sample_has_the_one_finding_that_stands_beside_it() {
    let folder = folder("invalid");
    for id in samples(&folder).into_iter().filter(|id| is_checked(id)) {
        let (findings, sources) = findings(&id, texts(&folder, &id), &project(&folder, &id));
        let [finding] = findings.as_slice() else { panic!("{id}: not one finding but {findings:#?}") };
        let rule = rules::explain(&id).unwrap();
        assert_eq!((finding.code, finding.severity), (rule.id, rule.severity), "{id}");
        let (text, golden) = (as_text(finding, &sources), file(&folder, &id, ".txt"));
        if std::env::var_os("MLPP_WRITE_SAMPLES").is_some() {
            std::fs::write(&golden, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(text, expected, "{id}: look at it, then write it anew with MLPP_WRITE_SAMPLES=1");
    }
}

#[test]
fn no_valid_sample_has_a_finding() {
    let folder = folder("valid");
    for id in samples(&folder).into_iter().filter(|id| is_checked(id)) {
        let (findings, _) = findings(&id, texts(&folder, &id), &project(&folder, &id));
        assert!(findings.is_empty(), "{id}: {findings:#?}");
    }
}

#[test]
fn the_examples_of_each_page_show_what_it_says() {
    for rule in rules::all().iter().filter(|rule| is_checked(rule.id)) {
        let project = project(&folder("invalid"), rule.id);
        let (before, right) =
            rule.page.split_once("\n## Right\n").unwrap_or_else(|| panic!("{}: no Right", rule.id));
        assert!(right.contains("\n## What to do\n"), "{}", rule.id);
        if let Some((_, wrong)) = before.split_once("\n## Wrong\n") {
            let blocks = blocks(wrong);
            assert!(!blocks.is_empty() || wrong.contains("```text"), "{}: no example", rule.id);
            if !blocks.is_empty() {
                let codes: Vec<_> =
                    findings(rule.id, blocks, &project).0.iter().map(|finding| finding.code).collect();
                assert_eq!(codes, [rule.id]);
            }
        }
        let right = blocks(right);
        assert_eq!(right.len(), 1, "{}", rule.id);
        assert!(findings(rule.id, right, &project).0.is_empty(), "{}: its right example is wrong", rule.id);
    }
}

/// The JSON examples in a part of a page.
fn blocks(part: &str) -> Vec<(String, Vec<u8>)> {
    let blocks = part.split("```json\n").skip(1);
    let texts = blocks.map(|block| block.split("\n```").next().unwrap().as_bytes().to_vec());
    texts.enumerate().map(|(index, text)| (format!("example {index}"), text)).collect()
}

/// Ids stand as literals where findings are made: each must be a rule's.
#[test]
fn every_id_in_the_code_is_a_rule() {
    let ids: BTreeSet<_> = rules::all().iter().map(|rule| rule.id).collect();
    let areas: BTreeSet<_> = ids.iter().map(|id| id.split('/').next().unwrap()).collect();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // Tests, which stand last, may have ids that are none; the registry is what this compares with.
            let code = text.split("#[cfg(test)]").next().unwrap();
            if path.ends_with("registry.rs") || path.ends_with("tests.rs") {
                continue;
            }
            for literal in code.split('"') {
                let is_id = |(area, what): (&str, &str)| {
                    areas.contains(area)
                        && !what.is_empty()
                        && what.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                };
                if literal.split_once('/').is_some_and(is_id) {
                    assert!(ids.contains(literal), "{literal} in {} is no rule", path.display());
                    seen.insert(literal.to_owned());
                }
            }
        }
    }
    assert_eq!(seen.iter().map(String::as_str).collect::<BTreeSet<_>>(), ids, "a rule that nothing finds");
}
