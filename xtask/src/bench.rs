//! `cargo xtask bench <what>`: the benchmarks, each beside a peer in one run.

mod states;

use std::process::Command;

use clap::{Args, ValueEnum};

use crate::error::Error;
use crate::process::run as run_command;
use crate::workspace::Workspace;

/// Measure speed and memory, each beside a peer in one run
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to measure
    benchmark: Benchmark,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Benchmark {
    /// 10,000 parameters: validate, plan, apply and read, beside `serde_json` parsing the same bytes
    Parameters,
    /// The States Language engine with its limits lifted, beside the servers of moto and `MiniStack`
    States,
}

/// Builds the benchmark with optimisation and runs it; it prints a table.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    match arguments.benchmark {
        Benchmark::Parameters => run_command(&mut bench(workspace, "mlpp-local", "parameters")),
        Benchmark::States => states::run(workspace),
    }
}

/// The command that runs a package's benchmark.
fn bench(workspace: &Workspace, package: &str, name: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["bench", "--quiet", "--package", package, "--bench", name]);
    cargo
}
