//! Services that are called with JSON, without an SDK crate of their own.
//!
//! The [AWS JSON protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html) names the action in a header and takes
//! its request as the body. Signing, retries and timeouts are those of the SDK.

use std::fmt;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde_json::Value;

use crate::clients::Clients;
use crate::failure::{CallError, Remedy};

/// A service that is called with JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonService {
    /// Simple Queue Service.
    Sqs,
    /// SageMaker.
    SageMaker,
    /// CloudWatch Logs.
    Logs,
    /// Step Functions.
    States,
    /// Application Auto Scaling.
    ApplicationAutoScaling,
}

impl JsonService {
    /// Signing name, host before the region, the target's prefix, the protocol's version, and the service's id in the names of
    /// `AWS_ENDPOINT_URL_…`.
    fn facts(self) -> Facts {
        let facts =
            |signing_name, host, target, version, id| Facts { signing_name, host, target, version, id };
        match self {
            Self::Sqs => facts("sqs", "sqs", "AmazonSQS", "1.0", "SQS"),
            Self::SageMaker => facts("sagemaker", "api.sagemaker", "SageMaker", "1.1", "SAGEMAKER"),
            Self::Logs => facts("logs", "logs", "Logs_20140328", "1.1", "CLOUDWATCH_LOGS"),
            Self::States => facts("states", "states", "AWSStepFunctions", "1.0", "SFN"),
            Self::ApplicationAutoScaling => facts(
                "application-autoscaling",
                "application-autoscaling",
                "AnyScaleFrontendService",
                "1.1",
                "APPLICATION_AUTO_SCALING",
            ),
        }
    }
}

struct Facts {
    signing_name: &'static str,
    host: &'static str,
    target: &'static str,
    version: &'static str,
    id: &'static str,
}

/// Why a call did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct JsonError(CallError);

impl JsonError {
    /// The code of the service's answer, such as `ValidationException`.
    pub fn code(&self) -> Option<&str> {
        self.0.code()
    }

    /// The call that failed.
    pub fn call(&self) -> &CallError {
        &self.0
    }

    /// Whether another try may succeed.
    pub fn is_passing(&self) -> bool {
        self.0.remedy() != Remedy::None
    }
}

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) ErrorMetadata);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// A client of one service.
#[derive(Debug, Clone)]
pub struct JsonClient {
    operation: Operation<Call, Value, Refused>,
}

/// One call: the action and its request.
#[derive(Debug)]
struct Call {
    action: String,
    body: String,
}

impl JsonClient {
    /// The service that `clients` have the credentials for.
    pub fn new(clients: &Clients, service: JsonService) -> Self {
        let facts = service.facts();
        let endpoint = clients.endpoint(facts.host, facts.id);
        let (target, version) = (facts.target, facts.version);
        let operation = Operation::builder()
            .service_name(facts.target)
            .operation_name("call")
            .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
            .http_client(clients.http_client.clone())
            .endpoint_url(&endpoint)
            .timeout_config(crate::clients::timeouts())
            .standard_retry(&crate::clients::retries())
            .retry_classifier(TransientErrorClassifier::<Refused>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Refused>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .runtime_plugin(signing(clients, facts.signing_name))
            .serializer(move |call: Call| {
                let mut request = HttpRequest::new(SdkBody::from(call.body.as_str()));
                request.set_method("POST")?;
                request.set_uri("/")?;
                let headers = request.headers_mut();
                headers.insert("content-type", format!("application/x-amz-json-{version}"));
                headers.insert("x-amz-target", format!("{target}.{}", call.action));
                Ok(request)
            })
            .deserializer(answer)
            .build();
        Self { operation }
    }

    /// Calls an action.
    ///
    /// # Errors
    /// [`JsonError`].
    pub async fn call(&self, action: &str, request: &Value) -> Result<Value, JsonError> {
        let call = Call { action: action.to_owned(), body: request.to_string() };
        self.operation.invoke(call).await.map_err(|error| JsonError(error.into()))
    }
}

/// What signs the requests of a service with the credentials of `clients`.
pub(crate) fn signing(clients: &Clients, signing_name: &'static str) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signing");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigningName::from_static(signing_name));
    layer.store_put(SigningRegion::from(clients.region.clone()));
    let mut signing_options = SigningOptions::default();
    signing_options.double_uri_encode = true;
    signing_options.normalize_uri_path = true;
    layer
        .store_put(SigV4OperationSigningConfig { signing_options, ..SigV4OperationSigningConfig::default() });
    let mut components = RuntimeComponentsBuilder::new("signing");
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
        StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
    )));
    components.push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()));
    components.set_identity_cache(Some(IdentityCache::lazy().build()));
    if let Some(credentials) = clients.credentials.clone() {
        components.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn answer(response: &HttpResponse) -> Result<Value, OrchestratorError<Refused>> {
    let bytes = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        // Some actions have nothing to say.
        let text = if bytes.is_empty() { b"{}" } else { bytes };
        return serde_json::from_slice(text).map_err(OrchestratorError::other);
    }
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let mut metadata = ErrorMetadata::builder();
    // A namespace may stand before the code; a query-compatible service has the old code in a header.
    let code = body["__type"].as_str().map(|code| code.rsplit('#').next().unwrap_or(code));
    if let Some(code) = code {
        metadata = metadata.code(code);
    }
    if let Some(message) = body["message"].as_str().or_else(|| body["Message"].as_str()) {
        metadata = metadata.message(message);
    }
    if let Some(id) = response.headers().get("x-amzn-requestid") {
        metadata = metadata.custom("aws_request_id", id);
    }
    Err(OrchestratorError::operation(Refused(metadata.build())))
}
