//! A transform job from its model to its last object.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::actions::STATUS;
use super::request::TransformJob;
use super::worker::Settings;
use crate::endpoint::Instance;
use crate::error::ServiceError;
use crate::names;
use crate::platform::Platform;
use crate::process::wait_for_supervisor;
use crate::store::ResourceKind;
use crate::training::data::{self, Object};
use crate::training::ending::Stop;
use crate::training::run::{blocking, truncated};

/// How a job ended.
struct Verdict {
    status: &'static str,
    failure_reason: Option<String>,
}

impl Verdict {
    fn stopped() -> Self {
        Self { status: "Stopped", failure_reason: None }
    }

    fn failed(reason: String) -> Self {
        Self { status: "Failed", failure_reason: Some(truncated(reason)) }
    }
}

impl Platform {
    pub(crate) fn transform_folder(&self, name: &str) -> PathBuf {
        self.config.root.join("transform-jobs").join(name)
    }

    /// Runs a job whose record exists and names this process, and writes its end into the record, unless the platform is
    /// shut down before.
    pub(super) async fn run_transform(self: Arc<Self>, job: TransformJob) -> Result<(), ServiceError> {
        let job = Arc::new(job);
        let verdict = match self.transform(&job).await {
            Ok(Some(verdict)) => verdict,
            Ok(None) => return Ok(()),
            Err(error) => Verdict::failed(format!("InternalServerError: {error}")),
        };
        self.record(ResourceKind::TransformJob, &job.name, move |record| {
            record.set(STATUS, verdict.status);
            if let Some(reason) = &verdict.failure_reason {
                record.set("FailureReason", reason.as_str());
            }
            record.set("TransformEndTime", names::now());
            record.local.owner = None;
        })
        .await?;
        Ok(())
    }

    async fn transform(self: &Arc<Self>, job: &Arc<TransformJob>) -> Result<Option<Verdict>, ServiceError> {
        let stopped = |stop| (stop == Stop::Requested).then(Verdict::stopped);
        let mut stop = pin!(self.stop_of(ResourceKind::TransformJob, &job.name, STATUS));
        let _slot = tokio::select! {
            stop = &mut stop => return Ok(stopped(stop?)),
            slot = self.slots.acquire() => slot.map_err(ServiceError::internal)?,
        };
        let folder = self.transform_folder(&job.name);
        make_ready(folder.clone()).await?;
        let started = |record: &mut crate::store::Record| {
            // A job that starts again has started before.
            if !record.body.contains_key("TransformStartTime") {
                record.set("TransformStartTime", names::now());
            }
        };
        self.record(ResourceKind::TransformJob, &job.name, started).await?;

        let (cancel, cancelled) = watch::channel(false);
        let mut starting = pin!(self.start_worker(job, &folder, cancelled));
        let worker = tokio::select! {
            stop = &mut stop => {
                cancel.send_replace(true);
                // It may have become healthy at the same time.
                if let Ok(worker) = starting.await {
                    end(&worker).await;
                }
                return Ok(stopped(stop?));
            }
            worker = &mut starting => match worker {
                Ok(worker) => worker,
                Err(reason) => return Ok(Some(Verdict::failed(reason))),
            },
        };
        let verdict = tokio::select! {
            stop = &mut stop => stop.map(stopped),
            verdict = self.transform_all(job, &folder, &worker) => verdict.map(Some),
        };
        end(&worker).await;
        verdict
    }

    /// Transforms one object after the other. As on the service one that fails does not keep the others from being
    /// transformed.
    async fn transform_all(
        self: &Arc<Self>,
        job: &Arc<TransformJob>,
        folder: &Path,
        worker: &Instance,
    ) -> Result<Verdict, ServiceError> {
        let buckets = self.config.buckets.as_ref();
        let listed =
            data::objects(buckets, &job.input.uri, job.input.manifest, &folder.join("manifest")).await;
        let mut objects = match listed {
            Ok(objects) => objects,
            Err(cause) => return Ok(Verdict::failed(format!("ClientError: Data download failed: {cause}"))),
        };
        objects.sort_by(|one, other| one.key.cmp(&other.key));
        let settings = self.settings(job, worker.port()).await;
        let mut done = Done::read(folder.join("done")).await?;
        let mut failed = None;
        for object in &objects {
            let uri = format!("s3://{}/{}", object.bucket, object.key);
            if done.keys.contains(&uri) {
                continue;
            }
            match self.transform_object(job, settings, folder, worker, object).await? {
                Ok(()) => done.add(uri).await?,
                Err(reason) => {
                    failed.get_or_insert_with(|| {
                        format!("{reason} (object {uri}; log {})", worker.log.display())
                    });
                    if !worker.is_alive() {
                        break;
                    }
                }
            }
        }
        Ok(match failed {
            Some(reason) => Verdict::failed(reason),
            None => Verdict { status: "Completed", failure_reason: None },
        })
    }

    async fn transform_object(
        self: &Arc<Self>,
        job: &Arc<TransformJob>,
        settings: Settings,
        folder: &Path,
        worker: &Instance,
        object: &Object,
    ) -> Result<Result<(), String>, ServiceError> {
        let (from, to) = (folder.join("input"), folder.join("output"));
        let buckets = self.config.buckets.as_ref();
        let Some(name) = object.file.as_ref().and_then(|file| file.to_str()) else {
            return Ok(Err("ClientError: the key cannot be a file name".to_owned()));
        };
        if let Err(error) = buckets.download(&object.bucket, &object.key, &from).await {
            return Ok(Err(format!("ClientError: Data download failed: {error}")));
        }
        let transformed = self.transform_file(job, settings, worker, &from, &to).await?;
        if transformed.is_err() {
            // Nothing is stored of an object that is transformed in part.
            return Ok(transformed);
        }
        let uri = names::join_key(&job.output, &format!("{name}.out"));
        let Some((bucket, key)) = names::s3_uri(&uri) else {
            return Ok(Err(format!("ClientError: {uri} is not an S3 URI")));
        };
        if let Err(error) = buckets.upload(&to, bucket, key).await {
            return Ok(Err(format!("ClientError: Output upload failed: {error}")));
        }
        Ok(Ok(()))
    }
}

async fn end(worker: &Instance) {
    worker.ask_to_stop();
    worker.ended().await;
}

/// Waits for what a process that is gone left running in the job's folder, and clears it but for the list of what is
/// done.
async fn make_ready(folder: PathBuf) -> Result<(), ServiceError> {
    blocking(move || {
        let worker = folder.join("worker");
        wait_for_supervisor(&worker.join("exit.json"))?;
        match std::fs::remove_dir_all(&worker) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::create_dir_all(&worker)
    })
    .await
}

/// The objects whose output is stored: a line for each, so that a job that starts again leaves them out.
struct Done {
    path: PathBuf,
    keys: HashSet<String>,
}

impl Done {
    async fn read(path: PathBuf) -> Result<Self, ServiceError> {
        let file = path.clone();
        let text = blocking(move || match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            text => text,
        });
        // A line without an end was being written when the process was killed.
        let keys = text
            .await?
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n').map(str::to_owned))
            .collect();
        Ok(Self { path, keys })
    }

    async fn add(&mut self, uri: String) -> Result<(), ServiceError> {
        let (path, line) = (self.path.clone(), format!("{uri}\n"));
        self.keys.insert(uri);
        blocking(move || {
            std::fs::File::options().create(true).append(true).open(path)?.write_all(line.as_bytes())
        })
        .await
    }
}
