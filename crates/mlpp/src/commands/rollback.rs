use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::release::Action;
use mlpp_provider::{Planned, ReadError, Release as Recorded, history, recorded_content};

use super::apply::{self, Release, WriteArgs};
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::store;

/// Bring an earlier release into force again, as a new release
///
/// The history is never rewritten: the content of the release is applied once more. A secret gets the value of the version
/// that the release recorded, while the store has it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The number of the release, as `mlpp history` lists it; without it the one before the release in force
    release: Option<u64>,
    #[command(flatten)]
    write: WriteArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let store = store::open(project)?;
    let (to, content, documents) = super::block_on(async {
        let releases =
            history(&store, &project.path).await.map_err(|error| store::records_failed(project, error))?;
        let before = || {
            let mut before = releases.iter().rev().skip_while(|release| !release.current).skip(1);
            before.find(|release| release.committed).map(|release| release.head.number)
        };
        let Some(to) = args.release.or_else(before) else { return Err(nothing_before(project, &releases)) };
        let (_, content) = recorded_content(&store, &project.path, Some(to))
            .await
            .map_err(|error: ReadError| store::read_failed(project, error))?;
        let head = releases.into_iter().find(|release| release.head.number == to);
        Ok::<_, CommandError>((to, content, head.map(|release| release.head.documents).unwrap_or_default()))
    })??;
    drop(store);
    let release = Release {
        action: Action::Rollback { to },
        keep_drift: false,
        check: &|_: &Planned| Ok(()),
        before: &|| Ok(()),
    };
    apply::apply(project, &content, &documents, &args.write, &release)
}

/// There is no release to go back to.
fn nothing_before(project: &Project, releases: &[Recorded]) -> CommandError {
    let current = releases.iter().find(|release| release.current);
    let message = match current {
        Some(current) => format!("there is no release before release {}", current.head.number),
        None => format!("nothing was applied yet at {}", project.path),
    };
    let help = "mlpp history lists the releases that there are".to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "release/absent", message, help })
}
