//! Models.

use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::names;
use crate::not_simulated;
use crate::platform::Platform;
use crate::request::{Checks, NAME, Node, ROLE_ARN, S3_URI, Text};
use crate::store::{Record, ResourceKind};

const SIMULATED: [&str; 6] = [
    "ModelName",
    "PrimaryContainer.Image",
    "PrimaryContainer.ModelDataUrl",
    "PrimaryContainer.Environment",
    "ExecutionRoleArn",
    "Tags",
];

impl Platform {
    pub(crate) async fn create_model(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "ModelName", NAME);
        checks.text(&root, "ExecutionRoleArn", ROLE_ARN);
        let container = checks.object(&root, "PrimaryContainer");
        let mut image = None;
        let mut package = None;
        if let Some(container) = &container {
            image = checks.text(container, "Image", Text::filled(255));
            package = checks.text(container, "ModelPackageName", Text::filled(176));
            checks.text(container, "ModelDataUrl", S3_URI);
            checks.map(container, "Environment");
        }
        checks.finish()?;
        let name = name.unwrap_or_default();
        if root.has("Containers") {
            return Err(ServiceError::validation(
                "Containers (an inference pipeline) are not supported on this machine.",
            ));
        }
        if container.is_none() {
            return Err(ServiceError::validation("PrimaryContainer is required."));
        }
        let image = match (image, package) {
            (Some(image), None) => image,
            (None, Some(package)) => {
                return Err(ServiceError::validation(format!(
                    "Model packages are not supported on this machine: {package}. Name the algorithm's image instead."
                )));
            }
            _ => {
                return Err(ServiceError::validation(
                    "PrimaryContainer must have exactly one of Image and ModelPackageName.",
                ));
            }
        };
        let algorithm = self.algorithm_of_image(image)?;
        if algorithm.inference.is_none() {
            return Err(ServiceError::validation(format!(
                "Algorithm {} cannot serve models.",
                algorithm.name
            )));
        }
        let arn = self.arns.sagemaker("model", name);
        let record = described(request, &SIMULATED, "ModelArn", &arn);
        if !self.store.insert(ResourceKind::Model, name, record).await? {
            return Err(ServiceError::validation(format!("Cannot create already existing model \"{arn}\".")));
        }
        Ok(json!({"ModelArn": arn}))
    }

    pub(crate) async fn describe_model(&self, request: &Value) -> Result<Value, ServiceError> {
        let name = required_name(request, "ModelName")?;
        Ok(Value::Object(self.model(&name).await?.body))
    }

    pub(crate) async fn model(&self, name: &str) -> Result<Record, ServiceError> {
        self.store.get(ResourceKind::Model, name).await?.ok_or_else(|| {
            ServiceError::validation(format!(
                "Could not find model \"{}\".",
                self.arns.sagemaker("model", name)
            ))
        })
    }

    pub(crate) async fn delete_model(&self, request: &Value) -> Result<Value, ServiceError> {
        let name = required_name(request, "ModelName")?;
        self.model(&name).await?;
        self.store.delete(ResourceKind::Model, &name).await?;
        Ok(json!({}))
    }

    pub(crate) async fn list_models(&self, request: &Value) -> Result<Value, ServiceError> {
        let members = ["ModelName", "ModelArn", "CreationTime"];
        self.list_resources(request, ResourceKind::Model, "Models", &members).await
    }
}

/// A record that holds the request as Describe repeats it: with ARN and creation time, without tags.
pub(crate) fn described(request: &Value, simulated: &[&str], arn_member: &str, arn: &str) -> Record {
    let mut record = Record::default();
    if let Value::Object(members) = request {
        record.body.clone_from(members);
        // Order is kept; a removed member must not move the last one into its place.
        record.body.shift_remove("Tags");
    }
    record.set(arn_member, arn);
    record.set("CreationTime", names::now());
    record.local.request = Some(request.clone());
    record.local.not_simulated = not_simulated::list(request, simulated);
    record
}

/// The name which is a request's only required member.
pub(crate) fn required_name(request: &Value, member: &str) -> Result<String, ServiceError> {
    let mut checks = Checks::new();
    let name = checks.required_text(&Node::root(request), member, NAME);
    checks.finish()?;
    Ok(name.unwrap_or_default().to_owned())
}
