//! The custom resource that imports the documents into the parameter store.

use std::sync::Arc;

use mlpp_aws::{AwsObjects, AwsParameterStore, StoreOptions, SystemClock};
use mlpp_lambdas::custom_resource::answer;
use mlpp_lambdas::import::ParametersResource;
use mlpp_lambdas::program::{Environment, HttpResponder, fingerprint_key, serve};
use serde_json::Value;

fn main() -> Result<(), lambda_runtime::Error> {
    let environment = Environment(|name: &str| std::env::var(name).ok());
    let clients = environment.clients()?;
    let options = StoreOptions { key_id: environment.given("KMS_KEY_ID"), ..StoreOptions::default() };
    let seed = u64::from(std::process::id());
    let store = AwsParameterStore::new(&clients, Arc::new(SystemClock), seed, options)?;
    let objects = AwsObjects::new(&clients);
    let responder = HttpResponder::new()?;
    let (store, objects, responder) = (&store, &objects, &responder);
    serve(move |invocation| async move {
        let resource = ParametersResource {
            store,
            objects,
            clock: &SystemClock,
            // Lambda repeats an invocation by the same id: what is left of the first try is its own.
            writer: invocation.request_id,
            key: fingerprint_key()?,
        };
        answer(&resource, responder, &SystemClock, &invocation.event, invocation.remaining).await?;
        Ok(Value::Null)
    })
}
