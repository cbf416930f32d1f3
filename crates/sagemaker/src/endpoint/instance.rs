//! One program of an endpoint.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{RwLock, watch};
use tokio::time::Instant;

use super::port::Port;
use super::set;
use crate::algorithm::{Algorithm, Inference};
use crate::archive;
use crate::event::JobEvent;
use crate::platform::Platform;
use crate::process::{Process, Program, log};
use crate::training::run::truncated;

/// How often a program that starts is asked for its health.
const PING_EVERY: Duration = Duration::from_millis(100);
/// How often a program is started again on another port because something else took its own.
const PORTS: usize = 3;
/// How many lines of the log a failure reason quotes.
const REASON_LINES: usize = 5;

/// A program that has been healthy.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) variant: String,
    pub(crate) log: PathBuf,
    /// Invocations hold it for reading.
    pub(crate) gate: Arc<RwLock<()>>,
    port: Port,
    stop: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

/// A program to start.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The endpoint; nothing for the program of a transform job.
    pub(crate) endpoint: Option<String>,
    /// The production variant or the transform job.
    pub(crate) variant: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) inference: Inference,
    /// The model's archive, if it has one.
    pub(crate) archive: Option<PathBuf>,
    /// Variables of the model.
    pub(crate) environment: Map<String, Value>,
    pub(crate) folder: PathBuf,
    pub(crate) startup_timeout: Duration,
}

impl Instance {
    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }

    pub(crate) fn is_alive(&self) -> bool {
        !*self.ended.borrow()
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends the program once it has answered what it is being asked, or the grace is over.
    pub(super) async fn drain(&self, grace: Duration) {
        // Past the limit an invocation is cut off.
        let _drained = tokio::time::timeout(grace, self.gate.write()).await;
        self.ask_to_stop();
        self.ended().await;
    }

    /// Resolves when the program has ended.
    pub(crate) async fn ended(&self) {
        set(&mut self.ended.clone()).await;
    }
}

impl Plan {
    /// Whose program it is, as failure reasons name it.
    fn whose(&self) -> String {
        let kind = if self.endpoint.is_some() { "production variant" } else { "transform job" };
        format!("{kind} {}", self.variant)
    }
}

/// How the start of a program ended without a healthy program.
enum Unhealthy {
    /// Something else has its port.
    PortTaken,
    Because(String),
}

/// Starts a program and waits until it is healthy. The error is a failure reason. `cancel` turning true ends the
/// program and the wait.
pub(crate) async fn start(
    platform: Arc<Platform>,
    plan: Plan,
    cancel: watch::Receiver<bool>,
) -> Result<Instance, String> {
    let model = plan.folder.join("model");
    unpack(&plan, &model).await?;
    let mut attempt = 1;
    loop {
        let port = Port::reserve(&platform).map_err(|error| format!("No port is free: {error}"))?;
        match healthy(&platform, &plan, &model, &port, cancel.clone()).await {
            Ok(process) => return Ok(keep(platform, plan, port, process)),
            Err(Unhealthy::PortTaken) if attempt < PORTS => attempt += 1,
            Err(Unhealthy::PortTaken) => {
                return Err(format!("The program for {} found its port in use {PORTS} times.", plan.whose()));
            }
            Err(Unhealthy::Because(reason)) => return Err(reason),
        }
    }
}

async fn unpack(plan: &Plan, model: &Path) -> Result<(), String> {
    let (archive, model) = (plan.archive.clone(), model.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&model).map_err(|error| error.to_string())?;
        let Some(archive) = archive else { return Ok(()) };
        archive::unpack(&archive, &model).map_err(|error| error.to_string())
    });
    match unpacked.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            Err(format!("Failed to extract the model data archive for {}: {error}", plan.whose()))
        }
        Err(error) => Err(error.to_string()),
    }
}

