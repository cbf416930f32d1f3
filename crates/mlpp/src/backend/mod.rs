//! Where a project is at work: on this machine, or in an AWS account. Here alone is the choice; commands use what either has.

#[cfg(feature = "aws")]
mod aws;
#[cfg(not(feature = "aws"))]
#[path = "no_aws.rs"]
mod aws;
#[cfg(not(feature = "aws"))]
mod no_aws_services;
mod objects;
mod services;
mod store;

pub(crate) use aws::{Aws, failed_call};
pub(crate) use objects::AnyObjects;
pub(crate) use services::{ListedExecution, Notified, Platform, Service, ServiceFailed};
pub(crate) use store::Store;

use crate::config::{Backend, Project};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// The project's connection to AWS; `None` where it is at work on this machine. Not to be called by what waits already.
///
/// # Errors
/// `aws/region`, `backend/not-here`.
pub(crate) fn aws(project: &Project) -> Result<Option<&Aws>, CommandError> {
    if project.config.backend == Backend::Local {
        return Ok(None);
    }
    if project.aws.get().is_none() {
        let connected = crate::commands::block_on(Aws::connect(&project.config))??;
        // Nobody else set it meanwhile: a command opens its project in one thread.
        let _ = project.aws.set(connected);
    }
    Ok(project.aws.get())
}

/// Refuses what can be done on this machine alone.
///
/// # Errors
/// `backend/not-here`, with what to do on AWS.
pub(crate) fn only_here(project: &Project, what: &str, instead: &str) -> Result<(), CommandError> {
    if project.config.backend == Backend::Local {
        return Ok(());
    }
    Err(not_here(format!("{what} is of this machine alone, and the project is on AWS"), instead))
}

/// That a command is not for where the project is.
pub(crate) fn not_here(message: String, instead: &str) -> CommandError {
    let plain = Plain { code: "backend/not-here", message, help: instead.to_owned() };
    CommandError::one(ExitCode::InvalidInput, plain)
}
