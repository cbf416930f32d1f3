//! The first stage: everything that can be known to be wrong before anything is written.

use std::path::PathBuf;

use mlpp_parameters::{Content, Diagnostic, Documents, Manifest, ProjectRules};

use crate::config::Project;
use crate::documents::Effective;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::manifest::{self, ManifestFile};

/// A file of the user's, and the object that it becomes.
#[derive(Debug)]
pub(crate) struct DataFile {
    pub(crate) file: PathBuf,
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// What the project holds, checked.
#[derive(Debug)]
pub(crate) struct Validated {
    pub(crate) documents: Documents,
    pub(crate) content: Content,
    /// What is worth a look in the documents.
    pub(crate) warnings: Vec<Diagnostic>,
    /// The rules that are the project's own.
    pub(crate) rules: ProjectRules,
    pub(crate) manifest: Manifest,
    pub(crate) manifest_bytes: Vec<u8>,
    pub(crate) data: Vec<DataFile>,
    /// What is sent to the endpoint at the end.
    pub(crate) rows: Option<Vec<u8>>,
}

/// Reads and checks the documents, the manifest and the files that `mlpp.toml` names. `exists` says whether there is an
/// object, or are objects, at a bucket and prefix already.
///
/// # Errors
/// All findings about the documents at once; then those about the manifest; then files that are not there.
pub(crate) fn read(
    project: &Project,
    exists: impl Fn(&str, &str) -> bool,
) -> Result<Validated, CommandError> {
    let config = &project.config;
    let Effective { documents, content, warnings, rules } = Effective::read(project)?;

    let file = project.file(&config.manifest);
    let ManifestFile { manifest, bytes: manifest_bytes, sources } = manifest::read(project, &rules, &file)?;

    let data = data_files(project)?;
    let findings: Vec<_> =
        manifest.channels.iter().filter_map(|channel| absent(channel, &data, &exists)).collect();
    if !findings.is_empty() {
        return Err(CommandError::invalid(&findings, &sources));
    }
    let rows = config.predict.as_ref().map(|predict| {
        let file = project.file(predict.file.get_ref());
        std::fs::read(&file).map_err(|error| {
            let message = format!("cannot read {}: {error}", file.display());
            let finding = project.finding("config/file-absent", predict.file.span(), message);
            CommandError::one(ExitCode::InvalidInput, finding.help("name a file of rows to predict"))
        })
    });
    Ok(Validated {
        documents,
        content,
        warnings,
        rules,
        manifest,
        manifest_bytes,
        data,
        rows: rows.transpose()?,
    })
}

/// The table `[data]` of `mlpp.toml`, checked.
fn data_files(project: &Project) -> Result<Vec<DataFile>, CommandError> {
    let mut files = Vec::new();
    for (uri, name) in &project.config.data {
        let invalid = |finding| CommandError::one(ExitCode::InvalidInput, finding);
        let Some((bucket, key)) = uri.get_ref().strip_prefix("s3://").and_then(|rest| rest.split_once('/'))
        else {
            let finding = project.finding("config/s3-uri", uri.span(), "this is no S3 URI of an object");
            return Err(invalid(finding.help("write \"s3://<bucket>/<key>\" = \"<file>\"")));
        };
        let file = project.file(name.get_ref());
        if !file.is_file() {
            let message = format!("there is no file {}", file.display());
            let finding = project.finding("config/file-absent", name.span(), message);
            return Err(invalid(finding.help("files are named relative to mlpp.toml")));
        }
        files.push(DataFile { file, bucket: bucket.to_owned(), key: key.to_owned() });
    }
    Ok(files)
}

/// The finding that a channel has no data, if it has none.
fn absent(
    channel: &mlpp_parameters::Channel,
    data: &[DataFile],
    exists: impl Fn(&str, &str) -> bool,
) -> Option<Diagnostic> {
    let (bucket, prefix) = channel.location()?;
    if data.iter().any(|file| file.bucket == bucket && file.key.starts_with(prefix)) || exists(bucket, prefix)
    {
        return None;
    }
    let message = format!("the channel \"{}\" has no data: nothing lies there", channel.name);
    Some(
        Diagnostic::error("manifest/channel-absent", channel.s3_uri.span, message)
            .at(format!("{}/s3DataSource/S3Uri", channel.pointer))
            .label("no object with this key or prefix")
            .help(format!("add \"s3://{bucket}/{prefix}\" = \"<file>\" to [data] in mlpp.toml")),
    )
}
