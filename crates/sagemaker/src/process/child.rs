//! The platform's end of a supervised program.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
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
        let mut supervisor = Command::new(executable)
            .args(leading)
            .args(order.arguments())
            .current_dir(&program.directory)
            .env_clear()
            .envs(program.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
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
