//! The supervisor: a process between the platform and a program.
//!
//! It leads a process group of its own, so that a terminal's Ctrl-C does not reach it; the program leads another. Its
//! standard input is a pipe that the platform holds. When the pipe closes, because the platform asks or because it is
//! gone, the program's group gets SIGTERM and after a grace SIGKILL. When the program ends, what is left of its group
//! is killed, and how it ended is written to a file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::status::{Ended, Exit};

/// The first argument of the supervisor's second stage.
const EXECUTE: &str = "--execute";

/// What the supervisor is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Where to write how the program ended.
    pub(crate) status: PathBuf,
    /// Where the program's standard output and error go.
    pub(crate) log: PathBuf,
    /// The time between SIGTERM and SIGKILL.
    pub(crate) grace: Duration,
    /// The program and its arguments.
    pub(crate) command: Vec<OsString>,
}

impl Order {
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let grace = self.grace.as_millis().to_string();
        let mut arguments = vec![self.status.clone().into(), self.log.clone().into(), grace.into()];
        arguments.extend(self.command.iter().cloned());
        arguments
    }

    fn parse(arguments: &[OsString]) -> Option<Self> {
        let [status, log, grace, command @ ..] = arguments else { return None };
        let grace = Duration::from_millis(grace.to_str()?.parse().ok()?);
        (!command.is_empty()).then(|| Self {
            status: status.into(),
            log: log.into(),
            grace,
            command: command.to_vec(),
        })
    }
}

/// Runs a program as the platform's supervisor and returns the code to exit with: 0 when the program's end is on
/// record, whatever it was. `arguments` are what follows [`Config::supervisor`](crate::Config::supervisor) on the
/// command line, and must be the last of this process's own arguments: on Linux the supervisor calls its own program
/// once more to bind the life of the program to its own.
pub fn supervise(arguments: impl IntoIterator<Item = OsString>) -> i32 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.first().is_some_and(|first| first == EXECUTE) {
        return execute(&arguments[1..]);
    }
    let Some(order) = Order::parse(&arguments) else { return 2 };
    // Without it the program runs as well, and its end may still find room.
    let _ = Ended::reserve(&order.status);
    let exit = match start(&order, &arguments) {
        Ok(child) => watch(child, &order),
        Err(error) => Ok(Some(Ended::by_itself(Exit::NotStarted(cannot_start(&order.command[0], &error))))),
    };
    let written = match exit {
        Ok(Some(ended)) => ended.write(&order.status),
        Ok(None) => Ok(()),
        Err(error) => {
            Ended::by_itself(Exit::NotStarted(format!("its supervisor failed: {error}"))).write(&order.status)
        }
    };
    i32::from(written.is_err())
}

fn cannot_start(program: &OsString, error: &io::Error) -> String {
    format!("cannot start {}: {error}", Path::new(program).display())
}

fn start(order: &Order, arguments: &[OsString]) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(&order.log)?;
    let mut command = first_stage(order, arguments);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0).spawn()
}

/// On Linux a program can ask to be killed when its parent dies, but only it can ask for itself: this same executable
/// does so in between.
#[cfg(target_os = "linux")]
fn first_stage(order: &Order, arguments: &[OsString]) -> Command {
    let all: Vec<OsString> = std::env::args_os().collect();
    let own = all.len().saturating_sub(arguments.len());
    let mut command = Command::new("/proc/self/exe");
    if let Some(name) = all.first() {
        command.arg0(name);
    }
    command.args(all.get(1..own).unwrap_or_default()).arg(EXECUTE);
    command.arg(std::process::id().to_string()).arg(&order.status).args(&order.command);
    command
}

#[cfg(not(target_os = "linux"))]
fn first_stage(order: &Order, _arguments: &[OsString]) -> Command {
    let mut command = Command::new(&order.command[0]);
    command.args(&order.command[1..]);
    command
}

/// The second stage: becomes the program.
#[cfg(target_os = "linux")]
fn execute(arguments: &[OsString]) -> i32 {
    let [parent, status, program, rest @ ..] = arguments else { return 2 };
    let bound = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let present = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().to_string());
    // The parent may have died before the request took effect.
    if bound.is_err() || present.as_deref() != parent.to_str() {
        return 1;
    }
    let error = Command::new(program).args(rest).exec();
    let ended = Ended::by_itself(Exit::NotStarted(cannot_start(program, &error)));
    i32::from(ended.write(Path::new(status)).is_err())
}

#[cfg(not(target_os = "linux"))]
fn execute(_arguments: &[OsString]) -> i32 {
    2
}

enum Message {
    Ended,
    PipeClosed,
}

/// Waits for the program; nothing when the second stage has recorded that it never started.
fn watch(mut child: Child, order: &Order) -> io::Result<Option<Ended>> {
    let group = Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel();
    let ended = sender.clone();
    thread::spawn(move || {
        // Leaves the program unreaped: until it is reaped its group's number cannot belong to anyone else.
        while waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            .is_err_and(|error| error == rustix::io::Errno::INTR)
        {}
        // The receiver is gone only when this process is about to end.
        let _ = ended.send(Message::Ended);
    });
    thread::spawn(move || {
        let mut buffer = [0; 64];
        let mut pipe = io::stdin().lock();
        while !matches!(pipe.read(&mut buffer), Ok(0)) {}
        let _ = sender.send(Message::PipeClosed);
    });

    let asked = wait_or_terminate(&receiver, group, order.grace);
    // Children that the program left behind do not outlive it.
    let _ = kill_process_group(group, Signal::KILL);
    let status = child.wait()?;
    if order.status.exists() {
        return Ok(None);
    }
    let exit = match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Lost,
    };
    Ok(Some(Ended { exit, asked }))
}

/// Waits for the program's end, asking for it when the pipe closes; answers whether it was asked. A signal that finds
/// no process is not an error here: the program has ended, which the channel tells.
fn wait_or_terminate(receiver: &Receiver<Message>, group: Pid, grace: Duration) -> bool {
    if !matches!(receiver.recv(), Ok(Message::PipeClosed)) {
        return false;
    }
    let _ = kill_process_group(group, Signal::TERM);
    if matches!(receiver.recv_timeout(grace), Err(RecvTimeoutError::Timeout)) {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = receiver.recv();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_the_command_line() {
        let order = Order {
            status: "/a b/exit.json".into(),
            log: "/a b/log".into(),
            grace: Duration::from_millis(1500),
            command: vec!["sh".into(), "-c".into(), "exit 3".into()],
        };
        assert_eq!(Order::parse(&order.arguments()), Some(order));
        assert_eq!(Order::parse(&["x".into(), "y".into(), "10".into()]), None);
        assert_eq!(supervise(["only".into()]), 2);
    }
}
