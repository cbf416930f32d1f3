//! The first stage: everything that can be known to be wrong before anything is written.

use mlpp_local::LocalObjects;
use mlpp_parameters::{Content, Diagnostic, Documents, Manifest, ProjectRules};

use crate::config::Project;
use crate::documents::Effective;
use crate::error::CommandError;
use crate::executions::{DataFile, channels_absent, data_files};
use crate::exit_code::ExitCode;
use crate::manifest::{self, ManifestFile};

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

/// Reads and checks the documents, the manifest and the files that `mlpp.toml` names. `objects` are those that lie in the
/// buckets already.
///
/// # Errors
/// All findings about the documents at once; then those about the manifest; then files that are not there.
pub(crate) fn read(project: &Project, objects: &LocalObjects) -> Result<Validated, CommandError> {
    let config = &project.config;
    let Effective { documents, content, warnings, rules } = Effective::read(project)?;

    let file = project.file(&config.manifest);
    let ManifestFile { manifest, bytes: manifest_bytes, sources } = manifest::read(project, &rules, &file)?;

    let data = data_files(project)?;
    let findings = channels_absent(&manifest, &data, objects);
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
