mod log;
mod on_aws;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;
use std::time::Duration;

use clap::ValueEnum;
use mlpp_sagemaker::SageMaker;
use serde_json::{Value, json};

use crate::backend::{self, Platform};
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions;
use crate::exit_code::ExitCode;
use crate::output;
use log::Log;

/// How often it is looked whether a program has printed more.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The statuses of a job that has not ended.
const RUNNING: [&str; 2] = ["InProgress", "Stopping"];

/// Print what the programs of a training job, a transform job or an endpoint printed
///
/// Of an endpoint it is what the instances printed that run now, each line after its variant and a number where there are several.
/// On AWS it is what CloudWatch Logs has, each line after its log stream where there are several.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The job, as mlpp trials or mlpp describe lists it, or the endpoint
    name: String,
    /// What has that name, where several have
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Go on until the job has ended, or nobody serves the endpoint any more
    #[arg(long, short)]
    follow: bool,
}

/// What has logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A training job
    TrainingJob,
    /// A transform job
    TransformJob,
    /// An endpoint
    Endpoint,
}

impl Kind {
    /// The action that describes one, the member with its name, and the one with its status.
    fn describe(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::TrainingJob => ("DescribeTrainingJob", "TrainingJobName", "TrainingJobStatus"),
            Self::TransformJob => ("DescribeTransformJob", "TransformJobName", "TransformJobStatus"),
            Self::Endpoint => ("DescribeEndpoint", "EndpointName", "EndpointStatus"),
        }
    }

    /// Its status; nothing when there is none of this kind with that name.
    async fn status(self, platform: Platform<'_>, name: &str) -> Result<Option<String>, CommandError> {
        let (action, member, status) = self.describe();
        match platform.call(action, json!({ member: name })).await {
            Ok(described) => {
                Ok(Some(described.get(status).and_then(Value::as_str).unwrap_or_default().to_owned()))
            }
            // It is not there, or cannot be called so.
            Err(error) if error.is_absence() => Ok(None),
            Err(error) => Err(CommandError::failed(&format!("look for {name}"), error)),
        }
    }

    /// Its log files, each with the name of who writes it.
    async fn files(self, jobs: &SageMaker, name: &str) -> Vec<(String, PathBuf)> {
        let alone = |file: Option<PathBuf>| file.into_iter().map(|file| (String::new(), file)).collect();
        match self {
            Self::TrainingJob => alone(jobs.training_log(name)),
            Self::TransformJob => alone(jobs.transform_log(name)),
            // One that is gone since has none.
            Self::Endpoint => jobs.endpoint_logs(name).await.unwrap_or_default(),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    if let Some(aws) = backend::aws(project)? {
        return crate::commands::block_on(on_aws::run(args, aws))?;
    }
    let runtime = crate::commands::runtime()?;
    let _within = runtime.enter();
    let jobs = executions::jobs(project)?.ok_or_else(|| absent(&args.name))?;
    runtime.block_on(async {
        let platform = Platform::Local(&jobs);
        let (kind, mut status) = find(platform, args).await?;
        let mut logs: BTreeMap<PathBuf, Log> = BTreeMap::new();
        loop {
            let at_work = executions::is_at_work(project)?;
            // What was printed before the end is there once it has come; where no process is left nothing more is printed.
            let ended = match kind {
                Kind::Endpoint => !at_work || status.is_none(),
                _ => !at_work || !status.as_deref().is_some_and(|status| RUNNING.contains(&status)),
            };
            let files = kind.files(&jobs, &args.name).await;
            let several = files.len() > 1 || logs.len() > 1;
            for (writer, file) in files {
                let number = logs.len() + 1;
                logs.entry(file).or_insert_with_key(|file| Log::new(file, format!("{writer} {number}")));
            }
            for log in logs.values_mut() {
                if !log.copy(several, ended || !args.follow)? {
                    return Ok(ExitCode::Success.into());
                }
            }
            if ended || !args.follow {
                if logs.values().all(Log::is_empty) {
                    output::note("nothing was printed");
                }
                return Ok(ExitCode::Success.into());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            status = kind.status(platform, &args.name).await?;
        }
    })
}

/// What has the name, and its status.
async fn find(platform: Platform<'_>, args: &Args) -> Result<(Kind, Option<String>), CommandError> {
    let kinds = args.kind.map_or_else(|| Kind::value_variants().to_vec(), |kind| vec![kind]);
    let mut found = Vec::new();
    for kind in kinds {
        if let Some(status) = kind.status(platform, &args.name).await? {
            found.push((kind, Some(status)));
        }
    }
    match found.len() {
        0 => Err(absent(&args.name)),
        1 => Ok(found.remove(0)),
        _ => Err(ambiguous(&args.name, found.iter().map(|(kind, _)| *kind))),
    }
}

fn absent(name: &str) -> CommandError {
    let message = format!("there is no job and no endpoint \"{name}\"");
    let help = "mlpp trials lists the training jobs of an execution, mlpp describe what else it made, mlpp endpoints \
                the endpoints"
        .to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "logs/absent", message, help })
}

fn ambiguous(name: &str, kinds: impl Iterator<Item = Kind>) -> CommandError {
    let kinds = kinds.filter_map(|kind| Some(format!("--kind {}", kind.to_possible_value()?.get_name())));
    let message = format!("several things are called \"{name}\"");
    let help = format!("say which is meant: {}", kinds.collect::<Vec<_>>().join(", "));
    CommandError::one(ExitCode::InvalidInput, Plain { code: "logs/ambiguous", message, help })
}
