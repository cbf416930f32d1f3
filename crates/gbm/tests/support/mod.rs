//! What the tests share: a job's directories, as the platform would lay them out, and a model's server on a real socket.
#![allow(dead_code, reason = "each test program uses its part")]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use mlpp_gbm::{ServeEnvironment, ServeError, Server, TrainEnvironment, TrainError, TrainSummary, train};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The directories of one training job.
pub(crate) struct Job {
    directory: TempDir,
    environment: TrainEnvironment,
}

impl Job {
    /// A job without data, with `training` and other hyperparameters.
    pub(crate) fn new(training: &str, others: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let environment = TrainEnvironment {
            config_directory: at("config"),
            training_channel: at("training"),
            validation_channel: None,
            model_directory: at("model"),
            output_directory: at("output"),
        };
        let mut values = serde_json::Map::new();
        values.insert("training".into(), training.into());
        for (name, value) in others {
            values.insert((*name).into(), (*value).into());
        }
        fs::create_dir(&environment.config_directory).unwrap();
        fs::create_dir(&environment.training_channel).unwrap();
        let path = environment.config_directory.join("hyperparameters.json");
        fs::write(path, serde_json::Value::Object(values).to_string()).unwrap();
        Self { directory, environment }
    }

    pub(crate) fn with_training(self, csv: &str) -> Self {
        self.with_file("training/data.csv", csv)
    }

    pub(crate) fn with_validation(mut self, csv: &str) -> Self {
        self.environment.validation_channel = Some(self.directory.path().join("validation"));
        self.with_file("validation/data.csv", csv)
    }

    pub(crate) fn with_file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn environment(&self) -> &TrainEnvironment {
        &self.environment
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.environment.model_directory.join("gbm-model.json")
    }

    /// Trains; the summary, and what was printed.
    pub(crate) fn train(&self) -> Result<(TrainSummary, String), TrainError> {
        let mut out = Vec::new();
        let summary = train(&self.environment, &mut out)?;
        Ok((summary, String::from_utf8(out).unwrap()))
    }

    /// What a failed training says, with the job's own directory cut out.
    pub(crate) fn fault(&self) -> String {
        let fault = self.train().unwrap_err().to_string();
        fault.replace(&format!("{}/", self.directory.path().display()), "")
    }

    pub(crate) fn serve(&self) -> Endpoint {
        Endpoint::start(&self.environment.model_directory).unwrap()
    }
}

/// A hosted model; ends when dropped.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Endpoint {
    pub(crate) fn start(model_directory: &Path) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let environment = ServeEnvironment {
            model_directory: model_directory.to_owned(),
            address: "127.0.0.1:0".parse().unwrap(),
        };
        let server = runtime.block_on(Server::bind(&environment))?;
        let address = server.address();
        let (end, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            runtime.block_on(server.run(async {
                let _ = ended.await;
            }))
        });
        Ok(Self { address, end: Some(end), thread: Some(thread) })
    }

    /// Sends a request and reads the whole response.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses a large body may close before it has read all of it.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Response::parse(&String::from_utf8(bytes).unwrap())
    }

    pub(crate) fn invoke(&self, content_type: &str, accept: &str, body: &str) -> Response {
        let headers = [("Content-Type", content_type), ("Accept", accept)];
        self.request("POST", "/invocations", &headers, body.as_bytes())
    }

    /// Ends it and waits for it.
    pub(crate) fn stop(mut self) -> Result<(), ServeError> {
        drop(self.end.take());
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The value of a metric in the last line that has it, as the platform's regular expressions find it.
pub(crate) fn last_metric(printed: &str, name: &str) -> Option<f64> {
    let start = printed.rfind(&format!("{name}="))? + name.len() + 1;
    printed[start..].split_whitespace().next()?.parse().ok()
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to 1.
    pub(crate) fn next(&mut self) -> f64 {
        // Steele, Lea and Flood's SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        f64::from(u32::try_from(mixed >> 32).unwrap()) / f64::from(u32::MAX)
    }
}
