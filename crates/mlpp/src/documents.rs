//! The documents of a project with the overlays of its environment: read, joined, checked.

use std::collections::BTreeMap;
use std::path::Path;

use mlpp_local::input_schema as shipped_input_schema;
use mlpp_parameters::schema::Schema;
use mlpp_parameters::{
    Content, Diagnostic, Digest, Documents, ProjectRules, SecretSource, Sources, validate,
};

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
        Self::read_edited(project, &Edits::new())
    }

    /// Reads and checks the documents as if some of them had other texts.
    ///
    /// # Errors
    /// All findings at once; a file that is not there.
    pub(crate) fn read_edited(project: &Project, edits: &Edits) -> Result<Self, CommandError> {
        let documents = read(project, edits)?;
        let rules = rules(project)?;
        let valid = validate(&documents, &project.path, &rules)
            .map_err(|findings| CommandError::invalid(&findings, &documents.sources))?;
        Ok(Self { documents, content: valid.content, warnings: valid.warnings, rules })
    }

    /// Shows on standard error what is worth a look.
    pub(crate) fn show_warnings(&self, project: &Project) {
        CommandError::invalid(&project.warnings, &project.sources).show();
        CommandError::invalid(&self.warnings, &self.documents.sources).show();
    }

    /// Name and digest of each document, by their names in the project, wherever that lies.
    pub(crate) fn recorded_digests(&self, project: &Project) -> Vec<(String, Digest)> {
        let digests = self.documents.digests.iter();
        digests.map(|(name, digest)| (project.name_of(name), digest.clone())).collect()
    }
}

/// Texts that documents are to have, by the names that messages show of the files.
pub(crate) type Edits = BTreeMap<String, String>;

/// The documents without overlays: their files' names, as messages show them, and their bytes.
///
/// # Errors
/// A file that is not there.
pub(crate) fn texts(project: &Project) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    let config = &project.config;
    let mut texts = Vec::new();
    for name in [&config.parameters_s3_key, &config.hyperparameters_s3_key] {
        texts.push(read_file(&project.file(name))?);
    }
    for name in &config.documents {
        texts.push(project.read_bytes(name)?);
    }
    Ok(texts)
}

/// Reads the documents and lays the overlays over them.
///
/// # Errors
/// All findings at once; a file that is not there; a secret's pointer that leads nowhere.
fn read(project: &Project, edits: &Edits) -> Result<Documents, CommandError> {
    let config = &project.config;
    let mut texts = texts(project)?;
    for (name, bytes) in &mut texts {
        if let Some(edited) = edits.get(name) {
            edited.as_bytes().clone_into(bytes);
        }
    }
    let mut overlays = Vec::new();
    for name in &config.overlays {
        overlays.push(project.read_bytes(name)?);
    }
    let mut documents = Documents::read(texts, overlays)
        .map_err(|(findings, sources)| CommandError::invalid(&findings, &sources))?;
    for (pointer, source) in &config.secrets {
        // The source was checked when mlpp.toml was read.
        let Ok(source) = source.get_ref().parse::<SecretSource>() else { continue };
        documents.place_secret(pointer.get_ref(), &source).map_err(|error| {
            let finding = project.finding("secret/pointer", pointer.span(), error.to_string());
            let help = "the object that holds the secret must be in a document";
            CommandError::one(ExitCode::InvalidInput, finding.help(help))
        })?;
    }
    Ok(documents)
}

/// The rules that are the project's own: its buckets, what its target reads, its schemas.
///
/// # Errors
/// A schema that is not there or not valid.
pub(crate) fn rules(project: &Project) -> Result<ProjectRules, CommandError> {
    let config = &project.config;
    let mut rules = ProjectRules::default();
    if let Some(buckets) = &config.buckets {
        rules = rules.with_buckets(buckets.iter().map(|bucket| bucket.get_ref().clone()));
    }
    let target = config.target_state_machine_arn.get_ref();
    if let Some(input) = input_schema(project, target)? {
        rules = rules.with_target(target, input);
    }
    for file in &config.schemas {
        let (name, bytes) = project.read_bytes(file)?;
        rules = rules.with_schema(schema(name, &bytes)?);
    }
    Ok(rules)
}

/// The schema of what the target reads of its input, if there is one.
fn input_schema(project: &Project, target: &str) -> Result<Option<Schema>, CommandError> {
    if let Some(file) = project.config.input_schemas.get(target) {
        let (name, bytes) = project.read_bytes(file)?;
        return schema(name, &bytes).map(Some);
    }
    // A state machine of the project's own that has the name of a shipped one is another.
    if project.config.state_machines.contains_key(target) {
        return Ok(None);
    }
    match shipped_input_schema(target) {
        Some(text) => schema(format!("{target}.input.schema.json"), text.as_bytes()).map(Some),
        None => Ok(None),
    }
}

fn schema(name: String, bytes: &[u8]) -> Result<Schema, CommandError> {
    let mut sources = Sources::default();
    sources
        .add_bytes(name, bytes)
        .and_then(|source| Schema::parse(&sources, source))
        .map_err(|findings| CommandError::invalid(&findings, &sources))
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
