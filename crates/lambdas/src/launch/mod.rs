//! A manifest that arrived starts the workflow, once.
//!
//! S3 delivers an event at least once, out of order, and several in one invocation. Each record is dealt with by itself: what
//! can never succeed goes to the failure queue with its diagnostic, what may succeed later fails the invocation, so that
//! Lambda repeats it; what was started then is found started.

mod failure;

use std::future::{Future, ready};
use std::num::NonZeroU32;

use futures_util::future::{Either, select};
use mlpp_parameters::{DriftPolicy, ManifestEvent, Overridable, ProjectRules, Stamp, StorePath};
use mlpp_provider::{
    LaunchError, LaunchRequest, Object, Objects, ObjectsError, ParameterStore, Started, Which, Workflows,
    compose, find_started, read_parameters, start, with_sources,
};
use serde_json::Value;

pub use failure::failure_message;

use crate::TOOL;
use crate::failures::{FailureQueue, Unfinished, finish, message, put};
use crate::log::{Level, log};
use crate::s3_event::{Arrival, Event};

/// S3 tells of a manifest; who wants it launched again says so to the command.
const ATTEMPT: NonZeroU32 = NonZeroU32::MIN;

/// What is launched, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project's path.
    pub path: StorePath,
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// What is done with parameters that were edited in place.
    pub policy: DriftPolicy,
    /// The beginning of the keys that are manifests.
    pub prefix: String,
    /// What a manifest may override.
    pub overridable: Overridable,
    /// What the project asks of its documents.
    pub rules: ProjectRules,
}

/// What became of the records of an invocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Executions started.
    pub started: usize,
    /// Those that were started already.
    pub already: usize,
    /// What is not about a manifest, or about one that has been written again since.
    pub skipped: usize,
    /// What can never be launched; each is in the failure queue.
    pub failed: usize,
    /// What may be launched later.
    pub retried: usize,
}

