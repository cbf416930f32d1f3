//! Endpoint configurations.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::model::{described, required_name};
use crate::platform::Platform;
use crate::request::{Checks, NAME, Node, Text};
use crate::store::{Record, ResourceKind};

const SIMULATED: [&str; 7] = [
    "EndpointConfigName",
    "ProductionVariants[].VariantName",
    "ProductionVariants[].ModelName",
    "ProductionVariants[].InitialInstanceCount",
    "ProductionVariants[].InitialVariantWeight",
    "ProductionVariants[].ContainerStartupHealthCheckTimeoutInSeconds",
    "Tags",
];

/// A production variant as its configuration has it.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) model: String,
    pub(crate) instances: usize,
    pub(crate) weight: f64,
    pub(crate) startup_timeout: Option<Duration>,
}

impl Platform {
    pub(crate) async fn create_endpoint_config(&self, request: &Value) -> Result<Value, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "EndpointConfigName", NAME);
        checks.required(&root, "ProductionVariants");
        let variants = variants(&mut checks, &root);
        checks.finish()?;
        let name = name.unwrap_or_default();
        let mut names = HashSet::new();
        for variant in &variants {
            if !names.insert(variant.name.as_str()) {
                return Err(ServiceError::validation(format!("Duplicate variant name {}.", variant.name)));
            }
            self.model(&variant.model).await?;
        }
        let arn = self.arns.sagemaker("endpoint-config", name);
        let record = described(request, &SIMULATED, "EndpointConfigArn", &arn);
        if !self.store.insert(ResourceKind::EndpointConfig, name, record).await? {
            return Err(ServiceError::validation(format!(
                "Cannot create already existing endpoint configuration \"{arn}\"."
            )));
        }
        Ok(json!({"EndpointConfigArn": arn}))
    }

    pub(crate) async fn describe_endpoint_config(&self, request: &Value) -> Result<Value, ServiceError> {
        let name = required_name(request, "EndpointConfigName")?;
        Ok(Value::Object(self.endpoint_config(&name).await?.body))
    }

    async fn endpoint_config(&self, name: &str) -> Result<Record, ServiceError> {
        self.store.get(ResourceKind::EndpointConfig, name).await?.ok_or_else(|| {
            let arn = self.arns.sagemaker("endpoint-config", name);
            ServiceError::validation(format!("Could not find endpoint configuration \"{arn}\"."))
        })
    }

    /// The variants of a configuration.
    pub(crate) async fn variants(&self, name: &str) -> Result<Vec<Variant>, ServiceError> {
        let body = Value::Object(self.endpoint_config(name).await?.body);
        let mut checks = Checks::new();
        let variants = variants(&mut checks, &Node::root(&body));
        checks.finish()?;
        Ok(variants)
    }

    pub(crate) async fn delete_endpoint_config(&self, request: &Value) -> Result<Value, ServiceError> {
        let name = required_name(request, "EndpointConfigName")?;
        self.endpoint_config(&name).await?;
        self.store.delete(ResourceKind::EndpointConfig, &name).await?;
        Ok(json!({}))
    }

    pub(crate) async fn list_endpoint_configs(&self, request: &Value) -> Result<Value, ServiceError> {
        let members = ["EndpointConfigName", "EndpointConfigArn", "CreationTime"];
        self.list_resources(request, ResourceKind::EndpointConfig, "EndpointConfigs", &members).await
    }
}

fn variants(checks: &mut Checks, root: &Node<'_>) -> Vec<Variant> {
    // What one machine can take is less than the service's quota: each instance is a process.
    const MOST_INSTANCES: i64 = 64;
    let mut variants = Vec::new();
    for node in checks.list(root, "ProductionVariants", 1, 10) {
        let name = checks.required_text(&node, "VariantName", NAME);
        let model = checks.required_text(&node, "ModelName", NAME);
        let instances = checks.integer(&node, "InitialInstanceCount", 1, MOST_INSTANCES);
        let weight = checks.number(&node, "InitialVariantWeight");
        checks.text(&node, "InstanceType", Text::filled(64));
        let startup = checks.integer(&node, "ContainerStartupHealthCheckTimeoutInSeconds", 60, 3600);
        if let (Some(name), Some(model)) = (name, model) {
            variants.push(Variant {
                name: name.to_owned(),
                model: model.to_owned(),
                instances: instances.and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
                weight: weight.unwrap_or(1.0),
                startup_timeout: startup.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
            });
        }
    }
    variants
}
