//! How a program ended, as the supervisor leaves it in a file.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How a supervised program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It never started, for this reason.
    NotStarted(String),
    /// The supervisor ended without saying.
    Lost,
}

/// What the supervisor's file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    #[serde(flatten)]
    pub(crate) exit: Exit,
    /// Whether the supervisor had asked the program to end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) asked: bool,
}

/// How much room is taken beforehand.
const RESERVED: usize = 512;

/// The file before it is whole.
fn temporary(path: &Path) -> PathBuf {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    temporary.into()
}

impl Exit {
    pub(crate) fn is_success(&self) -> bool {
        *self == Self::Code(0)
    }

    /// What the supervisor wrote; [`Exit::Lost`] without it.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        Ok(Ended::read(path)?.map_or(Self::Lost, |ended| ended.exit))
    }
}

impl Ended {
    /// How a program ended that was not asked to.
    pub(crate) fn by_itself(exit: Exit) -> Self {
        Self { exit, asked: false }
    }

    /// What the supervisor wrote, if it did.
    pub(crate) fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the room that [`write`](Self::write) needs, so that the end of a program is not lost on a disk that is full by
    /// then, to which most ends are short enough.
    pub(crate) fn reserve(path: &Path) -> io::Result<()> {
        let mut file = File::create(temporary(path))?;
        file.write_all(&[b' '; RESERVED])?;
        file.sync_all()
    }

    /// Writes the file whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        let temporary = temporary(path);
        // What is reserved is written over, and kept until then.
        let mut file = File::options().create(true).truncate(false).write(true).open(&temporary)?;
        file.write_all(&bytes)?;
        file.set_len(bytes.len() as u64)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "exit code: {code}"),
            Self::Signal(signal) => write!(formatter, "ended by signal {signal}"),
            Self::NotStarted(reason) => formatter.write_str(reason),
            Self::Lost => formatter.write_str("its supervisor ended unexpectedly"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exit.json");
        assert_eq!(Exit::read(&path).unwrap(), Exit::Lost);
        Ended::reserve(&path).unwrap();
        assert_eq!(Exit::read(&path).unwrap(), Exit::Lost);
        for exit in [Exit::Code(3), Exit::Signal(9), Exit::NotStarted("no such file".into())] {
            Ended::by_itself(exit.clone()).write(&path).unwrap();
            assert_eq!(Exit::read(&path).unwrap(), exit);
            let ended = Ended { exit, asked: true };
            ended.write(&path).unwrap();
            assert_eq!(Ended::read(&path).unwrap(), Some(ended));
        }
    }
}
