//! The project's chores, as `cargo xtask <chore>`: what a contributor and the continuous integration run.
//!
//! Each chore is one module. Results go to stdout, everything else to stderr; the exit status is 0 when the
//! chore found nothing wrong and 1 otherwise (2 for a command line that cannot be understood).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore's contract is what it prints")]

mod arrows;
mod bench;
mod ci;
mod conclusion;
mod conformance;
mod defects;
mod digest;
mod error;
mod functions;
mod graph;
mod licences;
mod peers;
mod process;
mod project;
mod readme;
mod release_check;
mod requirements;
mod schemas;
mod stages;
mod test;
mod totals;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::workspace::Workspace;

/// The project's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

/// One chore for each subcommand; a variant's comment is its help text.
#[derive(Debug, Subcommand)]
enum Chore {
    Test(test::Arguments),
    Bench(bench::Arguments),
    ReleaseCheck(release_check::Arguments),
    /// Every check that a change must pass, in stages, with their times
    ///
    /// Format, licences, arrows, defects, clippy, docs, and the README's own test command. A failing stage does not stop
    /// the ones after it. The last line of the output is the totals of the tests.
    Ci,
    /// Replay the recorded executions of AWS Step Functions, print what passes, and keep the table in crates/states/README.md
    Conformance,
    /// Write the JSON Schemas below schemas/ anew
    Schemas,
    /// Check the licence of every dependency against xtask/licences.toml
    Licences,
    /// Check the dependencies between our crates, and the banned ones, against xtask/arrows.toml
    Arrows,
    Defects(defects::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run(&arguments.chore).unwrap_or_else(|error| Err(error).into()).tell()
}

fn run(chore: &Chore) -> Result<Conclusion, Error> {
    let workspace = Workspace::find()?;
    match chore {
        Chore::Test(arguments) => test::run(&workspace, arguments),
        Chore::Bench(arguments) => Ok(bench::run(&workspace, arguments).into()),
        Chore::ReleaseCheck(arguments) => release_check::run(&workspace, arguments),
        Chore::Ci => Ok(ci::run(&workspace)),
        Chore::Conformance => Ok(conformance::run(&workspace).into()),
        Chore::Schemas => Ok(schemas::run(&workspace).into()),
        Chore::Licences => Ok(licences::run(&workspace).into()),
        Chore::Arrows => Ok(arrows::run(&workspace).into()),
        Chore::Defects(arguments) => Ok(defects::run(&workspace, arguments).into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
