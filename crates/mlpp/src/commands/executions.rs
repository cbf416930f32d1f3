use std::process::ExitCode as ProcessExitCode;

use jiff::Timestamp;
use mlpp_local::{ExecutionRecord, status_text};
use mlpp_provider::ExecutionStatus;
use serde_json::{Value, json};

use crate::config::{Backend, Project};
use crate::error::CommandError;
use crate::executions::{self, OnAws, Provenance, seconds, short_name, unreadable};
use crate::exit_code::ExitCode;
use crate::output;

/// How many executions are listed on AWS without a limit: each is a call of its own.
const LISTED: usize = 50;

/// List the executions, newest first
///
/// On AWS they are those of the target, the newest 50 without a limit.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The newest so many
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,
    /// With those that a task of another execution started; on AWS those are listed that the target has
    #[arg(long)]
    nested: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let all = match OnAws::of(project)? {
        Some(on_aws) => super::block_on(on_aws.list(args.limit.unwrap_or(LISTED)))??,
        None => executions::recorded(project)?.list().map_err(|error| unreadable(&error))?,
    };
    let is_here = project.config.backend == Backend::Local;
    let shown: Vec<_> = all
        .iter()
        .filter(|execution| args.nested || !is_here || execution.parent_arn.is_none())
        .take(args.limit.unwrap_or(usize::MAX))
        .collect();
    if args.json {
        output::json(&shown.iter().map(|execution| as_json(execution)).collect::<Vec<_>>())?;
        return Ok(ExitCode::Success.into());
    }
    if shown.is_empty() {
        output::note("there is no execution yet");
        return Ok(ExitCode::Success.into());
    }
    let mut table =
        output::table(["execution", "state machine", "status", "started", "took", "release", "manifest"]);
    for execution in &shown {
        let provenance = Provenance::of(&execution.input);
        table.add_row([
            execution.name.clone(),
            short_name(&execution.state_machine_arn).to_owned(),
            status_text(execution.description.status).to_owned(),
            execution.start.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            took(execution),
            provenance.as_ref().and_then(|from| from.release).map_or("-".to_owned(), |n| n.to_string()),
            provenance.map_or("-".to_owned(), |from| from.manifest_uri()),
        ]);
    }
    output::data(table)?;
    let running =
        shown.iter().filter(|execution| execution.description.status == ExecutionStatus::Running).count();
    if running > 0 && is_here && !executions::is_at_work(project)? {
        output::note(format_args!("no mlpp is at work here: mlpp resume goes on with what is RUNNING"));
    }
    Ok(ExitCode::Success.into())
}

/// How long an execution took, or takes up to now.
pub(super) fn took(execution: &ExecutionRecord) -> String {
    let end = execution.stop.unwrap_or_else(Timestamp::now);
    // The clock may have been set back in between.
    seconds(end.duration_since(execution.start).try_into().unwrap_or_default())
}

/// What a listing in JSON has of an execution.
pub(super) fn as_json(execution: &ExecutionRecord) -> Value {
    let provenance = Provenance::of(&execution.input);
    json!({
        "arn": execution.arn,
        "name": execution.name,
        "state_machine_arn": execution.state_machine_arn,
        "status": status_text(execution.description.status),
        "start": execution.start.to_string(),
        "stop": execution.stop.map(|stop| stop.to_string()),
        "release": provenance.as_ref().and_then(|from| from.release),
        "manifest": provenance.as_ref().map(Provenance::manifest_uri),
        "attempt": provenance.as_ref().map(|from| from.attempt),
        "started_by": execution.parent_arn,
    })
}
