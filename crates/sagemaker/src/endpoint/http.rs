//! HTTP to the programs of endpoints, over the loopback interface.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use thiserror::Error;

/// How long a program may take to answer a health check, as on the service.
const PING: Duration = Duration::from_secs(2);

/// A client for all endpoints.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    inner: HyperClient<HttpConnector, Full<Bytes>>,
}

/// What a program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    #[error("no answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    #[error("{0} is not a header value")]
    Header(&'static str),
    #[error("{0}")]
    Broken(String),
}

impl Client {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { inner: HyperClient::builder(TokioExecutor::new()).build(connector) }
    }

    /// Whether `GET /ping` answers 200.
    pub(crate) async fn ping(&self, port: u16) -> bool {
        let request = Request::get(format!("http://127.0.0.1:{port}/ping")).body(Full::default());
        let Ok(request) = request else { return false };
        matches!(self.send(request, PING).await, Ok(answer) if answer.status == StatusCode::OK)
    }

    /// The body of a GET that is answered with 200.
    pub(crate) async fn get(&self, port: u16, path: &str) -> Option<Bytes> {
        let request = Request::get(format!("http://127.0.0.1:{port}{path}")).body(Full::default()).ok()?;
        let answer = self.send(request, PING).await.ok()?;
        (answer.status == StatusCode::OK).then_some(answer.body)
    }

    /// `POST /invocations`, to be answered within the limit of time.
    pub(crate) async fn invoke_within(
        &self,
        port: u16,
        content_type: Option<&str>,
        accept: Option<&str>,
        body: Bytes,
        limit: Duration,
    ) -> Result<Answer, CallError> {
        let mut request = Request::post(format!("http://127.0.0.1:{port}/invocations"))
            .body(Full::new(body))
            .map_err(|error| CallError::Broken(error.to_string()))?;
        let headers = [(CONTENT_TYPE, content_type, "ContentType"), (ACCEPT, accept, "Accept")];
        for (name, value, member) in headers {
            if let Some(value) = value {
                let value = HeaderValue::from_str(value).map_err(|_| CallError::Header(member))?;
                request.headers_mut().insert(name, value);
            }
        }
        self.send(request, limit).await
    }

    async fn send(&self, request: Request<Full<Bytes>>, limit: Duration) -> Result<Answer, CallError> {
        let work = async {
            let response =
                self.inner.request(request).await.map_err(|error| CallError::Broken(chain(&error)))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| CallError::Broken(chain(&error)))?.to_bytes();
            let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            Ok(Answer { status: head.status, content_type: content_type.map(str::to_owned), body })
        };
        tokio::time::timeout(limit, work).await.unwrap_or(Err(CallError::TimedOut(limit)))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
