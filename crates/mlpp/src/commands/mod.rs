//! One file for each command; the doc comment on its arguments is the help text.

mod algorithm;
mod run;
mod supervise;

use clap::{Parser, Subcommand};

use crate::error::CommandError;
use crate::exit_code::ExitCode;

/// Parameters and launches of ML workflows: validated, typed, versioned
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_long_help = ExitCode::HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Algorithm(algorithm::Args),
    #[command(hide = true)]
    Supervise(supervise::Args),
}

impl Cli {
    /// Runs the command that was given.
    pub(crate) fn run(self) -> Result<std::process::ExitCode, CommandError> {
        match self.command {
            Command::Run(args) => run::run(&args).map(Into::into),
            Command::Algorithm(args) => Ok(algorithm::run(&args)),
            Command::Supervise(args) => Ok(supervise::run(args)),
        }
    }
}

/// Name and version of the tool, as records and provenance carry them.
pub(crate) const TOOL: &str = concat!("mlpp ", env!("CARGO_PKG_VERSION"));
