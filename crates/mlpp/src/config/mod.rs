//! The settings of a project: `mlpp.toml`, flags, variables.

mod file;
mod overrides;
mod reader;
mod registry;
mod resolve;
#[cfg(test)]
mod schema;
mod shown;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mlpp_parameters::{Diagnostic, DriftPolicy, Overridable, Sources, StorePath};
use toml::Spanned;

pub(crate) use file::{Pairs, Predict, Texts};
pub(crate) use overrides::Overrides;
pub(crate) use registry::{SETTINGS, setting};
pub(crate) use resolve::Origin;

use crate::error::{CommandError, Finding, Plain};
use crate::exit_code::ExitCode;
use crate::output;

/// What the file is called.
pub(crate) const FILE: &str = "mlpp.toml";

/// The settings of a project, from wherever they came. Those of the stack have the stack's names and defaults.
#[derive(Debug)]
pub(crate) struct Config {
    /// Environment
    pub(crate) environment: String,
    /// `TargetStateMachineArn`: an ARN, or the name of a state machine of this machine.
    pub(crate) target_state_machine_arn: Spanned<String>,
    /// `ManifestS3BucketName`
    pub(crate) manifest_s3_bucket_name: String,
    /// `ManifestS3BucketKeyPrefix`
    pub(crate) manifest_s3_bucket_key_prefix: String,
    /// `ParametersS3BucketName`
    pub(crate) parameters_s3_bucket_name: String,
    /// `HyperparametersS3BucketName`
    pub(crate) hyperparameters_s3_bucket_name: String,
    /// `ParametersS3Key`: here a file, relative to the project.
    pub(crate) parameters_s3_key: String,
    /// `HyperparametersS3Key`: here a file, relative to the project.
    pub(crate) hyperparameters_s3_key: String,
    /// The manifest that `run` puts into the bucket.
    pub(crate) manifest: String,
    /// What a reader does with edits in place.
    pub(crate) drift: DriftPolicy,
    /// How many releases are kept beside pinned ones.
    pub(crate) keep_releases: u64,
    /// Documents of the user's own, beside the two.
    pub(crate) documents: Texts,
    /// The overlays of the environment, in order.
    pub(crate) overlays: Texts,
    /// JSON Schemas of the project's own keys.
    pub(crate) schemas: Texts,
    /// The buckets that the stack may use; `None` for any.
    pub(crate) buckets: Option<Texts>,
    /// What a manifest may override.
    pub(crate) overridable: Overridable,
    /// JSON pointers of secrets, and their sources.
    pub(crate) secrets: Pairs,
    /// Files that declare algorithms.
    pub(crate) algorithms: Texts,
    /// Files by the S3 URI under which they are put into the local buckets.
    pub(crate) data: Pairs,
    /// State machines of the project's own: files by name.
    pub(crate) state_machines: BTreeMap<String, Spanned<String>>,
    /// The schemas of what state machines of the project's own read: files by name.
    pub(crate) input_schemas: BTreeMap<String, Spanned<String>>,
    /// Values for `${Name}` in state machines.
    pub(crate) substitutions: BTreeMap<String, String>,
    /// What `run` asks the endpoint at the end.
    pub(crate) predict: Option<Predict>,
    /// Where the project is at work.
    pub(crate) backend: Backend,
    /// The profile of the AWS command line.
    pub(crate) profile: Option<String>,
    /// The region of AWS.
    pub(crate) region: Option<String>,
    /// Where the services of AWS answer.
    pub(crate) endpoint_url: Option<String>,
    /// The KMS key of secrets on AWS.
    pub(crate) kms_key_id: Option<String>,
    /// Tags of the parameters that are created on AWS.
    pub(crate) tags: Vec<(String, String)>,
    /// Where each setting that is one value came from, and what it is.
    origins: BTreeMap<&'static str, (String, Origin)>,
}

/// Where a project is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// On this machine.
    Local,
    /// In an AWS account.
    Aws,
}

/// A project: a folder with documents and, usually, an `mlpp.toml`.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Its settings.
    pub(crate) config: Config,
    /// The path in the parameter store.
    pub(crate) path: StorePath,
    /// What is worth a look in the settings.
    pub(crate) warnings: Vec<Diagnostic>,
    /// `mlpp.toml`, which the warnings point into.
    pub(crate) sources: Sources,
    /// The connection to AWS, once a command needed it.
    pub(crate) aws: OnceLock<crate::backend::Aws>,
}

