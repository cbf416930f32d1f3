mod on_aws;

use std::process::ExitCode as ProcessExitCode;

use mlpp_local::{ExecutionRecord, status_text};
use mlpp_provider::{ExecutionStatus, with_sources};

use super::ended::{self, Ended, Format};
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions::{self, Machine, OnAws, Progress, unreadable};
use crate::exit_code::ExitCode;
use crate::output;

/// Go on with executions that no process runs
///
/// An execution outlives the process that runs it: everything that it took in is recorded before something follows from it. It
/// goes on, by the definition that it was started with, where it stood: jobs and trials that have ended are kept, those that were
/// running are started again, and nothing is made twice. Without a name every execution that is RUNNING goes on.
///
/// On AWS an execution needs nobody to run it: there it is waited for until it has ended, and --redrive has Step Functions go on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The execution: its name, the beginning of its name, or its ARN
    #[arg(value_name = "EXECUTION")]
    name: Option<String>,
    /// Go on with an execution that failed, was stopped or timed out, at the state where it did
    #[arg(long, requires = "name")]
    redrive: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let mut progress = Progress::new(args.quiet);
    if let Some(on_aws) = OnAws::of(project)? {
        return on_aws::run(args, on_aws, &mut progress);
    }
    let chosen = chosen(args, project)?;
    if chosen.is_empty() {
        output::note("no execution is RUNNING");
        if args.json {
            output::json(&[(); 0])?;
        }
        return Ok(ExitCode::Success.into());
    }
    let machine = Machine::read(project)?;
    super::at_work(async {
        let local = executions::open(project, machine)?;
        let events = local.sagemaker().subscribe();
        let ended = super::interrupt::until_interrupted(async {
            let mut resumed = Vec::new();
            for execution in &chosen {
                if args.redrive {
                    local.workflows().redrive(&execution.arn).map_err(|error| refused(execution, &error))?;
                } else {
                    executions::go_on(&local, &execution.arn)?;
                }
                progress.done("resume", &format!("execution {}", execution.name));
                resumed.push(execution.arn.as_str());
            }
            Ended::watch(&local, &resumed, events, &mut progress).await
        });
        let ended = ended.await;
        local.shutdown().await;
        ended::print(&ended?, if args.json { Format::JsonList } else { Format::Tables })
    })
}

/// The executions that are to go on.
fn chosen(args: &Args, project: &Project) -> Result<Vec<ExecutionRecord>, CommandError> {
    let all = executions::recorded(project)?.list().map_err(|error| unreadable(&error))?;
    let is_running = |execution: &ExecutionRecord| execution.description.status == ExecutionStatus::Running;
    if args.name.is_none() {
        // The one that was started first goes on first.
        let mut running: Vec<_> = executions::roots(&all).filter(|one| is_running(one)).cloned().collect();
        running.reverse();
        return Ok(running);
    }
    let found = executions::find(&all, args.name.as_deref())?;
    check_status(args, found)?;
    Ok(vec![found.clone()])
}

/// Checks that what is asked for is what the execution's status allows.
fn check_status(args: &Args, found: &ExecutionRecord) -> Result<(), CommandError> {
    let status = found.description.status;
    let is_running = status == ExecutionStatus::Running;
    if is_running != args.redrive {
        return Ok(());
    }
    Err(not_of_status(found))
}

/// That an execution has another status than it is to have.
fn not_of_status(found: &ExecutionRecord) -> CommandError {
    let status = found.description.status;
    let is_running = status == ExecutionStatus::Running;
    let help = match (is_running, mlpp_local::is_redrivable(status)) {
        (true, _) => "leave --redrive away to go on with it",
        (false, true) => "--redrive goes on at the state where it ended",
        (false, false) => "it succeeded; mlpp launch --again starts one like it",
    };
    let message = format!("the execution {} is {}", found.name, status_text(status));
    let plain = Plain { code: "execution/status", message, help: help.to_owned() };
    CommandError::one(ExitCode::InvalidInput, plain)
}

fn refused(execution: &ExecutionRecord, error: &(dyn std::error::Error + 'static)) -> CommandError {
    let message = format!("the execution {} cannot be redriven: {}", execution.name, with_sources(error));
    let help = "mlpp launch --again starts one like it".to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "execution/status", message, help })
}
