//! Lambda as a program sees it: the Runtime API
//! ([protocol](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)) and the environment.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::http::{Answer, answer, serve};

/// The trace that every invocation is part of.
pub(crate) const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// An invocation that waits for the program.
struct Invocation {
    id: String,
    event: Value,
    deadline: u128,
}

/// What the program answered, or how it failed.
type Outcome = Result<Value, Value>;

struct RuntimeApi {
    next: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    outcomes: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

impl RuntimeApi {
    async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Answer {
        let path = request.uri().path().strip_prefix("/2018-06-01/runtime/").unwrap().to_owned();
        if path == "invocation/next" {
            // The program asks again when the test has ended: then it waits until it is killed.
            let Some(Invocation { id, event, deadline }) = self.next.lock().await.recv().await else {
                return std::future::pending().await;
            };
            return Response::builder()
                .header("Lambda-Runtime-Aws-Request-Id", id)
                .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
                .header(
                    "Lambda-Runtime-Invoked-Function-Arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:f",
                )
                .header("Lambda-Runtime-Trace-Id", TRACE)
                .body(event.to_string().into_bytes().into())
                .unwrap();
        }
        let (id, what) = path.strip_prefix("invocation/").unwrap().split_once('/').unwrap();
        let body = serde_json::from_slice(request.body()).unwrap();
        let outcome = if what == "response" { Ok(body) } else { Err(body) };
        let waiting = self.outcomes.lock().unwrap().remove(id).unwrap();
        waiting.send(outcome).unwrap();
        answer(202, "")
    }
}

/// A function whose program runs. It ends with the test.
pub(crate) struct Function {
    child: Child,
    api: Arc<RuntimeApi>,
    queue: mpsc::UnboundedSender<Invocation>,
    invocations: AtomicU64,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Function {
    /// Starts a program with nothing in its environment but what Lambda and `variables` put there.
    pub(crate) async fn start(program: &str, variables: &[(&str, &str)]) -> Self {
        let (queue, next) = mpsc::unbounded_channel();
        let api = Arc::new(RuntimeApi { next: AsyncMutex::new(next), outcomes: Mutex::default() });
        let serving = Arc::clone(&api);
        let address = serve(move |request| Arc::clone(&serving).answer(request)).await;
        let mut child = Command::new(Path::new(program))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "f")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&log);
        let stdout = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { child, api, queue, invocations: AtomicU64::new(0), log, reader: Some(reader) }
    }

    /// Invokes the function with a minute to go.
    pub(crate) async fn invoke(&self, event: &Value) -> Outcome {
        self.invoke_for(event, Duration::from_mins(1)).await
    }

    /// Invokes the function with so much time to go.
    pub(crate) async fn invoke_for(&self, event: &Value, remaining: Duration) -> Outcome {
        let id = format!("invocation-{}", self.invocations.fetch_add(1, Ordering::Relaxed));
        let deadline = (SystemTime::now() + remaining).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let (sender, receiver) = oneshot::channel();
        self.api.outcomes.lock().unwrap().insert(id.clone(), sender);
        self.queue.send(Invocation { id, event: event.clone(), deadline: deadline.as_millis() }).unwrap();
        receiver.await.unwrap()
    }

    /// The program's process, which the benchmark looks at.
    #[allow(dead_code, reason = "the tests have no use for it")]
    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the program; the lines that it wrote to its log, each of them JSON.
    pub(crate) fn log(mut self) -> Vec<Value> {
        self.end();
        let lines = self.log.lock().unwrap();
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        if self.reader.is_some() {
            self.end();
        }
    }
}
