//! What is written to a presigned URL, and so without credentials.

use std::time::Duration;

use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use mlpp_provider::with_sources;

use crate::clients::http_client;

/// An answer that is not there by then is none.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Writes to presigned URLs. None of its errors shows one.
#[derive(Debug, Clone)]
pub struct PresignedPut {
    http_client: SharedHttpClient,
}

impl Default for PresignedPut {
    fn default() -> Self {
        Self::new()
    }
}

/// The service answered with another status than one of success.
#[derive(Debug, thiserror::Error)]
#[error("the service answered with status {0}")]
struct Status(u16);

impl PresignedPut {
    /// One that trusts the certificates that the system trusts.
    pub fn new() -> Self {
        Self { http_client: http_client() }
    }

    /// Writes `body` to `url` by `PUT`, without a content type: the URL is signed without one. It is tried once.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub async fn send(&self, url: &str, body: &str) -> Result<(), String> {
        // The host goes into the endpoint, all behind it into the request.
        let at = url.find("://").map(|at| at + 3).ok_or("it is no URL")?;
        let path = url[at..].find(['/', '?']).map_or(url.len(), |path| at + path);
        let (host, path) = url.split_at(path);
        let operation = Operation::builder()
            .service_name("presigned")
            .operation_name("put")
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http_client.clone())
            .endpoint_url(host)
            .no_auth()
            .no_retry()
            .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
            .serializer(|(path, body): (String, String)| {
                let mut request = HttpRequest::new(SdkBody::from(body.as_str()));
                request.set_method("PUT")?;
                request.set_uri(path)?;
                request.headers_mut().insert("content-length", body.len().to_string());
                Ok(request)
            })
            .deserializer(|answer: &HttpResponse| {
                if answer.status().is_success() {
                    return Ok(());
                }
                Err(OrchestratorError::operation(Status(answer.status().as_u16())))
            })
            .build();
        let sent = operation.invoke((path.to_owned(), body.to_owned())).await;
        sent.map_err(|error| with_sources(&error))
    }
}
