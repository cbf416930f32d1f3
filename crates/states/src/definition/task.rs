//! Task states.

use std::sync::Arc;

use super::fields::Fields;
use super::{NumberField, Pattern, Resource, WorkflowType};
use crate::template::Template;

#[derive(Debug)]
pub(crate) struct TaskState {
    /// The resource as it was written.
    pub(crate) arn: Arc<str>,
    pub(crate) resource: Resource,
    pub(crate) timeout: Option<NumberField>,
    pub(crate) heartbeat: Option<NumberField>,
    pub(crate) credentials: Option<Template>,
}

pub(super) const FIELDS: &[&str] =
    &["Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials", "Retry", "Catch"];
pub(super) const JSON_PATH_FIELDS: &[&str] =
    &["Parameters", "ResultSelector", "ResultPath", "TimeoutSecondsPath", "HeartbeatSecondsPath"];

/// Longest timeout, in seconds.
pub(super) const MAX_SECONDS: f64 = 99_999_999.0;

pub(super) fn parse(fields: &Fields<'_>, workflow: WorkflowType) -> Option<TaskState> {
    let arn = fields.required_text("Resource")?;
    let resource = Resource::parse(arn);
    if workflow == WorkflowType::Express {
        let refused = match (&resource, resource.pattern()) {
            (Resource::Activity, _) => Some("Express state machine does not support Activity ARN"),
            (_, Pattern::Job) => Some("Express state machine does not support '.sync' service integration"),
            (_, Pattern::Callback) => {
                Some("Express state machine does not support '.waitForTaskToken' service integration ")
            }
            _ => None,
        };
        if let Some(message) = refused {
            fields.wrong("Resource", message);
        }
    }
    if let Some(credentials) = fields.object("Credentials")
        && !credentials.has("RoleArn")
        && !credentials.has("RoleArn.$")
    {
        credentials.findings.schema("The field 'RoleArn' is required but was missing", &credentials.location);
    }
    Some(TaskState {
        arn: Arc::from(arn),
        resource,
        timeout: fields.number_field("TimeoutSeconds", "TimeoutSecondsPath", (1.0, MAX_SECONDS, true)),
        heartbeat: fields.number_field("HeartbeatSeconds", "HeartbeatSecondsPath", (1.0, MAX_SECONDS, true)),
        credentials: fields.template("Credentials"),
    })
}
