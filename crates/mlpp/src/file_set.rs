//! Writing several files, all of them or none.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Files that belong together in a folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileSet<'a> {
    pub(crate) folder: &'a Path,
    /// Whether files that are there are replaced.
    pub(crate) force: bool,
    /// The code of the error that tells of files that are there, `<command>/exists`.
    pub(crate) exists: &'static str,
}

impl FileSet<'_> {
    /// Checks that none of the files is there, unless they are to be replaced.
    ///
    /// # Errors
    /// `<command>/exists`, with those that are there.
    pub(crate) fn check(&self, names: &[&str]) -> Result<(), CommandError> {
        let is_there = |name: &&&str| self.folder.join(name).symlink_metadata().is_ok();
        let there: Vec<_> = names.iter().filter(is_there).map(|name| self.folder.join(name)).collect();
        if self.force || there.is_empty() { Ok(()) } else { Err(self.there(&there)) }
    }

    /// Writes all files into the folder, which is made if it is absent.
    ///
    /// # Errors
    /// A file cannot be written, or has come to be there meanwhile; then everything is as it was.
    pub(crate) fn write(&self, files: &[(&str, String)]) -> Result<(), CommandError> {
        let folder = self.folder;
        let failed = |error| CommandError::failed(&format!("write to {}", folder.display()), error);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut whole = Vec::new();
        for (name, text) in files {
            whole.push((temporary(folder, text).map_err(failed)?, folder.join(name)));
        }
        let mut placed: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
        for (file, name) in whole {
            let before = self.force.then(|| fs::read(&name).ok()).flatten();
            let persisted = if self.force { file.persist(&name) } else { file.persist_noclobber(&name) };
            if let Err(error) = persisted {
                take_back(&placed);
                let is_there = error.error.kind() == io::ErrorKind::AlreadyExists;
                return Err(if is_there { self.there(&[name]) } else { failed(error.error) });
            }
            placed.push((name, before));
        }
        Ok(())
    }

    fn there(&self, files: &[PathBuf]) -> CommandError {
        let listed: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        let verb = if listed.len() == 1 { "is" } else { "are" };
        let message = format!("{} {verb} there already", listed.join(", "));
        let help =
            "nothing was written; name another folder, or replace what is there with --force".to_owned();
        CommandError::one(ExitCode::InvalidInput, Plain { code: self.exists, message, help })
    }
}

/// A file that vanishes unless it is put in its place, with the permissions that a new file has.
pub(crate) fn temporary(folder: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// Makes the files what they were. The first error is the one that is told; another one here would hide it.
fn take_back(placed: &[(PathBuf, Option<Vec<u8>>)]) {
    for (name, before) in placed {
        let _ = match before {
            Some(bytes) => fs::write(name, bytes),
            None => fs::remove_file(name),
        };
    }
}

/// Writes a file: all of it, or nothing. What is no file, such as a pipe, is written to.
pub(crate) fn replace(file: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let name = match fs::canonicalize(file) {
        Ok(name) => name,
        Err(error) if error.kind() == io::ErrorKind::NotFound => file.to_owned(),
        Err(error) => return Err(error),
    };
    if fs::metadata(&name).is_ok_and(|metadata| !metadata.is_file()) {
        return fs::OpenOptions::new().write(true).open(&name)?.write_all(text.as_bytes());
    }
    let folder = name.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    temporary(folder, text)?.persist(&name).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let set = |force| FileSet { folder: &inner, force, exists: "init/exists" };
        let files = |text: &str| [("one", text.to_owned()), ("two", text.to_owned())];
        set(false).write(&files("x")).unwrap();
        assert_eq!(names(&inner), ["one", "two"]);

        fs::remove_file(inner.join("one")).unwrap();
        assert!(set(false).check(&["one", "two"]).is_err());
        assert!(set(false).write(&files("y")).is_err());
        assert_eq!(names(&inner), ["two"]);

        // What cannot be replaced takes the others back to what they were.
        fs::write(inner.join("one"), "mine").unwrap();
        fs::remove_file(inner.join("two")).unwrap();
        fs::create_dir(inner.join("two")).unwrap();
        assert!(set(true).write(&files("y")).is_err());
        assert_eq!(fs::read_to_string(inner.join("one")).unwrap(), "mine");
        assert_eq!(names(&inner), ["one", "two"]);
    }
}
