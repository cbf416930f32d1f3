//! The function that S3 tells of manifests: each starts the workflow, once.

use std::sync::Arc;

use lambda_runtime::Error;
use mlpp_aws::{AwsObjects, AwsParameterStore, AwsWorkflows, StoreOptions, SystemClock};
use mlpp_lambdas::launch::launch_all;
use mlpp_lambdas::log::count;
use mlpp_lambdas::program::{SqsQueue, of_process, serve};
use mlpp_provider::Clock as _;
use serde_json::Value;

fn main() -> Result<(), Error> {
    let environment = of_process();
    let settings = environment.launch_settings()?;
    let clients = environment.clients()?;
    let queue = SqsQueue::new(&clients, environment.needed("FAILURE_QUEUE_URL")?);
    let seed = u64::from(std::process::id());
    let store = AwsParameterStore::new(&clients, Arc::new(SystemClock), seed, StoreOptions::default())?;
    let (objects, workflows) = (AwsObjects::new(&clients), AwsWorkflows::new(&clients));
    let (settings, queue, store) = (&settings, &queue, &store);
    let (objects, workflows) = (&objects, &workflows);
    serve(move |invocation| async move {
        let (tally, done) = launch_all(store, objects, workflows, queue, settings, &invocation.event).await;
        let counts = tally.counts();
        count(SystemClock.now().as_millisecond(), ("Project", settings.path.as_str()), &counts);
        done?;
        Ok(counts.into_iter().map(|(name, number)| (name, Value::from(number))).collect())
    })
}
