//! SageMaker Runtime over HTTP: what a client of the service asks an endpoint by
//! ([InvokeEndpoint](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html)).

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt;
use serde_json::json;

use crate::endpoint::invoke::InvokeEndpoint;
use crate::error::ServiceError;
use crate::platform::SageMaker;

/// What a request may have in its body: the service's limit, as its API model has it for `BodyBlob`.
const LARGEST_BODY: usize = 6_291_456;
/// How much of a body that is too large is read on. A client that is still sending when the connection closes sees that, and
/// not the answer.
const LARGEST_READ: usize = 64 * 1024 * 1024;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_mins(1);

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
    let body = match read(&headers, body).await {
        Ok(body) => body,
        Err(error) => return refused(&error),
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

/// The body of a request, if it is not too large and arrives in time.
async fn read(headers: &HeaderMap, mut body: Body) -> Result<Bytes, ServiceError> {
    let too_large = || {
        let message = format!("HTTP content length exceeded {LARGEST_BODY} bytes.");
        ServiceError::new("ValidationError", 413, message)
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    // Who asks before sending need not send.
    if headers.contains_key(EXPECT) && length.is_some_and(|length| length > LARGEST_BODY) {
        return Err(too_large());
    }
    let arriving = async {
        let (mut whole, mut read) = (Vec::new(), 0_usize);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                ServiceError::new("ValidationError", 400, format!("Request body: {error}."))
            })?;
            let Some(data) = frame.data_ref() else { continue };
            read = read.saturating_add(data.len());
            if read <= LARGEST_BODY {
                whole.extend_from_slice(data);
            } else if read > LARGEST_READ {
                break;
            }
        }
        if read > LARGEST_BODY { Err(too_large()) } else { Ok(Bytes::from(whole)) }
    };
    tokio::time::timeout(ARRIVAL, arriving).await.unwrap_or_else(|_| {
        let message = format!("Request body did not arrive within {} seconds.", ARRIVAL.as_secs());
        Err(ServiceError::new("ValidationError", 408, message))
    })
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
