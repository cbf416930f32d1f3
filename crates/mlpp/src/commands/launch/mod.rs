mod on_aws;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use mlpp_local::QueuedWorkflows;
use mlpp_parameters::{ManifestEvent, ProjectRules};
use mlpp_provider::{Launched, Objects as _, ObjectsError, ParameterStore, Which, Workflows};
use serde_json::{Value, json};

use crate::backend::AnyObjects;
use crate::commands::ended::{Ended, Format};
use crate::config::Project;
use crate::documents;
use crate::error::{CommandError, Plain};
use crate::executions::{self, Launcher, Machine, OnAws, Progress, unreadable};
use crate::exit_code::ExitCode;
use crate::manifest::{self, ManifestFile};
use crate::output;
use crate::store;

/// Launch the workflow for a manifest
///
/// Puts the manifest, and the data that mlpp.toml names, into the buckets; reads the parameters that are in force, adds
/// the manifest's channels, and starts an execution. One manifest starts one execution, however often it is launched: its name is
/// a function of the manifest's bucket, key, version and time.
///
/// Without --wait the execution is recorded, and run by the next mlpp resume or mlpp run; on AWS it is started, and runs there.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// The manifest: a file, or an object that is in the buckets, named by its S3 URI; without it, the one that mlpp.toml
    /// names
    #[arg(value_name = "MANIFEST")]
    manifest: Option<String>,
    /// Run the execution to its end
    #[arg(long)]
    wait: bool,
    /// Launch a manifest once more that was launched already
    #[arg(long)]
    again: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let mut progress = Progress::new(args.quiet);
    if let Some(on_aws) = OnAws::of(project)? {
        return on_aws::run(args, project, on_aws, &mut progress);
    }
    let machine = Machine::read(project)?;
    machine.check_target(project)?;
    let rules = documents::rules(project)?;
    let objects = AnyObjects::of(project)?;
    let arriving = Arriving::read(args, project, &rules, &objects)?;
    let data = executions::data_files(project)?;
    crate::commands::block_on(arriving.check_channels(&data, &objects))??;
    if args.wait {
        return crate::commands::at_work(async {
            let local = executions::open(project, machine)?;
            let events = local.sagemaker().subscribe();
            let launching = Launching { args, project, rules: &rules, objects: &objects };
            let ended = crate::commands::interrupt::until_interrupted(async {
                let launched = launching.launch(&arriving, &data, local.workflows(), &mut progress).await?;
                let arn = &launched.started.execution_arn;
                if launched.started.already {
                    executions::go_on(&local, arn)?;
                }
                Ended::watch(&local, &[arn], events, &mut progress).await
            });
            let ended = Box::pin(ended).await;
            local.shutdown().await;
            crate::commands::ended::print(&ended?, if args.json { Format::Json } else { Format::Tables })
        });
    }
    crate::commands::block_on(async {
        let workflows = QueuedWorkflows::open(&project.local_folder(), machine.state_machines)
            .map_err(|error| unreadable(&error))?;
        let launching = Launching { args, project, rules: &rules, objects: &objects };
        let launched = launching.launch(&arriving, &data, &workflows, &mut progress).await?;
        let is_at_work = executions::is_at_work(project)?;
        print(&launched, args.json, |name| {
            if is_at_work {
                format!(
                    "it is recorded; the mlpp at work runs it if it is mlpp up, else mlpp resume {name} does"
                )
            } else {
                format!("it is recorded; mlpp resume {name} runs it, or mlpp up")
            }
        })
    })??;
    Ok(ExitCode::Success.into())
}

/// The manifest that is to be launched.
enum Arriving {
    /// It is put into the bucket.
    File(PathBuf, ManifestFile),
    /// It lies there.
    Object { bucket: String, key: String },
}

impl Arriving {
    fn read(
        args: &Args,
        project: &Project,
        rules: &ProjectRules,
        objects: &AnyObjects,
    ) -> Result<Self, CommandError> {
        let file = match args.manifest.as_deref() {
            None => project.file(&project.config.manifest),
            Some(name) => match name.strip_prefix("s3://") {
                None => PathBuf::from(name),
                Some(object) => return Self::object(name, object, objects),
            },
        };
        let manifest = manifest::read(project, rules, &file)?;
        Ok(Self::File(file, manifest))
    }

    fn object(uri: &str, object: &str, objects: &AnyObjects) -> Result<Self, CommandError> {
        let absent = |message: String| {
            let help = "name a file, or an object of the buckets in .mlpp as s3://BUCKET/KEY".to_owned();
            let plain = Plain { code: "launch/manifest-absent", message, help };
            Err(CommandError::one(ExitCode::InvalidInput, plain))
        };
        // Whether an object is on S3 is seen when it is read.
        let is_there = |bucket: &str, key: &str| match objects {
            AnyObjects::Local(objects) => objects.file(bucket, key).is_ok_and(|file| file.is_file()),
            AnyObjects::Aws(_) => !bucket.is_empty() && !key.is_empty(),
        };
        match object.split_once('/') {
            Some((bucket, key)) if is_there(bucket, key) => {
                Ok(Self::Object { bucket: bucket.to_owned(), key: key.to_owned() })
            }
            Some(_) => absent(format!("there is no object {uri} on this machine")),
            None => absent(format!("{uri} names no object")),
        }
    }

