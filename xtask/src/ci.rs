//! `cargo xtask ci`: every check that a change must pass, in stages.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::process::{run as run_command, tee};
use crate::stages::{conclude, stage};
use crate::totals::is_totals;
use crate::workspace::Workspace;
use crate::{arrows, defects, licences, readme, templates};

/// What all stages together may take on two cores without a cache; printed beside the total.
const BUDGET: Duration = Duration::from_mins(45);

/// Runs the stages, the quick ones first; one that fails does not stop the others, so that one run tells all.
pub(crate) fn run(workspace: &Workspace) -> Conclusion {
    let mut totals = None;
    let outcomes = [
        stage("format", || run_command(workspace.cargo().args(["fmt", "--all", "--check"]))),
        stage("licences", || licences::run(workspace)),
        stage("arrows", || arrows::run(workspace)),
        stage("defects", || defects::run(workspace, &defects::Arguments::default())),
        stage("templates", || templates::run(workspace, &templates::Arguments::default())),
        stage("clippy", || {
            run_command(workspace.cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))
        }),
        stage("docs", || {
            run_command(
                workspace
                    .cargo()
                    .args(["doc", "--workspace", "--no-deps"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            )
        }),
        stage("test", || test(workspace, &mut totals)),
    ];

    Conclusion { totals, error: conclude(&outcomes, Some(BUDGET)) }
}

/// The README's own test commands; what they print is shown, and their totals are kept.
fn test(workspace: &Workspace, totals: &mut Option<String>) -> Result<(), Error> {
    let path = workspace.root.join("README.md");
    let text = fs::read_to_string(&path).map_err(Error::file("read", path))?;
    for words in readme::test_commands(&text)? {
        let mut command = if words[0] == "cargo" { workspace.cargo() } else { Command::new(&words[0]) };
        command.current_dir(&workspace.root).args(&words[1..]);
        let mut last = None;
        let end = tee(&mut command, |line| {
            if is_totals(line) {
                last = Some(line.to_owned());
            }
        })?;
        *totals = last.or(totals.take());
        end.check(&command)?;
    }
    if totals.is_some() { Ok(()) } else { Err(Error::NoTotals) }
}
