mod connections;
mod running;
mod scan;
mod server;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode as ProcessExitCode;
use std::time::Duration;

use jiff::Timestamp;
use mlpp_local::{Arrival, Arrivals, ExecutionRecord, Local, Standing, Verdict, status_text};
use mlpp_parameters::{ManifestEvent, ProjectRules};
use mlpp_provider::{LaunchError, Objects as _, ObjectsError, Which, WorkflowsError, with_sources};
use mlpp_sagemaker::JobEvent;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

use super::interrupt::interrupted;
use super::launch::expect_parameters;
use crate::config::Project;
use crate::documents;
use crate::error::CommandError;
use crate::executions::{self, Launcher, Machine, reason, unreadable};
use crate::exit_code::ExitCode;
use crate::output;
use crate::store;
use running::Running;
use scan::{Found, Scan};
use server::{Server, Status};

/// How often it is looked for manifests.
const LOOK: Duration = Duration::from_millis(200);

/// In how many looks it is tried once to go on with executions that could not.
const GO_ON: u32 = 5;

/// Stay: launch the workflow for each manifest that arrives, run executions, serve endpoints
///
/// Watches the manifests' prefix in the local bucket. A manifest that is put there, by mlpp put or any other way, starts the
/// workflow once, whatever else happens; a bad one is rejected with what is wrong (mlpp why-not) and stops nothing. What
/// cannot be done now, since the disk is full or nothing was applied yet, is told and waits. Executions that an earlier
/// process left, or that mlpp launch has recorded, go on; endpoints in service are served:
/// POST /endpoints/NAME/invocations, as SageMaker Runtime has it. GET /status tells what there is as JSON. Ctrl-C ends it,
/// with every process that it started; what was running goes on with the next one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where endpoints answer, as SageMaker Runtime does, and /status; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    crate::backend::only_here(
        project,
        "mlpp up",
        "on AWS the stack does its work: mlpp deploy makes it, and mlpp put starts a workflow there",
    )?;
    let machine = Machine::read(project)?;
    machine.check_target(project)?;
    let rules = documents::rules(project)?;
    let data = executions::data_files(project)?;
    super::at_work(async {
        let local = executions::open(project, machine)?;
        let server = Server::bind(args.listen).await;
        let server = match server {
            Ok(server) => server,
            Err(error) => {
                local.shutdown().await;
                return Err(error);
            }
        };
        let up = async {
            let (put, same) = executions::put_data(local.objects(), &data).await?;
            let arrivals = Arrivals::open(&project.local_folder()).map_err(|error| unreadable(&error))?;
            let mut up = Up::new(args, project, &local, &rules, arrivals);
            up.tell("data", format_args!("{put} objects put, {same} unchanged"));
            up.tell("listen", format_args!("http://{}", server.address()));
            up.take_over().await?;
            let status = Status::new(project, &local);
            tokio::select! {
                () = up.stay() => Ok(()),
                never = server.serve(status) => match never {},
            }
        };
        let ended = tokio::select! {
            // It is heeded from the beginning.
            biased;
            () = interrupted() => Ok(()),
            ended = up => ended,
        };
        local.shutdown().await;
        ended?;
        Ok(ExitCode::Success.into())
    })
}

/// A project at work.
struct Up<'a> {
    quiet: bool,
    project: &'a Project,
    local: &'a Local,
    rules: &'a ProjectRules,
    arrivals: Arrivals,
    scan: Scan,
    running: Running,
    /// What cannot be done now, as it was told.
    waiting: BTreeSet<String>,
}

/// Why it cannot be told yet what becomes of a manifest: it is tried again.
enum Later {
    /// Something about this one.
    This(String),
    /// Something that holds for every one.
    Every(String),
}

impl<'a> Up<'a> {
    fn new(
        args: &Args,
        project: &'a Project,
        local: &'a Local,
        rules: &'a ProjectRules,
        arrivals: Arrivals,
    ) -> Self {
        let config = &project.config;
        let scan = Scan::new(&config.manifest_s3_bucket_name, &config.manifest_s3_bucket_key_prefix);
        Self {
            quiet: args.quiet,
            project,
            local,
            rules,
            arrivals,
            scan,
            running: Running::default(),
            waiting: BTreeSet::new(),
        }
    }

    fn tell(&self, what: &str, text: std::fmt::Arguments<'_>) {
        if !self.quiet {
            output::note(format_args!("{}  {what:>9}  {text}", Timestamp::now().strftime("%H:%M:%S")));
        }
    }