impl Tally {
    /// The counts with their names, as the metrics and the function's answer have them.
    pub fn counts(self) -> [(&'static str, usize); 5] {
        [
            ("Started", self.started),
            ("Already", self.already),
            ("Skipped", self.skipped),
            ("Failed", self.failed),
            ("Retried", self.retried),
        ]
    }

    fn failed_or_retried(&mut self, is_failed: bool) {
        *(if is_failed { &mut self.failed } else { &mut self.retried }) += 1;
    }
}

/// What became of a record.
enum Fate {
    Started { arn: String, already: bool },
    Skipped(String),
    Failed(Box<LaunchError>),
    Retry(String),
}

/// Deals with an event of S3.
///
/// # Errors
/// [`Unfinished`]: some records may succeed later. The others have been dealt with.
pub async fn launch_all<S, O, W>(
    store: &S,
    objects: &O,
    workflows: &W,
    queue: &impl FailureQueue,
    settings: &Settings,
    event: &Value,
) -> (Tally, Result<(), Unfinished>)
where
    S: ParameterStore,
    O: Objects,
    W: Workflows,
{
    let mut tally = Tally::default();
    let mut unfinished = Vec::new();
    let records = match Event::read(event) {
        Event::Test => {
            log(Level::Info, "a test event of S3 is left alone", &[]);
            return (tally, Ok(()));
        }
        Event::Records(records) => records,
        Event::Unknown => {
            let told = message(("event", event), "the event has no Records, as those of S3 do", &[]);
            let is_put = put(queue, &told, "an event that is none of S3", &mut unfinished).await;
            tally.failed_or_retried(is_put);
            return (tally, finish(unfinished));
        }
    };
    for raw in records {
        let arrival = match Arrival::read(raw) {
            Ok(Some(arrival)) => arrival,
            Ok(None) => {
                tally.skipped += 1;
                log(Level::Info, "no object was written: skipped", &[("record", &raw["eventName"])]);
                continue;
            }
            Err(error) => {
                let reason = error.to_string();
                let told = message(("record", raw), &reason, &[]);
                tally.failed_or_retried(put(queue, &told, &reason, &mut unfinished).await);
                continue;
            }
        };
        let uri = format!("s3://{}/{}", arrival.bucket, arrival.key);
        match launch_one(store, objects, workflows, settings, arrival).await {
            Fate::Started { arn, already } => {
                if already {
                    tally.already += 1;
                } else {
                    tally.started += 1;
                }
                let what = if already { "was started already" } else { "started" };
                log(Level::Info, what, &[("manifest", &uri), ("execution", &arn)]);
            }
            Fate::Skipped(why) => {
                tally.skipped += 1;
                log(Level::Info, "skipped", &[("manifest", &uri), ("reason", &why)]);
            }
            Fate::Failed(error) => {
                let reason = format!("{uri}: {}", with_sources(&*error));
                let is_put = put(queue, &failure_message(raw, &error), &reason, &mut unfinished).await;
                tally.failed_or_retried(is_put);
            }
            Fate::Retry(why) => {
                tally.retried += 1;
                log(Level::Warn, "to be tried again", &[("manifest", &uri), ("reason", &why)]);
                unfinished.push(format!("{uri}: {why}"));
            }
        }
    }
    (tally, finish(unfinished))
}

async fn launch_one(
    store: &impl ParameterStore,
    objects: &impl Objects,
    workflows: &impl Workflows,
    settings: &Settings,
    arrival: Arrival,
) -> Fate {
    // Keys differ by case, also where names of files do not.
    let is_manifest = arrival.key.strip_suffix(".json").is_some_and(|key| key.starts_with(&settings.prefix));
    if !is_manifest {
        return Fate::Skipped(format!("its key is none of {}*.json", settings.prefix));
    }
    // The parameters are read while the manifest is fetched: few manifests name a release, few events come twice.
    let read = read_parameters(store, &settings.path, settings.policy, None);
    let (arrived, read) = meanwhile(arrived(objects, workflows, settings, arrival), read).await;
    let (object, event) = match arrived {
        Ok(Arrived::New(object, event)) => (object, event),
        Ok(Arrived::Started(started)) => return started.into(),
        Err(error) => return fate_of(error),
    };
    let request = request(settings, &event);
    let launched = async {
        let prepared = compose(store, &object.bytes, &request, read).await?;
        start(workflows, &settings.state_machine_arn, &prepared).await
    };
    launched.await.map_or_else(fate_of, Fate::from)
}

/// A manifest that arrived.
enum Arrived {
    New(Object, ManifestEvent),
    /// Its event was delivered before.
    Started(Started),
}

/// Fetches the manifest, and looks whether its event was launched.
async fn arrived(
    objects: &impl Objects,
    workflows: &impl Workflows,
    settings: &Settings,
    arrival: Arrival,
) -> Result<Arrived, LaunchError> {
    let object = objects.get(&arrival.bucket, &arrival.key, Which::from(&arrival.revision)).await?;
    let event = ManifestEvent {
        last_modified: arrival.last_modified(&object),
        bucket: arrival.bucket,
        key: arrival.key,
        revision: arrival.revision,
    };
    let name = Stamp::of(&event, ATTEMPT).execution_name();
    let found = find_started(workflows, &settings.state_machine_arn, &name).await?;
    Ok(found.map_or_else(|| Arrived::New(object, event), Arrived::Started))
}

fn request<'a>(settings: &'a Settings, event: &'a ManifestEvent) -> LaunchRequest<'a> {
    LaunchRequest {
        event,
        attempt: ATTEMPT,
        path: &settings.path,
        policy: settings.policy,
        rules: &settings.rules,
        overridable: &settings.overridable,
        tool: TOOL,
    }
}

/// Waits for `first`; `second` goes on meanwhile, and after that when it is waited for.
async fn meanwhile<A: Future, B: Future>(
    first: A,
    second: B,
) -> (A::Output, impl Future<Output = B::Output>) {
    match select(Box::pin(first), Box::pin(second)).await {
        Either::Left((output, second)) => (output, Either::Left(second)),
        Either::Right((output, first)) => (first.await, Either::Right(ready(output))),
    }
}

impl From<Started> for Fate {
    fn from(started: Started) -> Self {
        Self::Started { arn: started.execution_arn, already: started.already }
    }
}

fn fate_of(error: LaunchError) -> Fate {
    match &error {
        // Another event is on its way, or nobody wants it any more.
        LaunchError::Objects(ObjectsError::Superseded { .. } | ObjectsError::NotFound { .. }) => {
            Fate::Skipped(error.to_string())
        }
        error if failure::is_passing(error) => Fate::Retry(with_sources(error)),
        _ => Fate::Failed(Box::new(error)),
    }
}

#[cfg(test)]
mod tests;
