use std::process::ExitCode as ProcessExitCode;

use mlpp_local::SystemClock;
use mlpp_parameters::Content;
use mlpp_parameters::release::Action;
use mlpp_provider::{DestroyOutcome, destroy, plan_destroy};
use serde_json::json;

use super::apply::WriteArgs;
use super::plan;
use crate::config::Project;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;
use crate::store::{self, Applying, Bar, confirm};

/// Delete every parameter that a release recorded, and the releases
///
/// Parameters of others stay, also below the project's own path. Documents, buckets, jobs and models stay as well.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    write: WriteArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let args = &args.write;
    if !store::is_there(project)? {
        return print(project, &DestroyOutcome { deleted: 0, releases: 0 }, args.json);
    }
    let (_lock, store) = store::open_to_write(project)?;
    let mut applying = Applying::new(project, &store, &[], &Content::default())?;
    applying.adopt = args.adopt;
    let planned = super::block_on(plan_destroy(&store, &project.path, applying.secrets()))?
        .map_err(|error| store::planning_failed(project, error))?;
    if planned.status.claimed > 0 {
        if !args.quiet && !args.json {
            plan::print(project, &planned, false)?;
        }
        let deletes = planned.plan.changes().count();
        confirm(&format!("delete {deletes} parameters and all releases of {}", project.path), args.yes)?;
    }
    let bar = Bar::new(args.quiet || args.json);
    let request = applying.request(Action::Destroy);
    let step = &mut |step| bar.step(step);
    let outcome = super::interruptible(destroy(&store, &SystemClock, &planned, &request, step))?
        .map_err(|error| store::destroy_failed(project, error))?;
    bar.finish();
    print(project, &outcome, args.json)
}

fn print(project: &Project, outcome: &DestroyOutcome, json: bool) -> Result<ProcessExitCode, CommandError> {
    let DestroyOutcome { deleted, releases } = outcome;
    if json {
        output::json(&json!({"path": project.path.as_str(), "deleted": deleted, "releases": releases}))?;
    } else {
        output::data(format_args!("{deleted} parameters and {releases} releases deleted"))?;
    }
    Ok(ExitCode::Success.into())
}
