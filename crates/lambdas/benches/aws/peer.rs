//! The peer: the calls of the replaced system by boto3 (`xtask/peers/aws.py`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use super::stub::Stub;

/// Where the peer's interpreter and its script are.
pub(crate) struct Peer {
    python: PathBuf,
    script: PathBuf,
}

/// A program of the peer that waits for lines.
pub(crate) struct Running {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    /// `None` where it is not installed.
    pub(crate) fn find() -> Option<Self> {
        let of = |name| std::env::var_os(name).map(PathBuf::from);
        Some(Self { python: of("MLPP_PEERS_PYTHON")?, script: of("MLPP_PEER_SCRIPT")? })
    }

    pub(crate) fn start(&self, stub: &Stub, arguments: &[&str]) -> Running {
        let mut child = Command::new(&self.python)
            .arg("-I")
            .arg(&self.script)
            .args(arguments)
            .env_clear()
            .envs(stub.environment())
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Running { child, stdin, stdout: BufReader::new(stdout) }
    }
}

impl Running {
    /// Has it do one launch; how long that took.
    pub(crate) fn launch(&mut self) -> Duration {
        let start = Instant::now();
        writeln!(self.stdin, "launch").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
        start.elapsed()
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it ends.
    pub(crate) fn end(mut self) {
        drop(self.stdin);
        assert!(self.child.wait().unwrap().success());
    }
}