async fn healthy(
    platform: &Arc<Platform>,
    plan: &Plan,
    model: &Path,
    port: &Port,
    mut cancel: watch::Receiver<bool>,
) -> Result<Process, Unhealthy> {
    let program = program(platform, plan, model, port.number());
    // What an attempt before this one left would be taken for the end of this one.
    let _ = tokio::fs::remove_file(&program.status).await;
    let (log, status) = (program.log.clone(), program.status.clone());
    let broken = |error: std::io::Error| Unhealthy::Because(error.to_string());
    let mut process = Process::start(program).map_err(broken)?;
    let deadline = Instant::now() + plan.startup_timeout;
    loop {
        tokio::select! {
            biased;
            () = set(&mut cancel) => {
                process.stop().await.map_err(broken)?;
                return Err(Unhealthy::Because("The deployment was cut off".to_owned()));
            }
            exit = process.wait() => {
                let exit = exit.map_err(broken)?;
                if port.is_taken() {
                    return Err(Unhealthy::PortTaken);
                }
                let happened = format!("ended before it was healthy, {exit}");
                return Err(Unhealthy::Because(reason(plan, &happened, &log)));
            }
            () = tokio::time::sleep_until(deadline) => {
                process.stop().await.map_err(broken)?;
                let seconds = plan.startup_timeout.as_secs_f64();
                let happened = format!("did not pass the ping health check within {seconds} seconds");
                return Err(Unhealthy::Because(reason(plan, &happened, &log)));
            }
            passed = ping(platform, port.number()) => {
                // An answer while the program is gone is somebody else's.
                if passed && !status.exists() {
                    return Ok(process);
                }
            }
        }
    }
}

async fn ping(platform: &Platform, port: u16) -> bool {
    let passed = platform.client.ping(port).await;
    if !passed {
        tokio::time::sleep(PING_EVERY).await;
    }
    passed
}

fn reason(plan: &Plan, happened: &str, path: &Path) -> String {
    let start = format!("The primary container for {} {happened}.", plan.whose());
    match log::tail(path, REASON_LINES) {
        Ok(tail) if tail.is_empty() => format!("{start} Its log is empty."),
        Ok(tail) => format!("{start} Its log ends with: {tail}"),
        Err(error) => format!("{start} Its log cannot be read: {error}"),
    }
}

fn program(platform: &Platform, plan: &Plan, model: &Path, port: u16) -> Program {
    let mut environment = platform.config.environment.clone();
    let own: [(&str, OsString); 3] = [
        ("SM_MODEL_DIR", model.into()),
        ("SAGEMAKER_BIND_TO_PORT", port.to_string().into()),
        ("SAGEMAKER_REGION", platform.config.region.clone().into()),
    ];
    environment.extend(own.map(|(name, value)| (name.into(), value)));
    for (name, value) in &plan.environment {
        environment.push((name.into(), value.as_str().unwrap_or_default().into()));
    }
    Program {
        supervisor: platform.config.supervisor.clone(),
        command: plan.algorithm.command(&plan.inference.run, &platform.config.program),
        directory: plan.folder.clone(),
        environment,
        log: plan.folder.join("log"),
        status: plan.folder.join("exit.json"),
        grace: platform.config.grace,
    }
}

/// Watches over a healthy program in a task of its own.
fn keep(platform: Arc<Platform>, plan: Plan, port: Port, mut process: Process) -> Instance {
    let (stop, mut asked) = watch::channel(false);
    let (ended, has_ended) = watch::channel(false);
    let (log, number) = (plan.folder.join("log"), port.number());
    let instance = Instance {
        variant: plan.variant.clone(),
        log: log.clone(),
        gate: Arc::default(),
        port,
        stop,
        ended: has_ended,
    };
    tokio::spawn(async move {
        let by_itself = tokio::select! {
            exit = process.wait() => Some(exit),
            () = set(&mut asked) => {
                // Without an answer the supervisor is gone, and with it the program.
                let _ = process.stop().await;
                None
            }
        };
        ended.send_replace(true);
        if let (Some(endpoint), Some(exit)) = (&plan.endpoint, by_itself) {
            let happened =
                exit.map_or_else(|error| format!("ended: {error}"), |exit| format!("ended, {exit}"));
            let reason = truncated(reason(&plan, &happened, &log));
            platform.emit(JobEvent::InstanceEnded {
                endpoint: endpoint.clone(),
                variant: plan.variant.clone(),
                reason,
            });
            // The endpoint's task reads the deployment when its record changes.
            platform.instance_ended(endpoint, number).await;
            // The next program has a folder of its own. The log stays: errors name it.
            let _ = tokio::fs::remove_dir_all(plan.folder.join("model")).await;
        }
    });
    instance
}
