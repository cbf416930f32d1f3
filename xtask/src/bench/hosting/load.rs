//! Load by wrk.

use std::io;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::error::Error;
use crate::process::parse;
use crate::project::Project;
use crate::workspace::Workspace;

/// How an endpoint is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) connections: u32,
    pub(super) duration: Duration,
    /// How long each connection waits between an answer and its next request.
    pub(super) pause: Duration,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Answers {
    pub(super) requests: u64,
    seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    /// Answers that are neither 2xx nor 3xx.
    refused: u64,
    connect: u64,
    read: u64,
    write: u64,
    timeout: u64,
}

impl Answers {
    /// Requests per second.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    pub(super) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Requests that had no good answer.
    pub(super) fn failed(&self) -> u64 {
        self.refused + self.connect + self.read + self.write + self.timeout
    }
}

/// A load that is being put on an endpoint; ended when it is dropped.
#[derive(Debug)]
pub(super) struct Running(Option<Child>);

impl Load {
    /// As many connections as that, each asking again at once.
    pub(super) fn full(connections: u32, duration: Duration) -> Self {
        Self { connections, duration, pause: Duration::ZERO }
    }

    /// So many requests per second, for as long as that; exact as far as an answer takes no time.
    pub(super) fn paced(per_second: u32, duration: Duration) -> Self {
        let connections = per_second.div_ceil(10).max(1);
        let pause = Duration::from_secs(1) * connections / per_second;
        Self { connections, duration, pause }
    }

    /// Puts the load on an address, to the end.
    pub(super) fn put(self, workspace: &Workspace, project: &Project, url: &str) -> Result<Answers, Error> {
        self.start(workspace, project, url)?.finish()
    }

    /// Begins to put the load on an address.
    pub(super) fn start(self, workspace: &Workspace, project: &Project, url: &str) -> Result<Running, Error> {
        let mut command = Command::new("wrk");
        command
            .args(["-t", "1", "-c", &self.connections.to_string()])
            .args(["-d", &format!("{}s", self.duration.as_secs())])
            .arg("-s")
            .arg(workspace.root.join("xtask/peers/invoke.lua"))
            .arg(url)
            .env("INVOKE_BODY", project.path().join("data/rows.csv"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if !self.pause.is_zero() {
            command.env("INVOKE_DELAY", self.pause.as_millis().to_string());
        }
        let started = command.spawn();
        Ok(Running(Some(started.map_err(failed)?)))
    }
}

impl Running {
    /// Whether it goes on.
    pub(super) fn is_alive(&mut self) -> Result<bool, Error> {
        self.0.as_mut().map_or(Ok(None), Child::try_wait).map(|status| status.is_none()).map_err(failed)
    }

    /// Waits for its end.
    pub(super) fn finish(mut self) -> Result<Answers, Error> {
        let gone = || failed(io::Error::other("it was waited for already"));
        let output = self.0.take().ok_or_else(gone)?.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            return Err(Error::Failed { command: "wrk".to_owned(), status: output.status });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        // wrk prints tables of its own before what the script prints.
        parse("wrk", text.lines().next_back().unwrap_or_default())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // That it has ended by itself by now is no error.
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

fn failed(source: io::Error) -> Error {
    Error::Start { program: "wrk (of Debian's package of that name)".to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Load;

    #[test]
    fn the_connections_of_a_paced_load_wait_so_that_together_they_come_to_its_rate() {
        for (rate, connections, pause) in [(4, 1, 250), (10, 1, 100), (50, 5, 100), (200, 20, 100)] {
            let load = Load::paced(rate, Duration::from_secs(1));
            assert_eq!((load.connections, load.pause.as_millis()), (connections, pause), "{rate}");
        }
    }
}
