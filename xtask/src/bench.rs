//! `cargo xtask bench <what>`: the benchmarks, each beside a peer in one run.

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
}

impl Benchmark {
    /// The package, and the benchmark's name in it.
    fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::Parameters => ("mlpp-local", "parameters"),
        }
    }
}

/// Builds the benchmark with optimisation and runs it; it prints a table.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    let (package, name) = arguments.benchmark.target();
    run_command(workspace.cargo().args(["bench", "--package", package, "--bench", name]))
}
