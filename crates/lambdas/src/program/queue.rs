use mlpp_aws::{Clients, JsonClient, JsonService};
use mlpp_provider::with_sources;
use serde_json::json;

use crate::failures::FailureQueue;

/// The failure queue on SQS.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: JsonClient,
    url: String,
}

impl SqsQueue {
    /// The queue with the URL.
    pub fn new(clients: &Clients, url: String) -> Self {
        Self { client: JsonClient::new(clients, JsonService::Sqs), url }
    }
}

impl FailureQueue for SqsQueue {
    /// Sends the message
    /// ([`SendMessage`](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html)).
    async fn send(&self, message: &str) -> Result<(), String> {
        let request = json!({"QueueUrl": self.url, "MessageBody": message});
        self.client.call("SendMessage", &request).await.map(drop).map_err(|error| with_sources(&error))
    }
}
