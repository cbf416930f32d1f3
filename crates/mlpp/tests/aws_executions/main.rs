//! Executions, jobs and endpoints on AWS by the real binary: against moto's server, and where moto has no answer against a server
//! that answers as the services' references say.

#![allow(clippy::similar_names, clippy::unwrap_used)]

#[path = "../util/mod.rs"]
mod util;

mod executions;
mod refused;
mod sagemaker;
mod stub;
mod support;
mod why_not;
