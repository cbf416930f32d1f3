//! Executions on Step Functions, which runs them itself.

use std::process::ExitCode as ProcessExitCode;

use mlpp_local::ExecutionRecord;
use mlpp_provider::ExecutionStatus;

use super::{Args, check_status, not_of_status, refused};
use crate::commands::ended::{self, Ended, Format};
use crate::commands::interrupt::until_interrupted;
use crate::error::CommandError;
use crate::executions::{OnAws, Progress};
use crate::exit_code::ExitCode;
use crate::output;

/// How many executions are looked through for those that run.
const LOOKED_AT: usize = 100;

/// Waits for what runs, or has Step Functions go on with what failed and waits for that.
pub(super) fn run(
    args: &Args,
    on_aws: OnAws<'_>,
    progress: &mut Progress,
) -> Result<ProcessExitCode, CommandError> {
    let ended = crate::commands::block_on(until_interrupted(async {
        let chosen = chosen(args, on_aws).await?;
        for execution in &chosen {
            if args.redrive {
                // Tried again after an answer that was lost, it is the same redrive.
                let token = format!("mlpp-{}", jiff::Timestamp::now().as_nanosecond());
                let redriven = on_aws.aws.redrive(&execution.arn, &token).await;
                redriven.map_err(|error| match error.code() {
                    Some("ExecutionNotRedrivable" | "ExecutionLimitExceeded") => refused(execution, &error),
                    _ => CommandError::failed(&format!("redrive the execution {}", execution.name), error),
                })?;
                progress.done("redrive", &format!("execution {}", execution.name));
            } else {
                progress.done("wait", &format!("execution {}", execution.name));
            }
        }
        let chosen_arns: Vec<_> = chosen.iter().map(|execution| execution.arn.as_str()).collect();
        Ended::watch_on_aws(on_aws, &chosen_arns, progress).await
    }))??;
    if ended.is_empty() {
        output::note("no execution is RUNNING");
        if args.json {
            output::json(&[(); 0])?;
        }
        return Ok(ExitCode::Success.into());
    }
    ended::print(&ended, if args.json { Format::JsonList } else { Format::Tables })
}

/// The executions that are meant.
async fn chosen(args: &Args, on_aws: OnAws<'_>) -> Result<Vec<ExecutionRecord>, CommandError> {
    if args.name.is_none() {
        let mut running = on_aws.list(LOOKED_AT).await?;
        running.retain(|execution| execution.description.status == ExecutionStatus::Running);
        running.reverse();
        return Ok(running);
    }
    let found = on_aws.find(args.name.as_deref()).await?;
    check_status(args, &found)?;
    // Here nobody else has a say before Step Functions is asked.
    if args.redrive && !mlpp_local::is_redrivable(found.description.status) {
        return Err(not_of_status(&found));
    }
    Ok(vec![found])
}
