//! One object of the input, from its file to its output.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufReader, BufWriter};
use tokio::task::JoinHandle;

use super::payloads::Payloads;
use super::request::TransformJob;
use super::worker::Settings;
use crate::endpoint::Instance;
use crate::endpoint::http::CallError;
use crate::error::ServiceError;
use crate::platform::Platform;
use crate::training::run::blocking;

/// The wait before the first repetition; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Ends a request whose answer nobody waits for any more.
struct Request(JoinHandle<Result<Bytes, String>>);

impl Drop for Request {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Platform {
    /// Writes what the model makes of the file `from` to the file `to`. The inner error is a failure reason.
    pub(super) async fn transform_file(
        self: &Arc<Self>,
        job: &Arc<TransformJob>,
        settings: Settings,
        worker: &Instance,
        from: &Path,
        to: &Path,
    ) -> Result<Result<(), String>, ServiceError> {
        if job.input.gzip
            && let Err(error) = unzip(from).await?
        {
            return Ok(Err(format!("ClientError: it is not gzip: {error}")));
        }
        let file = File::open(from).await.map_err(ServiceError::internal)?;
        let mut payloads =
            Payloads::new(BufReader::new(file), settings.limit, job.input.by_line, settings.single);
        let mut output = BufWriter::new(File::create(to).await.map_err(ServiceError::internal)?);
        let mut under_way: VecDeque<Request> = VecDeque::new();
        let mut more = true;
        loop {
            while more && under_way.len() < settings.concurrent {
                match payloads.next().await {
                    Ok(Some(payload)) => {
                        let (platform, job, port) = (Arc::clone(self), Arc::clone(job), worker.port());
                        under_way.push_back(Request(tokio::spawn(async move {
                            platform.ask(&job, port, payload.into()).await
                        })));
                    }
                    Ok(None) => more = false,
                    Err(error) => return Ok(Err(format!("ClientError: {error}"))),
                }
            }
            // The answers come in the requests' order.
            let Some(request) = under_way.front_mut() else { break };
            let answer = tokio::select! {
                answer = &mut request.0 => answer.map_err(ServiceError::internal)?,
                () = worker.ended() => return Ok(Err(ended(worker))),
            };
            under_way.pop_front();
            let answer = match answer {
                Ok(answer) => answer,
                // It may have ended because of this request.
                Err(_) if !worker.is_alive() => return Ok(Err(ended(worker))),
                Err(reason) => return Ok(Err(reason)),
            };
            let end: &[u8] = if job.lines && !answer.ends_with(b"\n") { b"\n" } else { b"" };
            for part in [&answer[..], end] {
                if let Err(error) = output.write_all(part).await {
                    return Ok(Err(format!("ClientError: The output cannot be written: {error}")));
                }
            }
        }
        Ok(output
            .flush()
            .await
            .map_err(|error| format!("ClientError: The output cannot be written: {error}")))
    }

    /// Asks the model, and again where another answer may come; the error is a failure reason.
    async fn ask(&self, job: &TransformJob, port: u16, payload: Bytes) -> Result<Bytes, String> {
        let (content_type, accept) = (job.input.content_type.as_deref(), job.accept.as_deref());
        let mut wait = FIRST_WAIT;
        for left in (0..=job.retries).rev() {
            let limit = job.invocation_timeout;
            let answer = self.client.invoke_within(port, content_type, accept, payload.clone(), limit).await;
            let reason = match answer {
                Ok(answer) if answer.status.is_success() => return Ok(answer.body),
                Ok(answer) => {
                    let text = String::from_utf8_lossy(&answer.body).into_owned();
                    let code = answer.status.as_u16();
                    if answer.status.is_client_error() {
                        return Err(format!(
                            "ClientError: Received client error ({code}) with message \"{text}\""
                        ));
                    }
                    format!("AlgorithmError: Received server error ({code}) with message \"{text}\"")
                }
                Err(CallError::Header(member)) => {
                    return Err(format!("ClientError: {member} is not a header value"));
                }
                Err(error) => format!("AlgorithmError: {error}"),
            };
            if left == 0 {
                return Err(reason);
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err("AlgorithmError: no request was made".to_owned())
    }
}

fn ended(worker: &Instance) -> String {
    match crate::process::log::tail(&worker.log, 5) {
        Ok(tail) if !tail.is_empty() => {
            format!(
                "AlgorithmError: The model's program ended while it was needed. Its log ends with: {tail}"
            )
        }
        _ => "AlgorithmError: The model's program ended while it was needed. Its log is empty.".to_owned(),
    }
}

/// Puts what is in a compressed file into its place; the inner error is what is wrong with it.
async fn unzip(path: &Path) -> Result<Result<(), io::Error>, ServiceError> {
    let path = path.to_owned();
    blocking(move || {
        let plain = path.with_extension("plain");
        let mut reader = MultiGzDecoder::new(std::fs::File::open(&path)?);
        let mut writer = std::fs::File::create(&plain)?;
        if let Err(error) = io::copy(&mut reader, &mut writer) {
            return Ok(Err(error));
        }
        std::fs::rename(&plain, &path)?;
        Ok(Ok(()))
    })
    .await
}
