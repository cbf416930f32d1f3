//! Running other programs: to the end, or with their output both shown and read.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::error::Error;

/// How often a program whose output is being read is asked whether it has ended.
const POLL: Duration = Duration::from_millis(200);

/// How long after a program's end its output may stay open before something is taken to be left running.
const GRACE: Duration = Duration::from_secs(10);

/// How many lines may wait to be copied.
const BACKLOG: usize = 64;

/// The command as a user would type it, for messages.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// What a program printed, as JSON.
pub(crate) fn parse<T: DeserializeOwned>(program: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|source| Error::Output { command: program.to_owned(), source })
}

/// Runs a command with this program's own output and no input; an unsuccessful end is an error.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Error::Start { program: shown(command), source })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: shown(command), status }) }
}

/// Runs a command with `input` and hands each line of its stdout to `read` as it comes; an unsuccessful end is an error.
///
/// Its stdin stays open until its output has ended, so that it can tell when nobody wants the rest: this program was ended, or
/// `read` failed.
pub(crate) fn converse(
    command: &mut Command,
    input: &str,
    mut read: impl FnMut(&str) -> Result<(), Error>,
) -> Result<(), Error> {
    let program = shown(command);
    let failed = |source| Error::Start { program: program.clone(), source };
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut stdin = child.stdin.take();
    let lines = lines_of(&mut child);
    let mut talk = || {
        if let Some(stdin) = &mut stdin {
            // One that ends without reading says why by its status.
            let _ = stdin.write_all(input.as_bytes()).and_then(|()| stdin.flush());
        }
        lines.iter().try_for_each(|line| read(String::from_utf8_lossy(&line.map_err(failed)?).trim_end()))
    };
    let talked = talk();
    drop(stdin);
    let status = child.wait().map_err(failed)?;
    talked?;
    if status.success() { Ok(()) } else { Err(Error::Failed { command: program, status }) }
}

/// How a command ended whose output was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) status: ExitStatus,
    /// Whether something that it started still runs, by the output that is still open.
    pub(crate) left_running: bool,
}

impl End {
    /// Takes anything but a clean end for an error.
    pub(crate) fn check(self, command: &Command) -> Result<(), Error> {
        if !self.status.success() {
            return Err(Error::Failed { command: shown(command), status: self.status });
        }
        if self.left_running { Err(Error::LeftRunning { command: shown(command) }) } else { Ok(()) }
    }
}

/// Runs a command, copies its stdout to ours line by line as it comes, and hands each line to `read`.
///
/// Returns when the output has ended, and at the latest [`GRACE`] after the command: a process that it left
/// behind may hold the output open for ever.
pub(crate) fn tee(command: &mut Command, read: impl FnMut(&str)) -> Result<End, Error> {
    copy(command, &mut io::stdout(), GRACE, read)
}

/// [`tee`] to any output, with any grace.
fn copy(
    command: &mut Command,
    out: &mut impl Write,
    grace: Duration,
    read: impl FnMut(&str),
) -> Result<End, Error> {
    let program = shown(command);
    let failed = |source| Error::Start { program: program.clone(), source };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    follow(&mut child, out, grace, read).map_err(|source| {
        // Nobody reads its output any more. That it may have ended by itself by now is no further error.
        let _ = child.kill().and_then(|()| child.wait());
        failed(source)
    })
}

/// Copies and reads a child's output to its end, or to the end of the grace.
fn follow(
    child: &mut Child,
    out: &mut impl Write,
    grace: Duration,
    mut read: impl FnMut(&str),
) -> io::Result<End> {
    let lines = lines_of(child);
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => {
                let line = line?;
                out.write_all(&line)?;
                out.flush()?;
                read(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Ok(End { status: child.wait()?, left_running: false });
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        match ended {
            Some((status, since)) if since.elapsed() > grace => {
                return Ok(End { status, left_running: true });
            }
            Some(_) => {}
            None => ended = child.try_wait()?.map(|status| (status, Instant::now())),
        }
    }
}

/// The lines of a child's stdout, read by a thread of their own; the channel closes with the output.
fn lines_of(child: &mut Child) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(BACKLOG);
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            loop {
                let mut line = Vec::new();
                let message = match stdout.read_until(b'\n', &mut line) {
                    Ok(0) => break,
                    Ok(_) => Ok(line),
                    Err(error) => Err(error),
                };
                let last = message.is_err();
                if sender.send(message).is_err() || last {
                    break;
                }
            }
        });
    }
    receiver
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{GRACE, converse, copy, run, shown, tee};
    use crate::error::Error;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn every_line_is_copied_and_read_and_the_status_kept() {
        let (mut lines, mut out) = (Vec::new(), Vec::new());
        let mut command = shell("echo one; echo two; printf three; exit 3");
        let end = copy(&mut command, &mut out, GRACE, |line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["one", "two", "three"]);
        assert_eq!(out, b"one\ntwo\nthree");
        assert_eq!(end.status.code(), Some(3));
        assert!(!end.left_running);
        assert!(matches!(end.check(&command), Err(Error::Failed { .. })));
    }

    #[test]
    fn a_process_left_running_is_told_and_not_waited_for() {
        let (mut lines, mut out) = (Vec::new(), Vec::new());
        let mut command = shell("sleep 60 & echo $!");
        let end = copy(&mut command, &mut out, Duration::ZERO, |line| {
            lines.push(line.to_owned());
        });
        let ended = shell(&format!("kill {}", lines.concat())).status().unwrap();
        assert!(matches!(end.unwrap().check(&command), Err(Error::LeftRunning { .. })));
        assert!(ended.success(), "it was still running");
    }

    #[test]
    fn a_command_whose_output_cannot_be_copied_is_ended() {
        let mut full: &mut [u8] = &mut [0; 2];
        let error = copy(&mut shell("echo one; exec sleep 60"), &mut full, GRACE, |_| {}).unwrap_err();
        assert!(matches!(error, Error::Start { .. }), "{error}");
    }

    #[test]
    fn a_conversation_has_every_line_and_ends_with_its_input() {
        let mut lines = Vec::new();
        let mut read = |line: &str| {
            lines.push(line.to_owned());
            Ok(())
        };
        converse(&mut shell("read a; read b; echo $b; echo $a"), "one\ntwo\n", &mut read).unwrap();
        // It runs on until nobody listens to it.
        let refused =
            converse(&mut shell("echo three; cat >/dev/null; exit 3"), "", |_| Err(Error::NoTotals));
        assert!(matches!(refused, Err(Error::NoTotals)));
        let failed = converse(&mut shell("echo four; exit 3"), "unread", &mut read);
        assert!(matches!(failed, Err(Error::Failed { .. })));
        assert_eq!(lines, ["two", "one", "four"]);
    }

    #[test]
    fn an_unsuccessful_end_is_an_error_that_names_the_command() {
        run(&mut shell("exit 0")).unwrap();
        let error = run(&mut shell("exit 7")).unwrap_err();
        assert!(matches!(&error, Error::Failed { command, .. } if command == "sh -c exit 7"), "{error}");
    }

    #[test]
    fn a_program_that_does_not_exist_is_an_error() {
        let error = tee(&mut Command::new("/nowhere/absent"), |_| {}).unwrap_err();
        assert!(matches!(error, Error::Start { program, .. } if program == "absent"));
    }

    #[test]
    fn commands_are_shown_without_the_program_s_directory() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "--workspace"]);
        assert_eq!(shown(&command), "cargo test --workspace");
    }
}
