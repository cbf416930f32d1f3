//! Files of settings: each invalid sample holds one mistake and has its diagnostic beside it; the valid ones have none.
//!
//! With `MLPP_WRITE_SAMPLES=1` the diagnostics are written anew instead of compared.

#![allow(clippy::unwrap_used)]

mod util;

use std::path::{Path, PathBuf};

use serde_json::Value;
use util::Project;

fn samples(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample-configs").join(kind);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    assert!(files.len() > 1);
    files
}

fn with(file: &Path) -> Project {
    let project = Project::titanic();
    project.write("mlpp.toml", std::fs::read(file).unwrap());
    project
}

#[test]
fn each_invalid_sample_has_the_diagnostic_that_stands_beside_it() {
    for file in samples("invalid") {
        let project = with(&file);
        let output = project.expect(3, ["show", "--config"]);
        assert!(output.stdout.is_empty());
        let shown = project.stderr(&output);
        assert!(!shown.contains("hunter2"), "{shown}");
        let golden = file.with_extension("txt");
        if std::env::var_os("MLPP_WRITE_SAMPLES").is_some() {
            std::fs::write(&golden, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(shown, expected, "{}: look at it, then MLPP_WRITE_SAMPLES=1", file.display());
    }
}

#[test]
fn the_valid_samples_have_none() {
    for file in samples("valid") {
        let project = with(&file);
        let output = project.expect(0, ["show", "--config", "--json"]);
        assert_eq!(project.stderr(&output), "", "{}", file.display());
    }
}

#[test]
fn each_setting_says_where_it_came_from() {
    let project = Project::titanic();
    project.write(
        "mlpp.toml",
        "drift = \"fail\"\n[environments.production]\nkeep_releases = 3\noverlays = [\"production.json\"]\n",
    );
    let mut command = project.command(["show", "--config", "--json", "-e", "production"]);
    command.env("MLPP_MANIFEST", "other.json");
    let output = command.output().unwrap();
    let settings: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (name, value, origin) in [
        ("environment", "production", "--environment"),
        ("manifest", "other.json", "MLPP_MANIFEST"),
        ("keep_releases", "3", "mlpp.toml:3:17 [environments.production]"),
        ("drift", "fail", "mlpp.toml:1:9"),
        ("parameter_store_path", "/ml-project", "default"),
        ("overlays", "production.json", "mlpp.toml"),
    ] {
        assert_eq!(settings[name]["value"], value, "{name}");
        assert_eq!(settings[name]["origin"], origin, "{name}");
    }
}

#[test]
fn the_project_is_found_by_flag_and_by_variable() {
    let project = Project::titanic();
    for (flag, variable) in [(true, false), (false, true)] {
        let mut command = project.command(["show", "--config", "--json"]);
        command.current_dir("/");
        if flag {
            command.arg("-C").arg(project.path());
        }
        if variable {
            command.env("MLPP_PROJECT", project.path());
        }
        let output = command.output().unwrap();
        let settings: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(settings["manifest_s3_bucket_name"]["value"], "demo-bucket");
    }
}
