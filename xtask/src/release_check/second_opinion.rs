//! What the tests see of moto, seen of `MiniStack`: two servers that nobody here wrote seldom make the same mistake.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::peers::{self, BENCHMARKS, TESTS};
use crate::process::run as run_command;
use crate::workspace::Workspace;

/// Ends when its standard input does, and so no later than this program.
const SCRIPT: &str = "
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
import ministack.app
ministack.app.main()
";

/// The account that the tests' key belongs to.
const ACCOUNT: &str = "123456789012";
const START_LIMIT: Duration = Duration::from_mins(1);
/// Packages and their tests that can be pointed at another server by `MLPP_AWS_SERVER`.
const TESTED: [(&str, &str); 2] = [("mlpp-lambdas", "programs"), ("mlpp", "aws")];

/// Runs the tests, each target with a server of its own.
pub(super) fn run(workspace: &Workspace) -> Result<(), Error> {
    let (servers, clients) = (peers::prepare(workspace, &BENCHMARKS)?, peers::prepare(workspace, &TESTS)?);
    let (Some(server), Some(client)) = (&servers.python, &clients.python) else {
        let missing = servers.missing.iter().chain(&clients.missing).map(ToString::to_string).collect();
        return Err(Error::PeersMissing(missing));
    };
    for (package, target) in TESTED {
        let server = Server::start(server)?;
        let mut cargo = workspace.cargo();
        cargo
            .args(["test", "--package", package, "--test", target])
            .env("MLPP_AWS_SERVER", &server.address)
            .env("MLPP_PEERS_PYTHON", client);
        run_command(&mut cargo)?;
    }
    Ok(())
}

/// A server of `MiniStack`.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(python: &std::path::Path) -> Result<Self, Error> {
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr());
        let address = free.map_err(|error| Error::Check(format!("there is no free port: {error}")))?;
        let mut command = Command::new(python);
        command
            .args(["-c", SCRIPT])
            .env("GATEWAY_PORT", address.port().to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
            .env("LOG_LEVEL", "ERROR")
            .env("SFTP_ENABLED", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child =
            command.spawn().map_err(|source| Error::Start { program: "MiniStack".to_owned(), source })?;
        let mut server = Self { child, address: address.to_string() };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = server.child.try_wait().ok().flatten();
            if ended.is_some() || begin.elapsed() > START_LIMIT {
                return Err(Error::Check("MiniStack does not answer".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
