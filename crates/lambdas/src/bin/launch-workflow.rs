//! The function that S3 tells of manifests: each starts the workflow, once.

use std::sync::Arc;

use lambda_runtime::Error;
use mlpp_aws::{AwsObjects, AwsParameterStore, AwsWorkflows, StoreOptions, SystemClock};
use mlpp_lambdas::launch::{Settings, launch_all};
use mlpp_lambdas::log::count;
use mlpp_lambdas::program::{SqsQueue, log_beginning, of_process, serve};
use mlpp_provider::Clock as _;
use serde_json::Value;

/// What every invocation uses.
struct Services {
    settings: Settings,
    queue: SqsQueue,
    store: AwsParameterStore<SystemClock>,
    objects: AwsObjects,
    workflows: AwsWorkflows,
}

impl Services {
    fn new() -> Result<Self, Error> {
        let environment = of_process();
        let settings = environment.launch_settings()?;
        let clients = environment.clients()?;
        let seed = u64::from(std::process::id());
        Ok(Self {
            settings,
            queue: SqsQueue::new(&clients, environment.needed("FAILURE_QUEUE_URL")?),
            store: AwsParameterStore::new(&clients, Arc::new(SystemClock), seed, StoreOptions::default())?,
            objects: AwsObjects::new(&clients),
            workflows: AwsWorkflows::new(&clients),
        })
    }

    async fn launch(&self, event: &Value) -> Result<Value, Error> {
        let Self { settings, queue, store, objects, workflows } = self;
        let (tally, done) = launch_all(store, objects, workflows, queue, settings, event).await;
        let counts = tally.counts();
        count(SystemClock.now().as_millisecond(), ("Project", settings.path.as_str()), &counts);
        done?;
        Ok(counts.into_iter().map(|(name, number)| (name, Value::from(number))).collect())
    }
}

fn main() -> Result<(), Error> {
    let services = Services::new().map_err(log_beginning)?;
    let services = &services;
    serve(move |invocation| async move { services.launch(&invocation.event).await })
}
