//! The stages of a run, one after the other.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use mlpp_local::{Local, LocalError, LocalObjects, LocalOptions, state_machine_arn};
use mlpp_parameters::release::Action;
use mlpp_parameters::{Digest, ManifestEvent};
use mlpp_provider::{ApplyOutcome, ExecutionStatus, LaunchRequest, Launched, Objects, Which, launch};
use mlpp_sagemaker::{InvokeEndpoint, JobEvent};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;

use super::machine::Machine;
use super::outcome::{Execution, Outcome, Release};
use super::progress::Progress;
use super::validate::{Validated, read};
use super::watch::{Watched, watch};
use crate::commands::TOOL;
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::store::{self, Applying, open_to_write};

/// A run at work.
pub(super) struct Stages<'a> {
    project: &'a Project,
    validated: Validated,
    local: Local,
    progress: Progress,
    started: Instant,
}

impl<'a> Stages<'a> {
    /// Validates the project; then, and only then, opens what is local to it.
    pub(super) fn open(project: &'a Project, quiet: bool) -> Result<Self, CommandError> {
        let started = Instant::now();
        let mut progress = Progress::new(quiet);
        let objects = LocalObjects::new(project.local_folder().join(mlpp_local::BUCKETS));
        let validated =
            read(project, |bucket, prefix| objects.keys(bucket, prefix).is_ok_and(|keys| !keys.is_empty()))?;
        let options = local_options(project)?;
        if !quiet {
            CommandError::invalid(&validated.warnings, &validated.documents.sources).show();
        }
        progress.done(
            "validate",
            &format!(
                "{} documents, {} parameters, {} channels",
                validated.documents.digests.len(),
                validated.content.parameters().count(),
                validated.manifest.channels.len()
            ),
        );
        let local = Local::open(options).map_err(|error| local_error(project, error))?;
        Ok(Self { project, validated, local, progress, started })
    }

    /// All stages after validation.
    pub(super) async fn run(&mut self) -> Result<Outcome, CommandError> {
        let applied = self.apply().await?;
        self.put_data().await?;
        let (launched, events) = self.launch().await?;
        let (watched, output) = self.watch(&launched, events).await?;
        let prediction = self.predict(watched.endpoint.as_deref()).await?;
        Ok(Outcome {
            release: Release {
                number: applied.release,
                new: applied.new,
                parameters: self.validated.content.parameters().count(),
            },
            execution: Execution {
                arn: launched.started.execution_arn,
                name: launched.prepared.name,
                output,
            },
            tuning_job: watched.tuning_job,
            endpoint: watched.endpoint,
            prediction,
            seconds: self.started.elapsed().as_secs_f64(),
        })
    }

    /// Ends every process that was started.
    pub(super) async fn close(self) {
        self.local.shutdown().await;
    }

    async fn apply(&mut self) -> Result<ApplyOutcome, CommandError> {
        // Documents are recorded by their names in the project, wherever that lies.
        let documents: Vec<_> = self
            .validated
            .documents
            .digests
            .iter()
            .map(|(name, digest)| (self.project.name_of(name), digest.clone()))
            .collect();
        let (_lock, store) = open_to_write(self.project)?;
        let applying = Applying::new(self.project, &store, &documents, &self.validated.content)?;
        let planned = applying.plan(&self.validated.content, false).await?;
        let outcome = applying.apply(&planned, Action::Apply, &mut |_| {}).await?;
        let what = crate::commands::apply::summary(&outcome);
        self.progress.done("apply", &what);
        Ok(outcome)
    }

    async fn put_data(&mut self) -> Result<(), CommandError> {
        let (mut put, mut same) = (0, 0);
        for file in &self.validated.data {
            let failed = |error| CommandError::failed(&format!("put {}", file.file.display()), error);
            let bytes = std::fs::read(&file.file)
                .map_err(|error| CommandError::failed(&format!("read {}", file.file.display()), error))?;
            let version = Digest::of(&bytes).to_string();
            if self.local.objects().get(&file.bucket, &file.key, Which::Version(&version)).await.is_ok() {
                same += 1;
                continue;
            }
            self.local.objects().put(&file.bucket, &file.key, bytes).await.map_err(failed)?;
            put += 1;
        }
        self.progress.done("data", &format!("{put} objects put, {same} unchanged"));
        Ok(())
    }

    async fn put_manifest(&self) -> Result<ManifestEvent, CommandError> {
        let config = &self.project.config;
        let bucket = config.manifest_s3_bucket_name.clone();
        let file_name = self.project.file(&config.manifest);
        let file_name =
            file_name.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let key = format!("{}{file_name}", config.manifest_s3_bucket_key_prefix);
        let failed = |error| CommandError::failed("put the manifest", error);
        let objects = self.local.objects();
        let written =
            objects.put(&bucket, &key, self.validated.manifest_bytes.clone()).await.map_err(failed)?;
        let object = objects.get(&bucket, &key, written.which()).await.map_err(failed)?;
        Ok(object.event(bucket, key))
    }

