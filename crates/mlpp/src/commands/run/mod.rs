mod outcome;
mod stages;
mod validate;

use std::path::{Path, PathBuf};

use super::interrupt::until_interrupted;
use crate::config::{Overrides, Project};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use stages::Stages;

/// Do the whole job once: validate, apply, put the data, launch, tune, deploy, predict
///
/// Reads the documents, the manifest and mlpp.toml in the project's folder, stores the parameters as a release, puts the
/// data and the manifest into the local buckets, runs the workflow with them, and asks the endpoint for a prediction.
/// Everything is local, in the folder .mlpp of the project. Progress goes to standard error, the result to standard output. When the
/// command ends, every process that it started has ended.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The project's folder, if it is not the one that -C names
    #[arg(value_name = "PROJECT")]
    folder: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, folder: &Path, settings: &Overrides) -> Result<ExitCode, CommandError> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| CommandError::failed("start", error))?;
    runtime.block_on(async {
        let project = Project::open(args.folder.as_deref().unwrap_or(folder), settings)?;
        crate::backend::only_here(
            &project,
            "mlpp run",
            "do its stages one by one: mlpp validate, mlpp apply, mlpp launch --wait, and mlpp predict ENDPOINT",
        )?;
        let mut stages = Stages::open(&project, args.quiet)?;
        let outcome = Box::pin(until_interrupted(stages.run())).await;
        stages.close().await;
        outcome?.print(args.json)?;
        Ok(ExitCode::Success)
    })
}
