//! The project's parameter store, as the commands use it.

mod applying;
mod bar;
mod confirm;
mod failure;
pub(crate) mod shown;

use mlpp_local::{DATABASE, LocalError, LocalStore, WriterLock};
use mlpp_provider::StoreError;

pub(crate) use applying::{Applying, OWNER};
pub(crate) use bar::Bar;
pub(crate) use confirm::confirm;
pub(crate) use failure::{
    apply_failed, destroy_failed, launch_failed, planning_failed, read_failed, records_failed, store_failed,
};

use crate::backend::{self, Store};
use crate::config::{Backend, Project};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Opens the store for reading; where nothing was ever applied it is empty, and nothing is made. Not to be called by what
/// waits already, where the project is on AWS.
pub(crate) fn open(project: &Project) -> Result<Store, CommandError> {
    if let Some(store) = on_aws(project)? {
        return Ok(store);
    }
    is_there(project)?;
    LocalStore::open_existing(&project.local_folder().join(DATABASE))
        .map(Store::Local)
        .map_err(|error| store_failed(project, error))
}

/// The store on AWS, where the project is there.
fn on_aws(project: &Project) -> Result<Option<Store>, CommandError> {
    let Some(aws) = backend::aws(project)? else { return Ok(None) };
    let store = aws.store().and_then(|store| Store::on_aws(project, store));
    store.map(Some).map_err(|error: StoreError| store_failed(project, error))
}

/// Whether there is a store. A command that would find something in its way asks before it makes one.
///
/// # Errors
/// `store/unavailable` when that cannot be told: a store that cannot be reached is not one that was never made.
pub(crate) fn is_there(project: &Project) -> Result<bool, CommandError> {
    if project.config.backend == Backend::Aws {
        return Ok(true);
    }
    let file = project.local_folder().join(DATABASE);
    file.try_exists().map_err(|source| unwritable(&LocalError::File { path: file, source }))
}

/// Opens the store for writing; nobody else on this machine writes while the lock is held. On AWS there is none: the claim in
/// the records keeps other writers away, wherever they are.
pub(crate) fn open_to_write(project: &Project) -> Result<(Option<WriterLock>, Store), CommandError> {
    if let Some(store) = on_aws(project)? {
        return Ok((None, store));
    }
    let folder = project.local_folder();
    let lock = WriterLock::acquire(&folder).map_err(|error| match error {
        LocalError::Busy { process } => {
            let process = process.map_or(String::new(), |process| format!(": process {process}"));
            let message = format!("another mlpp is applying a release in {}{process}", folder.display());
            let help = "wait until it has ended, or end it; what it left half done is made good".to_owned();
            CommandError::one(ExitCode::Busy, Plain { code: "store/busy", message, help })
        }
        other => unwritable(&other),
    })?;
    let store = LocalStore::open(&folder.join(DATABASE)).map_err(|error| store_failed(project, error))?;
    Ok((Some(lock), Store::Local(store)))
}

fn unwritable(error: &LocalError) -> CommandError {
    if let Some(full) = CommandError::disk_full(error) {
        return full;
    }
    let message = mlpp_provider::with_sources(error);
    let help = "the folder must be one that you may read and write".to_owned();
    CommandError::one(ExitCode::Failure, Plain { code: "store/unavailable", message, help })
}
