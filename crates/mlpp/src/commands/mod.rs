//! One file for each command; the doc comment on its arguments is the help text.

mod adopt;
mod algorithm;
mod apply;
mod completions;
mod deploy;
mod describe;
mod destroy;
mod diff;
mod ended;
mod endpoints;
mod executions;
mod explain;
mod history;
mod init;
mod interrupt;
mod launch;
mod logs;
mod package;
mod pin;
mod plan;
mod predict;
mod promote;
mod put;
#[cfg(test)]
mod reference;
mod render;
mod resume;
mod rollback;
mod run;
mod show;
mod states;
mod stop;
pub(crate) mod supervise;
mod trials;
mod up;
mod validate;
mod why_not;
mod yaml;

use std::future::Future;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Parser, Subcommand};

use crate::config::{Overrides, Project};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Parameters and launches of ML workflows: validated, typed, versioned
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_long_help = ExitCode::HELP)]
pub(crate) struct Cli {
    /// The project's folder
    #[arg(
        long,
        short = 'C',
        global = true,
        value_name = "DIR",
        env = "MLPP_PROJECT",
        hide_env_values = true,
        default_value = "."
    )]
    project: PathBuf,
    #[command(flatten)]
    settings: Overrides,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Validate(validate::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Show(show::Args),
    Diff(diff::Args),
    Explain(explain::Args),
    History(history::Args),
    Rollback(rollback::Args),
    Pin(pin::Args),
    Render(render::Args),
    Package(package::Args),
    Deploy(deploy::Args),
    Adopt(adopt::Args),
    Destroy(destroy::Args),
    Run(run::Args),
    Launch(launch::Args),
    Executions(executions::Args),
    Describe(describe::Args),
    Trials(trials::Args),
    Logs(logs::Args),
    Resume(resume::Args),
    Stop(stop::Args),
    Promote(promote::Args),
    Up(up::Args),
    Put(put::Args),
    WhyNot(why_not::Args),
    Endpoints(endpoints::Args),
    Predict(predict::Args),
    States(states::Args),
    Completions(completions::Args),
    Algorithm(algorithm::Args),
}

impl Cli {
    /// Runs the command that was given.
    pub(crate) fn run(self) -> Result<std::process::ExitCode, CommandError> {
        let settings = self.settings.with_variables(variables());
        let project = || Project::open(&self.project, &settings);
        match self.command {
            Command::Init(args) => init::run(&args, &self.project),
            Command::Validate(args) => validate::run(&args, &self.project, &settings),
            Command::Plan(args) => plan::run(&args, &project()?),
            Command::Apply(args) => apply::run(&args, &project()?),
            Command::Show(args) => show::run(&args, &project()?),
            Command::Diff(args) => diff::run(&args, &project()?),
            Command::History(args) => history::run(&args, &project()?),
            Command::Rollback(args) => rollback::run(&args, &project()?),
            Command::Render(args) => render::run(&args, &project()?),
            Command::Pin(args) => pin::run(&args, &project()?),
            Command::Package(args) => package::run(&args, &project()?),
            Command::Deploy(args) => deploy::run(&args, &project()?),
            Command::Adopt(args) => adopt::run(&args, &project()?),
            Command::Destroy(args) => destroy::run(&args, &project()?),
            Command::Run(args) => run::run(&args, &self.project, &settings).map(Into::into),
            Command::Launch(args) => launch::run(&args, &project()?),
            Command::Executions(args) => executions::run(&args, &project()?),
            Command::Describe(args) => describe::run(&args, &project()?),
            Command::Trials(args) => trials::run(&args, &project()?),
            Command::Logs(args) => logs::run(&args, &project()?),
            Command::Resume(args) => resume::run(&args, &project()?),
            Command::Stop(args) => stop::run(&args, &project()?),
            Command::Promote(args) => promote::run(&args, &project()?),
            Command::Up(args) => up::run(&args, &project()?),
            Command::Put(args) => put::run(&args, &project()?),
            Command::WhyNot(args) => why_not::run(&args, &project()?),
            Command::Endpoints(args) => endpoints::run(&args, &project()?),
            Command::Predict(args) => predict::run(&args, &project()?),
            Command::States(args) => states::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Completions(args) => completions::run(&args),
            Command::Algorithm(args) => Ok(algorithm::run(&args)),
        }
    }
}

/// Name and version of the tool, as records and provenance carry them.
pub(crate) const TOOL: &str = concat!("mlpp ", env!("CARGO_PKG_VERSION"));

/// Runs what waits to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CommandError> {
    Ok(lasting_runtime()?.block_on(future))
}

/// Runs what runs executions.
fn at_work<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    runtime()?.block_on(work)
}

/// Runs what writes to its end, or until Ctrl-C or SIGTERM.
fn interruptible<T>(future: impl Future<Output = T>) -> Result<T, CommandError> {
    lasting_runtime()?.block_on(async {
        tokio::select! {
            done = future => Ok(done),
            () = interrupt::interrupted() => {
                let message = "interrupted while a release was written".to_owned();
                let help = "what was in force is in force, or the new release is; apply again to make good what was \
                            left half done"
                    .to_owned();
                let plain = Plain { code: "apply/interrupted", message, help };
                Err(CommandError::one(ExitCode::Interrupted, plain))
            }
        }
    })
}

/// The one runtime of what waits: connections that one call opens serve the next one as well.
fn lasting_runtime() -> Result<&'static tokio::runtime::Runtime, CommandError> {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    if RUNTIME.get().is_none() {
        let _ = RUNTIME.set(runtime()?);
    }
    RUNTIME.get().ok_or_else(|| CommandError::failed("start", std::io::Error::other("there is no runtime")))
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Runtime::new().map_err(|error| CommandError::failed("start", error))
}

/// The environment's variables that are texts.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
