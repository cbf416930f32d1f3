use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use mlpp_provider::{Objects as _, ObjectsError};

use crate::backend::AnyObjects;
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::output;

/// Put a file into a bucket, as aws s3 cp does
///
/// Readers see the old object or the new one. A manifest below the manifests' prefix starts the workflow where mlpp up runs, and on
/// AWS where the stack is deployed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The object, as an S3 URI; with a slash at its end the file keeps its name
    #[arg(value_name = "S3_URI")]
    uri: String,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let invalid = |message: String| {
        let help = "write it as s3://BUCKET/KEY".to_owned();
        CommandError::one(ExitCode::InvalidInput, Plain { code: "put/uri", message, help })
    };
    let object = args.uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let (bucket, key) = object.ok_or_else(|| invalid(format!("{} is no S3 URI of an object", args.uri)))?;
    let name = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let key = if key.is_empty() || key.ends_with('/') { format!("{key}{name}") } else { key.to_owned() };
    if !args.file.is_file() {
        let message = format!("there is no file {}", args.file.display());
        let help = "one file is put at a time".to_owned();
        let plain = Plain { code: "put/file-absent", message, help };
        return Err(CommandError::one(ExitCode::InvalidInput, plain));
    }
    let failed = |error: ObjectsError| match error {
        ObjectsError::Invalid { .. } => invalid(error.to_string()),
        error => CommandError::failed(&format!("put {}", args.file.display()), error),
    };
    match AnyObjects::of(project)? {
        AnyObjects::Local(objects) => {
            objects.copy_in(&args.file, bucket, &key).map_err(failed)?;
        }
        objects @ AnyObjects::Aws(_) => {
            let bytes = std::fs::read(&args.file)
                .map_err(|error| CommandError::failed(&format!("read {}", args.file.display()), error))?;
            super::block_on(objects.put(bucket, &key, bytes))?.map_err(failed)?;
        }
    }
    output::data(format_args!("s3://{bucket}/{key}"))?;
    Ok(ExitCode::Success.into())
}