    /// Goes on with executions that nothing runs: an earlier process left them, or `mlpp launch` has recorded them meanwhile.
    fn take_up(&mut self) -> Result<(), WorkflowsError> {
        for arn in self.local.workflows().executions().running()? {
            if self.running.is_known(&arn) {
                continue;
            }
            match executions::go_on(self.local, &arn) {
                Ok(()) => {
                    self.tell("resume", format_args!("execution {}", executions::short_name(&arn)));
                    self.follow(&arn);
                }
                Err(error) => {
                    error.show();
                    self.running.stall(arn, messages(&error));
                }
            }
        }
        Ok(())
    }

    /// Goes on with what an earlier process left, and serves the endpoints.
    async fn take_over(&mut self) -> Result<(), CommandError> {
        self.take_up().map_err(|error| unreadable(&error))?;
        let served = self.local.sagemaker().restore_endpoints().await;
        served.map_err(|error| CommandError::failed("serve the endpoints", error))?;
        self.tell("watch", format_args!("{}", self.watched()?));
        Ok(())
    }

    /// Where manifests arrive; the folder is there from then on, so that files can be copied into it.
    fn watched(&self) -> Result<String, CommandError> {
        let config = &self.project.config;
        let (bucket, prefix) = (&config.manifest_s3_bucket_name, &config.manifest_s3_bucket_key_prefix);
        let uri = format!("s3://{bucket}/{prefix}");
        let Ok(file) = self.local.objects().file(bucket, &format!("{prefix}x")) else { return Ok(uri) };
        let Some(folder) = file.parent() else { return Ok(uri) };
        std::fs::create_dir_all(folder)
            .map_err(|error| CommandError::failed(&format!("make {}", folder.display()), error))?;
        Ok(format!("{uri}: {}", folder.display()))
    }

    /// Waits for the end of an execution; whether it is a new one.
    fn follow(&mut self, arn: &str) -> bool {
        self.running.follow(self.local.workflows(), arn)
    }

