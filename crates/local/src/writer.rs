use std::path::Path;

use crate::LocalError;
use crate::local::make_private;
use crate::lock::ProcessLock;

/// The file that the one process which applies a release has locked.
const WRITER_LOCK: &str = "writer.lock";

/// Held while a release is applied, rolled back or destroyed: nobody else on this machine writes then, and a claim that
/// stands is of a process that has ended.
#[derive(Debug)]
pub struct WriterLock {
    _lock: ProcessLock,
}

impl WriterLock {
    /// Takes the lock of the local folder `root`, which is made if absent.
    ///
    /// # Errors
    /// [`LocalError::Busy`] when another process has it.
    pub fn acquire(root: &Path) -> Result<Self, LocalError> {
        make_private(root).map_err(|source| LocalError::File { path: root.to_owned(), source })?;
        Ok(Self { _lock: ProcessLock::take(&root.join(WRITER_LOCK))? })
    }
}
