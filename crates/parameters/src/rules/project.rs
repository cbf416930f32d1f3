//! What a project asks of its documents beyond what every project must hold to.

#[cfg(feature = "schema")]
use crate::schema::Schema;

/// The part of the rules that is a project's own. By default it has none.
#[derive(Debug, Clone, Default)]
pub struct ProjectRules {
    /// The buckets that S3 URIs may lie in; `None` for any.
    buckets: Option<Vec<String>>,
    /// The workflow that is to be started, by name, and what it reads of its input.
    #[cfg(feature = "schema")]
    target: Option<(String, Schema)>,
    /// The schemas of the project's own keys.
    #[cfg(feature = "schema")]
    schemas: Vec<Schema>,
}

impl ProjectRules {
    /// The same with the S3 buckets that the stack's roles may use: `value/foreign-bucket` for an S3 URI in another one.
    #[must_use]
    pub fn with_buckets<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.buckets = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The same with the workflow that is to be started and the schema of its input: `target/required` for what the
    /// documents lack, `target/type` for what the workflow cannot use. What the launch adds is left out of account.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn with_target(mut self, workflow: impl Into<String>, input: Schema) -> Self {
        self.target = Some((workflow.into(), input));
        self
    }

    /// The same with one more schema that the documents, as one object, must be valid against: `schema/violation` for
    /// each place where they are not. A secret is valid against any.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn with_schema(mut self, schema: Schema) -> Self {
        self.schemas.push(schema);
        self
    }

    #[cfg(feature = "schema")]
    pub(crate) fn target(&self) -> Option<(&str, &Schema)> {
        self.target.as_ref().map(|(workflow, schema)| (workflow.as_str(), schema))
    }

    #[cfg(feature = "schema")]
    pub(crate) fn schemas(&self) -> &[Schema] {
        &self.schemas
    }

    pub(super) fn buckets(&self) -> Option<&[String]> {
        self.buckets.as_deref()
    }
}
