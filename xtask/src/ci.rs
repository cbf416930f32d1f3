//! `cargo xtask ci`: every check that a change must pass, in stages.

use std::fmt::Write;
use std::fs;
use std::io::{self, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::process::{run as run_command, tee};
use crate::totals::is_totals;
use crate::workspace::Workspace;
use crate::{arrows, defects, licences, readme};

/// What all stages together may take on two cores without a cache; printed beside the total.
const BUDGET: Duration = Duration::from_mins(45);

/// How a stage went.
struct Outcome {
    stage: &'static str,
    took: Duration,
    passed: bool,
}

/// Runs the stages, the quick ones first; one that fails does not stop the others, so that one run tells all.
pub(crate) fn run(workspace: &Workspace) -> Conclusion {
    let mut totals = None;
    let outcomes = [
        stage("format", || run_command(workspace.cargo().args(["fmt", "--all", "--check"]))),
        stage("licences", || licences::run(workspace)),
        stage("arrows", || arrows::run(workspace)),
        stage("defects", || defects::run(workspace, &defects::Arguments::default())),
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

    println!("\n{}", table(&outcomes));
    let failed: Vec<_> =
        outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.stage).collect();
    let error = if failed.is_empty() { None } else { Some(Error::Stages(failed)) };
    Conclusion { totals, error }
}

/// Runs one stage and prints its name before it, and its time after it.
fn stage(name: &'static str, work: impl FnOnce() -> Result<(), Error>) -> Outcome {
    println!("== {name}");
    flush();
    let start = Instant::now();
    let result = work();
    let took = start.elapsed();
    if let Err(error) = &result {
        eprintln!("error: {name}: {error}");
    }
    println!("== {name} … {:.1} s{}", took.as_secs_f64(), if result.is_ok() { "" } else { " FAILED" });
    flush();
    Outcome { stage: name, took, passed: result.is_ok() }
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

/// Output of ours must not come after that of a program that is started next.
fn flush() {
    // A closed stdout shows at the next print.
    let _ = io::stdout().flush();
}

/// The stages with their times, and all of them against the budget.
fn table(outcomes: &[Outcome]) -> String {
    let mut table = format!("{:<10} {:>9}\n", "stage", "seconds");
    for Outcome { stage, took, passed } in outcomes {
        let passed = if *passed { "passed" } else { "FAILED" };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{stage:<10} {:>9.1}  {passed}", took.as_secs_f64());
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    let _ = writeln!(table, "{:<10} {:>9.1}  of {}", "total", total.as_secs_f64(), BUDGET.as_secs());
    table
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, stage, table};
    use crate::error::Error;

    #[test]
    fn the_table_has_every_stage_and_the_total() {
        let outcome = |stage, millis, passed| Outcome { stage, took: Duration::from_millis(millis), passed };
        let shown = table(&[outcome("format", 750, true), outcome("clippy", 61_250, false)]);
        let expected = "\
stage        seconds
format           0.8  passed
clippy          61.2  FAILED
total           62.0  of 2700
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_stage_s_error_is_its_failure_and_stops_nothing() {
        assert!(stage("good", || Ok(())).passed);
        assert!(!stage("bad", || Err(Error::NoTotals)).passed);
    }
}
