//! A document that was uploaded is imported.

use mlpp_parameters::FingerprintKey;
use mlpp_provider::{
    ApplyError, Clock, DestroyError, Objects, ObjectsError, ParameterStore, PlanningError, ReadError,
    with_sources,
};
use serde_json::Value;

use super::{ImportError, Importer, Properties, import, log_outcome};
use crate::failures::{
    FailureQueue, Unfinished, finish, message, objects_is_passing, put, records_is_passing, shown,
    store_is_passing,
};
use crate::log::{Level, log};
use crate::s3_event::{Arrival, Event};

/// What an upload is imported into, and who does it.
#[derive(Debug, Clone)]
pub struct ImportOnUpload {
    /// The documents and the path. A pinned version has no upload to wait for: the newest of each is read.
    pub properties: Properties,
    /// Who owns the path: the stack's ARN, as the custom resource has it.
    pub owner: String,
    /// An id that no other import has.
    pub writer: String,
    /// A key that is this import's own, by which secrets are compared.
    pub key: FingerprintKey,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Releases made.
    pub imported: usize,
    /// Imports of what is in force already.
    pub unchanged: usize,
    /// Records that are about neither document.
    pub skipped: usize,
    /// What can never be imported; each is in the failure queue.
    pub failed: usize,
    /// What may be imported later.
    pub retried: usize,
}

impl Tally {
    /// The counts with their names, as the metrics and the function's answer have them.
    pub fn counts(self) -> [(&'static str, usize); 5] {
        [
            ("Imported", self.imported),
            ("Unchanged", self.unchanged),
            ("Skipped", self.skipped),
            ("Failed", self.failed),
            ("Retried", self.retried),
        ]
    }
}

/// Imports both documents when an event of S3 is about one of them. However many of its records are, and however often it
/// comes, what is in force is not written again.
///
/// # Errors
/// [`Unfinished`]: it may succeed later.
pub async fn import_uploaded(
    store: &impl ParameterStore,
    objects: &impl Objects,
    clock: &impl Clock,
    queue: &impl FailureQueue,
    settings: &ImportOnUpload,
    event: &Value,
) -> (Tally, Result<(), Unfinished>) {
    let mut tally = Tally::default();
    let mut unfinished = Vec::new();
    let records = match Event::read(event) {
        Event::Test => {
            log(Level::Info, "a test event of S3 is left alone", &[]);
            return (tally, Ok(()));
        }
        Event::Records(records) => records,
        Event::Unknown => &[],
    };
    let ours: Vec<_> = records.iter().filter(|record| is_document(record, &settings.properties)).collect();
    tally.skipped = records.len() - ours.len();
    if ours.is_empty() {
        log(Level::Info, "skipped: the event is about neither document", &[]);
        return (tally, Ok(()));
    }
    let ImportOnUpload { properties, owner, writer, key } = settings;
    let importer = Importer { owner, author: "ImportOnUpload", writer, key };
    match import(store, objects, clock, properties, importer).await {
        Ok(outcome) => {
            log_outcome(&properties.path, &outcome);
            *(if outcome.new { &mut tally.imported } else { &mut tally.unchanged }) += 1;
        }
        Err(error) if is_passing(&error) => {
            let why = with_sources(&error);
            log(Level::Warn, "to be tried again", &[("path", &properties.path), ("reason", &why)]);
            tally.retried += 1;
            unfinished.push(why);
        }
        Err(error) => {
            let reason = with_sources(&error);
            let findings = match &error {
                ImportError::Invalid(findings, sources) => shown(findings, sources),
                _ => Vec::new(),
            };
            let told = message(("event", event), &reason, &findings);
            let is_put = put(queue, &told, &reason, &mut unfinished).await;
            *(if is_put { &mut tally.failed } else { &mut tally.retried }) += 1;
        }
    }
    (tally, finish(unfinished))
}

fn is_document(record: &Value, properties: &Properties) -> bool {
    // What cannot be read, or tells of no writing, is about no document of ours.
    let Ok(Some(arrival)) = Arrival::read(record) else { return false };
    [&properties.parameters, &properties.hyperparameters]
        .iter()
        .any(|document| document.bucket == arrival.bucket && document.key == arrival.key)
}

/// Whether another try may succeed: nothing is wrong with the documents.
fn is_passing(error: &ImportError) -> bool {
    match error {
        // A document that was written again meanwhile.
        ImportError::Objects(ObjectsError::Superseded { .. }) => true,
        ImportError::Objects(error) => objects_is_passing(error),
        ImportError::Planning(PlanningError::Store(error))
        | ImportError::Apply(ApplyError::Store(error))
        | ImportError::Read(ReadError::Store(error)) => store_is_passing(error),
        ImportError::Planning(PlanningError::Records(error))
        | ImportError::Apply(ApplyError::Records(error))
        | ImportError::Read(ReadError::Records(error)) => records_is_passing(error),
        ImportError::Apply(error) | ImportError::Destroy(DestroyError::Apply(error)) => matches!(
            error,
            ApplyError::Claimed(_)
                | ApplyError::Pending { .. }
                | ApplyError::LeaseExpired(_)
                | ApplyError::Superseded(_)
                | ApplyError::SecretRaced(_)
        ),
        ImportError::NotRestored { failure, undo } => is_passing(failure) || is_passing(undo),
        _ => false,
    }
}
