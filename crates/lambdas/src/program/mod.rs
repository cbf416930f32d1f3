//! What the programs have in common: their settings, the services behind the functions, and Lambda's runtime around them.

mod buckets;
mod environment;
mod queue;
mod responder;
mod runtime;

pub use buckets::S3Notifications;
pub use environment::{Environment, EnvironmentError, fingerprint_key, of_process};
pub use queue::SqsQueue;
pub use responder::HttpResponder;
pub use runtime::{Invocation, log_beginning, serve};
