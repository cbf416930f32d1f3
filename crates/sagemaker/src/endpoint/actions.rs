//! The API actions on endpoints.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::model::{described, required_name};
use crate::platform::Platform;
use crate::request::{Checks, NAME, Node, Text};
use crate::store::{Record, ResourceKind, Retained};

const SIMULATED: [&str; 3] = ["EndpointName", "EndpointConfigName", "Tags"];

impl Platform {
    fn endpoint_arn(&self, name: &str) -> String {
        self.arns.sagemaker("endpoint", name)
    }

    fn no_endpoint(&self, name: &str) -> ServiceError {
        ServiceError::validation(format!("Could not find endpoint \"{}\".", self.endpoint_arn(name)))
    }

    pub(crate) async fn endpoint(&self, name: &str) -> Result<Record, ServiceError> {
        self.store.get(ResourceKind::Endpoint, name).await?.ok_or_else(|| self.no_endpoint(name))
    }

    pub(crate) async fn create_endpoint(self: &Arc<Self>, request: &Value) -> Result<Value, ServiceError> {
        self.refuse_when_closing()?;
        let (name, config) = names(request)?;
        self.variants(&config).await?;
        let arn = self.endpoint_arn(&name);
        let mut record = described(request, &SIMULATED, "EndpointArn", &arn);
        record.set("EndpointStatus", "Creating");
        let created = record.body.get("CreationTime").cloned().unwrap_or_default();
        record.set("LastModifiedTime", created);
        record.local.owner = Some(self.owner.id().to_owned());
        record.local.pending_config = Some(config);
        if !self.store.insert(ResourceKind::Endpoint, &name, record).await? {
            return Err(ServiceError::validation(format!(
                "Cannot create already existing endpoint \"{arn}\"."
            )));
        }
        self.endpoint_changed(&name, "Creating");
        self.spawn(Arc::clone(self).live(name));
        Ok(json!({"EndpointArn": arn}))
    }

    pub(crate) async fn update_endpoint(self: &Arc<Self>, request: &Value) -> Result<Value, ServiceError> {
        self.refuse_when_closing()?;
        let (name, config) = names(request)?;
        let retained = retained(request)?;
        self.endpoint(&name).await?;
        self.variants(&config).await?;
        let owner = self.owner.id().to_owned();
        let outcome = self
            .store
            .update(ResourceKind::Endpoint, &name, move |record| {
                let status = record.text("EndpointStatus").unwrap_or_default().to_owned();
                if status != "InService" {
                    return Err(status);
                }
                record.set("EndpointStatus", "Updating");
                record.local.pending_config = Some(config);
                record.local.retained = retained;
                record.body.shift_remove("FailureReason");
                let unowned = record.local.owner.is_none();
                if unowned {
                    record.local.owner = Some(owner);
                }
                Ok(unowned)
            })
            .await?
            .ok_or_else(|| self.no_endpoint(&name))?;
        let arn = self.endpoint_arn(&name);
        match outcome {
            Err(status) if status == "Failed" => {
                return Err(ServiceError::validation(format!(
                    "Cannot update endpoint \"{arn}\" because its status is Failed; it can only be deleted."
                )));
            }
            Err(_) => {
                return Err(ServiceError::validation(format!(
                    "Cannot update in-progress endpoint \"{arn}\"."
                )));
            }
            // No process runs it any more: this one does from now on.
            Ok(true) => self.spawn(Arc::clone(self).live(name.clone())),
            Ok(false) => {}
        }
        self.endpoint_changed(&name, "Updating");
        Ok(json!({"EndpointArn": arn}))
    }

    fn endpoint_changed(&self, name: &str, status: &str) {
        self.emit(JobEvent::EndpointChanged {
            name: name.to_owned(),
            status: status.to_owned(),
            failure_reason: None,
        });
    }

    pub(crate) async fn describe_endpoint(&self, request: &Value) -> Result<Value, ServiceError> {
        let name = required_name(request, "EndpointName")?;
        Ok(Value::Object(self.endpoint(&name).await?.body))
    }

    pub(crate) async fn delete_endpoint(&self, request: &Value) -> Result<Value, ServiceError> {
        let name = required_name(request, "EndpointName")?;
        let running = self
            .store
            .update(ResourceKind::Endpoint, &name, |record| {
                record.set("EndpointStatus", "Deleting");
                record.local.owner.is_some()
            })
            .await?
            .ok_or_else(|| self.no_endpoint(&name))?;
        // Whoever runs it ends it.
        if !running {
            self.remove_endpoint(&name).await?;
        }
        Ok(json!({}))
    }

    pub(crate) async fn list_endpoints(&self, request: &Value) -> Result<Value, ServiceError> {
        let members = ["EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus"];
        self.list_resources(request, ResourceKind::Endpoint, "Endpoints", &members).await
    }
}

fn names(request: &Value) -> Result<(String, String), ServiceError> {
    let mut checks = Checks::new();
    let root = Node::root(request);
    let name = checks.required_text(&root, "EndpointName", NAME);
    let config = checks.required_text(&root, "EndpointConfigName", NAME);
    checks.finish()?;
    Ok((name.unwrap_or_default().to_owned(), config.unwrap_or_default().to_owned()))
}

/// What an update retains: with `RetainAllVariantProperties` all but `ExcludeRetainedVariantProperties`, else nothing.
fn retained(request: &Value) -> Result<Retained, ServiceError> {
    const KINDS: Text = Text::one_of(&["DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"]);
    let mut checks = Checks::new();
    let root = Node::root(request);
    let all = checks.boolean(&root, "RetainAllVariantProperties").unwrap_or(false);
    let mut retained = if all { Retained::ALL } else { Retained::default() };
    for excluded in checks.list(&root, "ExcludeRetainedVariantProperties", 0, 3) {
        match checks.required_text(&excluded, "VariantPropertyType", KINDS) {
            Some("DesiredInstanceCount") => retained.instances = false,
            Some("DesiredWeight") => retained.weight = false,
            _ => {}
        }
    }
    checks.finish()?;
    Ok(retained)
}
