mod machine;
mod outcome;
mod progress;
mod stages;
mod validate;
mod watch;

use std::path::{Path, PathBuf};

use crate::config::{Overrides, Project};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
pub(super) use machine::Machine;
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
        let mut stages = Stages::open(&project, args.quiet)?;
        let outcome = tokio::select! {
            outcome = stages.run() => outcome,
            () = interrupted() => Err(interruption()),
        };
        stages.close().await;
        outcome?.print(args.json)?;
        Ok(ExitCode::Success)
    })
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            // Without a handler SIGTERM ends this process at once; the supervisors see that and end theirs.
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

fn interruption() -> CommandError {
    let plain = Plain {
        code: "run/interrupted",
        message: "interrupted".to_owned(),
        help: "what was started has been ended; run again to start over".to_owned(),
    };
    CommandError::one(ExitCode::Interrupted, plain)
}
