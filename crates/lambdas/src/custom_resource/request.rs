use std::fmt;

use serde_json::Value;

/// What CloudFormation wants of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestType {
    /// To be made.
    Create,
    /// To be as its properties say now.
    Update,
    /// To be removed.
    Delete,
    /// Something that CloudFormation does not ask for today.
    Other,
}

impl RequestType {
    /// The member `RequestType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::Other => "Other",
        }
    }
}

/// Where CloudFormation waits for the answer: a presigned URL. Who has it can answer for the stack, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// The URL itself, to be sent to and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(…)")
    }
}

/// A request of CloudFormation.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// What is wanted.
    pub kind: RequestType,
    /// Where the answer is waited for.
    pub response_url: ResponseUrl,
    /// ARN of the stack.
    pub stack_id: String,
    /// The request's id.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// The resource's id so far; none when it is to be made.
    pub physical_id: Option<String>,
    /// Its properties.
    pub properties: Value,
}

/// Why an event is no request that can be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A member is lacking, or is no text.
    #[error("the event is no request of CloudFormation: it has no text \"{0}\"")]
    Member(&'static str),
}

impl Envelope {
    /// Reads an event.
    ///
    /// # Errors
    /// [`RequestError`]. Whatever else the event lacks, it can be answered, and is no error here.
    pub fn read(event: &Value) -> Result<Self, RequestError> {
        let text = |member: &'static str| {
            event[member].as_str().map(str::to_owned).ok_or(RequestError::Member(member))
        };
        let kind = match text("RequestType")?.as_str() {
            "Create" => RequestType::Create,
            "Update" => RequestType::Update,
            "Delete" => RequestType::Delete,
            _ => RequestType::Other,
        };
        Ok(Self {
            kind,
            response_url: ResponseUrl(text("ResponseURL")?),
            stack_id: text("StackId")?,
            request_id: text("RequestId")?,
            logical_id: text("LogicalResourceId")?,
            physical_id: event["PhysicalResourceId"].as_str().map(str::to_owned),
            properties: event["ResourceProperties"].clone(),
        })
    }

    /// Name of the stack, from its ARN.
    pub fn stack_name(&self) -> &str {
        self.stack_id.split('/').nth(1).unwrap_or(&self.stack_id)
    }

    /// The id that the resource has, or one that names it within its stack.
    pub(super) fn known_id(&self) -> String {
        self.physical_id.clone().unwrap_or_else(|| format!("{}/{}", self.stack_name(), self.logical_id))
    }
}