    /// Checks that the channels of a file have data; for an object in a bucket that is seen when the data is read.
    async fn check_channels(
        &self,
        data: &[executions::DataFile],
        objects: &AnyObjects,
    ) -> Result<(), CommandError> {
        let Self::File(_, manifest) = self else { return Ok(()) };
        let findings = executions::channels_absent_in(&manifest.manifest, data, objects).await;
        if findings.is_empty() { Ok(()) } else { Err(CommandError::invalid(&findings, &manifest.sources)) }
    }

    async fn event(&self, project: &Project, objects: &AnyObjects) -> Result<ManifestEvent, CommandError> {
        match self {
            Self::File(file, manifest) => {
                executions::arrived_manifest(project, objects, file, &manifest.bytes).await
            }
            Self::Object { bucket, key } => {
                let object = objects.get(bucket, key, Which::Newest).await.map_err(|error| match error {
                    ObjectsError::NotFound { .. } => {
                        let message = format!("there is no object s3://{bucket}/{key}");
                        let help = "mlpp put FILE S3_URI puts it there".to_owned();
                        let plain = Plain { code: "launch/manifest-absent", message, help };
                        CommandError::one(ExitCode::InvalidInput, plain)
                    }
                    error => CommandError::failed("read the manifest in the bucket", error),
                })?;
                Ok(object.event(bucket, key))
            }
        }
    }
}

struct Launching<'a> {
    args: &'a Args,
    project: &'a Project,
    rules: &'a ProjectRules,
    objects: &'a AnyObjects,
}

impl Launching<'_> {
    /// Puts what is to be put, and starts the execution.
    async fn launch(
        &self,
        arriving: &Arriving,
        data: &[executions::DataFile],
        workflows: &impl Workflows,
        progress: &mut Progress,
    ) -> Result<Launched, CommandError> {
        let (project, args) = (self.project, self.args);
        let store = store::open(project)?;
        expect_parameters(project, &store).await?;
        let (put, same) = executions::put_data(self.objects, data).await?;
        progress.done("data", &format!("{put} objects put, {same} unchanged"));
        let event = arriving.event(project, self.objects).await?;
        progress.done("manifest", &format!("s3://{}/{}", event.bucket, event.key));
        let common = Launcher { project, rules: self.rules, store: &store, objects: self.objects };
        let mut attempt = NonZeroU32::MIN;
        let launched = loop {
            let launched = common.launch(workflows, &event, attempt).await;
            let launched = launched.map_err(|error| store::launch_failed(project, error))?;
            if !(launched.started.already && args.again) {
                break launched;
            }
            attempt = attempt.saturating_add(1);
        };
        let prepared = &launched.prepared;
        if !args.quiet {
            CommandError::invalid(&prepared.warnings, &prepared.sources).show();
        }
        let what = if launched.started.already {
            format!("execution {}, launched already; --again launches once more", prepared.name)
        } else {
            format!("execution {}", prepared.name)
        };
        progress.done("launch", &what);
        Ok(launched)
    }
}

/// Checks that there is something to launch with: a manifest brings no parameters.
pub(crate) async fn expect_parameters(
    project: &Project,
    store: &impl ParameterStore,
) -> Result<(), CommandError> {
    let stored = store.list(&project.path).await.map_err(|error| store::store_failed(project, error))?;
    if !stored.is_empty() {
        return Ok(());
    }
    let message = format!("there are no parameters at {}: nothing was applied yet", project.path);
    let help = "mlpp apply brings the documents into force".to_owned();
    Err(CommandError::one(ExitCode::InvalidInput, Plain { code: "release/absent", message, help }))
}

/// Prints what was started and is not run yet.
fn print(launched: &Launched, as_json: bool, next: impl FnOnce(&str) -> String) -> Result<(), CommandError> {
    let name = &launched.prepared.name;
    if as_json {
        let input: Value = serde_json::from_str(&launched.prepared.input)
            .map_err(|error| CommandError::failed("read the execution's input", error))?;
        return output::json(&json!({
            "execution": {"arn": launched.started.execution_arn, "name": name},
            "already": launched.started.already,
            "input": input,
        }));
    }
    output::data(name)?;
    output::note(next(name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_must_be_in_the_buckets() {
        let folder = tempfile::tempdir().unwrap();
        let local = mlpp_local::LocalObjects::new(folder.path());
        let objects = AnyObjects::Local(local.clone());
        for uri in ["s3://bucket", "s3://bucket/", "s3://bucket/key", "s3:///key", "s3://../../etc/passwd"] {
            let object = uri.trim_start_matches("s3://");
            assert!(Arriving::object(uri, object, &objects).is_err(), "{uri}");
        }
        let file = folder.path().join("m.json");
        std::fs::write(&file, "{}").unwrap();
        local.copy_in(&file, "bucket", "key").unwrap();
        assert!(Arriving::object("s3://bucket/key", "bucket/key", &objects).is_ok());
    }
}
