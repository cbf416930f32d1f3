mod options;
mod sam;

use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::{Digest, Kind};
use mlpp_provider::{Objects, ObjectsError, Which};

use crate::backend::{AnyObjects, not_here};
use crate::config::{Backend, Project};
use crate::documents::Effective;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::output;
use crate::packaged::Packaged;
use options::Options;
use sam::Sam;

/// Upload the documents and deploy the stack, by way of sam
///
/// Packages the documents with the overlays of the environment, as `mlpp package` does; runs `sam build`; uploads the two
/// documents to the buckets that the settings name, unless the same lie there; runs `sam deploy` with the stack's options
/// from the settings. The stack's import brings the documents into force, also where nothing but their content changed.
/// What stands behind `--` goes to `sam deploy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of the stack; without it the one that samconfig.toml has
    #[arg(long, value_name = "NAME")]
    stack_name: Option<String>,
    /// The folder of the stack's template.yaml
    #[arg(long, value_name = "DIR", default_value = "deploy")]
    template: PathBuf,
    /// An option of the stack that no setting gives, such as ImportOnUpload=true
    #[arg(long, value_name = "NAME=VALUE")]
    option: Vec<String>,
    /// Print what would be uploaded and run, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before the changes are made
    #[arg(long, short)]
    yes: bool,
    /// More for `sam deploy`
    #[arg(last = true, value_name = "ARGUMENT")]
    more: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    if project.config.backend == Backend::Local {
        let message = "deploy makes a stack on AWS, and the project is at work on this machine".to_owned();
        return Err(not_here(
            message,
            "give --backend aws; on this machine mlpp apply and mlpp run do without a stack",
        ));
    }
    let mut options = Options::of(project)?;
    options.set(&args.option)?;
    let effective = Effective::read(project)?;
    effective.show_warnings(project);
    check_secrets(&effective)?;
    let packaged = Packaged::of(&effective.documents.root.value);
    let uploads = uploads(project, &packaged);
    // A change of the content alone is one of the stack as well, which CloudFormation would not see otherwise.
    let revision = Digest::of([packaged.parameters.as_str(), "\n", &packaged.hyperparameters].concat());
    options.put("ImportRevision", revision.as_str());
    let sam = Sam { folder: &args.template, config: &project.config };
    sam.check_template()?;
    let deploy = |options: &Options| sam.deploy(args.stack_name.as_deref(), options, args.yes, &args.more);
    if args.dry_run {
        for upload in &uploads {
            output::data(format_args!(
                "put s3://{}/{} ({} bytes)",
                upload.bucket,
                upload.key,
                upload.text.len()
            ))?;
            options.put(upload.version_option, "<its version>");
        }
        output::data(sam::shown(&sam.build()))?;
        return output::data(sam::shown(&deploy(&options))).map(|()| ExitCode::Success.into());
    }
    Sam::check_program()?;
    let objects = AnyObjects::of(project)?;
    sam::run(sam.build())?;
    for upload in &uploads {
        let version = super::block_on(upload.put(&objects))??;
        options.put(upload.version_option, version.as_deref().unwrap_or_default());
    }
    sam::run(deploy(&options))?;
    Ok(ExitCode::Success.into())
}

/// A stack reads secrets from parameters alone: it has neither the variables nor the files of this machine.
fn check_secrets(effective: &Effective) -> Result<(), CommandError> {
    let of_this_machine = effective
        .content
        .entries
        .iter()
        .filter(|entry| entry.kind == Kind::SecretSource && !entry.value.starts_with("ssm:"));
    let listed: Vec<_> = of_this_machine.map(|entry| format!("{} ({})", entry.key(), entry.value)).collect();
    if listed.is_empty() {
        return Ok(());
    }
    let message = format!("a stack cannot read what these secrets are read from: {}", listed.join(", "));
    let help = "put each into a SecureString and name that, ssm:/name, in the environment's [secrets]; give its ARN by \
                --option SecretSourceArns=…"
        .to_owned();
    Err(CommandError::one(ExitCode::InvalidInput, Plain { code: "deploy/secret", message, help }))
}

/// A document on its way to its bucket.
struct Upload<'a> {
    bucket: &'a str,
    key: &'a str,
    text: &'a str,
    /// The option of the stack that says which version is meant.
    version_option: &'static str,
}

fn uploads<'a>(project: &'a Project, packaged: &'a Packaged) -> [Upload<'a>; 2] {
    let config = &project.config;
    [
        Upload {
            bucket: &config.parameters_s3_bucket_name,
            key: &config.parameters_s3_key,
            text: &packaged.parameters,
            version_option: "ParametersS3ObjectVersion",
        },
        Upload {
            bucket: &config.hyperparameters_s3_bucket_name,
            key: &config.hyperparameters_s3_key,
            text: &packaged.hyperparameters,
            version_option: "HyperparametersS3ObjectVersion",
        },
    ]
}

impl Upload<'_> {
    /// Puts it where it belongs, unless it lies there; its version, where the bucket keeps any.
    async fn put(&self, objects: &impl Objects) -> Result<Option<String>, CommandError> {
        let Self { bucket, key, text, .. } = self;
        let failed = |error| CommandError::failed(&format!("upload s3://{bucket}/{key}"), error);
        match objects.get(bucket, key, Which::Newest).await {
            Ok(object) if object.bytes == text.as_bytes() => {
                output::note(format_args!("s3://{bucket}/{key} is there already"));
                return Ok(object.version);
            }
            Ok(_) | Err(ObjectsError::NotFound { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
        let written = objects.put(bucket, key, text.as_bytes().to_vec()).await.map_err(failed)?;
        output::note(format_args!("s3://{bucket}/{key} is uploaded"));
        Ok(written.version)
    }
}
