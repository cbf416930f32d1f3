use mlpp_aws::PresignedPut;

use crate::custom_resource::{Responder, ResponseUrl};

/// Sends answers to CloudFormation.
#[derive(Debug, Clone, Default)]
pub struct HttpResponder(PresignedPut);

impl Responder for HttpResponder {
    async fn send(&self, url: &ResponseUrl, body: &str) -> Result<(), String> {
        self.0.send(url.reveal(), body).await
    }
}