impl Project {
    /// Reads the settings of the project in `folder`. Without an `mlpp.toml` every setting has its default, or what flags and
    /// variables give.
    ///
    /// # Errors
    /// A folder that is not there, a file that cannot be read, and everything that is wrong with the settings at once.
    pub(crate) fn open(folder: &Path, overrides: &Overrides) -> Result<Self, CommandError> {
        if !folder.is_dir() {
            return Err(CommandError::one(
                ExitCode::InvalidInput,
                Plain {
                    code: "project/absent",
                    message: format!("there is no folder {}", folder.display()),
                    help: "name the folder that holds the documents".to_owned(),
                },
            ));
        }
        for (name, meant) in overrides.misspelt() {
            output::note(format_args!("warning: the variable {name} is not read; did you mean {meant}?"));
        }
        // What lies in the current folder is shown without it.
        let folder = if folder == Path::new(".") { Path::new("") } else { folder };
        let file = folder.join(FILE);
        let bytes = match std::fs::read(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            bytes => {
                bytes.map_err(|error| CommandError::failed(&format!("read {}", file.display()), error))?
            }
        };
        resolve::resolve(folder, &file.to_string_lossy(), &bytes, overrides)
    }

    /// The environment that is chosen.
    pub(crate) fn environment(&self) -> &str {
        &self.config.environment
    }

    /// What a reader does with edits in place.
    pub(crate) fn drift(&self) -> DriftPolicy {
        self.config.drift
    }

    /// Whether the setting called `name` was given, anywhere.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.config.origins.get(name).is_some_and(|(_, origin)| *origin != Origin::Default)
    }

    /// Prints the settings and where each came from.
    pub(crate) fn print_settings(&self, json: bool) -> Result<(), CommandError> {
        shown::print(self, json)
    }

    /// Something wrong at a place in `mlpp.toml`.
    pub(crate) fn finding(&self, code: &str, span: Range<usize>, message: impl Into<String>) -> Finding {
        let (name, text) = self.sources.get(0).map_or(("", ""), |source| (&source.name, &source.text));
        Finding::at(code, name, text, span, message)
    }

    /// Something wrong with the value of a setting, wherever it came from.
    pub(crate) fn wrong_setting(
        &self,
        name: &str,
        code: &'static str,
        message: String,
        help: String,
    ) -> CommandError {
        match self.config.origins.get(name) {
            Some((_, Origin::File { span, .. })) => CommandError::one(
                ExitCode::InvalidInput,
                self.finding(code, span.clone(), message).help(help),
            ),
            Some((_, origin)) => {
                let message = format!("{message} ({origin})");
                CommandError::one(ExitCode::InvalidInput, Plain { code, message, help })
            }
            None => CommandError::one(ExitCode::InvalidInput, Plain { code, message, help }),
        }
    }

    /// A file of the project.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The name within the project of a file that [`Project::file`] gave.
    pub(crate) fn name_of(&self, file: &str) -> String {
        let name = Path::new(file).strip_prefix(&self.folder).unwrap_or(Path::new(file));
        name.to_string_lossy().into_owned()
    }

    /// The bytes of a file that `mlpp.toml` names, and its name as messages show it.
    ///
    /// # Errors
    /// A finding at the place that names it, when it cannot be read.
    pub(crate) fn read_bytes(&self, name: &Spanned<String>) -> Result<(String, Vec<u8>), CommandError> {
        let file = self.file(name.get_ref());
        let bytes = std::fs::read(&file).map_err(|error| {
            let message = format!("cannot read {}: {error}", file.display());
            let finding = self.finding("config/file-absent", name.span(), message);
            CommandError::one(ExitCode::InvalidInput, finding.help("files are named relative to mlpp.toml"))
        })?;
        Ok((file.display().to_string(), bytes))
    }

    /// The text of a file that `mlpp.toml` names.
    ///
    /// # Errors
    /// As [`Project::read_bytes`]; a file that is not UTF-8.
    pub(crate) fn read_named(&self, name: &Spanned<String>) -> Result<String, CommandError> {
        let (file, bytes) = self.read_bytes(name)?;
        String::from_utf8(bytes).map_err(|error| {
            let message = format!("{file} is not in UTF-8: {error}");
            let finding = self.finding("config/file-absent", name.span(), message);
            CommandError::one(ExitCode::InvalidInput, finding.help("save it as UTF-8"))
        })
    }

    /// The folder for everything that is local to this machine.
    pub(crate) fn local_folder(&self) -> PathBuf {
        self.folder.join(".mlpp")
    }
}

#[cfg(test)]
mod tests;
