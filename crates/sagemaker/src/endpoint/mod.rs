//! Endpoints: programs that serve models.
//!
//! One task in one process runs an endpoint over its whole life (`life`): it reacts to what the endpoint's record asks
//! for (a deployment, an update, a deletion), whichever process wrote that. A deployment (`deploy`) is all programs of
//! one endpoint configuration; an update starts the new deployment, switches to it once all of it is healthy, and then
//! drains and ends the old one.

mod actions;
mod deploy;
mod fleet;
pub(crate) mod http;
pub(crate) mod instance;
pub(crate) mod invoke;
mod life;
mod port;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{RwLock, watch};

use crate::endpoint_config::Variant;
use crate::names;
pub(crate) use fleet::Fleet;
pub(crate) use instance::Instance;

/// Resolves when the flag is set, or when nobody is left to set it.
async fn set(flag: &mut watch::Receiver<bool>) {
    // The value is not kept: it holds a lock.
    let _ = flag.wait_for(|set| *set).await;
}

/// All programs of an endpoint configuration.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) variants: Vec<Variant>,
    /// The image of each variant's model.
    images: Vec<String>,
    pub(crate) fleet: Arc<Fleet>,
    folder: PathBuf,
    /// How long invocations under way have when the deployment ends.
    drain: Duration,
    /// Invocations hold it for reading.
    pub(crate) gate: Arc<RwLock<()>>,
    /// Counts invocations, to spread them.
    pub(crate) turn: AtomicU64,
}

impl Deployment {
    /// Waits for invocations under way, ends the programs, removes their folder. The log goes with it.
    pub(crate) async fn stop(&self) {
        // Past the limit an invocation is cut off.
        let _drained = tokio::time::timeout(self.drain, self.gate.write()).await;
        self.fleet.stop().await;
        // What cannot be removed now is removed with the endpoint.
        let _ = tokio::fs::remove_dir_all(&self.folder).await;
    }

    /// `ProductionVariants` of the Describe response.
    pub(crate) fn describe(&self) -> Value {
        let variants = self.variants.iter().zip(&self.images).map(|(variant, image)| {
            let (alive, desired) = self.fleet.counts(&variant.name);
            json!({
                "VariantName": variant.name,
                "DeployedImages":
                    [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": names::now()}],
                "CurrentWeight": variant.weight,
                "DesiredWeight": variant.weight,
                "CurrentInstanceCount": alive,
                "DesiredInstanceCount": desired,
            })
        });
        Value::Array(variants.collect())
    }
}
