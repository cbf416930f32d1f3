//! Amazon SNS: published messages are kept, and told as events.

use serde_json::{Value, json};

use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::names;
use crate::platform::{Platform, unknown};

impl Platform {
    pub(crate) async fn sns(&self, action: &str, request: &Value) -> Result<Value, ServiceError> {
        match action {
            "Publish" => self.publish(request).await,
            _ => Err(unknown(action)),
        }
    }

    async fn publish(&self, request: &Value) -> Result<Value, ServiceError> {
        let text = |member: &str| request.get(member).and_then(Value::as_str).map(str::to_owned);
        let invalid = |message: &str| Err(ServiceError::new("InvalidParameter", 400, message));
        let Some(topic_arn) = text("TopicArn").or_else(|| text("TargetArn")) else {
            return invalid(
                "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
            );
        };
        let Some(message) = text("Message").filter(|message| !message.is_empty()) else {
            return invalid("Invalid parameter: Empty message");
        };
        // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: at most 256 KB.
        if message.len() > 262_144 {
            return invalid("Invalid parameter: Message too long");
        }
        let message = match request.get("MessageStructure") {
            None | Some(Value::Null) => message,
            Some(Value::String(structure)) if structure == "json" => match default_of(&message) {
                Some(message) => message,
                None => {
                    return invalid(
                        "Invalid parameter: Message Structure - No default entry in JSON message body",
                    );
                }
            },
            Some(_) => return invalid("Invalid parameter: MessageStructure"),
        };
        let subject = text("Subject");
        if subject.as_ref().is_some_and(|subject| subject.is_empty() || subject.chars().count() > 100) {
            return invalid("Invalid parameter: Subject");
        }
        let number = self.store.count_notifications().await?;
        let (high, low) = (names::digest(&names::now()), names::digest(&format!("{number} {message}")));
        let id = format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        );
        self.store.notify(id.clone(), topic_arn.clone(), subject.clone(), message.clone()).await?;
        self.emit(JobEvent::Notification { topic_arn, subject, message });
        Ok(json!({"MessageId": id}))
    }
}

/// With the structure `json`, the message is an object with a text for each protocol and one for all others.
fn default_of(message: &str) -> Option<String> {
    let body: Value = serde_json::from_str(message).ok()?;
    body.get("default")?.as_str().map(str::to_owned)
}
