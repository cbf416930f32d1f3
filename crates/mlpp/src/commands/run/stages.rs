//! The stages of a run, one after the other.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use mlpp_local::{Local, LocalObjects, ResumeError, state_machine_arn};
use mlpp_parameters::Digest;
use mlpp_parameters::release::Action;
use mlpp_provider::{ApplyOutcome, ExecutionStatus, with_sources};
use mlpp_sagemaker::{InvokeEndpoint, JobEvent};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;

use super::outcome::{Execution, Outcome, Release};
use super::validate::{Validated, read};
use crate::config::Project;
use crate::error::CommandError;
use crate::executions::{self, Launcher, Machine, Made, Progress, Provenance, unreadable, watch};
use crate::output;
use crate::store::{self, Applying, open_to_write};

/// A run at work.
pub(super) struct Stages<'a> {
    project: &'a Project,
    validated: Validated,
    local: Local,
    progress: Progress,
    quiet: bool,
    started: Instant,
}

impl<'a> Stages<'a> {
    /// Validates the project; then, and only then, opens what is local to it.
    pub(super) fn open(project: &'a Project, quiet: bool) -> Result<Self, CommandError> {
        let started = Instant::now();
        let mut progress = Progress::new(quiet);
        let objects = LocalObjects::new(project.local_folder().join(mlpp_local::BUCKETS));
        let validated = read(project, &objects)?;
        let machine = Machine::read(project)?;
        machine.check_target(project)?;
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
        let local = executions::open(project, machine)?;
        Ok(Self { project, validated, local, progress, quiet, started })
    }

    /// All stages after validation.
    pub(super) async fn run(&mut self) -> Result<Outcome, CommandError> {
        let applied = self.apply().await?;
        self.put_data().await?;
        let (execution, events) = match self.take_over(applied.release)? {
            Some(taken_over) => taken_over,
            None => self.launch().await?,
        };
        let output = self.watch(&execution, events).await?;
        let made = Made::by(&self.local, &execution.arn).await?;
        let prediction = self.predict(made.endpoint.as_deref()).await?;
        self.tell_left()?;
        Ok(Outcome {
            release: Release {
                number: applied.release,
                new: applied.new,
                parameters: self.validated.content.parameters().count(),
            },
            execution: Execution { output, ..execution },
            tuning_job: made.tuning_job,
            training_job: made.training_job,
            endpoint: made.endpoint,
            prediction,
            seconds: self.started.elapsed().as_secs_f64(),
        })
    }

    /// Leaves what still runs to whoever resumes it, and ends every process that was started.
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
        let (put, same) = executions::put_data(self.local.objects(), &self.validated.data).await?;
        self.progress.done("data", &format!("{put} objects put, {same} unchanged"));
        Ok(())
    }

    /// Goes on with every execution that an earlier process left; gives back the one that does what this run is to do, if
    /// there is one.
    fn take_over(&mut self, release: u64) -> Result<Option<(Execution, Receiver<JobEvent>)>, CommandError> {
        let events = self.local.sagemaker().subscribe();
        let workflows = self.local.workflows();
        let all = workflows.executions().list().map_err(|error| unreadable(&error))?;
        let target = state_machine_arn(self.project.config.target_state_machine_arn.get_ref());
        let digest = Digest::of(&self.validated.manifest_bytes).to_string();
        let mut own = None;
        for left in executions::roots(&all).filter(|one| one.description.status == ExecutionStatus::Running) {
            match workflows.resume(&left.arn) {
                Ok(()) => {}
                Err(ResumeError::Ended(_)) => continue,
                Err(error) => {
                    let reason = with_sources(&error);
                    output::note(format_args!("warning: {} cannot be resumed: {reason}", left.name));
                    continue;
                }
            }
            self.progress.done("resume", &format!("execution {}", left.name));
            let is_own = left.state_machine_arn == target
                && Provenance::of(&left.input)
                    .is_some_and(|from| from.release == Some(release) && from.manifest.digest == digest);
            if is_own && own.is_none() {
                own = Some(Execution { arn: left.arn.clone(), name: left.name.clone(), output: Value::Null });
            }
        }
        Ok(own.map(|own| (own, events)))
    }

    /// Puts the manifest and starts the execution for it. A launch is a function of the manifest's version and second, so
    /// that a manifest put again within the second of an earlier run has to be put once more.
    async fn launch(&mut self) -> Result<(Execution, Receiver<JobEvent>), CommandError> {
        let file = self.project.file(&self.project.config.manifest);
        loop {
            let (store, objects, workflows) =
                (self.local.store(), self.local.objects(), self.local.workflows());
            let event =
                executions::put_manifest(self.project, objects, &file, &self.validated.manifest_bytes);
            let event = event.await?;
            let events = self.local.sagemaker().subscribe();
            let common = Launcher { project: self.project, rules: &self.validated.rules, store, objects };
            let launched = common.launch(workflows, &event, NonZeroU32::MIN).await;
            let launched = launched.map_err(|error| store::launch_failed(self.project, error))?;
            if launched.started.already {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            let prepared = launched.prepared;
            if !self.quiet {
                CommandError::invalid(&prepared.warnings, &prepared.sources).show();
            }
            self.progress.done("manifest", &format!("s3://{}/{}", event.bucket, event.key));
            self.progress.done("launch", &format!("execution {}", prepared.name));
            let arn = launched.started.execution_arn;
            return Ok((Execution { arn, name: prepared.name, output: Value::Null }, events));
        }
    }

    /// Shows the workflow until it has ended; gives back its output.
    async fn watch(
        &mut self,
        execution: &Execution,
        events: Receiver<JobEvent>,
    ) -> Result<Value, CommandError> {
        let ends = watch(&self.local, &[&execution.arn], events, &mut self.progress).await?;
        let Some(end) = ends.into_iter().next() else { return Ok(Value::Null) };
        if end.status != ExecutionStatus::Succeeded {
            return Err(executions::workflow_failed(&execution.name, &end));
        }
        self.progress.done("workflow", "succeeded");
        let output = end.output.as_deref().map_or(Ok(Value::Null), serde_json::from_str);
        output.map_err(|error| CommandError::failed("read the execution's output", error))
    }

    /// Says what is left running at the end, which another command can go on with.
    fn tell_left(&self) -> Result<(), CommandError> {
        let all = self.local.workflows().executions().list().map_err(|error| unreadable(&error))?;
        let left = executions::roots(&all).filter(|one| one.description.status == ExecutionStatus::Running);
        let count = left.count();
        if count > 0 && !self.quiet {
            let what = output::count(count, "execution");
            output::note(format_args!("{what} of an earlier process still to end: mlpp resume goes on"));
        }
        Ok(())
    }

    async fn predict(&mut self, endpoint: Option<&str>) -> Result<Option<Value>, CommandError> {
        let (Some(endpoint), Some(predict), Some(rows)) =
            (endpoint, &self.project.config.predict, &self.validated.rows)
        else {
            return Ok(None);
        };
        executions::serve(&self.local, endpoint).await?;
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
}
