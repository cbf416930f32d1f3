//! The model's program, started for one job.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::request::{Parameters, TransformJob};
use crate::endpoint::instance::{self, Instance, Plan};
use crate::names;
use crate::platform::Platform;

/// What the service takes when neither request nor program says how much a request may carry.
const DEFAULT_PAYLOAD: u64 = 6;

/// How a job is carried out, once the program has been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) concurrent: usize,
    /// In bytes.
    pub(super) limit: usize,
    pub(super) single: bool,
}

impl Platform {
    /// Starts the program of the job's model and waits until it is healthy. The error is the job's failure reason.
    pub(super) async fn start_worker(
        self: &Arc<Self>,
        job: &TransformJob,
        folder: &Path,
        cancel: watch::Receiver<bool>,
    ) -> Result<Instance, String> {
        let client_error = |message: &str| format!("ClientError: {message}");
        let model = self.model(&job.model).await.map_err(|error| client_error(&error.message))?;
        let container = model.body.get("PrimaryContainer").cloned().unwrap_or_default();
        let image = container["Image"].as_str().unwrap_or_default();
        let algorithm = self.algorithm_of_image(image).map_err(|error| client_error(&error.message))?.clone();
        let Some(inference) = algorithm.inference.clone() else {
            return Err(client_error(&format!("Algorithm {} cannot serve models.", algorithm.name)));
        };
        let archive = match container["ModelDataUrl"].as_str() {
            None => None,
            Some(uri) => {
                let path = folder.join("model.tar.gz");
                let failed = |cause: &dyn std::fmt::Display| {
                    format!(
                        "ClientError: Could not find model data at {uri} for model {}: {cause}",
                        job.model
                    )
                };
                let (bucket, key) = names::s3_uri(uri).ok_or_else(|| failed(&"not an S3 URI"))?;
                self.config.buckets.download(bucket, key, &path).await.map_err(|error| failed(&error))?;
                Some(path)
            }
        };
        let mut environment = container["Environment"].as_object().cloned().unwrap_or_default();
        environment.extend(variables(&job.asked));
        environment.extend(job.environment.clone());
        let plan = Plan {
            endpoint: None,
            variant: job.name.clone(),
            algorithm,
            inference,
            archive,
            environment,
            folder: folder.join("worker"),
            startup_timeout: self.config.startup_timeout,
        };
        instance::start(Arc::clone(self), plan, cancel)
            .await
            .map_err(|reason| format!("AlgorithmError: {reason}"))
    }

    /// The request's settings, then the program's own, then the service's defaults.
    pub(super) async fn settings(&self, job: &TransformJob, port: u16) -> Settings {
        let own = self.client.get(port, "/execution-parameters").await;
        let own = own.map_or_else(Parameters::default, |body| parameters(&body));
        let payload = job.asked.payload.or(own.payload).unwrap_or(DEFAULT_PAYLOAD);
        Settings {
            concurrent: job.asked.concurrent.or(own.concurrent).unwrap_or(1).max(1),
            limit: match payload {
                0 => usize::MAX,
                megabytes => usize::try_from(megabytes.saturating_mul(1024 * 1024)).unwrap_or(usize::MAX),
            },
            single: job.asked.single.or(own.single).unwrap_or(false),
        }
    }
}

/// What a program answers on `/execution-parameters`; it need not answer.
fn parameters(body: &[u8]) -> Parameters {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    Parameters {
        concurrent: said["MaxConcurrentTransforms"].as_u64().and_then(|number| usize::try_from(number).ok()),
        payload: said["MaxPayloadInMB"].as_u64(),
        single: said["BatchStrategy"].as_str().map(|strategy| strategy == "SINGLE_RECORD"),
    }
}

/// What a program in a batch transform job sees beside the model's variables.
fn variables(asked: &Parameters) -> Map<String, Value> {
    let mut variables = Map::new();
    let mut set = |name: &str, value: String| {
        variables.insert(name.to_owned(), json!(value));
    };
    set("SAGEMAKER_BATCH", "true".to_owned());
    set("SAGEMAKER_MAX_PAYLOAD_IN_MB", asked.payload.unwrap_or(DEFAULT_PAYLOAD).to_string());
    let strategy = if asked.single == Some(true) { "SINGLE_RECORD" } else { "MULTI_RECORD" };
    set("SAGEMAKER_BATCH_STRATEGY", strategy.to_owned());
    set("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", asked.concurrent.unwrap_or(1).to_string());
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_for_itself() {
        let said =
            br#"{"MaxConcurrentTransforms": 8, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}"#;
        let read = parameters(said);
        assert_eq!((read.concurrent, read.payload, read.single), (Some(8), Some(2), Some(true)));
        let read = parameters(b"not JSON");
        assert_eq!((read.concurrent, read.payload, read.single), (None, None, None));
    }
}
