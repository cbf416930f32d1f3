//! A project's documents as the two files that a deployment takes.

use mlpp_parameters::json::{Member, Value, to_pretty};
use mlpp_parameters::{Digest, Documents, ProjectRules, StorePath, validate};

use crate::error::CommandError;

/// The members that go into the document of hyperparameters; all others go into that of parameters.
const HYPERPARAMETERS: [&str; 2] = ["parameterRanges", "staticHyperParameters"];
/// What the two are called.
pub(crate) const NAMES: [&str; 2] = ["ml-parameters.json", "hyperparameters.json"];

/// The two documents.
#[derive(Debug, Clone)]
pub(crate) struct Packaged {
    /// `ml-parameters.json`
    pub(crate) parameters: String,
    /// `hyperparameters.json`
    pub(crate) hyperparameters: String,
}

impl Packaged {
    /// The two of which `root` is what they are together.
    pub(crate) fn of(root: &Value) -> Self {
        let members = if let Value::Object(members) = root { members.as_slice() } else { &[] };
        let part = |of_hyperparameters: bool| {
            let wanted =
                |member: &&Member| HYPERPARAMETERS.contains(&member.name.as_str()) == of_hyperparameters;
            to_pretty(&Value::Object(members.iter().filter(wanted).cloned().collect()))
        };
        Self { parameters: part(false), hyperparameters: part(true) }
    }

    /// Name and text of each.
    pub(crate) fn files(&self) -> [(&'static str, &str); 2] {
        [(NAMES[0], &self.parameters), (NAMES[1], &self.hyperparameters)]
    }

    /// Name and digest of each.
    pub(crate) fn digests(&self) -> [(&'static str, Digest); 2] {
        self.files().map(|(name, text)| (name, Digest::of(text)))
    }

    /// Both read as a project's documents are.
    ///
    /// # Errors
    /// They cannot be joined.
    pub(crate) fn read(&self) -> Result<Documents, CommandError> {
        Documents::merge(self.files())
            .map_err(|(findings, sources)| CommandError::invalid(&findings, &sources))
    }

    /// The digest of the leaves as who deploys the two records them: in the order in which these have them.
    ///
    /// # Errors
    /// They are not valid.
    pub(crate) fn content_digest(
        &self,
        path: &StorePath,
        rules: &ProjectRules,
    ) -> Result<Digest, CommandError> {
        let documents = self.read()?;
        validate(&documents, path, rules)
            .map(|valid| valid.content.digest())
            .map_err(|findings| CommandError::invalid(&findings, &documents.sources))
    }
}