    /// Puts the manifest and starts the execution for it. A launch is a function of the manifest's version and second, so
    /// that a manifest put again within the second of an earlier run has to be put once more.
    async fn launch(&mut self) -> Result<(Launched, Receiver<JobEvent>), CommandError> {
        let target = self.project.config.target_state_machine_arn.get_ref();
        let state_machine_arn = state_machine_arn(target);
        loop {
            let event = self.put_manifest().await?;
            let request = LaunchRequest {
                event: &event,
                attempt: NonZeroU32::MIN,
                path: &self.project.path,
                policy: self.project.drift(),
                rules: &self.validated.rules,
                overridable: &self.project.config.overridable,
                tool: TOOL,
            };
            let events = self.local.sagemaker().subscribe();
            let (store, objects, workflows) =
                (self.local.store(), self.local.objects(), self.local.workflows());
            let launched = launch(store, objects, workflows, &state_machine_arn, &request)
                .await
                .map_err(|error| store::launch_failed(self.project, error))?;
            if launched.started.already {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            self.progress.done("manifest", &format!("s3://{}/{}", event.bucket, event.key));
            self.progress.done("launch", &format!("execution {}", launched.prepared.name));
            return Ok((launched, events));
        }
    }

    /// Shows the workflow until it has ended; gives back what was seen, and its output.
    async fn watch(
        &mut self,
        launched: &Launched,
        events: Receiver<JobEvent>,
    ) -> Result<(Watched, Value), CommandError> {
        let (watched, end) =
            watch(&self.local, &launched.started.execution_arn, events, &mut self.progress).await?;
        if end.status != ExecutionStatus::Succeeded {
            return Err(self.workflow_failed(&end));
        }
        self.progress.done("workflow", "succeeded");
        let output = end.output.as_deref().map_or(Ok(Value::Null), serde_json::from_str);
        let output = output.map_err(|error| CommandError::failed("read the execution's output", error))?;
        Ok((watched, output))
    }

    async fn predict(&mut self, endpoint: Option<&str>) -> Result<Option<Value>, CommandError> {
        let (Some(endpoint), Some(predict), Some(rows)) =
            (endpoint, &self.project.config.predict, &self.validated.rows)
        else {
            return Ok(None);
        };
        let request = InvokeEndpoint {
            endpoint_name: endpoint.to_owned(),
            content_type: Some(predict.content_type.clone()),
            accept: Some(predict.accept.clone()),
            target_variant: None,
            body: rows.clone().into(),
        };
        let answer = self
            .local
            .sagemaker()
            .invoke_endpoint(request)
            .await
            .map_err(|error| CommandError::failed(&format!("ask the endpoint {endpoint}"), error))?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        self.progress.done("predict", &format!("{} bytes sent to {endpoint}", rows.len()));
        Ok(Some(serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    fn workflow_failed(&self, end: &mlpp_provider::ExecutionDescription) -> CommandError {
        let error = end.error.as_deref().unwrap_or("no error name");
        let cause = end.cause.as_deref().unwrap_or("no cause");
        let message = format!("the workflow ended {:?}: {error}: {}", end.status, reason(cause));
        let logs = self.project.local_folder().join(mlpp_local::SAGEMAKER).join("training-jobs");
        let help = format!("what the training programs printed lies below {}", logs.display());
        CommandError::one(ExitCode::WorkflowFailed, Plain { code: "workflow/failed", message, help })
    }
}

/// The reason inside a cause: a job that failed has its whole description as the cause.
fn reason(cause: &str) -> String {
    let description: Option<Value> = serde_json::from_str(cause).ok();
    let reason = description.as_ref().and_then(|description| description.get("FailureReason")?.as_str());
    reason.unwrap_or(cause).to_owned()
}

/// What the project says about this machine.
fn local_options(project: &Project) -> Result<LocalOptions, CommandError> {
    let machine = Machine::read(project)?;
    machine.check_target(project)?;
    let program = std::env::current_exe().map_err(|error| CommandError::failed("find mlpp itself", error))?;
    let mut options = LocalOptions::new(project.local_folder(), program, machine.state_machines);
    options.algorithms = machine.algorithms;
    options.environment = std::env::vars_os().collect();
    Ok(options)
}

fn local_error(project: &Project, error: LocalError) -> CommandError {
    match error {
        LocalError::Busy => {
            let message = format!("another mlpp is at work in {}", project.local_folder().display());
            let help = "wait until it has ended, or end it".to_owned();
            CommandError::one(ExitCode::Busy, Plain { code: "project/busy", message, help })
        }
        other => CommandError::failed("open the project's local folder", other),
    }
}