    /// Does everything that there is to do, until it is dropped.
    async fn stay(&mut self) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = self.local.sagemaker().subscribe();
        let mut looks = 0_u32;
        loop {
            tokio::select! {
                _ = look.tick() => {
                    looks = looks.wrapping_add(1);
                    self.look().await;
                    if looks.is_multiple_of(GO_ON) {
                        self.running.go_on(self.local.workflows());
                    }
                }
                Some(arn) = self.running.ended() => self.tell_end(&arn),
                event = events.recv() => match event {
                    Ok(event) => self.tell_event(&event),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }

    /// Deals with the manifests that have arrived, and tells what cannot be done now; once, for as long as that is so.
    async fn look(&mut self) {
        let mut waiting: BTreeSet<String> = self
            .running
            .stalled()
            .map(|(arn, why)| format!("execution {}: {why}", executions::short_name(arn)))
            .collect();
        if let Err(error) = self.take_up() {
            waiting.insert(format!("executions: {}", with_sources(&error)));
        }
        match self.scan.look(self.local.objects()) {
            Ok(found) => self.deal_with(&found, &mut waiting).await,
            Err(error) => {
                waiting.insert(format!("manifests: {}", with_sources(&error)));
            }
        }
        for why in waiting.difference(&self.waiting) {
            self.tell("wait", format_args!("{why}"));
        }
        self.waiting = waiting;
    }

    async fn deal_with(&mut self, found: &[Found], waiting: &mut BTreeSet<String>) {
        for found in found {
            match self.arrived(found).await {
                Ok(()) => {}
                Err(Later::This(why)) => {
                    waiting.insert(why);
                }
                Err(Later::Every(why)) => {
                    waiting.insert(format!("manifests: {why}"));
                    return;
                }
            }
            // There may be many of them, and others to be served in between.
            tokio::task::yield_now().await;
        }
    }

    async fn arrived(&mut self, found: &Found) -> Result<(), Later> {
        let (bucket, key) = (&self.project.config.manifest_s3_bucket_name, found.key.as_str());
        let object = match self.local.objects().get(bucket, key, Which::Newest).await {
            Ok(object) => object,
            // Deleted in between.
            Err(ObjectsError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(Later::This(with_sources(&error))),
        };
        if !self.scan.is_as_seen(self.local.objects(), key) {
            return Ok(());
        }
        // What is no JSON may be the beginning of one, whose rest is on its way.
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&object.bytes).is_ok();
        if !is_json && !found.is_settled {
            return Ok(());
        }
        let unrecorded = |error| Later::Every(with_sources(&error));
        let version = object.version.clone().unwrap_or_else(|| object.etag.clone());
        let standing = self
            .arrivals
            .see(bucket, key, &version, object.last_modified, Timestamp::now())
            .map_err(unrecorded)?;
        let Standing::Open { last_modified } = standing else {
            self.scan.done(key);
            return Ok(());
        };
        let event = ManifestEvent { last_modified, ..object.event(bucket.as_str(), key) };
        let verdict = self.launch(&event).await?;
        let arrival =
            Arrival { bucket: bucket.clone(), key: key.to_owned(), version, time: Timestamp::now(), verdict };
        self.arrivals.record(&arrival).map_err(unrecorded)?;
        self.scan.done(key);
        Ok(())
    }

    /// Launches the workflow for a manifest.
    async fn launch(&mut self, event: &ManifestEvent) -> Result<Verdict, Later> {
        let store = self.local.store();
        if let Err(error) = expect_parameters(self.project, store).await {
            return Err(Later::Every(messages(&error)));
        }
        let common =
            Launcher { project: self.project, rules: self.rules, store, objects: self.local.objects() };
        let uri = format!("s3://{}/{}", event.bucket, event.key);
        match common.launch(self.local.workflows(), event, NonZeroU32::MIN).await {
            Ok(launched) => {
                let arn = launched.started.execution_arn;
                let recorded = executions::go_on(self.local, &arn);
                recorded.map_err(|error| Later::This(messages(&error)))?;
                if self.follow(&arn) {
                    self.tell("launch", format_args!("execution {} for {uri}", launched.prepared.name));
                }
                Ok(Verdict::Launched { execution_arn: arn })
            }
            Err(error) if error.is_superseded() => Ok(Verdict::Superseded),
            Err(error @ LaunchError::Objects(ObjectsError::Unavailable { .. })) => {
                Err(Later::This(with_sources(&error)))
            }
            Err(error) if is_passing(&error) => Err(Later::Every(with_sources(&error))),
            Err(error) => {
                let error = store::launch_failed(self.project, error);
                self.tell("reject", format_args!("{uri}: mlpp why-not {uri} tells why"));
                if !self.quiet {
                    error.show();
                }
                let findings: Vec<_> = error.records().collect();
                Ok(Verdict::Rejected { findings: serde_json::json!(findings).to_string() })
            }
        }
    }

    fn tell_end(&self, arn: &str) {
        let ExecutionRecord { name, description, .. } = match self.local.workflows().executions().get(arn) {
            Ok(record) => record,
            Err(error) => {
                let name = executions::short_name(arn);
                return self.tell("ended", format_args!("execution {name}: {}", with_sources(&error)));
            }
        };
        let status = status_text(description.status);
        match (&description.error, &description.cause) {
            (Some(error), cause) => {
                let cause = cause.as_deref().map(reason).unwrap_or_default();
                self.tell("ended", format_args!("execution {name} {status}: {error}: {cause}"));
            }
            (None, _) => self.tell("ended", format_args!("execution {name} {status}")),
        }
    }

    fn tell_event(&self, event: &JobEvent) {
        match event {
            JobEvent::TuningJobEnded { name, status, best_training_job, .. } => {
                let best = best_training_job.as_ref().map_or(String::new(), |best| format!(", best {best}"));
                self.tell("tune", format_args!("{name} {status}{best}"));
            }
            JobEvent::EndpointChanged { name, status, failure_reason } => {
                let why = failure_reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
                self.tell("endpoint", format_args!("{name} is {status}{why}"));
            }
            JobEvent::InstanceEnded { endpoint, reason, .. } => {
                self.tell("endpoint", format_args!("{endpoint}: {reason} It is started again."));
            }
            JobEvent::WaitsForRoom { reason } => self.tell("wait", format_args!("jobs: {reason}")),
            JobEvent::VariantScaled { endpoint, variant, from, to } => {
                self.tell("scale", format_args!("{endpoint}, {variant}: {from} instances to {to}"));
            }
            JobEvent::Notification { subject, .. } => {
                self.tell("notify", format_args!("{}", subject.as_deref().unwrap_or("a notification")));
            }
            _ => {}
        }
    }
}

/// What an error says, in a line.
fn messages(error: &CommandError) -> String {
    let messages: Vec<_> = error.records().map(|record| record.message).collect();
    messages.join("; ")
}

/// Whether another try may succeed: nothing is wrong with the manifest.
fn is_passing(error: &LaunchError) -> bool {
    match error {
        LaunchError::Workflows(_) => true,
        LaunchError::Read(error) => !matches!(error, mlpp_provider::ReadError::Decode(_)),
        _ => false,
    }
}
