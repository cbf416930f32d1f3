//! Hosting: a model behind SageMaker's contract for inference containers.
//!
//! The contract is "Custom Inference Code with Hosting Services" in the SageMaker developer guide: `GET /ping` answers 200
//! when the model is ready, `POST /invocations` answers with predictions, SIGTERM ends the program.

mod media;
mod rejection;
mod request;
mod response;

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use self::media::{Content, accepted};
use self::rejection::Rejection;
use self::request::RowReader;
use crate::environment::{EnvironmentError, ServeEnvironment};
use crate::model::{Model, ModelError};

/// The largest request in bytes: that of the API's `InvokeEndpoint` (the length of its `Body`).
pub const LARGEST_REQUEST: usize = 6_291_456;

/// How long requests under way may go on after the signal to end. SageMaker follows SIGTERM with SIGKILL after 30 seconds.
const DRAIN: Duration = Duration::from_secs(10);

/// Why hosting failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A variable.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Another program listens there.
    #[error("listen on {address}: port {} is in use by another program", address.port())]
    PortInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system failed while serving.
    #[error("serve: {0}")]
    Serve(io::Error),
}

/// A server with its model loaded, listening, not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
}

impl Server {
    /// Loads the model and listens; what arrives from now on is answered as soon as [`Server::run`] runs.
    ///
    /// # Errors
    ///
    /// No sound model, a port in use, an address that is not this machine's.
    pub async fn bind(environment: &ServeEnvironment) -> Result<Self, ServeError> {
        let model = Model::load(&environment.model_directory)?;
        let address = environment.address;
        let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::PortInUse { address },
            _ => ServeError::Listen { address, source },
        })?;
        let address = listener.local_addr().map_err(ServeError::Serve)?;
        Ok(Self { listener, address, router: router(model) })
    }

    /// Where it listens; the port is the system's choice if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `end` is there, then what is under way for ten seconds at most.
    pub async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let (ending, ended) = oneshot::channel();
        let end = async move {
            end.await;
            // Nobody waits for it any more if serving has ended by itself.
            let _ = ending.send(());
        };
        let serving = axum::serve(self.listener, self.router).with_graceful_shutdown(end).into_future();
        let patience = async {
            match ended.await {
                Ok(()) => tokio::time::sleep(DRAIN).await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            result = serving => result.map_err(ServeError::Serve),
            () = patience => Ok(()),
        }
    }
}

/// Hosts the model until SIGTERM or SIGINT, on Windows until Ctrl-C.
///
/// # Errors
///
/// As [`Server::bind`].
pub async fn serve(environment: &ServeEnvironment) -> Result<(), ServeError> {
    let server = Server::bind(environment).await?;
    server.run(signal().map_err(ServeError::Serve)?).await
}

#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

struct Hosted {
    model: Model,
    reader: RowReader,
}

fn router(model: Model) -> Router {
    let reader = RowReader::new(&model.schema);
    Router::new()
        .route("/ping", get(ping))
        .route("/invocations", post(invocations))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .with_state(Arc::new(Hosted { model, reader }))
}

/// There is no server without a model, so to be asked is to be healthy.
async fn ping() -> StatusCode {
    StatusCode::OK
}

async fn invocations(
    State(hosted): State<Arc<Hosted>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match predictions(hosted, &headers, body).await {
        Ok(response) => response,
        Err(rejection) => rejection.into_response(),
    }
}

async fn predictions(
    hosted: Arc<Hosted>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Rejection> {
    let media = accepted(text(headers, &ACCEPT)?)?;
    let content = Content::parse(text(headers, &CONTENT_TYPE)?)?;
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the request is larger than {LARGEST_REQUEST} bytes");
            Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, message)
        }
        status => Rejection::new(status, error.body_text()),
    })?;
    // Apart from the threads that answer: a ping must not wait for a large request.
    let work = tokio::task::spawn_blocking(move || {
        let rows = hosted.reader.read(content, &body)?;
        let answers: Vec<_> = rows.iter().map(|row| hosted.model.answer(row)).collect();
        response::write(media, hosted.model.objective.labels(), &answers).map_err(internal)
    });
    let body = work.await.map_err(internal)??;
    Ok(([(CONTENT_TYPE, media.name())], body).into_response())
}

fn internal(error: impl std::error::Error) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// A header's text.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Rejection> {
    let read = |value: &'a axum::http::HeaderValue| {
        value.to_str().map_err(|_| Rejection::malformed(format!("the header `{name}` is not ASCII text")))
    };
    headers.get(name).map(read).transpose()
}

async fn not_found(uri: Uri) -> Rejection {
    let message = format!("there is no `{}`; there are GET /ping and POST /invocations", uri.path());
    Rejection::new(StatusCode::NOT_FOUND, message)
}

async fn method_not_allowed(method: Method, uri: Uri) -> Rejection {
    let message = format!("{method} is not for `{}`; there are GET /ping and POST /invocations", uri.path());
    Rejection::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
