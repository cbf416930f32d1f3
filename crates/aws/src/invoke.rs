use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::Value;

use crate::clients::Clients;
use crate::failure::CallError;
use crate::json::{Refused, signing};

/// A model has 60 seconds to answer, by
/// [`InvokeEndpoint`](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html); an attempt
/// waits for that.
const ATTEMPT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(70);
/// The code of an answer of the model that is no prediction.
const MODEL_ERROR: &str = "ModelError";
/// Under which names an error carries what the model answered.
const ORIGINAL_STATUS: &str = "OriginalStatusCode";
const ORIGINAL_MESSAGE: &str = "OriginalMessage";

/// What an endpoint is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The endpoint.
    pub endpoint_name: String,
    /// Media type of the body.
    pub content_type: String,
    /// Media type that is asked for.
    pub accept: String,
    /// The variant to ask, instead of one by weight.
    pub target_variant: Option<String>,
    /// What is sent.
    pub body: Vec<u8>,
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// The body.
    pub body: Vec<u8>,
}

/// Why an endpoint gave no prediction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The endpoint's program answered with an error, or not at all.
    #[error("the model answered {status}: {message}")]
    Model {
        /// Its HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The service refused, or did not answer.
    #[error("{0}")]
    Call(CallError),
}

/// Endpoints of SageMaker, to be asked.
#[derive(Debug, Clone)]
pub struct SageMakerRuntime {
    operation: Operation<Invocation, Prediction, Refused>,
}

impl SageMakerRuntime {
    /// The endpoints that `clients` have the credentials for.
    pub fn new(clients: &Clients) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(std::time::Duration::from_secs(5))
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let operation = Operation::builder()
            .service_name("SageMakerRuntime")
            .operation_name("InvokeEndpoint")
            .behavior_version(BehaviorVersion::latest())
            .http_client(clients.http_client.clone())
            .endpoint_url(&clients.endpoint("runtime.sagemaker", "SAGEMAKER_RUNTIME"))
            .timeout_config(timeouts)
            .standard_retry(&crate::clients::retries())
            .retry_classifier(TransientErrorClassifier::<Refused>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Refused>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .runtime_plugin(signing(clients, "sagemaker"))
            .serializer(request)
            .deserializer(answer)
            .build();
        Self { operation }
    }

    /// `InvokeEndpoint`.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke(&self, invocation: Invocation) -> Result<Prediction, InvokeError> {
        self.operation.invoke(invocation).await.map_err(|error| {
            let model = error.as_service_error().map(|Refused(metadata)| metadata);
            match model.filter(|metadata| metadata.code() == Some(MODEL_ERROR)) {
                Some(metadata) => InvokeError::Model {
                    status: metadata.extra(ORIGINAL_STATUS).and_then(|text| text.parse().ok()).unwrap_or(0),
                    message: metadata.extra(ORIGINAL_MESSAGE).or(metadata.message()).unwrap_or("").to_owned(),
                },
                None => InvokeError::Call(error.into()),
            }
        })
    }
}

fn request(invocation: Invocation) -> Result<HttpRequest, aws_smithy_runtime_api::box_error::BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(invocation.body));
    request.set_method("POST")?;
    request.set_uri(format!("/endpoints/{}/invocations", encoded(&invocation.endpoint_name)))?;
    let headers = request.headers_mut();
    headers.try_insert("content-type", invocation.content_type)?;
    headers.try_insert("accept", invocation.accept)?;
    if let Some(variant) = invocation.target_variant {
        headers.try_insert("x-amzn-sagemaker-target-variant", variant)?;
    }
    Ok(request)
}

/// A name as a part of a path: all but what is never reserved is encoded.
fn encoded(name: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(one).collect()
}

fn answer(response: &HttpResponse) -> Result<Prediction, OrchestratorError<Refused>> {
    let bytes = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(Prediction { body: bytes.to_vec() });
    }
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let mut metadata = ErrorMetadata::builder();
    // restJson1: the code stands in a header, where a URI may follow it, or in the body.
    let code = response.headers().get("x-amzn-errortype").or_else(|| body["__type"].as_str());
    if let Some(code) = code {
        let code = code.split(':').next().unwrap_or(code);
        metadata = metadata.code(code.rsplit('#').next().unwrap_or(code));
    } else if body[ORIGINAL_STATUS].is_u64() {
        metadata = metadata.code(MODEL_ERROR);
    }
    if let Some(message) = body["Message"].as_str().or_else(|| body["message"].as_str()) {
        metadata = metadata.message(message);
    }
    if let Some(status) = body[ORIGINAL_STATUS].as_u64() {
        metadata = metadata.custom(ORIGINAL_STATUS, status.to_string());
    }
    if let Some(message) = body[ORIGINAL_MESSAGE].as_str() {
        metadata = metadata.custom(ORIGINAL_MESSAGE, message);
    }
    if let Some(id) = response.headers().get("x-amzn-requestid") {
        metadata = metadata.custom("aws_request_id", id);
    }
    Err(OrchestratorError::operation(Refused(metadata.build())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(encoded("survival-1"), "survival-1");
        assert_eq!(encoded("../a?b"), "..%2Fa%3Fb");
    }
}
