//! `mlpp.toml`: the options of a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mlpp_parameters::{NameError, StorePath};
use serde::Deserialize;
use toml::Spanned;

use crate::error::{CommandError, Finding, Plain};
use crate::exit_code::ExitCode;

/// What the file is called.
pub(crate) const FILE: &str = "mlpp.toml";

/// The options of a project, as `mlpp.toml` spells them. Those of the stack have the stack's names and defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Environment
    pub(crate) environment: String,
    /// `ParameterStorePath`
    pub(crate) parameter_store_path: Spanned<String>,
    /// `TargetStateMachineArn`: an ARN, or the name of a state machine of this machine.
    pub(crate) target_state_machine_arn: Spanned<String>,
    /// `ManifestS3BucketName`
    pub(crate) manifest_s3_bucket_name: String,
    /// `ManifestS3BucketKeyPrefix`
    pub(crate) manifest_s3_bucket_key_prefix: String,
    /// `ParametersS3Key`: here a file, relative to the project.
    pub(crate) parameters_s3_key: String,
    /// `HyperparametersS3Key`: here a file, relative to the project.
    pub(crate) hyperparameters_s3_key: String,
    /// The manifest that `run` puts into the bucket.
    pub(crate) manifest: String,
    /// Files that declare algorithms.
    pub(crate) algorithms: Vec<Spanned<String>>,
    /// Files by the S3 URI under which they are put into the local buckets.
    pub(crate) data: BTreeMap<Spanned<String>, Spanned<String>>,
    /// State machines of the project's own: files by name.
    pub(crate) state_machines: BTreeMap<String, Spanned<String>>,
    /// Values for `${Name}` in state machines.
    pub(crate) substitutions: BTreeMap<String, String>,
    /// What `run` asks the endpoint at the end.
    pub(crate) predict: Option<Predict>,
}

/// The request with which `run` ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Predict {
    /// The file that is sent.
    pub(crate) file: Spanned<String>,
    /// Its media type.
    #[serde(default = "csv")]
    pub(crate) content_type: String,
    /// The media type of the answer.
    #[serde(default = "json")]
    pub(crate) accept: String,
}

fn csv() -> String {
    "text/csv".to_owned()
}

fn json() -> String {
    "application/json".to_owned()
}

fn unplaced(value: &str) -> Spanned<String> {
    Spanned::new(0..0, value.to_owned())
}

impl Default for Config {
    fn default() -> Self {
        Self {
            environment: "development".to_owned(),
            parameter_store_path: unplaced("/ml-project"),
            target_state_machine_arn: unplaced("model-tuning-with-endpoint-deployment"),
            manifest_s3_bucket_name: "ml-project".to_owned(),
            manifest_s3_bucket_key_prefix: "manifests/".to_owned(),
            parameters_s3_key: "ml-parameters.json".to_owned(),
            hyperparameters_s3_key: "hyperparameters.json".to_owned(),
            manifest: "manifest.json".to_owned(),
            algorithms: Vec::new(),
            data: BTreeMap::new(),
            state_machines: BTreeMap::new(),
            substitutions: BTreeMap::new(),
            predict: None,
        }
    }
}

/// A project: a folder with documents and, usually, an `mlpp.toml`.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Its options.
    pub(crate) config: Config,
    /// The path in the parameter store.
    pub(crate) path: StorePath,
    /// The text of `mlpp.toml`; empty when there is none.
    text: String,
}

impl Project {
    /// Reads the options of the project in `folder`. Without an `mlpp.toml` every option has its default.
    ///
    /// # Errors
    /// A folder that is not there, a file that cannot be read, is not TOML, has an option that is none, or a path that
    /// is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, CommandError> {
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
        // What lies in the current folder is shown without it.
        let folder = if folder == Path::new(".") { Path::new("") } else { folder };
        let file = folder.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| CommandError::failed(&format!("read {}", file.display()), error))?,
        };
        let config: Config = toml::from_str(&text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let finding =
                Finding::at("config/not-valid", &file.to_string_lossy(), &text, span, error.message());
            CommandError::one(ExitCode::InvalidInput, finding)
        })?;
        let wanted = &config.parameter_store_path;
        let path = wanted.get_ref().parse().map_err(|error: NameError| {
            let finding =
                Finding::at("config/path", &file.to_string_lossy(), &text, wanted.span(), error.to_string())
                    .help("a path is /level or /level/level… of a-z A-Z 0-9 _ . -");
            CommandError::one(ExitCode::InvalidInput, finding)
        })?;
        Ok(Self { folder: folder.to_owned(), config, path, text })
    }

    /// The environment that is chosen.
    pub(crate) fn environment(&self) -> &str {
        &self.config.environment
    }

    /// What a reader does with edits in place.
    pub(crate) fn drift(&self) -> mlpp_parameters::DriftPolicy {
        mlpp_parameters::DriftPolicy::Use
    }

    /// Prints the settings and where each came from.
    pub(crate) fn print_settings(&self, _json: bool) -> Result<(), CommandError> {
        crate::output::data(format_args!("{:#?}", self.config))
    }

    /// The rules that are the project's own.
    ///
    /// # Errors
    /// A schema that is not valid.
    pub(crate) fn rules(&self) -> Result<mlpp_parameters::ProjectRules, CommandError> {
        Ok(mlpp_parameters::ProjectRules::default())
    }

    /// Something wrong at a place in `mlpp.toml`.
    pub(crate) fn finding(
        &self,
        code: &str,
        span: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Finding {
        Finding::at(code, &self.folder.join(FILE).to_string_lossy(), &self.text, span, message)
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

    /// The text of a file that `mlpp.toml` names.
    ///
    /// # Errors
    /// A finding at the place that names it, when it cannot be read.
    pub(crate) fn read_named(&self, name: &Spanned<String>) -> Result<String, CommandError> {
        let file = self.file(name.get_ref());
        std::fs::read_to_string(&file).map_err(|error| {
            let message = format!("cannot read {}: {error}", file.display());
            let finding = self.finding("config/file-absent", name.span(), message);
            CommandError::one(ExitCode::InvalidInput, finding.help("files are named relative to mlpp.toml"))
        })
    }

    /// The folder for everything that is local to this machine.
    pub(crate) fn local_folder(&self) -> PathBuf {
        self.folder.join(".mlpp")
    }
}
