//! `cargo xtask bench <what>`: the benchmarks, each beside a peer in one run.

mod aws;
mod hosting;
mod states;
mod tuning;

use std::process::Command;

use clap::{Args, ValueEnum};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::process::{converse, parse, run as run_command, shown};
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
    /// The search for hyperparameters beside Optuna's, and the example's model beside `LightGBM`'s
    Tuning,
    /// The Lambda functions as they are deployed, beside the calls of the replaced system by boto3
    Aws,
    /// An endpoint under load, beside the same kind of model behind `FastAPI`; an update under load; and instances
    /// that follow their traffic
    Hosting,
}

/// Builds the benchmark with optimisation and runs it; it prints a table.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    match arguments.benchmark {
        Benchmark::Parameters => run_command(&mut bench(workspace, "mlpp-local", "parameters")),
        Benchmark::States => states::run(workspace),
        Benchmark::Tuning => tuning::run(workspace),
        Benchmark::Aws => aws::run(workspace),
        Benchmark::Hosting => hosting::run(workspace),
    }
}

/// The command that runs a package's benchmark.
fn bench(workspace: &Workspace, package: &str, name: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["bench", "--quiet", "--package", package, "--bench", name]);
    cargo
}

/// A program's results, one to a line; `tell` says what is shown of each as it comes.
fn collect<T: DeserializeOwned>(
    command: &mut Command,
    input: &str,
    tell: impl Fn(&T) -> String,
) -> Result<Vec<T>, Error> {
    let program = shown(command);
    let mut results = Vec::new();
    converse(command, input, |line| {
        let result = parse(&program, line)?;
        eprintln!("{}", tell(&result));
        results.push(result);
        Ok(())
    })?;
    Ok(results)
}
