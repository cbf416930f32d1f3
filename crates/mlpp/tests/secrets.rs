//! A secret appears in nothing that is printed, and in no file but its own.

#![allow(clippy::unwrap_used)]

mod util;

use std::process::{Command, Output};

use mlpp_parameters::ParameterType;
use serde_json::Value;
use util::Project;

const VARIABLE: &str = "s3nt1nel-of-the-variable";
const POINTED: &str = "s3nt1nel-of-mlpp-toml";
const FILE: &str = "s3nt1nel-of-the-file";
const CHANGED: &str = "s3nt1nel-of-another-value";
/// What no output and no file may hold.
const SENTINEL: &[u8] = b"s3nt1nel";
/// The same in base64, at each of the three offsets that it may have.
const ENCODED: [&[u8]; 3] = [b"czNudDFuZW", b"MzbnQxbmVs", b"zM250MW5lb"];

fn contains(bytes: &[u8]) -> bool {
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    has(SENTINEL) || ENCODED.iter().any(|part| has(part))
}

/// A project with three secrets, whose workflow gives back its input.
struct Secretive {
    project: Project,
    variable: &'static str,
}

impl Secretive {
    fn new() -> Self {
        let project = Project::titanic();
        let settings = project.read("mlpp.toml");
        let settings = settings.replace("\"model-tuning-with-endpoint-deployment\"", "\"own\"");
        project.write(
            "mlpp.toml",
            format!(
                "documents = [\"own.json\"]\n{settings}\n[secrets]\n\"/own/pointed\" = \"env:TEST_POINTED\"\n\
                 [state_machines]\nown = \"own.asl.json\"\n"
            ),
        );
        project.write("own.asl.json", r#"{"StartAt": "E", "States": {"E": {"Type": "Pass", "End": true}}}"#);
        project.write(
            "own.json",
            r#"{"own": {"token": {"$secret": "env:TEST_TOKEN"}, "password": {"$secret": "file:secret.txt"}}}"#,
        );
        project.write("secret.txt", format!("{FILE}\n"));
        Self { project, variable: VARIABLE }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        command
            .env("TEST_TOKEN", self.variable)
            .env("TEST_POINTED", POINTED)
            .env("RUST_LOG", "trace")
            .env("RUST_BACKTRACE", "full");
        command
    }

    /// Runs a command that ends with `code`; nothing that it prints and no file that it leaves may hold a secret.
    #[track_caller]
    fn run(&self, code: i32, args: &[&str]) -> Output {
        self.check(code, &mut self.command(args))
    }

    #[track_caller]
    fn check(&self, code: i32, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        let report = self.project.report(command, &output);
        assert!(!contains(&output.stdout), "standard output tells a secret: {report}");
        assert!(!contains(&output.stderr), "standard error tells a secret: {report}");
        assert_eq!(output.status.code(), Some(code), "{report}");
        for (file, bytes) in self.project.bytes("") {
            assert!(file.ends_with("/secret.txt") || !contains(&bytes), "{file} holds a secret: {report}");
        }
        output
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_slice(&self.run(0, args).stdout).unwrap()
    }
}

#[test]
fn no_command_tells_a_secret_and_no_file_holds_it() {
    let mut secretive = Secretive::new();
    let before = [
        &["plan"][..],
        &["plan", "--json"],
        &["render", "--documents"],
        &["package", "--out", "package"],
        &["show"],
        &["show", "--json"],
        &["show", "--yaml"],
        &["show", "--env"],
        &["show", "--origin"],
        &["show", "--origin", "--json"],
        &["show", "--config"],
        &["show", "--config", "--json"],
    ];
    for args in before {
        secretive.run(0, args);
    }
    assert!(!secretive.project.path().join(".mlpp").exists(), "something was written");
    secretive.run(0, &["plan", "--out", "first.plan"]);
    secretive.run(0, &["apply", "first.plan"]);
    secretive.variable = CHANGED;
    // A plan from before the store was changed, with a secret that has another value.
    secretive.run(3, &["apply", "first.plan"]);
    secretive.run(6, &["plan", "--exit-code"]);
    secretive.run(0, &["apply", "--json"]);
    secretive.project.edit("/ml-project/own/password", ParameterType::SecureString, FILE);
    let after = [
        (0, &["plan", "--json"][..]),
        (0, &["plan", "--keep-drift"]),
        (0, &["plan", "--out", "second.plan"]),
        (0, &["show", "--live"]),
        (0, &["show", "--live", "--json"]),
        (0, &["show", "--live", "--env"]),
        (0, &["show", "--release", "1", "--yaml"]),
        (6, &["show", "--live", "--drift", "fail"]),
        (0, &["diff"]),
        (0, &["diff", "1", "2"]),
        (0, &["diff", "1", "2", "--json"]),
        (6, &["diff", "--live", "--exit-code"]),
        (0, &["diff", "--live", "--json"]),
        (0, &["history"]),
        (0, &["history", "--json"]),
        (0, &["history", "own/token"]),
        (0, &["history", "own/password", "--json"]),
        (0, &["render"]),
        (0, &["render", "--compact", "--drift", "ignore"]),
        (0, &["run", "--json"]),
        (0, &["pin", "1"]),
        (0, &["rollback", "1"]),
        (0, &["package", "--out", "package", "--force"]),
        (3, &["destroy"]),
        (0, &["destroy", "--yes"]),
    ];
    for (code, args) in after {
        secretive.run(code, args);
    }
}

#[test]
fn fingerprints_tell_equal_values_from_different_ones() {
    let mut secretive = Secretive::new();
    secretive.run(0, &["apply"]);
    secretive.variable = CHANGED;
    secretive.run(0, &["apply"]);
    secretive.run(0, &["rollback", "1"]);
    let shown = |parameter: &str| {
        let rows = secretive.json(&["history", parameter, "--json"]);
        let rows = rows.as_array().unwrap().iter().rev();
        rows.map(|row| {
            assert_eq!(row["value"], Value::Null);
            let shown = row["shown"].as_str().unwrap();
            shown.strip_prefix("secret ").unwrap().split_once(',').unwrap().0.to_owned()
        })
        .collect::<Vec<_>>()
    };
    let token = shown("own/token");
    assert_eq!(token.len(), 3);
    assert_eq!(token[0], token[2], "a rollback brings the value back");
    assert_ne!(token[0], token[1]);
    let password = shown("own/password");
    assert_eq!(password.len(), 1, "it has not changed");
    assert_ne!(password[0], token[0]);
    // The same value at another parameter has the same fingerprint.
    secretive.project.write("secret.txt", VARIABLE);
    secretive.run(0, &["apply"]);
    assert_eq!(secretive.json(&["history", "own/password", "--json"])[0]["shown"], {
        format!("secret {}, version 2", token[0])
    });
}

#[test]
fn a_secret_that_cannot_be_used_is_told_by_its_source_and_nothing_is_written() {
    let secretive = Secretive::new();
    let long = format!("{VARIABLE}{}", "x".repeat(8192));
    let braces = format!("{VARIABLE}{{{{");
    for value in [None, Some(""), Some(long.as_str()), Some(braces.as_str())] {
        for args in [["plan"], ["apply"]] {
            let mut command = secretive.command(&args);
            match value {
                None => command.env_remove("TEST_TOKEN"),
                Some(value) => command.env("TEST_TOKEN", value),
            };
            let output = secretive.check(3, &mut command);
            let told = secretive.project.stderr(&output);
            assert!(told.contains("secret/unreadable") && told.contains("env:TEST_TOKEN"), "{told}");
            assert!(!secretive.project.path().join(".mlpp").exists(), "something was written");
        }
    }
    secretive.project.remove("secret.txt");
    let told = secretive.project.stderr(&secretive.run(3, &["apply"]));
    assert!(told.contains("secret.txt"), "{told}");
    secretive.project.write("secret.txt", b"\xff\xfe");
    secretive.run(3, &["apply"]);
    assert!(!secretive.project.path().join(".mlpp").exists(), "something was written");
}

/// The places where somebody may write the secret itself instead of its source.
#[test]
fn a_secret_in_the_wrong_place_is_not_quoted() {
    not_quoted(&[
        ("own.json", "\"env:TEST_TOKEN\"", "\"s3nt1nel\"", "secret/source"),
        ("own.json", "\"env:TEST_TOKEN\"", "\"env:s3nt1nel of mine\"", "secret/source"),
        ("own.json", "\"env:TEST_TOKEN\"", "[\"s3nt1nel\"]", "secret/source"),
        ("own.json", "\"env:TEST_TOKEN\"", "\"env:TEST_TOKEN\", \"value\": \"s3nt1nel\"", "secret/shape"),
        ("own.json", "{\"$secret\": \"env:TEST_TOKEN\"}", "[{\"$secret\": \"s3nt1nel\"}]", "secret/in-list"),
        (
            "hyperparameters.json",
            "\"seed\": \"1\"",
            "\"seed\": {\"$secret\": \"s3nt1nel\"}",
            "secret/verbatim",
        ),
    ]);
}

#[test]
fn a_secret_in_the_settings_is_not_quoted() {
    not_quoted(&[("mlpp.toml", "\"env:TEST_POINTED\"", "\"s3nt1nel\"", "config/secret")]);
}

/// Replaces one text by another in a file, and runs all that reads it.
#[track_caller]
fn not_quoted(mistakes: &[(&str, &str, &str, &str)]) {
    for &(file, from, to, code) in mistakes {
        let secretive = Secretive::new();
        secretive.project.replace(file, from, to);
        for args in [&["plan"][..], &["apply"], &["show"], &["package"], &["render"], &["run"]] {
            let mut command = secretive.command(args);
            let output = command.output().unwrap();
            let report = secretive.project.report(&command, &output);
            assert_eq!(output.status.code(), Some(3), "{report}");
            assert!(!contains(&output.stdout) && !contains(&output.stderr), "a secret is told: {report}");
            assert!(secretive.project.stderr(&output).contains(code), "no {code}: {report}");
        }
        assert!(!secretive.project.path().join(".mlpp").exists(), "something was written");
    }
}
