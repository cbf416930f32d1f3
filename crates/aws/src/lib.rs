//! The ports on AWS: the parameter store on Systems Manager, objects on S3, workflows on Step Functions.
//!
//! [`Clients`] are made from the environment alone, as a Lambda function finds it, or with the feature `config` from
//! everything that the AWS command line reads too: profiles, single sign-on, credential processes.
//!
//! Calls to Parameter Store are paced by token buckets that learn the account's quota from what the service refuses,
//! and what may help is tried again, so that a write that has landed is not written twice.

mod clients;
mod clock;
mod executions;
mod failure;
mod invoke;
mod json;
mod notification;
mod objects;
mod pace;
mod presigned;
mod store;
mod workflows;

#[cfg(feature = "config")]
pub use clients::Profile;
pub use clients::{Clients, ClientsError};
pub use clock::SystemClock;
pub use executions::{AwsExecution, AwsExecutions};
pub use failure::CallError;
pub use invoke::{Invocation, InvokeError, Prediction, SageMakerRuntime};
pub use json::{JsonClient, JsonError, JsonService};
pub use notification::{BucketNotification, bucket_notifications};
pub use objects::AwsObjects;
pub use presigned::PresignedPut;
pub use store::{AwsParameterStore, StoreOptions};
pub use workflows::AwsWorkflows;
