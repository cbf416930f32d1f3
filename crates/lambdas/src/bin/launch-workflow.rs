//! The function that S3 tells of manifests: each starts the workflow, once.

use std::sync::Arc;

use mlpp_aws::{AwsObjects, AwsParameterStore, AwsWorkflows, StoreOptions, SystemClock};
use mlpp_lambdas::launch::launch_all;
use mlpp_lambdas::log::count;
use mlpp_lambdas::program::{Environment, SqsQueue, serve};
use mlpp_provider::Clock as _;
use serde_json::json;

fn main() -> Result<(), lambda_runtime::Error> {
    let environment = Environment(|name: &str| std::env::var(name).ok());
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
        let counts = [
            ("Started", tally.started),
            ("Already", tally.already),
            ("Skipped", tally.skipped),
            ("Failed", tally.failed),
            ("Retried", tally.retried),
        ];
        count(SystemClock.now().as_millisecond(), ("Project", settings.path.as_str()), &counts);
        done?;
        Ok(json!(counts.into_iter().collect::<std::collections::BTreeMap<_, _>>()))
    })
}
