//! What targets, policies and activities are about: a variant of an endpoint.

use crate::error::ServiceError;
use crate::names;
use crate::request::{Checks, Node, Text};
use crate::store::Record;

pub(super) const NAMESPACES: Text = Text::one_of(&["sagemaker"]);
pub(super) const DIMENSION: &str = "sagemaker:variant:DesiredInstanceCount";
pub(super) const DIMENSIONS: Text = Text::one_of(&[DIMENSION]);
/// The longest `ResourceId`.
pub(super) const RESOURCE: Text = Text::filled(1600);

/// A variant as requests name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) endpoint: String,
    pub(super) variant: String,
}

impl Subject {
    pub(super) fn new(endpoint: &str, variant: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), variant: variant.to_owned() }
    }

    /// Reads what a request is about; the checks hold what is wrong with the form of its members.
    pub(super) fn read(checks: &mut Checks, root: &Node<'_>) -> Result<Self, ServiceError> {
        checks.required_text(root, "ServiceNamespace", NAMESPACES);
        checks.required_text(root, "ScalableDimension", DIMENSIONS);
        let resource = checks.required_text(root, "ResourceId", RESOURCE).unwrap_or_default();
        let parts: Vec<&str> = resource.split('/').collect();
        match parts.as_slice() {
            ["endpoint", endpoint, "variant", variant] => Ok(Self::new(endpoint, variant)),
            _ => Err(ServiceError::validation(
                "Unsupported service namespace, resource type or scalable dimension",
            )),
        }
    }

    /// `ResourceId`.
    pub(super) fn resource(&self) -> String {
        format!("endpoint/{}/variant/{}", self.endpoint, self.variant)
    }

    /// The name of the target's record.
    pub(super) fn key(&self) -> String {
        format!("{DIMENSION} {}", self.resource())
    }

    /// The name of a policy's record.
    pub(super) fn policy_key(&self, name: &str) -> String {
        format!("{} {name}", self.key())
    }

    /// Sets the members which targets and policies share.
    pub(super) fn describe(&self, record: &mut Record) {
        record.set("ServiceNamespace", "sagemaker");
        record.set("ResourceId", self.resource());
        record.set("ScalableDimension", DIMENSION);
        if !record.body.contains_key("CreationTime") {
            record.set("CreationTime", names::now());
        }
    }

    /// Whether a target's or a policy's record is about it.
    pub(super) fn owns(&self, record: &Record) -> bool {
        record.text("ResourceId") == Some(self.resource().as_str())
    }

    /// The error of a policy without a target.
    pub(super) fn not_registered(&self) -> ServiceError {
        self.not_found("No scalable target registered", "")
    }

    /// The error of a target that is not there.
    pub(super) fn no_target(&self) -> ServiceError {
        self.not_found("No scalable target found", "")
    }

    /// The error of a policy that is not there.
    pub(super) fn no_policy(&self, name: &str) -> ServiceError {
        self.not_found("No scaling policy found", &format!(", policy name: {name}"))
    }

    fn not_found(&self, what: &str, more: &str) -> ServiceError {
        let message = format!(
            "{what} for service namespace: sagemaker, resource ID: {}, scalable dimension: {DIMENSION}{more}",
            self.resource()
        );
        ServiceError::new("ObjectNotFoundException", 400, message)
    }
}
