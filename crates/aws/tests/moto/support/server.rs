//! A server of moto for the tests of this program, which ends with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// Serves until the other end of stdin is closed, and so no longer than the tests run.
const SCRIPT: &str = "
import os, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
import logging
logging.getLogger('werkzeug').setLevel(logging.ERROR)
server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
";

struct Server {
    address: SocketAddr,
    /// Holds the server's stdin open.
    _child: Child,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let python = std::env::var_os("MLPP_PEERS_PYTHON")?;
    let mut child = Command::new(python)
        .args(["-I", "-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim().parse().unwrap();
    Some(Server { address: ([127, 0, 0, 1], port).into(), _child: child })
});

/// Where the server is; `None`, with a word about it, where moto is not installed. `MLPP_AWS_SERVER` names another one that is
/// asked in its place, such as `127.0.0.1:4566`.
pub(crate) fn address(test: &str) -> Option<SocketAddr> {
    if let Ok(other) = std::env::var("MLPP_AWS_SERVER") {
        return Some(other.parse().unwrap());
    }
    let address = SERVER.as_ref().map(|server| server.address);
    if address.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: moto (MLPP_PEERS_PYTHON is not set)");
        if let Some(list) = std::env::var_os("MLPP_SKIPPED") {
            let mut list = std::fs::File::options().create(true).append(true).open(list).unwrap();
            writeln!(list, "moto: {test}").unwrap();
        }
    }
    address
}
