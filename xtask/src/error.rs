//! What can go wrong in a chore.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// A chore's failure: printed after `error: `, so a lowercase fragment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or directory could not be read, written, made or removed.
    #[error("failed to {action} {path}: {source}")]
    File {
        /// The verb: `read`, `write`, …
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A program could not be started or waited for.
    #[error("failed to run {program}: {source}")]
    Start { program: String, source: io::Error },
    /// A program ran and said that it failed.
    #[error("{command}: {status}")]
    Failed { command: String, status: ExitStatus },
    /// A program ran and its output is not what it should be.
    #[error("failed to understand the output of {command}: {source}")]
    Output { command: String, source: serde_json::Error },
    /// What a program is asked could not be written down.
    #[error("failed to write what a program is asked: {0}")]
    Input(serde_json::Error),
    /// Cargo built a benchmark and did not say where its program is.
    #[error("failed to find the program of the benchmark {name}: cargo did not name it")]
    NoProgram { name: String },
    /// Cargo could not describe the workspace.
    #[error("failed to read the workspace's metadata: {0}")]
    Metadata(#[from] cargo_metadata::Error),
    /// `cargo metadata` answered without the dependency graph.
    #[error("failed to read the workspace's metadata: it has no dependency graph")]
    NoGraph,
    /// One of the chores' own tables is not well formed.
    #[error("failed to parse {path}: {source}")]
    Table { path: PathBuf, source: Box<toml::de::Error> },
    /// A template of the stack is not well formed.
    #[error("failed to parse {path}: {source}")]
    Template { path: PathBuf, source: Box<serde_yaml_ng::Error> },
    /// A definition of a state machine is not well formed.
    #[error("failed to parse {path}: {source}")]
    Definition { path: PathBuf, source: serde_json::Error },
    /// A licence in the allow-list is not a licence that SPDX knows.
    #[error("failed to parse {path}: the allowed licence {licence:?}: {reason}")]
    AllowList { path: PathBuf, licence: String, reason: String },
    /// A line of the peers' list is not well formed.
    #[error("failed to parse {path}:{line}: {reason}")]
    Requirement { path: PathBuf, line: usize, reason: &'static str },
    /// The checks of a chore found something; each finding has been printed.
    #[error("{chore}: {} found", count(*findings, "violation"))]
    Violations { chore: &'static str, findings: usize },
    /// A check of the release did not find what it must.
    #[error("{0}")]
    Check(String),
    /// The README no longer has the commands that the continuous integration runs.
    #[error("failed to find the test command in README.md: {0}")]
    Readme(&'static str),
    /// A peer that the tests compare with is missing where everything must be present.
    #[error("{}", .0.join("\n       "))]
    PeersMissing(Vec<String>),
    /// The tests ended and something they started did not.
    #[error("{command}: a process that it started is still running and holds its output open")]
    LeftRunning { command: String },
    /// Some tests failed; the totals have been printed.
    #[error("{} among the tests", count(*.0, "failure"))]
    TestsFailed(u64),
    /// A test stage that says nothing of its tests cannot be believed.
    #[error("the test command printed no totals (`N passed, N failed, N skipped`)")]
    NoTotals,
    /// Some stages failed; each has said why.
    #[error("failed stages: {}", .0.join(", "))]
    Stages(Vec<&'static str>),
}

impl Error {
    /// A function for `map_err` that adds what was done to which file.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

/// `1 test`, `2 tests`.
pub(crate) fn count(number: impl TryInto<u64> + Copy + std::fmt::Display, noun: &str) -> String {
    let plural = if number.try_into().is_ok_and(|n| n == 1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn nouns_agree_with_their_number() {
        assert_eq!(count(0_u64, "test"), "0 tests");
        assert_eq!(count(1_u64, "test"), "1 test");
        assert_eq!(count(2_u64, "test"), "2 tests");
    }
}
