//! Going on with an execution.

use mlpp_local::{Local, ResumeError};
use mlpp_provider::with_sources;

use super::find::short_name;
use super::open::unreadable;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Goes on with an execution that no process runs; one that has ended, or that this process runs, needs none of it.
///
/// # Errors
/// `execution/journal`: it cannot be made of its journal.
pub(crate) fn go_on(local: &Local, arn: &str) -> Result<(), CommandError> {
    match local.workflows().resume(arn) {
        Ok(()) | Err(ResumeError::Ended(_)) => Ok(()),
        Err(ResumeError::Journal(mlpp_local::JournalError::Workflows(error))) => Err(unreadable(&error)),
        Err(error) => {
            let name = short_name(arn);
            let message = format!("the execution {name} cannot go on: {}", with_sources(&error));
            let help = format!(
                "mlpp stop {name} ends it, and mlpp launch --again starts one like it; or go on with the version of \
                 mlpp that ran it"
            );
            Err(CommandError::one(ExitCode::Failure, Plain { code: "execution/journal", message, help }))
        }
    }
}
