//! What is asked: an endpoint of `mlpp up`, or its peer.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::process::{parse, run};
use crate::project::Project;

/// How long something may take to come up.
const PATIENCE: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(50);

/// The endpoint's name in the example.
const ENDPOINT: &str = "survival-endpoint";

/// A process that serves, with what it started; ended when it is dropped.
#[derive(Debug)]
pub(super) struct Served {
    child: Child,
    address: String,
}

/// What the peer says of itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Peer {
    port: u16,
    /// Of its model, on the validation rows.
    pub(super) auc: f64,
}

impl Served {
    /// `mlpp up` for a project.
    pub(super) fn up(project: &Project) -> Result<Self, Error> {
        let path = project.path().join("up.log");
        let log = File::create(&path).map_err(Error::file("write", &path))?;
        let mut command = project.command(&["up", "--listen", "127.0.0.1:0"]);
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|source| Error::Start { program: "mlpp up".to_owned(), source })?;
        let mut served = Self { child, address: String::new() };
        served.address = until("mlpp up listens", || {
            let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
            let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            Ok(lines.find_map(|line| Some(line.split_once("http://")?.1.trim().to_owned())))
        })?;
        Ok(served)
    }

    /// The peer, trained on the project's rows with as many trees of the same depth.
    pub(super) fn peer(
        python: &Path,
        script: &Path,
        project: &Project,
        hyperparameters: &Value,
    ) -> Result<(Self, Peer), Error> {
        let failed = |source| Error::Start { program: "the FastAPI server".to_owned(), source };
        let mut command = Command::new(python);
        command.arg("-I").arg(script);
        command.args(["train.csv", "validation.csv"].map(|file| project.path().join("data").join(file)));
        for name in ["ntrees", "max_depth", "learn_rate"] {
            command.arg(hyperparameters[name].as_str().unwrap_or_default());
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let mut served = Self { child, address: String::new() };
        let mut line = String::new();
        if let Some(stdout) = served.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
        }
        let peer: Peer = parse("the FastAPI server", &line)?;
        served.address = format!("127.0.0.1:{}", peer.port);
        Ok((served, peer))
    }

    /// Where the endpoint is asked.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}/endpoints/{ENDPOINT}/invocations", self.address)
    }

    /// Where a container is asked.
    pub(super) fn container(&self) -> String {
        format!("http://{}/invocations", self.address)
    }

    /// Memory of the process and everything below it in MiB, pages that several share counted once.
    pub(super) fn memory(&self) -> Result<f64, Error> {
        let parents = parents()?;
        let is_below = |mut pid: u32| {
            while pid != self.child.id() {
                match parents.get(&pid) {
                    Some(parent) => pid = *parent,
                    None => return false,
                }
            }
            true
        };
        let kib: u64 =
            parents.keys().filter(|pid| is_below(**pid)).filter_map(|pid| proportional(*pid)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a size")]
        Ok(kib as f64 / 1024.0)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // What `mlpp up` started ends with it. That it has ended by itself by now is no error.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// How many executions have succeeded; one that ended otherwise is an error.
pub(super) fn succeeded(project: &Project) -> Result<usize, Error> {
    let executions = project.json(&["executions", "--json"])?;
    let executions = executions.as_array().cloned().unwrap_or_default();
    let is = |execution: &Value, status: &str| execution["status"] == status;
    if let Some(bad) = executions.iter().find(|one| !is(one, "SUCCEEDED") && !is(one, "RUNNING")) {
        return Err(Error::Check(format!("an execution did not succeed: {bad}")));
    }
    Ok(executions.iter().filter(|one| is(one, "SUCCEEDED")).count())
}

/// Drops a manifest, and waits until its execution has succeeded.
pub(super) fn deploy(project: &Project, key: &str) -> Result<(), Error> {
    let before = succeeded(project)?;
    let target = format!("s3://demo-bucket/manifests/{key}");
    run(project.command(&["put", "manifest.json", &target]).stdout(Stdio::null()))?;
    until("the workflow succeeds", || Ok((succeeded(project)? > before).then_some(())))
}

/// The description of the endpoint.
pub(super) fn describe(project: &Project) -> Result<Value, Error> {
    let endpoints = project.json(&["endpoints", "--json"])?;
    Ok(endpoints[0].clone())
}

/// Asks until there is an answer.
fn until<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>, Error>) -> Result<T, Error> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > PATIENCE {
            return Err(Error::Check(format!("{what}: not within {} s", PATIENCE.as_secs())));
        }
        std::thread::sleep(LOOK);
    }
}

/// Each process with its parent.
fn parents() -> Result<HashMap<u32, u32>, Error> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc").map_err(Error::file("read", "/proc"))?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // One may have ended since it was listed.
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    Ok(parents)
}

/// The proportional set size of a process in KiB.
fn proportional(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let size = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    size.trim().trim_end_matches("kB").trim().parse().ok()
}
