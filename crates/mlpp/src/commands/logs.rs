use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode as ProcessExitCode;
use std::time::Duration;

use mlpp_sagemaker::{SageMaker, Service};
use serde_json::{Value, json};

use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions;
use crate::exit_code::ExitCode;

/// How often it is looked whether a program has printed more.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The statuses of a job that has not ended.
const RUNNING: [&str; 2] = ["InProgress", "Stopping"];

/// Print what a training job's program printed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The training job, as mlpp trials lists it
    #[arg(value_name = "JOB")]
    job: String,
    /// Go on until the job has ended
    #[arg(long, short)]
    follow: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let runtime = super::runtime()?;
    let _within = runtime.enter();
    let jobs = executions::jobs(project)?.ok_or_else(|| absent(&args.job))?;
    runtime.block_on(async {
        let mut status = status(&jobs, &args.job).await?;
        let file = jobs.training_log(&args.job).ok_or_else(|| absent(&args.job))?;
        let mut log = Log { file, at: 0 };
        loop {
            // What was printed before the job ended is there once it has; where no process is left nothing more is printed.
            let ended = !RUNNING.contains(&status.as_str()) || !executions::is_at_work(project)?;
            if !log.copy()? || ended || !args.follow {
                return Ok(ExitCode::Success.into());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            status = self::status(&jobs, &args.job).await?;
        }
    })
}

async fn status(jobs: &SageMaker, job: &str) -> Result<String, CommandError> {
    let described =
        jobs.call(Service::SageMaker, "DescribeTrainingJob", json!({"TrainingJobName": job})).await;
    let described = described.map_err(|_| absent(job))?;
    Ok(described.get("TrainingJobStatus").and_then(Value::as_str).unwrap_or_default().to_owned())
}

fn absent(job: &str) -> CommandError {
    let message = format!("there is no training job \"{job}\"");
    let help = "mlpp trials lists the training jobs of an execution".to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "logs/absent", message, help })
}

/// A log file, and how much of it was printed.
struct Log {
    file: PathBuf,
    at: u64,
}

impl Log {
    /// Copies what is new to standard output; says whether there is still a reader.
    fn copy(&mut self) -> Result<bool, CommandError> {
        let failed = |error| CommandError::failed(&format!("read {}", self.file.display()), error);
        let Some(mut file) = open(&self.file).map_err(failed)? else { return Ok(true) };
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(self.at)).map_err(failed)?;
        let mut stdout = std::io::stdout().lock();
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut piece).map_err(failed)?;
            if read == 0 {
                break;
            }
            self.at += read as u64;
            let written =
                stdout.write_all(piece.get(..read).unwrap_or_default()).and_then(|()| stdout.flush());
            match written {
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(false),
                written => {
                    written.map_err(|error| CommandError::failed("write to standard output", error))?;
                }
            }
        }
        Ok(true)
    }
}

/// The file, once it is there.
fn open(file: &Path) -> std::io::Result<Option<std::fs::File>> {
    match std::fs::File::open(file) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
