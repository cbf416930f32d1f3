use std::path::{Path, PathBuf};
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::release::Action;
use mlpp_parameters::{Change, Content, Digest};
use mlpp_provider::{ApplyOutcome, Planned, SavedPlan, SavedPlanError};
use serde::Serialize;

use super::plan;
use crate::config::Project;
use crate::documents::Effective;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::output;
use crate::store::{self, Applying, Bar, confirm};

/// Bring the documents into force as a release
///
/// All of them or nothing: whoever reads the parameters sees the release that was in force or the new one, whenever this
/// command is stopped. Asks before it deletes or replaces parameters. With a saved plan it applies that plan, or nothing
/// when the store is no longer as it was.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A plan that `mlpp plan --out` saved
    #[arg(value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Leave edits in place as they are where the documents have not changed
    #[arg(long, conflicts_with = "plan")]
    keep_drift: bool,
    #[command(flatten)]
    write: WriteArgs,
}

/// What every command takes that writes a release.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct WriteArgs {
    /// Do not ask before parameters are deleted or replaced
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Take over what belongs to others: the path, parameters that no release recorded, a place in or around another project
    #[arg(long)]
    pub(super) adopt: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Print no progress
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let Some(file) = &args.plan else {
        let effective = Effective::read(project)?;
        effective.show_warnings(project);
        let documents = effective.recorded_digests(project);
        let release = Release {
            action: Action::Apply,
            keep_drift: args.keep_drift,
            check: &|_: &Planned| Ok(()),
            before: &|| Ok(()),
        };
        return apply(project, &effective.content, &documents, &args.write, &release);
    };
    let saved = read_saved(file, project)?;
    let documents = saved.documents.clone();
    let check = |planned: &Planned| saved.check(planned).map_err(|error| not_applicable(file, &error));
    let release =
        Release { action: Action::Apply, keep_drift: saved.keep_drift, check: &check, before: &|| Ok(()) };
    apply(project, &saved.wanted(), &documents, &args.write, &release)
}

/// What is to be applied beside the content.
pub(super) struct Release<'a> {
    pub(super) action: Action,
    pub(super) keep_drift: bool,
    /// Whether the plan may be applied.
    pub(super) check: &'a dyn Fn(&Planned) -> Result<(), CommandError>,
    /// What is done once it is confirmed, before anything is written to the store.
    pub(super) before: &'a dyn Fn() -> Result<(), CommandError>,
}

/// Plans, asks, applies, and prints what was done.
pub(super) fn apply(
    project: &Project,
    content: &Content,
    documents: &[(String, Digest)],
    args: &WriteArgs,
    release: &Release<'_>,
) -> Result<ProcessExitCode, CommandError> {
    if !store::is_there(project)? {
        // What is in the way is told before a store is made.
        let store = store::open(project)?;
        let applying = Applying::reading(project, &store, documents, content)?;
        (release.check)(&super::block_on(applying.plan(content, release.keep_drift))??)?;
    }
    let (_lock, store) = store::open_to_write(project)?;
    let mut applying = Applying::new(project, &store, documents, content)?;
    applying.adopt = args.adopt;
    let planned = super::block_on(applying.plan(content, release.keep_drift))??;
    (release.check)(&planned)?;
    if !args.quiet && !args.json && !planned.is_empty() {
        plan::print(project, &planned, false)?;
    }
    let (deletes, replaces) = (planned.plan.count(Change::Delete), planned.plan.count(Change::Replace));
    if deletes + replaces > 0 {
        let question = format!("delete {deletes} and replace {replaces} parameters of {}", project.path);
        confirm(&question, args.yes)?;
    }
    (release.before)()?;
    let bar = Bar::new(args.quiet || args.json);
    let outcome =
        super::interruptible(applying.apply(&planned, release.action, &mut |step| bar.step(step)))??;
    bar.finish();
    print(project, &outcome, args.json)?;
    Ok(ExitCode::Success.into())
}

fn read_saved(file: &Path, project: &Project) -> Result<SavedPlan, CommandError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let message = format!("cannot read {}: {error}", file.display());
        let help = "mlpp plan --out FILE saves a plan".to_owned();
        CommandError::one(ExitCode::InvalidInput, Plain { code: "plan/not-valid", message, help })
    })?;
    let saved = SavedPlan::from_text(&text).map_err(|error| not_applicable(file, &error))?;
    let (message, help) = if saved.path != project.path {
        let message =
            format!("{} is a plan for {}, and this project is {}", file.display(), saved.path, project.path);
        (message, "apply it in its own project, or plan again".to_owned())
    } else if saved.environment != project.environment() {
        let (made, chosen) = (&saved.environment, project.environment());
        let message = format!("{} is a plan for {made}, and the environment is {chosen}", file.display());
        (message, format!("apply it with --environment {made}, or plan again"))
    } else {
        return Ok(saved);
    };
    Err(CommandError::one(ExitCode::InvalidInput, Plain { code: "plan/not-valid", message, help }))
}

fn not_applicable(file: &Path, error: &SavedPlanError) -> CommandError {
    let (code, help) = match error {
        SavedPlanError::Stale(_) => {
            ("plan/stale", "nothing was written; plan again and look at what it shows")
        }
        SavedPlanError::NotValid(_) | SavedPlanError::Format(_) => {
            ("plan/not-valid", "mlpp plan --out FILE saves a plan that this version can apply")
        }
    };
    let message = format!("the plan in {} cannot be applied: {error}", file.display());
    CommandError::one(ExitCode::InvalidInput, Plain { code, message, help: help.to_owned() })
}

#[derive(Serialize)]
struct Json<'a> {
    path: &'a str,
    release: u64,
    new: bool,
    created: usize,
    updated: usize,
    replaced: usize,
    deleted: usize,
    unchanged: usize,
    edited_in_place: usize,
    kept: usize,
    pruned: &'a [u64],
}

fn print(project: &Project, outcome: &ApplyOutcome, json: bool) -> Result<(), CommandError> {
    if json {
        return output::json(&Json {
            path: project.path.as_str(),
            release: outcome.release,
            new: outcome.new,
            created: outcome.created,
            updated: outcome.updated,
            replaced: outcome.replaced,
            deleted: outcome.deleted,
            unchanged: outcome.unchanged,
            edited_in_place: outcome.drifted,
            kept: outcome.kept,
            pruned: &outcome.pruned,
        });
    }
    output::data(summary(outcome))
}

/// An apply in a line.
pub(crate) fn summary(outcome: &ApplyOutcome) -> String {
    if !outcome.new {
        return format!(
            "release {} is in force already, {} parameters unchanged",
            outcome.release, outcome.unchanged
        );
    }
    let mut text = format!(
        "release {}: {} created, {} updated, {} replaced, {} deleted, {} unchanged",
        outcome.release,
        outcome.created,
        outcome.updated,
        outcome.replaced,
        outcome.deleted,
        outcome.unchanged
    );
    if !outcome.pruned.is_empty() {
        let pruned: Vec<_> = outcome.pruned.iter().map(ToString::to_string).collect();
        text = format!("{text}; no longer kept: {}", pruned.join(", "));
    }
    text
}
