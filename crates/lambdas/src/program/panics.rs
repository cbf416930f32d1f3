//! A panic ends the process, and CloudFormation is answered before it does.

use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use mlpp_aws::SystemClock;
use serde_json::Value;

use super::HttpResponder;
use crate::custom_resource::{Envelope, Resource, fail};
use crate::log::{Level, log};

/// The request that is being worked on, and the id of what it is about: a program has one at a time.
static PENDING: Mutex<Option<(Envelope, String)>> = Mutex::new(None);

fn set_pending(pending: Option<(Envelope, String)>) {
    *PENDING.lock().unwrap_or_else(PoisonError::into_inner) = pending;
}

/// A request that is being worked on: a panic is answered while this is there.
#[derive(Debug)]
pub(super) struct Pending(());

impl Pending {
    /// The event's request to `resource`; an event that is none has no answer to wait for.
    pub(super) fn of(resource: &impl Resource, event: &Value) -> Self {
        if let Ok(request) = Envelope::read(event) {
            // Naming it may be what panics.
            set_pending(Some((request.clone(), request.known_id())));
            if let Ok(id) = resource.physical_id(&request) {
                set_pending(Some((request, id)));
            }
        }
        Self(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        set_pending(None);
    }
}

/// From now on a panic answers the request that is pending by FAILED, and ends the process.
pub fn answer_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        let pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((request, physical_id)) = pending {
            let reason = reason(panic);
            log(Level::Error, "failed", &[("request", &request.kind.name()), ("reason", &reason)]);
            // By a thread with a runtime of its own: that of this thread is in the middle of what panicked.
            let answering = std::thread::spawn(move || answer(&request, physical_id, reason));
            if answering.join().is_err() {
                log(Level::Error, "CloudFormation could not be answered", &[]);
            }
        }
        std::process::abort();
    }));
}

fn answer(request: &Envelope, physical_id: String, reason: String) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return log(Level::Error, "there is no runtime to answer by", &[("reason", &error)]),
    };
    let responder = HttpResponder::default();
    if let Err(error) = runtime.block_on(fail(&responder, &SystemClock, request, physical_id, reason)) {
        log(Level::Error, "CloudFormation could not be answered", &[("reason", &error)]);
    }
}

fn reason(panic: &PanicHookInfo<'_>) -> String {
    format!("the function panicked: {}", panic.payload_as_str().unwrap_or("it did not say why"))
}
