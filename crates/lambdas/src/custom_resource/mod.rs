//! Custom resources of CloudFormation
//! ([request](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html),
//! [response](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html)).
//!
//! CloudFormation waits up to an hour for an answer. So there is one in every case: [`answer`] sends it also when the
//! resource fails, panics, or does not come to its end in time.

mod request;
mod response;

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt as _;
use mlpp_provider::{Clock, with_sources};
use serde_json::{Map, Value};

pub use request::{Envelope, RequestError, RequestType, ResponseUrl};
pub use response::{MAX_BYTES, Outcome, response};

use crate::log::{Level, log};

/// What is kept of the function's time for the answer.
const MARGIN: Duration = Duration::from_secs(5);
/// How often an answer is sent that does not arrive.
const SENDS: u32 = 4;
/// How long after the first of them the next one is sent; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);

/// Any error of a resource; its text and those of its sources are the reason that CloudFormation shows.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A kind of resource.
pub trait Resource: Sync {
    /// The resource's physical id, from what was asked alone. CloudFormation deletes what has another id than before once an
    /// update has succeeded: the id changes if, and only if, what it names does.
    ///
    /// # Errors
    /// The properties are not valid.
    fn physical_id(&self, request: &Envelope) -> Result<String, Failure>;

    /// Makes the resource as it is wanted, whether there is one or not; the attributes for `Fn::GetAtt`.
    fn make(&self, request: &Envelope) -> impl Future<Output = Result<Map<String, Value>, Failure>> + Send;

    /// Removes what belongs to the resource with the request's id.
    fn delete(&self, request: &Envelope) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A resource of a function that cannot begin, and for what reason. CloudFormation is answered all the same.
#[derive(Debug)]
pub struct Unable(pub String);

impl Resource for Unable {
    fn physical_id(&self, request: &Envelope) -> Result<String, Failure> {
        Ok(request.known_id())
    }

    async fn make(&self, _: &Envelope) -> Result<Map<String, Value>, Failure> {
        Err(self.0.clone().into())
    }

    async fn delete(&self, _: &Envelope) -> Result<(), Failure> {
        Err(self.0.clone().into())
    }
}

/// Sends answers to CloudFormation.
pub trait Responder: Sync {
    /// Writes the answer where CloudFormation waits for it: `PUT`, without a content type.
    ///
    /// # Errors
    /// Why it did not arrive, without the URL.
    fn send(&self, url: &ResponseUrl, body: &str) -> impl Future<Output = Result<(), String>> + Send;
}

/// Why CloudFormation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Nobody knows where an answer is waited for.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It cannot be sent.
    #[error("CloudFormation cannot be answered: {0}")]
    Send(String),
}

/// Whether an event is a request of CloudFormation, whatever may be wrong with it.
pub fn is_request(event: &Value) -> bool {
    event.get("RequestType").is_some() || event.get("ResponseURL").is_some()
}

/// Does what CloudFormation asks for, and answers it. `remaining` is the time that the function has left.
///
/// # Errors
/// [`AnswerError`]: CloudFormation was not answered. The invocation fails then, and Lambda repeats it.
pub async fn answer(
    resource: &impl Resource,
    responder: &impl Responder,
    clock: &impl Clock,
    event: &Value,
    remaining: Duration,
) -> Result<Outcome, AnswerError> {
    let request = Envelope::read(event)?;
    let outcome = within(resource, clock, &request, remaining).await;
    match &outcome {
        Outcome::Success { physical_id, .. } => {
            log(Level::Info, "done", &[("request", &request.kind.name()), ("physical_id", physical_id)]);
        }
        Outcome::Failed { reason, .. } => {
            log(Level::Error, "failed", &[("request", &request.kind.name()), ("reason", reason)]);
        }
    }
    let body = response(&request, &outcome);
    send(responder, clock, &request.response_url, &body).await?;
    Ok(outcome)
}

/// What came of the request, when the time for the answer has come.
async fn within(
    resource: &impl Resource,
    clock: &impl Clock,
    request: &Envelope,
    remaining: Duration,
) -> Outcome {
    // The properties may be what is wrong; then the id that CloudFormation has is the best there is.
    let unnamed = |reason| Outcome::Failed { physical_id: request.known_id(), reason };
    if request.kind == RequestType::Other {
        return unnamed("the request's RequestType is none of Create, Update and Delete".to_owned());
    }
    let physical_id = match catch_unwind(AssertUnwindSafe(|| resource.physical_id(request))) {
        Ok(Ok(id)) => id,
        // What cannot be named was never made: a create that failed for its properties is deleted next.
        Ok(Err(_)) if request.kind == RequestType::Delete => {
            return Outcome::Success { physical_id: request.known_id(), attributes: Map::new() };
        }
        Ok(Err(error)) => return unnamed(with_sources(&*error)),
        Err(panic) => return unnamed(of_panic(&*panic)),
    };
    let failed = |reason| Outcome::Failed { physical_id: physical_id.clone(), reason };
    let work = AssertUnwindSafe(async {
        match request.kind {
            RequestType::Create | RequestType::Update => resource.make(request).await,
            RequestType::Delete if request.physical_id.as_deref() == Some(&physical_id) => {
                resource.delete(request).await.map(|()| Map::new())
            }
            // An id of another scheme: what it named is not this resource's to remove.
            RequestType::Delete | RequestType::Other => Ok(Map::new()),
        }
    })
    .catch_unwind();
    tokio::select! {
        biased;
        done = work => match done {
            Ok(Ok(attributes)) => Outcome::Success { physical_id: answered_id(request, physical_id), attributes },
            Ok(Err(error)) => failed(with_sources(&*error)),
            Err(panic) => failed(of_panic(&*panic)),
        },
        () = clock.sleep(remaining.saturating_sub(MARGIN)) => {
            failed("the function's time was up before this was done; what was done stays, and another try goes on from there".to_owned())
        }
    }
}

/// A delete is answered with the id that was to be deleted.
fn answered_id(request: &Envelope, physical_id: String) -> String {
    match request.kind {
        RequestType::Delete => request.known_id(),
        RequestType::Create | RequestType::Update | RequestType::Other => physical_id,
    }
}

fn of_panic(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the function panicked: {}", text.unwrap_or("it did not say why"))
}

async fn send(
    responder: &impl Responder,
    clock: &impl Clock,
    url: &ResponseUrl,
    body: &str,
) -> Result<(), AnswerError> {
    let mut pause = PAUSE;
    let mut attempt = 1;
    loop {
        match responder.send(url, body).await {
            Ok(()) => return Ok(()),
            Err(reason) if attempt == SENDS => return Err(AnswerError::Send(reason)),
            Err(reason) => {
                log(Level::Warn, "the answer did not arrive", &[("reason", &reason), ("attempt", &attempt)]);
            }
        }
        clock.sleep(pause).await;
        pause *= 2;
        attempt += 1;
    }
}

#[cfg(test)]
mod tests;
