//! Writing several files, all of them or none.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Checks that none of the files is there, unless they are to be replaced.
///
/// # Errors
/// `init/exists`, with those that are there.
pub(super) fn check(folder: &Path, names: &[&str], force: bool) -> Result<(), CommandError> {
    let is_there = |name: &&&str| folder.join(name).symlink_metadata().is_ok();
    let there: Vec<_> = names.iter().filter(is_there).map(|name| folder.join(name)).collect();
    if force || there.is_empty() { Ok(()) } else { Err(exists(&there)) }
}

fn exists(files: &[PathBuf]) -> CommandError {
    let listed: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    let verb = if listed.len() == 1 { "is" } else { "are" };
    let message = format!("{} {verb} there already", listed.join(", "));
    let help = "nothing was written; name another folder, or replace what is there with --force".to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "init/exists", message, help })
}

/// Writes all files into the folder, which is made if it is absent.
///
/// # Errors
/// A file cannot be written, or has come to be there meanwhile; then everything is as it was.
pub(super) fn all(folder: &Path, files: &[(&str, String)], force: bool) -> Result<(), CommandError> {
    let failed = |error| CommandError::failed(&format!("write to {}", folder.display()), error);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut whole = Vec::new();
    for (name, text) in files {
        whole.push((temporary(folder, text).map_err(failed)?, folder.join(name)));
    }
    let mut placed: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for (file, name) in whole {
        let before = force.then(|| fs::read(&name).ok()).flatten();
        let persisted = if force { file.persist(&name) } else { file.persist_noclobber(&name) };
        if let Err(error) = persisted {
            take_back(&placed);
            let is_there = error.error.kind() == io::ErrorKind::AlreadyExists;
            return Err(if is_there { exists(&[name]) } else { failed(error.error) });
        }
        placed.push((name, before));
    }
    Ok(())
}

/// A file that vanishes unless it is put in its place, with the permissions that a new file has.
fn temporary(folder: &Path, text: &str) -> io::Result<NamedTempFile> {
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
        let files = |text: &str| [("one", text.to_owned()), ("two", text.to_owned())];
        all(&inner, &files("x"), false).unwrap();
        assert_eq!(names(&inner), ["one", "two"]);

        fs::remove_file(inner.join("one")).unwrap();
        assert!(check(&inner, &["one", "two"], false).is_err());
        assert!(all(&inner, &files("y"), false).is_err());
        assert_eq!(names(&inner), ["two"]);

        // What cannot be replaced takes the others back to what they were.
        fs::write(inner.join("one"), "mine").unwrap();
        fs::remove_file(inner.join("two")).unwrap();
        fs::create_dir(inner.join("two")).unwrap();
        assert!(all(&inner, &files("y"), true).is_err());
        assert_eq!(fs::read_to_string(inner.join("one")).unwrap(), "mine");
        assert_eq!(names(&inner), ["one", "two"]);
    }
}
