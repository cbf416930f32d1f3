use std::future::Future;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use mlpp_provider::with_sources;
use serde_json::Value;

use crate::log::{Level, log};

/// One invocation of a function.
#[derive(Debug)]
pub struct Invocation {
    /// What it was invoked with.
    pub event: Value,
    /// The invocation's id; Lambda repeats an invocation by the same one.
    pub request_id: String,
    /// The time that is left when it begins.
    pub remaining: Duration,
}

/// Takes invocations from Lambda's runtime, one after the other, as long as there are any
/// ([Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)).
///
/// # Errors
/// The runtime cannot be talked to.
pub fn serve<F, R>(function: F) -> Result<(), Error>
where
    F: Fn(Invocation) -> R,
    R: Future<Output = Result<Value, Error>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(event.context.deadline);
        function(Invocation {
            event: event.payload,
            request_id: event.context.request_id,
            remaining: deadline.duration_since(SystemTime::now()).unwrap_or_default(),
        })
    })))
}

/// Tells the log why a function cannot begin, and passes the error on.
pub fn log_beginning(error: Error) -> Error {
    log(Level::Error, "the function cannot begin", &[("reason", &with_sources(&*error))]);
    error
}
