//! `cargo xtask release-check`: what takes too long, or asks too much of a machine, for every change.

mod kills;
mod network;
mod scheduling;
mod second_opinion;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::conclusion::Conclusion;
use crate::error::Error;
use crate::functions;
use crate::project::{self, Project};
use crate::stages::{conclude, stage};
use crate::workspace::Workspace;

/// Check what a release must keep and a change need not be held up for
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to check; everything without it
    #[arg(value_name = "CHECK")]
    checks: Vec<Check>,
    /// The seed of what is drawn at random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// The whole example with its ten trials, in less than 30 seconds
    Run,
    /// The example killed ten times at random moments, and gone on with
    Kills,
    /// The example in a network namespace without a route
    Network,
    /// 16 jobs that are busy for a second or more, within 10 % of the ideal time
    Scheduling,
    /// The Lambda functions as they are deployed, at most 6 MiB each
    Functions,
    /// The tests of the functions and of the command on AWS, against `MiniStack` in place of moto
    SecondOpinion,
}

/// The longest that the example may take.
const LONGEST_RUN: Duration = Duration::from_secs(30);

/// Builds the command with optimisation, and checks what was asked for.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<Conclusion, Error> {
    let is_chosen = |check| arguments.checks.is_empty() || arguments.checks.contains(&check);
    let needs_project =
        [Check::Run, Check::Kills, Check::Network, Check::Scheduling].into_iter().any(is_chosen);
    let program = if needs_project { project::build(workspace)? } else { PathBuf::new() };
    let example = || Project::example(workspace, &program);
    let mut outcomes = Vec::new();
    if is_chosen(Check::Run) {
        outcomes.push(stage("run", || whole_run(&example()?)));
    }
    if is_chosen(Check::Kills) {
        outcomes.push(stage("kills", || kills::run(example, arguments.seed)));
    }
    if is_chosen(Check::Network) {
        outcomes.push(stage("network", || network::run(&example()?)));
    }
    if is_chosen(Check::Scheduling) {
        outcomes.push(stage("scheduling", || scheduling::run(&example()?)));
    }
    if is_chosen(Check::Functions) {
        outcomes.push(stage("functions", || functions::check_sizes(&functions::build(workspace)?)));
    }
    if is_chosen(Check::SecondOpinion) {
        outcomes.push(stage("second opinion", || second_opinion::run(workspace)));
    }
    Ok(Conclusion { totals: None, error: conclude(&outcomes, None) })
}

fn whole_run(project: &Project) -> Result<(), Error> {
    let start = Instant::now();
    let outcome = project.json(&["run", "--quiet", "--json"])?;
    let took = start.elapsed();
    let trials = outcome["tuning_job"]["training_jobs"].as_u64().unwrap_or_default();
    println!("{trials} trials and a prediction in {:.2} s", took.as_secs_f64());
    project.expect_nothing_left()?;
    if trials < 10 || outcome["prediction"].is_null() {
        return Err(Error::Check(format!("the run did not do everything: {outcome}")));
    }
    if took > LONGEST_RUN {
        return Err(Error::Check(format!("it took longer than {} s", LONGEST_RUN.as_secs())));
    }
    Ok(())
}
