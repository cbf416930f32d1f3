//! What is local to a project, opened: to run executions, or to look at them.

use mlpp_local::{Local, LocalError, LocalExecutions, LocalOptions, open_jobs};
use mlpp_provider::{WorkflowsError, with_sources};
use mlpp_sagemaker::SageMaker;

use super::Machine;
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Opens everything, to run executions: one process at a time does.
///
/// # Errors
/// Algorithms or state machines that are not valid; `project/busy`.
pub(crate) fn open(project: &Project, machine: Machine) -> Result<Local, CommandError> {
    let program = std::env::current_exe().map_err(|error| CommandError::failed("find mlpp itself", error))?;
    let mut options = LocalOptions::new(project.local_folder(), program, machine.state_machines);
    options.algorithms = machine.algorithms;
    options.environment = std::env::vars_os().collect();
    Local::open(options).map_err(|error| match error {
        LocalError::Busy { process } => {
            let process = process.map_or(String::new(), |process| format!(": process {process}"));
            let folder = project.local_folder();
            let message = format!("another mlpp is at work in {}{process}", folder.display());
            let help = "wait until it has ended, or end it".to_owned();
            CommandError::one(ExitCode::Busy, Plain { code: "project/busy", message, help })
        }
        other => CommandError::failed("open the project's local folder", other),
    })
}

/// Opens what is recorded of the executions, to look at it; nothing is made.
///
/// # Errors
/// `execution/unreadable`.
pub(crate) fn recorded(project: &Project) -> Result<LocalExecutions, CommandError> {
    LocalExecutions::open(&project.local_folder()).map_err(|error| unreadable(&error))
}

/// Opens jobs and models, to look at them; `None` when there never were any.
///
/// # Errors
/// `execution/unreadable`.
pub(crate) fn jobs(project: &Project) -> Result<Option<SageMaker>, CommandError> {
    open_jobs(&project.local_folder()).map_err(|error| unreadable(&error))
}

/// Something recorded cannot be read.
pub(crate) fn unreadable(error: &(dyn std::error::Error + 'static)) -> CommandError {
    if let Some(WorkflowsError::ExecutionDoesNotExist(arn)) = error.downcast_ref() {
        return super::find::absent(arn, &[]);
    }
    if let Some(full) = CommandError::disk_full(error) {
        return full;
    }
    let message = with_sources(error);
    let help = "the folder .mlpp of the project must be one that you may read and write".to_owned();
    CommandError::one(ExitCode::Failure, Plain { code: "execution/unreadable", message, help })
}

/// Whether an `mlpp` runs executions of the project now.
pub(crate) fn is_at_work(project: &Project) -> Result<bool, CommandError> {
    mlpp_local::is_at_work(&project.local_folder()).map_err(|error| unreadable(&error))
}
