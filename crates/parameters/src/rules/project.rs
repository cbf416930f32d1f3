//! What a project asks of its documents beyond what every project must hold to.

/// The part of the rules that is a project's own. By default it has none.
#[derive(Debug, Clone, Default)]
pub struct ProjectRules {
    /// The buckets that S3 URIs may lie in; `None` for any.
    buckets: Option<Vec<String>>,
}

impl ProjectRules {
    /// The same with the S3 buckets that the stack's roles may use: `value/foreign-bucket` for an S3 URI in another one.
    #[must_use]
    pub fn with_buckets<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.buckets = Some(names.into_iter().map(Into::into).collect());
        self
    }

    pub(super) fn buckets(&self) -> Option<&[String]> {
        self.buckets.as_deref()
    }
}
