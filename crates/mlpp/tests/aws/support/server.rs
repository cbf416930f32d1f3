//! A server of moto for the tests of this program, which ends with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

/// Serves until the other end of stdin is closed, and so no longer than the tests run. Around moto it tells accounts apart by
/// the access key, remembers the calls of each, and refuses those that a test wants refused.
const SCRIPT: &str = "
import collections, json, logging, os, re, sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
logging.getLogger('werkzeug').setLevel(logging.ERROR)
moto = DomainDispatcherApplication(create_backend_app)
calls, refused = collections.defaultdict(list), {}

def answer(start, status, body):
    start(f'{status} .', [('content-type', 'application/x-amz-json-1.1'), ('content-length', str(len(body)))])
    return [body]

def serve(environ, start):
    path = environ['PATH_INFO'].split('/')
    if path[1:2] == ['test']:
        if path[2] == 'refuse':
            refused[path[3], path[4]] = path[5], int(path[6])
            return answer(start, 200, b'{}')
        return answer(start, 200, json.dumps(calls.pop(path[3], [])).encode())
    key = re.search(r'Credential=([0-9]{12})/', environ.get('HTTP_AUTHORIZATION', ''))
    if key:
        environ['HTTP_X_MOTO_ACCOUNT_ID'] = key[1]
        action = environ.get('HTTP_X_AMZ_TARGET', '').rpartition('.')[2]
        if action:
            calls[key[1]].append(action)
            if (key[1], action) in refused:
                code, status = refused[key[1], action]
                return answer(start, status, json.dumps({'__type': code, 'message': f'not allowed: {action}'}).encode())
    return moto(environ, start)

server = make_server('127.0.0.1', 0, serve, threaded=True)
print(server.port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
";

struct Server {
    address: SocketAddr,
    python: PathBuf,
    /// Holds the server's stdin open.
    _child: Child,
}

static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| {
    let python = PathBuf::from(std::env::var_os("MLPP_PEERS_PYTHON")?);
    let mut child = Command::new(&python)
        .args(["-I", "-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim().parse().unwrap();
    Some(Server { address: ([127, 0, 0, 1], port).into(), python, _child: child })
});

/// Where the server is, and the interpreter that has its clients; `None`, with a word about it, where moto is not installed.
pub(crate) fn address(test: &str) -> Option<(SocketAddr, PathBuf)> {
    let Some(server) = SERVER.as_ref() else {
        crate::util::skip("moto", test, "MLPP_PEERS_PYTHON is not set");
        return None;
    };
    Some((server.address, server.python.clone()))
}

/// The body of the answer to a request of the tests' own.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{answer}");
    body.to_owned()
}
