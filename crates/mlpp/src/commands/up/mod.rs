mod scan;
mod server;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode as ProcessExitCode;
use std::time::Duration;

use jiff::Timestamp;
use mlpp_local::{Arrival, Arrivals, ExecutionRecord, Local, Standing, Verdict, status_text};
use mlpp_parameters::{ManifestEvent, ProjectRules};
use mlpp_provider::{ExecutionStatus, LaunchError, Objects as _, ObjectsError, Which, with_sources};
use mlpp_sagemaker::JobEvent;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
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
use scan::Scan;
use server::{Server, Status};

/// How often it is looked for manifests.
const LOOK: Duration = Duration::from_millis(200);

/// Stay: launch the workflow for each manifest that arrives, run executions, serve endpoints
///
/// Watches the manifests' prefix in the local bucket. A manifest that is put there, by mlpp put or any other way, starts the
/// workflow once, whatever else happens; a bad one is rejected with what is wrong (mlpp why-not) and stops nothing. Executions
/// that an earlier process left go on, endpoints in service are served: POST /endpoints/NAME/invocations, as SageMaker Runtime has it.
/// GET /status tells what there is as JSON. Ctrl-C ends it, with every process that it started;
/// what was running goes on with the next one.
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
                ended = up.stay() => ended,
                failed = server.serve(status) => failed,
            }
        };
        let ended = tokio::select! {
            ended = up => ended,
            () = interrupted() => Ok(()),
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
    /// The executions that this process runs.
    running: JoinSet<String>,
    /// What was told of a manifest that cannot be launched now.
    waiting: Option<String>,
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
            running: JoinSet::new(),
            waiting: None,
        }
    }

    fn tell(&self, what: &str, text: std::fmt::Arguments<'_>) {
        if !self.quiet {
            output::note(format_args!("{}  {what:>9}  {text}", Timestamp::now().strftime("%H:%M:%S")));
        }
    }

    /// Goes on with what an earlier process left, and serves the endpoints.
    async fn take_over(&mut self) -> Result<(), CommandError> {
        let all = self.local.workflows().executions().list().map_err(|error| unreadable(&error))?;
        for left in executions::roots(&all).filter(|one| one.description.status == ExecutionStatus::Running) {
            match executions::go_on(self.local, &left.arn) {
                Ok(()) => {
                    self.tell("resume", format_args!("execution {}", left.name));
                    self.follow(left.arn.clone());
                }
                Err(error) => error.show(),
            }
        }
        let served = self.local.sagemaker().restore_endpoints().await;
        served.map_err(|error| CommandError::failed("serve the endpoints", error))?;
        let config = &self.project.config;
        self.tell(
            "watch",
            format_args!(
                "s3://{}/{}: {}",
                config.manifest_s3_bucket_name,
                config.manifest_s3_bucket_key_prefix,
                self.local
                    .objects()
                    .file(
                        &config.manifest_s3_bucket_name,
                        &format!("{}x", config.manifest_s3_bucket_key_prefix)
                    )
                    .ok()
                    .and_then(|file| file.parent().map(|folder| folder.display().to_string()))
                    .unwrap_or_default()
            ),
        );
        Ok(())
    }

    /// Waits for the end of an execution.
    fn follow(&mut self, arn: String) {
        let workflows = self.local.workflows().clone();
        self.running.spawn(async move {
            // How it ended is read from what is recorded.
            let _ = workflows.wait(&arn).await;
            arn
        });
    }

    /// Does everything that there is to do, until it is dropped.
    async fn stay(&mut self) -> Result<(), CommandError> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut events = self.local.sagemaker().subscribe();
        loop {
            tokio::select! {
                _ = look.tick() => self.look().await?,
                Some(ended) = self.running.join_next() => {
                    if let Ok(arn) = ended {
                        self.tell_end(&arn)?;
                    }
                }
                event = events.recv() => match event {
                    Ok(event) => self.tell_event(&event),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
            }
        }
    }

    /// Deals with the manifests that have arrived.
    async fn look(&mut self) -> Result<(), CommandError> {
        let failed = |error| CommandError::failed("look for manifests", error);
        for key in self.scan.look(self.local.objects()).map_err(failed)? {
            self.arrived(&key).await?;
        }
        Ok(())
    }

    async fn arrived(&mut self, key: &str) -> Result<(), CommandError> {
        let bucket = &self.project.config.manifest_s3_bucket_name;
        let object = match self.local.objects().get(bucket, key, Which::Newest).await {
            Ok(object) => object,
            // Deleted in between.
            Err(ObjectsError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(CommandError::failed("read a manifest", error)),
        };
        let version = object.version.clone().unwrap_or_else(|| object.etag.clone());
        let standing = self
            .arrivals
            .see(bucket, key, &version, object.last_modified, Timestamp::now())
            .map_err(|error| unreadable(&error))?;
        let Standing::Open { last_modified } = standing else {
            self.scan.done(key);
            return Ok(());
        };
        let event = ManifestEvent { last_modified, ..object.event(bucket.as_str(), key) };
        let verdict = match self.launch(&event).await {
            Ok(verdict) => verdict,
            // It can be launched another time.
            Err(later) => {
                if self.waiting.as_ref() != Some(&later) {
                    self.tell("wait", format_args!("s3://{bucket}/{key}: {later}"));
                    self.waiting = Some(later);
                }
                return Ok(());
            }
        };
        self.waiting = None;
        let arrival =
            Arrival { bucket: bucket.clone(), key: key.to_owned(), version, time: Timestamp::now(), verdict };
        self.arrivals.record(&arrival).map_err(|error| unreadable(&error))?;
        self.scan.done(key);
        Ok(())
    }

    /// Launches the workflow for a manifest; the error says why that cannot be told yet.
    async fn launch(&mut self, event: &ManifestEvent) -> Result<Verdict, String> {
        let store = self.local.store();
        if let Err(error) = expect_parameters(self.project, store).await {
            let told: Vec<_> = error.records().map(|record| record.message).collect();
            return Err(told.join("; "));
        }
        let common =
            Launcher { project: self.project, rules: self.rules, store, objects: self.local.objects() };
        let uri = format!("s3://{}/{}", event.bucket, event.key);
        match common.launch(self.local.workflows(), event, NonZeroU32::MIN).await {
            Ok(launched) => {
                let arn = launched.started.execution_arn;
                self.tell("launch", format_args!("execution {} for {uri}", launched.prepared.name));
                if executions::go_on(self.local, &arn).is_ok() {
                    self.follow(arn.clone());
                }
                Ok(Verdict::Launched { execution_arn: arn })
            }
            Err(error) if error.is_superseded() => Ok(Verdict::Superseded),
            Err(error) if is_passing(&error) => Err(with_sources(&error)),
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

    fn tell_end(&self, arn: &str) -> Result<(), CommandError> {
        let recorded = self.local.workflows().executions();
        let ExecutionRecord { name, description, .. } =
            recorded.get(arn).map_err(|error| unreadable(&error))?;
        let status = status_text(description.status);
        match (&description.error, &description.cause) {
            (Some(error), cause) => {
                let cause = cause.as_deref().map(reason).unwrap_or_default();
                self.tell("ended", format_args!("execution {name} {status}: {error}: {cause}"));
            }
            (None, _) => self.tell("ended", format_args!("execution {name} {status}")),
        }
        Ok(())
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

/// Whether another try may succeed: nothing is wrong with the manifest.
fn is_passing(error: &LaunchError) -> bool {
    match error {
        LaunchError::Objects(ObjectsError::Unavailable { .. }) | LaunchError::Workflows(_) => true,
        LaunchError::Read(error) => !matches!(error, mlpp_provider::ReadError::Decode(_)),
        _ => false,
    }
}
