//! An AWS account, as the commands use it.

mod failure;
mod services;

use std::error::Error;
use std::sync::Arc;

use mlpp_aws::{
    AwsObjects, AwsParameterStore, AwsWorkflows, CallError, Clients, Profile, StoreOptions, SystemClock,
};
use mlpp_provider::StoreError;

use crate::config::Config;
use crate::error::CommandError;

/// Parameter Store.
pub(crate) type Store = AwsParameterStore<SystemClock>;
/// S3.
pub(crate) type Objects = AwsObjects;
/// Step Functions.
pub(crate) type Workflows = AwsWorkflows;

/// The connection to an account and region.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    clients: Clients,
    options: StoreOptions,
    seed: u64,
}

impl Aws {
    /// Finds out region and credentials; no service is called.
    ///
    /// # Errors
    /// `aws/region`.
    pub(crate) async fn connect(config: &Config) -> Result<Self, CommandError> {
        let profile = Profile {
            name: config.profile.clone(),
            region: config.region.clone(),
            endpoint_url: config.endpoint_url.clone(),
        };
        let clients = Clients::from_profile(&profile).await.map_err(|error| failure::no_clients(&error))?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed)
            .map_err(|error| CommandError::failed("draw a random number", std::io::Error::from(error)))?;
        let options = StoreOptions { key_id: config.kms_key_id.clone(), tags: config.tags.clone() };
        Ok(Self { clients, options, seed: u64::from_ne_bytes(seed) })
    }

    /// The parameter store.
    ///
    /// # Errors
    /// A tag that cannot be one.
    pub(crate) fn store(&self) -> Result<Store, StoreError> {
        AwsParameterStore::new(&self.clients, Arc::new(SystemClock), self.seed, self.options.clone())
    }

    /// The buckets.
    pub(crate) fn objects(&self) -> Objects {
        AwsObjects::new(&self.clients)
    }

    /// The state machines.
    pub(crate) fn workflows(&self) -> Workflows {
        AwsWorkflows::new(&self.clients)
    }
}

/// What a call of AWS failed by, if that is why something failed.
pub(crate) fn failed_call(error: &(dyn Error + 'static)) -> Option<CommandError> {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(call) = error.downcast_ref::<CallError>() {
            return failure::of_call(call);
        }
        if let Some(super::ServiceFailed::Aws(call)) = error.downcast_ref() {
            return failure::of_call(call);
        }
        source = error.source();
    }
    None
}
