//! State machines on their own: checked, run, tested, drawn, without a project.

mod check;
mod definition;
mod graph;
mod run;
mod source;
mod test;

use std::process::ExitCode as ProcessExitCode;

use clap::Subcommand;

use crate::error::CommandError;

/// State machines in the Amazon States Language: check, run, test, draw; no project is needed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Run(run::Args),
    Test(test::Args),
    Graph(graph::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ProcessExitCode, CommandError> {
    match &args.command {
        Command::Check(args) => check::run(args),
        Command::Run(args) => run::run(args),
        Command::Test(args) => test::run(args),
        Command::Graph(args) => graph::run(args),
    }
}
