use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode as ProcessExitCode;

use mlpp_sagemaker::{InvokeEndpoint, InvokeEndpointOutput, ServiceError};

use super::endpoints::absent;
use crate::backend::{self, ServiceFailed};
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions::{self, Machine};
use crate::exit_code::ExitCode;

/// Ask an endpoint for predictions
///
/// Prints what its program answers. On this machine, where no process serves the endpoint, this one does for the time of the request.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The endpoint, as mlpp endpoints lists it
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// What is sent; - is standard input. Without it, the one that the table predict of mlpp.toml names
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Media type of what is sent; without it, that of the same table, or text/csv
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Media type that is asked for; without it, that of the same table, or application/json
    #[arg(long, value_name = "TYPE")]
    accept: Option<String>,
    /// The production variant to ask
    #[arg(long, value_name = "NAME")]
    target_variant: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let given = project.config.predict.as_ref();
    let body = match (&args.file, given) {
        (Some(file), _) => read(file)?,
        (None, Some(predict)) => read(&project.file(predict.file.get_ref()))?,
        (None, None) => {
            let message = "there is nothing to send".to_owned();
            let help = "name a file with --file, or in [predict] of mlpp.toml".to_owned();
            let plain = Plain { code: "predict/nothing", message, help };
            return Err(CommandError::one(ExitCode::InvalidInput, plain));
        }
    };
    let or = |own: &Option<String>, theirs: Option<&String>, else_: &str| {
        Some(own.as_ref().or(theirs).cloned().unwrap_or_else(|| else_.to_owned()))
    };
    let request = InvokeEndpoint {
        endpoint_name: args.endpoint.clone(),
        content_type: or(&args.content_type, given.map(|predict| &predict.content_type), "text/csv"),
        accept: or(&args.accept, given.map(|predict| &predict.accept), "application/json"),
        target_variant: args.target_variant.clone(),
        body: body.into(),
    };
    if let Some(aws) = backend::aws(project)? {
        let answered = super::block_on(aws.invoke_endpoint(request))?;
        print(&answered.map_err(|error| failed(&args.endpoint, error))?)?;
        return Ok(ExitCode::Success.into());
    }
    let answer = super::at_work(async { ask(project, request).await })?;
    print(&answer.body)?;
    Ok(ExitCode::Success.into())
}

fn read(file: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        let message = format!("cannot read {}: {error}", file.display());
        let help = "name a file of rows as the endpoint's program takes them".to_owned();
        CommandError::one(ExitCode::InvalidInput, Plain { code: "predict/file", message, help })
    })?;
    Ok(bytes)
}

/// Asks the programs that serve the endpoint; where there are none, starts them for this.
async fn ask(project: &Project, request: InvokeEndpoint) -> Result<InvokeEndpointOutput, CommandError> {
    let endpoint = request.endpoint_name.clone();
    let Some(jobs) = executions::jobs(project)? else { return Err(absent(&endpoint)) };
    match jobs.invoke_endpoint(request.clone()).await {
        Err(error) if error.code == "ServiceUnavailable" && !executions::is_at_work(project)? => {}
        answered => return answered.map_err(|error| refused(&endpoint, error)),
    }
    let local = executions::open(project, Machine::read(project)?)?;
    let answered = async {
        executions::serve(&local, &endpoint).await?;
        local.sagemaker().invoke_endpoint(request).await.map_err(|error| refused(&endpoint, error))
    };
    let answered = answered.await;
    local.shutdown().await;
    answered
}

/// What a person is told of an endpoint on AWS that did not answer.
fn failed(endpoint: &str, error: ServiceFailed) -> CommandError {
    let message = error.to_string();
    match error {
        ServiceFailed::Here(error) => refused(endpoint, error),
        error if error.is_absence() && message.contains("not found") => absent(endpoint),
        #[cfg(feature = "aws")]
        error @ ServiceFailed::Aws(_) => CommandError::failed(&format!("ask the endpoint {endpoint}"), error),
    }
}

fn refused(endpoint: &str, error: ServiceError) -> CommandError {
    let plain = |exit_code, code, message, help: &str| {
        CommandError::one(exit_code, Plain { code, message, help: help.to_owned() })
    };
    match (error.code.as_str(), &error.model) {
        ("ValidationError", _) if error.message.contains("not found") => absent(endpoint),
        ("ModelError", Some(model)) => plain(
            ExitCode::InvalidInput,
            "predict/refused",
            format!(
                "the endpoint's program answered {}: {}",
                model.original_status_code,
                model.original_message.trim()
            ),
            "send what the program takes: its media type, its columns",
        ),
        ("ServiceUnavailable", _) => plain(
            ExitCode::Failure,
            "endpoint/not-in-service",
            error.message,
            "mlpp up serves endpoints; mlpp endpoints shows their status",
        ),
        _ => CommandError::failed(&format!("ask the endpoint {endpoint}"), error),
    }
}

/// Prints the answer as it is, with a line's end where it has none.
fn print(body: &[u8]) -> Result<(), CommandError> {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(body).and_then(|()| {
        if body.ends_with(b"\n") || body.is_empty() { Ok(()) } else { stdout.write_all(b"\n") }
    });
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CommandError::failed("write to standard output", error))
        }
        _ => Ok(()),
    }
}
