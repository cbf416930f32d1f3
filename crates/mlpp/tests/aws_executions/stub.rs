//! A server that answers calls by action and JSON as a test says, and keeps what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support;
use crate::util::Project;

/// A call: the action with its service, or method and path, and what was sent.
pub(crate) type Call = (String, String);

/// The server; it ends with the tests.
pub(crate) struct Stub {
    pub(crate) endpoint: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Stub {
    /// Answers by `answer`: a status and a body.
    pub(crate) fn new(answer: impl Fn(&str, &Value) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let (mut what, mut length, mut is_signed) = (String::new(), 0, false);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                        break;
                    }
                    let line = line.trim();
                    let (name, value) = line.split_once(": ").unwrap_or((line, ""));
                    match name.to_lowercase().as_str() {
                        "x-amz-target" => value.clone_into(&mut what),
                        "content-length" => length = value.parse().unwrap(),
                        "authorization" => is_signed = value.starts_with("AWS4-HMAC-SHA256 "),
                        _ if what.is_empty() => {
                            line.trim_end_matches(" HTTP/1.1").clone_into(&mut what);
                        }
                        _ => {}
                    }
                }
                if what.is_empty() {
                    continue;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let body = String::from_utf8(body).unwrap();
                let request = serde_json::from_str(&body).unwrap_or_default();
                let (status, text) =
                    if is_signed { answer(&what, &request) } else { (403, "not signed".to_owned()) };
                kept.lock().unwrap().push((what, body));
                let head = format!(
                    "HTTP/1.1 {status} any\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    text.len()
                );
                let _ = reader.get_mut().write_all(format!("{head}{text}").as_bytes());
            }
        });
        Self { endpoint, calls }
    }

    /// What was asked so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Runs the command in the project with this server as AWS.
    pub(crate) fn run(&self, project: &Project, args: &[&str]) -> Output {
        let mut command = project.command(args);
        support::account(&mut command, &self.endpoint);
        command
            .env("MLPP_BACKEND", "aws")
            .env("MLPP_TARGET_STATE_MACHINE_ARN", "arn:aws:states:us-east-1:111122223333:stateMachine:own");
        command.output().unwrap()
    }

    /// What it prints on standard output after it ended with `code`.
    #[track_caller]
    pub(crate) fn stdout(&self, project: &Project, code: i32, args: &[&str]) -> String {
        let output = self.run(project, args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{stderr}\n{:?}", self.calls());
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says on standard error after it ended with `code`.
    #[track_caller]
    pub(crate) fn stderr(&self, project: &Project, code: i32, args: &[&str]) -> String {
        let output = self.run(project, args);
        let said = support::words(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{said}\n{:?}", self.calls());
        said
    }
}
