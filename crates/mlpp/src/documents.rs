//! The documents of a project with the overlays of its environment: read, joined, checked.

use std::path::Path;

use mlpp_parameters::{Content, Diagnostic, Digest, Documents, ProjectRules, validate};

use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// What the documents say, valid by every rule.
#[derive(Debug)]
pub(crate) struct Effective {
    /// All of them as one, with the place of every value.
    pub(crate) documents: Documents,
    /// Their leaves.
    pub(crate) content: Content,
    /// What is worth a look.
    pub(crate) warnings: Vec<Diagnostic>,
    /// The rules that are the project's own.
    pub(crate) rules: ProjectRules,
}

impl Effective {
    /// Reads and checks the documents.
    ///
    /// # Errors
    /// All findings at once; a file that is not there.
    pub(crate) fn read(project: &Project) -> Result<Self, CommandError> {
        let documents = read(project)?;
        let rules = project.rules()?;
        let valid = validate(&documents, &project.path, &rules)
            .map_err(|findings| CommandError::invalid(&findings, &documents.sources))?;
        Ok(Self { documents, content: valid.content, warnings: valid.warnings, rules })
    }

    /// Shows on standard error what is worth a look.
    pub(crate) fn show_warnings(&self, _project: &Project) {
        CommandError::invalid(&self.warnings, &self.documents.sources).show();
    }

    /// Name and digest of each document, by their names in the project, wherever that lies.
    pub(crate) fn recorded_digests(&self, project: &Project) -> Vec<(String, Digest)> {
        let digests = self.documents.digests.iter();
        digests.map(|(name, digest)| (project.name_of(name), digest.clone())).collect()
    }
}

/// Reads the documents and lays the overlays over them.
///
/// # Errors
/// All findings at once; a file that is not there; a secret's pointer that leads nowhere.
pub(crate) fn read(project: &Project) -> Result<Documents, CommandError> {
    let config = &project.config;
    let mut texts = Vec::new();
    for name in [&config.parameters_s3_key, &config.hyperparameters_s3_key] {
        texts.push(read_file(&project.file(name))?);
    }
    Documents::read(texts, []).map_err(|(findings, sources)| CommandError::invalid(&findings, &sources))
}

/// A file of the project: its name, as messages show it, and its bytes.
///
/// # Errors
/// `project/file-absent` when it is not there.
pub(crate) fn read_file(file: &Path) -> Result<(String, Vec<u8>), CommandError> {
    let name = file.display().to_string();
    match std::fs::read(file) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let help = "every project has it; mlpp.toml may name another file for it".to_owned();
            let plain = Plain { code: "project/file-absent", message: format!("there is no {name}"), help };
            Err(CommandError::one(ExitCode::InvalidInput, plain))
        }
        Err(error) => Err(CommandError::failed(&format!("read {name}"), error)),
    }
}
