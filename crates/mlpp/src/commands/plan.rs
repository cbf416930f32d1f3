use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use mlpp_local::SystemClock;
use mlpp_provider::{Clock as _, PlanAbout, Planned, SavedPlan};
use serde::Serialize;

use super::TOOL;
use crate::config::Project;
use crate::documents::Effective;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;
use crate::store::{self, Applying, shown};

/// Show what an apply would change, and change nothing
///
/// Compares three: what the release in force recorded, what the documents say, and what is in the store. A parameter that
/// somebody edited in place since the release shows as such, and is reverted by the apply unless it is to be kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Save the plan in a file, for `mlpp apply FILE`; it holds while the store is as it is
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave edits in place as they are where the documents have not changed
    #[arg(long)]
    keep_drift: bool,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
    /// End with the exit code 6 when there is something to change
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let effective = Effective::read(project)?;
    effective.show_warnings(project);
    let store = store::open(project)?;
    let documents = effective.recorded_digests(project);
    // A saved plan holds fingerprints that the apply compares: they need the key that stays.
    let applying = if args.out.is_some() { Applying::new } else { Applying::reading };
    let applying = applying(project, &store, &documents, &effective.content)?;
    let planned = super::block_on(applying.plan(&effective.content, args.keep_drift))??;
    if let Some(file) = &args.out {
        let about = PlanAbout {
            path: &project.path,
            environment: project.environment(),
            documents: &documents,
            keep_drift: args.keep_drift,
            time: SystemClock.now(),
            tool: TOOL,
        };
        save(file, &SavedPlan::new(&planned, &effective.content, &about).to_text())?;
    }
    print(project, &planned, args.json)?;
    if let Some(file) = &args.out {
        output::note(format_args!("saved; bring it into force with: mlpp apply {}", file.display()));
    }
    let differs = args.exit_code && !planned.is_empty();
    Ok(if differs { ExitCode::Differences } else { ExitCode::Success }.into())
}

/// Writes the file for its owner alone: a plan holds every value that is not secret.
fn save(file: &std::path::Path, text: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::failed(&format!("write {}", file.display()), error);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut whole =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new("."))).map_err(failed)?;
    std::io::Write::write_all(&mut whole, text.as_bytes()).map_err(failed)?;
    whole.persist(file).map_err(|error| failed(error.error))?;
    Ok(())
}

#[derive(Serialize)]
struct Json<'a> {
    path: &'a str,
    environment: &'a str,
    /// The release in force; null for none.
    release: Option<u64>,
    changes: bool,
    parameters: &'a [mlpp_parameters::PlannedParameter],
    writes: usize,
}

/// Prints a plan on standard output.
pub(super) fn print(project: &Project, planned: &Planned, json: bool) -> Result<(), CommandError> {
    let release = planned.status.committed.as_ref().map(|head| head.number);
    if json {
        let plan = Json {
            path: project.path.as_str(),
            environment: project.environment(),
            release,
            changes: !planned.is_empty(),
            parameters: &planned.plan.parameters,
            writes: planned.writes(),
        };
        return output::json(&plan);
    }
    let from = release.map_or("nothing was applied yet".to_owned(), |n| format!("release {n} is in force"));
    output::data(format_args!("{} ({}): {from}", project.path, project.environment()))?;
    if let Some(claim) = planned.status.pending() {
        output::note(format_args!(
            "release {} was claimed by {} at {} and is not committed; the next apply makes it good",
            claim.number, claim.author, claim.time
        ));
    }
    let lines = shown::plan_lines(&planned.plan, project.path.as_str());
    for line in &lines {
        output::data(line)?;
    }
    if planned.is_empty() {
        return output::data("Nothing to do.");
    }
    if lines.is_empty() {
        output::data("  the record alone changes: no parameter does")?;
    }
    output::data(shown::plan_summary(&planned.plan, planned.writes()))
}
