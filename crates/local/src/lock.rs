//! Files that one process at a time has locked.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use crate::LocalError;

/// How often, and how long apart, a lock is tried for again that somebody merely looks at.
const LOOKERS: (usize, Duration) = (50, Duration::from_millis(2));

/// A locked file with the number of this process in it. The system drops the lock when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct ProcessLock(File);

impl ProcessLock {
    /// Takes the lock; the file is made if absent.
    ///
    /// # Errors
    /// [`LocalError::Busy`] when another process has it.
    pub(crate) fn take(path: &Path) -> Result<Self, LocalError> {
        let failed = |source| LocalError::File { path: path.to_owned(), source };
        let mut options = File::options();
        let mut file =
            options.create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
        let (tries, pause) = LOOKERS;
        for _ in 0..tries {
            match file.try_lock() {
                Ok(()) => {
                    // The number is told to others for their comfort: a disk that is full is no reason to go without the lock.
                    let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                    return Ok(Self(file));
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) => {}
            }
            // Who sees whether a process is at work shares the lock for a moment.
            match file.try_lock_shared() {
                Ok(()) => file.unlock().map_err(failed)?,
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) => break,
            }
            std::thread::sleep(pause);
        }
        let mut number = String::new();
        // A number that cannot be read is not told.
        let _ = file.read_to_string(&mut number);
        Err(LocalError::Busy { process: number.trim().parse().ok() })
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        // A number that stays is written over by the next one.
        let _ = self.0.set_len(0);
    }
}

/// Whether a process has taken the lock at `path`.
///
/// # Errors
/// [`LocalError::File`].
pub(crate) fn is_taken(path: &Path) -> Result<bool, LocalError> {
    let failed = |source| LocalError::File { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(!is_taken(&path).unwrap());
        let lock = ProcessLock::take(&path).unwrap();
        assert!(is_taken(&path).unwrap());
        let refused = ProcessLock::take(&path).unwrap_err();
        let own = std::process::id();
        assert!(matches!(refused, LocalError::Busy { process: Some(process) } if process == own));
        drop(lock);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        ProcessLock::take(&path).unwrap();
    }

    #[test]
    fn who_looks_does_not_stand_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let looker = File::create(&path).unwrap();
        looker.lock_shared().unwrap();
        std::thread::scope(|scope| {
            let taking = scope.spawn(|| ProcessLock::take(&path));
            looker.unlock().unwrap();
            taking.join().unwrap().unwrap();
        });
        // A process that holds it without a number is not named.
        looker.lock().unwrap();
        assert!(matches!(ProcessLock::take(&path), Err(LocalError::Busy { process: None })));
    }
}
