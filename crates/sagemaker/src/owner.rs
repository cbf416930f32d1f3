//! Which process runs what: a locked file for each process that has the folder open.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::names;

/// This process's claim on what it runs. The system drops the lock when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Owner {
    folder: PathBuf,
    id: String,
    lock: File,
}

impl Owner {
    /// Takes a new id below `folder`.
    pub(crate) fn claim(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let unique = names::digest(&format!("{} {:?}", names::now(), std::thread::current().id()));
        let mut attempt = 0_u64;
        loop {
            let id = format!("{}-{:08x}", std::process::id(), unique.wrapping_add(attempt) & 0xffff_ffff);
            match File::options().write(true).create_new(true).open(path(&folder, &id)) {
                Ok(lock) => {
                    lock.lock()?;
                    // Somebody who swept in between took the file for one that is left over.
                    if is_at(&lock, &path(&folder, &id))? {
                        return Ok(Self { folder, id, lock });
                    }
                    attempt += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Whether the process that took `id` still has the folder open.
    pub(crate) fn is_alive(&self, id: &str) -> bool {
        if id == self.id {
            return true;
        }
        match File::open(path(&self.folder, id)) {
            Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        }
    }

    /// Gives up what this process runs: others may go on with it from now on.
    pub(crate) fn release(&self) -> io::Result<()> {
        self.lock.unlock()
    }

    /// Removes the files of processes that have ended.
    pub(crate) fn sweep(&self) -> io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".lock")) else { continue };
            if id == self.id {
                continue;
            }
            let Ok(file) = File::open(entry.path()) else { continue };
            // Held until the file is removed: an owner that waits for the lock sees that its file is gone.
            if file.try_lock().is_ok() {
                match std::fs::remove_file(entry.path()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// Whether the file at `path` is this one.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata(path) {
        Ok(found) => {
            let own = file.metadata()?;
            Ok((found.dev(), found.ino()) == (own.dev(), own.ino()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_alive_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let first = Owner::claim(folder.path().to_owned()).unwrap();
        let second = Owner::claim(folder.path().to_owned()).unwrap();
        assert_ne!(first.id(), second.id());
        assert!(second.is_alive(first.id()) && second.is_alive(second.id()));
        let id = first.id().to_owned();
        drop(first);
        assert!(!second.is_alive(&id));
        second.sweep().unwrap();
        assert!(!path(folder.path(), &id).exists());
        assert!(path(folder.path(), second.id()).exists());
    }
}
