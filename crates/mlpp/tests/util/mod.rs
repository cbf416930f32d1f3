//! Runs the real binary in a copy of the example, and says everything when an expectation fails.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mlpp_local::{DATABASE, LocalStore};
use mlpp_parameters::{Digest, ParameterType};
use mlpp_provider::{ParameterStore as _, PutParameter};
use serde_json::Value;

/// The example's folder in the repository.
pub(crate) fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/titanic")
}

/// A project of a test's own: a copy of the example that may be changed.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::Builder::new().prefix("mlpp-test-").tempdir().unwrap() }
    }

    /// A copy of the example with a short tuning job.
    pub(crate) fn titanic() -> Self {
        let folder = tempfile::Builder::new().prefix("mlpp-test-").tempdir().unwrap();
        copy(&example(), folder.path());
        let project = Self { folder };
        for limit in ["maxNumberOfTrainingJobs", "maxParallelTrainingJobs"] {
            project.replace("ml-parameters.json", &format!("\"{limit}\": 10"), &format!("\"{limit}\": 3"));
        }
        // Short training keeps the tests fast in a debug build.
        project.replace("hyperparameters.json", "\"MaxValue\": \"100\"", "\"MaxValue\": \"20\"");
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap()
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    pub(crate) fn remove(&self, file: &str) {
        std::fs::remove_file(self.path().join(file)).unwrap();
    }

    /// Replaces a text that must be in the file.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from:?}:\n{text}");
        self.write(file, text.replacen(from, to, 1));
    }

    /// The command `mlpp <args>` in the project's folder, without colours and with lines of 100 characters.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlpp"));
        command
            .args(args)
            .current_dir(self.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end and expects `code`.
    #[track_caller]
    pub(crate) fn expect<S: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = S>) -> Output {
        let mut command = self.command(args);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", self.report(&command, &output));
        self.expect_nothing_left_running();
        output
    }

    /// What it prints on standard output, after ending with `code`.
    #[track_caller]
    pub(crate) fn stdout<S: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = S>) -> String {
        String::from_utf8(self.expect(code, args).stdout).unwrap()
    }

    /// The same as JSON.
    #[track_caller]
    pub(crate) fn json<S: AsRef<OsStr>>(&self, code: i32, args: impl IntoIterator<Item = S>) -> Value {
        serde_json::from_str(&self.stdout(code, args)).unwrap()
    }

    /// What it prints as JSON while other processes of the project run.
    #[track_caller]
    pub(crate) fn json_beside<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let mut command = self.command(args);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", self.report(&command, &output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs it, expects `code`, and the stable `name` of the error on standard error; what it says there,
    /// without the breaks of long lines.
    #[track_caller]
    pub(crate) fn refused<S: AsRef<OsStr>>(
        &self,
        code: i32,
        name: &str,
        args: impl IntoIterator<Item = S>,
    ) -> String {
        let output = self.expect(code, args);
        let stderr = self.stderr(&output);
        assert!(stderr.lines().any(|line| line.trim() == name), "no {name}:\n{stderr}");
        stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    }

    /// The parameter store, which must be there.
    pub(crate) fn store(&self) -> LocalStore {
        let file = self.path().join(".mlpp").join(DATABASE);
        assert!(file.is_file(), "there is no store");
        LocalStore::open(&file).unwrap()
    }

    /// Writes a parameter as somebody does who knows nothing of releases.
    pub(crate) fn edit(&self, name: &str, parameter_type: ParameterType, value: &str) {
        let put = PutParameter {
            name: name.parse().unwrap(),
            parameter_type,
            value: value.to_owned(),
            overwrite: true,
        };
        runtime().block_on(self.store().put(put)).unwrap();
    }

    /// Every file below `folder` of the project with its bytes; nothing when there is no such folder.
    pub(crate) fn bytes(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let files = list(&self.path().join(folder)).into_iter();
        files.map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
    }

    /// The same with a digest for the bytes, to see whether anything was written.
    pub(crate) fn state(&self, folder: &str) -> BTreeMap<String, Digest> {
        self.bytes(folder).into_iter().map(|(file, bytes)| (file, Digest::of(bytes))).collect()
    }

    /// The processes that still have this project's folder in their command line, environment or working directory.
    pub(crate) fn left_running(&self) -> Vec<String> {
        let folder = self.path().to_str().unwrap();
        let mut left = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
            let is_process = entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok());
            // A process that has ended but was not waited for has no command line.
            let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            if !is_process
                || command.is_empty()
                || entry.file_name().to_str() == Some(&std::process::id().to_string())
            {
                continue;
            }
            let at = std::fs::read_link(entry.path().join("cwd")).unwrap_or_default();
            let environment = String::from_utf8_lossy(&read("environ")).into_owned();
            if command.contains(folder) || at.starts_with(folder) || environment.contains(folder) {
                left.push(format!("{}: {command}", entry.file_name().to_string_lossy()));
            }
        }
        left
    }

    #[track_caller]
    pub(crate) fn expect_nothing_left_running(&self) {
        assert_eq!(self.left_running(), [""; 0], "processes were left running");
    }

    /// Everything about a command that did not do as expected.
    pub(crate) fn report(&self, command: &Command, output: &Output) -> String {
        let mut text = format!("\n{command:?}\nin {}\n", self.path().display());
        let mut files: Vec<_> = list(self.path());
        files.sort();
        let _ = writeln!(text, "files:\n  {}", files.join("\n  "));
        let _ = writeln!(text, "status: {}", output.status);
        let _ = writeln!(text, "stdout:\n{}", String::from_utf8_lossy(&output.stdout));
        let _ = writeln!(text, "stderr:\n{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Standard error with the project's folder written as `<project>`.
    pub(crate) fn stderr(&self, output: &Output) -> String {
        let folder = self.path().to_str().unwrap();
        String::from_utf8_lossy(&output.stderr).replace(folder, "<project>")
    }
}

/// Runs what waits.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name() == ".mlpp" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn list(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files.extend(list(&entry.path()));
        } else {
            files.push(entry.path().display().to_string());
        }
    }
    files
}

/// Says that a test cannot be carried out for want of a part; the test runner counts it as skipped.
pub(crate) fn skip(part: &str, test: &str, why: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "skipped: {part} ({why})");
    if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
        let mut list = std::fs::File::options().create(true).append(true).open(list).unwrap();
        writeln!(list, "{part}: {test}").unwrap();
    }
}
