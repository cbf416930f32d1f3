//! Connections of clients, who may be many, slow, or no clients at all.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long it is waited when a connection cannot be taken: mostly, that too many files are open.
const PAUSE: Duration = Duration::from_millis(50);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How many there are at once; others wait until one of them ends. An invocation takes a second one, to the program, and
    /// a process may commonly have 1,024 files open.
    pub(super) connections: usize,
    /// How long a client may take to send the head of a request, the wait for its beginning included.
    pub(super) head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 400, head: Duration::from_secs(30) }
    }
}

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, router: Router, limits: Limits) -> Infallible {
    let places = Arc::new(Semaphore::new(limits.connections));
    let service = TowerToHyperService::new(router);
    loop {
        // The semaphore is never closed: without a place to hold, the connection has no limit.
        let place = Arc::clone(&places).acquire_owned().await.ok();
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Answers are small: they are sent at once, or a little later.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .serve_connection(TokioIo::new(stream), service.clone());
        tokio::spawn(async move {
            // What is wrong with a connection is its client's to see.
            let _ = connection.await;
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// What comes back for these bytes until the connection is closed.
    async fn ask(address: std::net::SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn slow_ones_are_cut_off_and_others_wait_their_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "here"));
        let limits = Limits { connections: 2, head: Duration::from_millis(200) };
        let server = tokio::spawn(serve(listener, router, limits));
        // They never send the rest, and take every place.
        let silent = ask(address, b"");
        let slow = ask(address, b"GET / HTTP/1.1\r\nHost: x\r\nX-Never");
        let good = ask(address, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (silent, slow, good) = tokio::join!(silent, slow, good);
        assert!(good.starts_with("HTTP/1.1 200") && good.ends_with("here"), "{good}");
        for cut_off in [silent, slow] {
            assert!(!cut_off.contains("200"), "{cut_off}");
        }
        let garbage = ask(address, b"\x16\x03\x01\x02\x00\x01\r\n\r\n").await;
        assert!(garbage.starts_with("HTTP/1.1 400"), "{garbage}");
        server.abort();
    }
}
