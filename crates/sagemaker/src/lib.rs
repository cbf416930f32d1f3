//! Training, tuning jobs, models and endpoints on this machine, in the shape of SageMaker's API.
//!
//! [`SageMaker::call`] takes the name of an API action and its JSON request and answers with the action's JSON
//! response, or with a [`ServiceError`] that carries the service's code and text. What is behind it is real: a
//! training job runs the algorithm's program under SageMaker's container contract, a tuning job runs trials, an
//! endpoint keeps server processes that answer on `/ping` and `/invocations`. Request members without a meaning on
//! one machine are kept and listed by [`SageMaker::not_simulated`].
//!
//! State lies in one folder: `platform.sqlite` (one row for each resource), `training-jobs/<name>/` (the mirror of
//! `/opt/ml`), `transform-jobs/<name>/`, `endpoints/<name>/`, and `owners/` (a locked file for each process that has the folder open, by which
//! the others tell whether a job's process is alive).
//!
//! A job is on record before anything is done for it, and every step after that can be done again: a job whose process
//! was killed goes on with [`SageMaker::resume`], under the same name.
//!
//! Every program runs under [`supervise`], a process of its own that ends the program when the platform's end of a
//! pipe closes: nothing outlives the process that started it, however that one ended.

mod algorithm;
mod archive;
mod config;
mod disk;
mod endpoint;
mod endpoint_config;
mod error;
mod event;
mod listing;
mod model;
mod names;
mod not_simulated;
mod notifications;
mod owner;
mod platform;
mod process;
mod request;
mod resume;
mod room;
mod runtime;
mod scaling;
mod store;
mod training;
mod transform;
mod tuning;

pub use algorithm::{Algorithm, AlgorithmError};
pub use config::{AfterCommit, BucketError, Buckets, Clock, Config, Pending, passed_environment};
pub use disk::is_disk_full;
pub use endpoint::invoke::{InvokeEndpoint, InvokeEndpointOutput};
pub use error::{ModelFailure, OpenError, ServiceError};
pub use event::JobEvent;
pub use platform::{SageMaker, Service, Waitable};
pub use process::supervise::supervise;
pub use scaling::ScalingActivity;
pub use store::ResourceKind;
