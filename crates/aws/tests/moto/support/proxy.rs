//! Stands between the SDK and moto, and adds what moto lacks: quotas, refusals, empty pages, and connections that break.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mlpp_provider::Clock as _;
use mlpp_provider::memory::ManualClock;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::rules::{Quota, Rules};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks before the call has an effect.
    LostRequest,
    /// The call has its effect, and the connection breaks before the answer.
    LostAnswer,
    /// The service fails before the call has an effect.
    Failure,
    /// The call has its effect, and the service fails nevertheless.
    FailureAfter,
    /// `TooManyUpdates`.
    TooManyUpdates,
    /// The caller may not do this.
    Denied,
}

/// Which calls go wrong, by action and the number of such calls before.
pub(crate) type Faults = Box<dyn Fn(&str, usize) -> Option<Fault> + Send>;

/// The token of a page behind an empty one begins with this.
const AFTER_EMPTY: &str = "after-empty:";

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is broken on purpose")
    }
}

impl std::error::Error for Broken {}

pub(crate) struct Proxy {
    upstream: SocketAddr,
    account: String,
    pub(crate) clock: Arc<ManualClock>,
    client: Client<HttpConnector, Full<Bytes>>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// The actions that were called, in order, with their requests.
    pub(crate) calls: Vec<(String, Value)>,
    /// Writes that were refused since the quota was used up.
    pub(crate) refused: u32,
    pub(crate) faults: Option<Faults>,
    /// How long each call takes, on the clock.
    pub(crate) latency: Duration,
    pub(crate) quota: Option<Quota>,
    pub(crate) rules: Rules,
    /// Calls of this action wait for each other.
    pub(crate) meeting: Option<(&'static str, Arc<Barrier>)>,
}

impl State {
    /// How often an action was called.
    pub(crate) fn count(&self, action: &str) -> usize {
        self.calls.iter().filter(|(called, _)| called == action).count()
    }
}

impl Proxy {
    /// Serves in front of `upstream`, for an account of its own; returns where.
    pub(crate) async fn serve(
        upstream: SocketAddr,
        account: String,
        clock: Arc<ManualClock>,
    ) -> (Arc<Self>, SocketAddr) {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let proxy = Arc::new(Self { upstream, account, clock, client, state: Mutex::default() });
        let serving = Arc::clone(&proxy);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let proxy = Arc::clone(&serving);
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(|request| proxy.answer(request));
                    // A connection that is broken on purpose ends with an error.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        (proxy, address)
    }

    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Broken> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let Some(action) = target.and_then(|target| target.strip_prefix("AmazonSSM.")).map(str::to_owned)
        else {
            return Ok(self.forward(Request::from_parts(head, body)).await);
        };
        let mut call: Value = serde_json::from_slice(&body).unwrap();
        let fault = self.begin(&action, &call);
        let meeting = self.state().meeting.clone();
        if let Some((_, barrier)) = meeting.filter(|(met, _)| *met == action) {
            barrier.wait().await;
        }
        match fault {
            Some(Fault::LostRequest) => return Err(Broken),
            Some(Fault::Failure) => return Ok(failure()),
            Some(Fault::TooManyUpdates) => {
                return Ok(error("TooManyUpdates", "There are concurrent updates."));
            }
            Some(Fault::Denied) => return Ok(error("AccessDeniedException", "User is not authorized.")),
            Some(Fault::LostAnswer | Fault::FailureAfter) | None => {}
        }
        if let Some(answer) = self.instead(&action, &mut call) {
            return Ok(answer);
        }
        let answer = self.forward(Request::from_parts(head, call.to_string().into())).await;
        if answer.status().is_success() {
            self.done(&action, &call);
        }
        match fault {
            Some(Fault::LostAnswer) => Err(Broken),
            Some(Fault::FailureAfter) => Ok(failure()),
            _ => Ok(answer),
        }
    }

    fn begin(&self, action: &str, call: &Value) -> Option<Fault> {
        let mut state = self.state();
        let before = state.count(action);
        state.calls.push((action.to_owned(), call.clone()));
        self.clock.advance(state.latency);
        state.faults.as_ref().and_then(|faults| faults(action, before))
    }

    /// The answer to a call that does not get to moto.
    fn instead(&self, action: &str, call: &mut Value) -> Option<Response<Full<Bytes>>> {
        let now = self.clock.now();
        let mut state = self.state();
        if action == "PutParameter" {
            if state.quota.as_mut().is_some_and(|quota| !quota.takes(now)) {
                state.refused += 1;
                return Some(error("ThrottlingException", "Rate exceeded"));
            }
            return state.rules.refuse(call, now).map(|(code, message)| error(code, &message));
        }
        if action == "GetParametersByPath" {
            // Before each page comes an empty one.
            let token = call["NextToken"].as_str().unwrap_or_default();
            let Some(token) = token.strip_prefix(AFTER_EMPTY).map(str::to_owned) else {
                let page = json!({"Parameters": [], "NextToken": format!("{AFTER_EMPTY}{token}")});
                return Some(response(StatusCode::OK, &page));
            };
            if token.is_empty() {
                call.as_object_mut().unwrap().remove("NextToken");
            } else {
                call["NextToken"] = json!(token);
            }
        }
        None
    }

    fn done(&self, action: &str, call: &Value) {
        let now = self.clock.now();
        let rules = &mut self.state().rules;
        match action {
            "PutParameter" => rules.put(call),
            "DeleteParameters" => rules.delete(call, now),
            _ => {}
        }
    }

    /// Sends a request on to moto, as one of this account.
    pub(crate) async fn forward(&self, request: Request<Bytes>) -> Response<Full<Bytes>> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = format!("http://{}{path}", self.upstream).parse().unwrap();
        head.headers.remove("content-length");
        head.headers.insert("x-moto-account-id", self.account.parse().unwrap());
        let request = Request::from_parts(head, Full::new(body));
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        Response::from_parts(head, Full::new(body.collect().await.unwrap().to_bytes()))
    }
}

fn response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
    response.body(Full::new(body.to_string().into())).unwrap()
}

fn error(code: &str, message: &str) -> Response<Full<Bytes>> {
    response(StatusCode::BAD_REQUEST, &json!({"__type": code, "message": message}))
}

fn failure() -> Response<Full<Bytes>> {
    let body = json!({"__type": "InternalServerError", "message": "An error occurred."});
    response(StatusCode::INTERNAL_SERVER_ERROR, &body)
}
