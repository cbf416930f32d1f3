//! Imports the documents into the parameter store: as a custom resource, and when a document is uploaded.

use std::sync::Arc;

use lambda_runtime::Error;
use mlpp_aws::{AwsObjects, AwsParameterStore, Clients, StoreOptions, SystemClock};
use mlpp_lambdas::custom_resource::{Unable, answer, is_request};
use mlpp_lambdas::import::{ParametersResource, import_uploaded};
use mlpp_lambdas::log::count;
use mlpp_lambdas::program::{HttpResponder, Invocation, SqsQueue, fingerprint_key, of_process, serve};
use mlpp_provider::{Clock as _, with_sources};
use serde_json::Value;

/// What every invocation uses.
struct Services {
    clients: Clients,
    store: AwsParameterStore<SystemClock>,
    objects: AwsObjects,
}

impl Services {
    fn new() -> Result<Self, Error> {
        let environment = of_process();
        let clients = environment.clients()?;
        let options = StoreOptions { key_id: environment.given("KMS_KEY_ID"), ..StoreOptions::default() };
        let seed = u64::from(std::process::id());
        let store = AwsParameterStore::new(&clients, Arc::new(SystemClock), seed, options)?;
        Ok(Self { objects: AwsObjects::new(&clients), store, clients })
    }

    async fn request(&self, responder: &HttpResponder, invocation: Invocation) -> Result<Value, Error> {
        let resource = ParametersResource {
            store: &self.store,
            objects: &self.objects,
            clock: &SystemClock,
            // Lambda repeats an invocation by the same id: what is left of the first try is its own.
            writer: invocation.request_id,
            key: fingerprint_key()?,
        };
        answer(&resource, responder, &SystemClock, &invocation.event, invocation.remaining).await?;
        Ok(Value::Null)
    }

    async fn upload(&self, invocation: Invocation) -> Result<Value, Error> {
        let environment = of_process();
        let settings = environment.import_on_upload(invocation.request_id)?;
        let queue = SqsQueue::new(&self.clients, environment.needed("FAILURE_QUEUE_URL")?);
        let (tally, done) =
            import_uploaded(&self.store, &self.objects, &SystemClock, &queue, &settings, &invocation.event)
                .await;
        let counts = tally.counts();
        let path = settings.properties.path.as_str();
        count(SystemClock.now().as_millisecond(), ("Project", path), &counts);
        done?;
        Ok(counts.into_iter().map(|(name, number)| (name, Value::from(number))).collect())
    }
}

fn main() -> Result<(), Error> {
    let responder = HttpResponder::default();
    // CloudFormation is answered also when nothing else can be done.
    let services = Services::new().map_err(|error| with_sources(&*error));
    let (responder, services) = (&responder, &services);
    serve(move |invocation| async move {
        match services {
            Ok(services) if is_request(&invocation.event) => services.request(responder, invocation).await,
            Ok(services) => services.upload(invocation).await,
            Err(reason) => {
                let unable = Unable(reason.clone());
                answer(&unable, responder, &SystemClock, &invocation.event, invocation.remaining).await?;
                Ok(Value::Null)
            }
        }
    })
}
