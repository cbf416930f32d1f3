//! The stages of a chore, with their times.

use std::fmt::Write;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How a stage went.
pub(crate) struct Outcome {
    stage: &'static str,
    took: Duration,
    passed: bool,
}

/// Runs one stage and prints its name before it, and its time after it.
pub(crate) fn stage(name: &'static str, work: impl FnOnce() -> Result<(), Error>) -> Outcome {
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

/// Prints the table of the stages; the error names those that failed.
pub(crate) fn conclude(outcomes: &[Outcome], budget: Option<Duration>) -> Option<Error> {
    println!("\n{}", table(outcomes, budget));
    let failed: Vec<_> =
        outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.stage).collect();
    if failed.is_empty() { None } else { Some(Error::Stages(failed)) }
}

/// Output of ours must not come after that of a program that is started next.
fn flush() {
    // A closed stdout shows at the next print.
    let _ = io::stdout().flush();
}

/// The stages with their times, and all of them, against the budget if there is one.
fn table(outcomes: &[Outcome], budget: Option<Duration>) -> String {
    let mut table = format!("{:<10} {:>9}\n", "stage", "seconds");
    for Outcome { stage, took, passed } in outcomes {
        let passed = if *passed { "passed" } else { "FAILED" };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{stage:<10} {:>9.1}  {passed}", took.as_secs_f64());
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    let of = budget.map_or(String::new(), |budget| format!("  of {}", budget.as_secs()));
    let _ = writeln!(table, "{:<10} {:>9.1}{of}", "total", total.as_secs_f64());
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
        let shown = table(
            &[outcome("format", 750, true), outcome("clippy", 61_250, false)],
            Some(Duration::from_mins(45)),
        );
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
