use std::process::ExitCode as ProcessExitCode;

use mlpp_provider::{pin, recorded_content};

use crate::config::Project;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;
use crate::store;

/// Keep a release however many come after it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The number of the release, as `mlpp history` lists it
    release: u64,
    /// Let it go again with the others
    #[arg(long)]
    remove: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    // What is not there is told before anything is made or locked.
    super::block_on(recorded_content(&store::open(project)?, &project.path, Some(args.release)))?
        .map_err(|error| store::read_failed(project, error))?;
    let (_lock, store) = store::open_to_write(project)?;
    super::block_on(pin(&store, &project.path, args.release, !args.remove))?
        .map_err(|error| store::records_failed(project, error))?;
    let what = if args.remove { "no longer pinned" } else { "pinned" };
    output::note(format_args!("release {} is {what}", args.release));
    Ok(ExitCode::Success.into())
}
