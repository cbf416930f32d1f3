//! The platform's end of a supervised program.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, ChildStdin, Command};

use super::status::Exit;
use super::supervise::Order;

/// A program to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The words before the supervisor's arguments.
    pub(crate) supervisor: Vec<OsString>,
    pub(crate) command: Vec<OsString>,
    pub(crate) directory: PathBuf,
    /// All variables that it sees.
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) log: PathBuf,
    pub(crate) status: PathBuf,
    pub(crate) grace: Duration,
}

/// A supervised program. Dropping it closes the pipe, which ends the program.
#[derive(Debug)]
pub(crate) struct Process {
    supervisor: Child,
    pipe: Option<ChildStdin>,
    status: PathBuf,
    exit: Option<Exit>,
}

/// The file that a supervisor has locked while it runs.
fn lock_file(status: &Path) -> PathBuf {
    status.with_extension("lock")
}

/// Takes the lock which the supervisor is to hold. Taken before the supervisor starts, it leaves no moment in which
/// the supervisor is under way and the lock is free.
fn lock(status: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(lock_file(status))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "a supervisor of this program still runs"))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Blocks until no supervisor of the program with this status file runs any more, whoever started it.
pub(crate) fn wait_for_supervisor(status: &Path) -> io::Result<()> {
    match File::open(lock_file(status)) {
        Ok(file) => file.lock_shared(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

impl Process {
    pub(crate) fn start(program: Program) -> io::Result<Self> {
        let [executable, leading @ ..] = program.supervisor.as_slice() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no supervisor is configured"));
        };
        let order = Order {
            status: program.status.clone(),
            log: program.log,
            grace: program.grace,
            command: program.command,
        };
        let lock = lock(&program.status)?;
        let mut supervisor = Command::new(executable)
            .args(leading)
            .args(order.arguments())
            .current_dir(&program.directory)
            .env_clear()
            .envs(program.environment)
            .stdin(Stdio::piped())
            // The lock goes with the open file, and the supervisor has it as long as it runs: it writes no output.
            .stdout(Stdio::from(lock))
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let pipe = supervisor.stdin.take();
        Ok(Self { supervisor, pipe, status: program.status, exit: None })
    }

    /// Waits until the program has ended. May be dropped and called again.
    pub(crate) async fn wait(&mut self) -> io::Result<Exit> {
        if let Some(exit) = &self.exit {
            return Ok(exit.clone());
        }
        self.supervisor.wait().await?;
        let exit = Exit::read(&self.status)?;
        self.exit = Some(exit.clone());
        Ok(exit)
    }

    /// Asks the supervisor to end the program and waits until it has.
    pub(crate) async fn stop(&mut self) -> io::Result<Exit> {
        self.pipe = None;
        self.wait().await
    }
}
