//! SageMaker Runtime over HTTP: what a client of the service asks an endpoint by
//! ([InvokeEndpoint](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html)).

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use crate::endpoint::invoke::InvokeEndpoint;
use crate::error::ServiceError;
use crate::platform::SageMaker;

/// What a request may have in its body: the service's limit.
const LARGEST_BODY: usize = 6 * 1024 * 1024;

const TARGET_VARIANT: HeaderName = HeaderName::from_static("x-amzn-sagemaker-target-variant");
const INVOKED_VARIANT: HeaderName = HeaderName::from_static("x-amzn-invoked-production-variant");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

impl SageMaker {
    /// The service's HTTP interface to endpoints, `POST /endpoints/<name>/invocations`, to be served wherever the caller likes.
    /// Signatures are not looked at: who can reach the address may ask.
    pub fn runtime(&self) -> Router {
        Router::new().route("/endpoints/{name}/invocations", post(invoke)).with_state(self.clone())
    }
}

async fn invoke(
    State(sagemaker): State<SageMaker>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let text = |header: HeaderName| {
        let value = headers.get(header)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        let message = format!("Request body has more than {LARGEST_BODY} bytes, or was cut off.");
        return refused(&ServiceError::new("ValidationError", 413, message));
    };
    let request = InvokeEndpoint {
        endpoint_name: name,
        content_type: text(CONTENT_TYPE),
        accept: text(ACCEPT),
        target_variant: text(TARGET_VARIANT),
        body,
    };
    match sagemaker.invoke_endpoint(request).await {
        Ok(output) => {
            let mut response = Body::from(output.body).into_response();
            let mut set = |header, value: &str| {
                if let Ok(value) = HeaderValue::from_str(value) {
                    response.headers_mut().insert(header, value);
                }
            };
            if let Some(content_type) = &output.content_type {
                set(CONTENT_TYPE, content_type);
            }
            set(INVOKED_VARIANT, &output.invoked_production_variant);
            response
        }
        Err(error) => refused(&error),
    }
}

/// An error in the form of the service's REST protocol.
fn refused(error: &ServiceError) -> Response {
    let mut body = json!({"Message": error.message});
    if let Some(model) = &error.model {
        body["OriginalStatusCode"] = json!(model.original_status_code);
        body["OriginalMessage"] = json!(model.original_message);
        body["LogStreamArn"] = json!(model.log);
    }
    let status = StatusCode::from_u16(error.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert(ERROR_TYPE, code);
    }
    response
}
