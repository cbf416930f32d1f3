//! The manifest of a project, read and checked.

use std::path::Path;

use mlpp_parameters::rules::check_manifest;
use mlpp_parameters::{Manifest, ProjectRules, Sources};

use crate::config::Project;
use crate::documents::read_file;
use crate::error::CommandError;

/// A manifest without an error.
#[derive(Debug)]
pub(crate) struct ManifestFile {
    pub(crate) manifest: Manifest,
    /// The file as it is.
    pub(crate) bytes: Vec<u8>,
    /// Its text, for findings.
    pub(crate) sources: Sources,
}

/// Reads a manifest and checks it by the rules that hold for all and by the project's own.
///
/// # Errors
/// All findings; a file that is not there.
pub(crate) fn read(
    project: &Project,
    rules: &ProjectRules,
    file: &Path,
) -> Result<ManifestFile, CommandError> {
    let (name, bytes) = read_file(file)?;
    let mut sources = Sources::default();
    let manifest = sources
        .add_bytes(name, &bytes)
        .and_then(|source| Manifest::parse_allowing(&mut sources, source, &project.config.overridable))
        .map_err(|findings| CommandError::invalid(&findings, &sources))?;
    let findings = check_manifest(&manifest, &sources, rules);
    if findings.is_empty() {
        Ok(ManifestFile { manifest, bytes, sources })
    } else {
        Err(CommandError::invalid(&findings, &sources))
    }
}
