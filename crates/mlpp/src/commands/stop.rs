use std::process::ExitCode as ProcessExitCode;
use std::time::Duration;

use mlpp_local::{ExecutionRecord, LocalExecutions, status_text};
use mlpp_provider::{ExecutionStatus, Workflows as _};
use serde_json::json;

use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions::{self, Machine, OnAws, unreadable};
use crate::exit_code::ExitCode;
use crate::output;

/// How often it is looked whether the process that runs the execution has stopped it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Stop an execution, with the jobs that it waits for
///
/// Whichever process runs it stops it; where none does, this one does it. An execution that was stopped is ABORTED; mlpp resume
/// --redrive goes on with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The execution: its name, the beginning of its name, or its ARN
    #[arg(value_name = "EXECUTION")]
    name: String,
    /// The error name that the execution ends with
    #[arg(long, value_name = "NAME", default_value = "Stopped")]
    error: String,
    /// The cause that it ends with
    #[arg(long, value_name = "TEXT", default_value = "mlpp stop was asked for.")]
    cause: String,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    if let Some(on_aws) = OnAws::of(project)? {
        let stopped = super::block_on(stop_on_aws(args, on_aws))??;
        return print(args, &stopped);
    }
    let recorded = executions::recorded(project)?;
    let all = recorded.list().map_err(|error| unreadable(&error))?;
    let found = executions::find(&all, Some(&args.name))?;
    check_running(found)?;
    recorded.ask_to_stop(&found.arn, &args.error, &args.cause).map_err(|error| unreadable(&error))?;
    if !executions::is_at_work(project)? {
        stop_here(args, project, found)?;
    }
    let stopped = super::block_on(wait(project, &recorded, found))??;
    print(args, &stopped)
}

/// Checks that there is something to stop.
fn check_running(found: &ExecutionRecord) -> Result<(), CommandError> {
    if found.description.status == ExecutionStatus::Running {
        return Ok(());
    }
    let message = format!("the execution {} is {}", found.name, status_text(found.description.status));
    let help = "only an execution that is RUNNING can be stopped".to_owned();
    Err(CommandError::one(ExitCode::InvalidInput, Plain { code: "execution/status", message, help }))
}

/// Stops an execution on Step Functions; what a task of it waits for is stopped by Step Functions.
async fn stop_on_aws(args: &Args, on_aws: OnAws<'_>) -> Result<ExecutionRecord, CommandError> {
    let found = on_aws.find(Some(&args.name)).await?;
    check_running(&found)?;
    let failed = |error| CommandError::failed(&format!("stop the execution {}", found.name), error);
    on_aws.aws.workflows().stop(&found.arn, &args.error, &args.cause).await.map_err(failed)?;
    Ok(on_aws.record(&found.arn).await?.unwrap_or(found))
}

fn print(args: &Args, stopped: &ExecutionRecord) -> Result<ProcessExitCode, CommandError> {
    let status = status_text(stopped.description.status);
    if args.json {
        output::json(&json!({"arn": stopped.arn, "name": stopped.name, "status": status}))?;
    } else {
        output::data(format_args!("{} is {status}", stopped.name))?;
    }
    Ok(ExitCode::Success.into())
}

/// Stops an execution that no process runs: it is taken over for that, so that what it waits for is stopped as well.
fn stop_here(args: &Args, project: &Project, execution: &ExecutionRecord) -> Result<(), CommandError> {
    let machine = Machine::read(project)?;
    super::at_work(async {
        let local = executions::open(project, machine)?;
        let stopped = async {
            executions::go_on(&local, &execution.arn)?;
            let workflows = local.workflows();
            workflows
                .stop(&execution.arn, &args.error, &args.cause)
                .await
                .map_err(|error| unreadable(&error))?;
            workflows.wait(&execution.arn).await.map_err(|error| unreadable(&error))?;
            Ok(())
        };
        let stopped = stopped.await;
        local.shutdown().await;
        stopped
    })
}

/// Waits until the execution has ended, as long as somebody runs it.
async fn wait(
    project: &Project,
    recorded: &LocalExecutions,
    execution: &ExecutionRecord,
) -> Result<ExecutionRecord, CommandError> {
    loop {
        let at_work = executions::is_at_work(project)?;
        let now = recorded.get(&execution.arn).map_err(|error| unreadable(&error))?;
        if now.description.status != ExecutionStatus::Running {
            return Ok(now);
        }
        if !at_work {
            let message =
                format!("the process that ran the execution {} ended before it stopped it", execution.name);
            let help = "it is stopped as soon as it is resumed; mlpp stop does so now".to_owned();
            let plain = Plain { code: "execution/not-stopped", message, help };
            return Err(CommandError::one(ExitCode::Failure, plain));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
