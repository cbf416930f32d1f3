//! From an endpoint configuration to healthy programs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::{Map, Value};
use tokio::sync::{RwLock, watch};
use tokio::task::JoinSet;

use super::Deployment;
use super::fleet::Fleet;
use super::instance::{self, Instance, Plan};
use super::set;
use crate::endpoint_config::Variant;
use crate::error::ServiceError;
use crate::names;
use crate::platform::Platform;
use crate::store::{Record, Retained};

/// What a variant keeps in an update, whatever its configuration says.
#[derive(Debug)]
pub(super) struct Kept {
    variant: String,
    instances: Option<usize>,
    weight: Option<f64>,
}

impl Kept {
    /// What the variants of an endpoint keep.
    pub(super) fn of(endpoint: &Record) -> Vec<Self> {
        let Retained { instances, weight } = endpoint.local.retained;
        let variants = endpoint.body.get("ProductionVariants").and_then(Value::as_array);
        let kept = |variant: &Value| {
            let count = || usize::try_from(variant["DesiredInstanceCount"].as_u64()?).ok();
            Some(Self {
                variant: variant["VariantName"].as_str()?.to_owned(),
                instances: instances.then(count).flatten(),
                weight: weight.then(|| variant["DesiredWeight"].as_f64()).flatten(),
            })
        };
        variants.into_iter().flatten().filter_map(kept).collect()
    }
}

impl Platform {
    pub(super) fn endpoint_folder(&self, name: &str) -> PathBuf {
        self.config.root.join("endpoints").join(name)
    }

    /// Starts all programs of a configuration and waits until all are healthy; with one failure all are ended. The
    /// error is a failure reason.
    pub(super) async fn deploy(
        self: &Arc<Self>,
        endpoint: &str,
        config: &str,
        kept: &[Kept],
        cancel: watch::Receiver<bool>,
    ) -> Result<Deployment, String> {
        let digest = names::digest(&format!("{config} {} {}", self.owner.id(), names::now()));
        let folder = self.endpoint_folder(endpoint).join(format!("{digest:016x}"));
        let started = self.start_all(endpoint, config, kept, &folder, cancel).await;
        if started.is_err() {
            // The failure reason quotes the log; what cannot be removed now is removed with the endpoint.
            let _ = tokio::fs::remove_dir_all(&folder).await;
        }
        let (variants, images, fleet) = started?;
        Ok(Deployment {
            variants,
            images,
            fleet: Arc::new(fleet),
            folder,
            drain: self.config.grace,
            gate: Arc::new(RwLock::new(())),
            turn: AtomicU64::new(0),
        })
    }

    async fn start_all(
        self: &Arc<Self>,
        endpoint: &str,
        config: &str,
        kept: &[Kept],
        folder: &Path,
        cancel: watch::Receiver<bool>,
    ) -> Result<(Vec<Variant>, Vec<String>, Fleet), String> {
        let told = |error: ServiceError| error.message;
        let mut variants = self.variants(config).await.map_err(told)?;
        for variant in &mut variants {
            if let Some(kept) = kept.iter().find(|kept| kept.variant == variant.name) {
                variant.instances = kept.instances.unwrap_or(variant.instances);
                variant.weight = kept.weight.unwrap_or(variant.weight);
            }
            if let Some((min, max)) = self.bounds_of(endpoint, &variant.name).await.map_err(told)? {
                variant.instances = variant.instances.clamp(min, max);
            }
        }
        let mut archives = HashMap::new();
        let mut images = Vec::with_capacity(variants.len());
        let mut plans = Vec::new();
        let mut one_of_each = Vec::new();
        for variant in &variants {
            let model = self.model(&variant.model).await.map_err(told)?;
            let container = model.body.get("PrimaryContainer").cloned().unwrap_or_default();
            let image = container["Image"].as_str().unwrap_or_default().to_owned();
            let algorithm = self.algorithm_of_image(&image).map_err(told)?.clone();
            let Some(inference) = algorithm.inference.clone() else {
                return Err(format!("Algorithm {} cannot serve models.", algorithm.name));
            };
            let archive = match container["ModelDataUrl"].as_str() {
                None => None,
                Some(uri) => Some(self.fetch(uri, folder, &variant.name, &mut archives).await?),
            };
            let environment: Map<String, Value> =
                container["Environment"].as_object().cloned().unwrap_or_default();
            images.push(image);
            let plan = Plan {
                endpoint: Some(endpoint.to_owned()),
                variant: variant.name.clone(),
                algorithm: algorithm.clone(),
                inference: inference.clone(),
                archive: archive.clone(),
                environment: environment.clone(),
                folder: folder.join(&variant.name),
                startup_timeout: variant.startup_timeout.unwrap_or(self.config.startup_timeout),
            };
            plans.extend((0..variant.instances).map(|number| Plan {
                folder: folder.join(format!("{}-{number}", variant.name)),
                ..plan.clone()
            }));
            one_of_each.push(plan);
        }
        let instances = self.start_each(plans, cancel).await?;
        Ok((variants, images, Fleet::new(one_of_each, instances)))
    }

    /// The model archive at `uri`, fetched once for all variants.
    async fn fetch(
        &self,
        uri: &str,
        folder: &Path,
        variant: &str,
        archives: &mut HashMap<String, PathBuf>,
    ) -> Result<PathBuf, String> {
        if let Some(present) = archives.get(uri) {
            return Ok(present.clone());
        }
        let failed = |cause: &dyn std::fmt::Display| {
            format!("Could not find model data at {uri} for production variant {variant}: {cause}")
        };
        let (bucket, key) = names::s3_uri(uri).ok_or_else(|| failed(&"not an S3 URI"))?;
        let path = folder.join(format!("model-{}.tar.gz", archives.len()));
        tokio::fs::create_dir_all(folder).await.map_err(|error| failed(&error))?;
        self.config.buckets.download(bucket, key, &path).await.map_err(|error| failed(&error))?;
        archives.insert(uri.to_owned(), path.clone());
        Ok(path)
    }

    async fn start_each(
        self: &Arc<Self>,
        plans: Vec<Plan>,
        mut cancel: watch::Receiver<bool>,
    ) -> Result<Vec<Instance>, String> {
        // The first failure cancels the rest, and so does the caller.
        let failed = watch::Sender::new(false);
        let mut starting = JoinSet::new();
        for plan in plans {
            starting.spawn(instance::start(Arc::clone(self), plan, failed.subscribe()));
        }
        let mut instances = Vec::new();
        let mut reason = None;
        let mut cancellable = true;
        while !starting.is_empty() {
            let joined = tokio::select! {
                joined = starting.join_next() => joined,
                () = set(&mut cancel), if cancellable => {
                    cancellable = false;
                    failed.send_replace(true);
                    continue;
                }
            };
            let why = match joined {
                Some(Ok(Ok(instance))) => {
                    instances.push(instance);
                    continue;
                }
                Some(Ok(Err(why))) => why,
                Some(Err(error)) => error.to_string(),
                None => break,
            };
            reason.get_or_insert(why);
            failed.send_replace(true);
        }
        if let Some(reason) = reason {
            for instance in &instances {
                instance.ask_to_stop();
            }
            for instance in &instances {
                instance.ended().await;
            }
            return Err(reason);
        }
        Ok(instances)
    }
}
