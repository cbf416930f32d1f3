//! The documents in S3 become a release.
//!
//! CloudFormation asks for it when the stack is made, changed or deleted ([`ParametersResource`]); an upload of a document may
//! do so as well ([`import_uploaded`]).

mod properties;
mod upload;

use std::time::Duration;

use mlpp_parameters::release::Action;
use mlpp_parameters::{
    Content, Diagnostic, Digest, Documents, FingerprintKey, ProjectRules, SecretSource, SecretValue, Sources,
    StorePath, validate,
};
use mlpp_provider::{
    ApplyError, ApplyOutcome, ApplyRequest, Clock, DestroyError, Objects, ObjectsError, ParameterStore,
    PlanRequest, PlanningError, ReadError, SecretReader, Secrets, Which, apply, destroy, plan, plan_destroy,
    recorded_content,
};
use serde_json::{Map, Value, json};

pub use properties::{Document, Properties, PropertiesError};
pub use upload::{ImportOnUpload, Tally, import_uploaded};

use crate::TOOL;
use crate::custom_resource::{Envelope, Failure, Resource};
use crate::log::{Level, log};

/// How many findings a reason names; all of them are in the log.
const NAMED: usize = 3;

/// Who imports.
#[derive(Debug, Clone, Copy)]
pub struct Importer<'a> {
    /// Who owns the path: the stack's ARN.
    pub owner: &'a str,
    /// Who applies, for the record.
    pub author: &'a str,
    /// An id that no other import has.
    pub writer: &'a str,
    /// A key that is this import's own, by which secrets are compared.
    pub key: &'a FingerprintKey,
}

/// Why the documents did not become a release.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A document cannot be read.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The documents are not valid.
    #[error("the documents are not valid: {}", summary(.0, .1))]
    Invalid(Vec<Diagnostic>, Sources),
    /// They cannot be compared with the store.
    #[error(transparent)]
    Planning(#[from] PlanningError),
    /// The release did not come about; the one before it is in force.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The release did not come about, and the parameters could not be put back as the one before it has them.
    #[error("{failure}; the parameters could not be put back as the release in force has them: {undo}")]
    NotRestored {
        /// Why the release did not come about.
        failure: Box<Self>,
        /// Why its parameters could not be put back.
        undo: Box<Self>,
    },
    /// The release in force cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The parameters were not removed.
    #[error(transparent)]
    Destroy(#[from] DestroyError),
}

/// The findings as one text: the first few with their places.
fn summary(findings: &[Diagnostic], sources: &Sources) -> String {
    let told: Vec<_> = findings
        .iter()
        .take(NAMED)
        .map(|finding| {
            let at = sources.origin(finding.span).map_or(String::new(), |origin| {
                format!("{}:{}:{}: ", origin.file, origin.line, origin.column)
            });
            format!("{at}{} ({})", finding.message, finding.code)
        })
        .collect();
    let more = findings.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{rest}", told.join("; "))
}

/// Secrets of documents in S3: they are in Parameter Store, or nowhere that a function could read them.
struct OnlyParameters;

impl SecretReader for OnlyParameters {
    fn read(&self, source: &SecretSource) -> Result<SecretValue, String> {
        Err(match source {
            SecretSource::Environment(_) => {
                "an import by a stack has no environment of yours; use ssm:<name>".to_owned()
            }
            _ => "an import by a stack has no files of yours; use ssm:<name>".to_owned(),
        })
    }
}

/// Reads the documents, checks them, and brings them into force as a release; nothing is written when they are those in force.
///
/// When it fails halfway, the parameters are put back as the release in force has them.
///
/// # Errors
/// [`ImportError`]. What was in force before is in force still.
pub async fn import(
    store: &impl ParameterStore,
    objects: &impl Objects,
    clock: &impl Clock,
    properties: &Properties,
    importer: Importer<'_>,
) -> Result<ApplyOutcome, ImportError> {
    let mut texts = Vec::new();
    for document in [&properties.parameters, &properties.hyperparameters] {
        texts.push((document.to_string(), read(objects, document).await?));
    }
    let documents =
        Documents::merge(texts).map_err(|(found, sources)| ImportError::Invalid(found, sources))?;
    let path = &properties.path;
    let valid = validate(&documents, path, &ProjectRules::default())
        .map_err(|found| ImportError::Invalid(found, documents.sources.clone()))?;
    for warning in &valid.warnings {
        log(Level::Warn, &warning.message, &[("rule", &warning.code), ("pointer", &warning.pointer)]);
    }
    let request = ApplyRequest {
        path,
        documents: &documents.digests,
        action: Action::Apply,
        owner: importer.owner,
        author: importer.author,
        writer: importer.writer,
        tool: TOOL,
        adopt: properties.adopt,
        exclusive: false,
        keep_releases: properties.keep_releases,
    };
    let secrets = Secrets { reader: &OnlyParameters, key: importer.key };
    let failure = match bring_into_force(store, clock, &valid.content, &request, secrets).await {
        Ok(outcome) => return Ok(outcome),
        Err(failure) => failure,
    };
    // Elsewise nothing was written, or another writer is at work by now.
    let is_half_done = matches!(&failure, ImportError::Apply(ApplyError::Store(_) | ApplyError::Records(_)));
    if !is_half_done {
        return Err(failure);
    }
    let undone = match recorded_content(store, path, None).await {
        // The mark was set before it failed: what is left to do is done.
        Ok((_, content)) if content.digest() == valid.content.digest() => {
            let request = ApplyRequest { exclusive: true, ..request };
            return bring_into_force(store, clock, &valid.content, &request, secrets).await;
        }
        Ok((to, content)) => restore(store, clock, to, &content, &request, secrets).await,
        // The first release: there is nothing to go back to.
        Err(ReadError::NoRelease(_)) => Ok(()),
        Err(error) => Err(error.into()),
    };
    Err(match undone {
        Ok(()) => failure,
        Err(undo) => ImportError::NotRestored { failure: Box::new(failure), undo: Box::new(undo) },
    })
}

fn log_outcome(path: &StorePath, outcome: &ApplyOutcome) {
    log(
        Level::Info,
        if outcome.new { "imported" } else { "in force already" },
        &[
            ("path", path),
            ("release", &outcome.release),
            ("created", &outcome.created),
            ("updated", &outcome.updated),
            ("replaced", &outcome.replaced),
            ("deleted", &outcome.deleted),
            ("unchanged", &outcome.unchanged),
        ],
    );
}

async fn read(objects: &impl Objects, document: &Document) -> Result<Vec<u8>, ObjectsError> {
    let which = document.version.as_deref().map_or(Which::Newest, Which::Version);
    Ok(objects.get(&document.bucket, &document.key, which).await?.bytes)
}

async fn bring_into_force(
    store: &impl ParameterStore,
    clock: &impl Clock,
    content: &Content,
    request: &ApplyRequest<'_>,
    secrets: Secrets<'_>,
) -> Result<ApplyOutcome, ImportError> {
    let wanted = PlanRequest { path: request.path, content, keep_drift: false, secrets };
    loop {
        let planned = plan(store, &wanted).await?;
        match apply(store, clock, &planned, request, &mut |_| {}).await {
            Err(error) if is_our_turn_later(clock, &error).await => {}
            applied => return Ok(applied?),
        }
    }
}

/// Waits where another writer is at work, such as an invocation that was cut off; then whoever wants to write plans again.
/// The function's own time bounds how long that goes on.
async fn is_our_turn_later(clock: &impl Clock, error: &ApplyError) -> bool {
    match error {
        ApplyError::Claimed(_) => true,
        ApplyError::Pending { number, author, until } => {
            let wait = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
            log(
                Level::Info,
                "waiting for another writer",
                &[("release", number), ("author", author), ("until", until)],
            );
            // Its claim holds up to that moment.
            clock.sleep(wait + Duration::from_millis(1)).await;
            true
        }
        _ => false,
    }
}

/// Puts the parameters back as the release `to`, which is in force, has them.
async fn restore(
    store: &impl ParameterStore,
    clock: &impl Clock,
    to: u64,
    content: &Content,
    request: &ApplyRequest<'_>,
    secrets: Secrets<'_>,
) -> Result<(), ImportError> {
    // The claim that is left is this writer's own.
    let request = ApplyRequest {
        action: Action::Rollback { to },
        documents: &[] as &[(String, Digest)],
        exclusive: true,
        ..request.clone()
    };
    bring_into_force(store, clock, content, &request, secrets).await.map(drop)
}

/// The parameters of a project as a custom resource.
#[derive(Debug)]
pub struct ParametersResource<'a, S, O, C> {
    /// The parameter store.
    pub store: &'a S,
    /// The documents.
    pub objects: &'a O,
    /// The time.
    pub clock: &'a C,
    /// An id that no other import has.
    pub writer: String,
    /// A key that is this import's own, by which secrets are compared.
    pub key: FingerprintKey,
}

impl<S, O, C> ParametersResource<'_, S, O, C> {
    fn importer<'a>(&'a self, request: &'a Envelope) -> Importer<'a> {
        Importer {
            owner: &request.stack_id,
            author: &request.logical_id,
            writer: &self.writer,
            key: &self.key,
        }
    }
}

/// The id of the parameters that a stack has at a path.
pub fn physical_id(stack_name: &str, path: &StorePath) -> String {
    format!("{stack_name}{path}")
}

impl<S: ParameterStore, O: Objects, C: Clock> Resource for ParametersResource<'_, S, O, C> {
    fn physical_id(&self, request: &Envelope) -> Result<String, Failure> {
        Ok(physical_id(request.stack_name(), &Properties::path_of(&request.properties)?))
    }

    async fn make(&self, request: &Envelope) -> Result<Map<String, Value>, Failure> {
        let properties = Properties::read(&request.properties)?;
        let outcome =
            import(self.store, self.objects, self.clock, &properties, self.importer(request)).await?;
        log_outcome(&properties.path, &outcome);
        let mut attributes = Map::new();
        // The name that templates of before go by.
        attributes.insert("PARAM_STORE_PATH".to_owned(), json!(properties.path.as_str()));
        attributes.insert("Release".to_owned(), json!(outcome.release.to_string()));
        Ok(attributes)
    }

    async fn delete(&self, request: &Envelope) -> Result<(), Failure> {
        let path = Properties::path_of(&request.properties)?;
        let importer = self.importer(request);
        let secrets = Secrets { reader: &OnlyParameters, key: importer.key };
        let wanted = ApplyRequest {
            path: &path,
            documents: &[],
            action: Action::Destroy,
            owner: importer.owner,
            author: importer.author,
            writer: importer.writer,
            tool: TOOL,
            adopt: false,
            exclusive: false,
            keep_releases: 1,
        };
        let destroyed = loop {
            let planned = plan_destroy(self.store, &path, secrets).await?;
            match destroy(self.store, self.clock, &planned, &wanted, &mut |_| {}).await {
                Err(DestroyError::Apply(error)) if is_our_turn_later(self.clock, &error).await => {}
                destroyed => break destroyed,
            }
        };
        match destroyed {
            Ok(outcome) => {
                log(Level::Info, "removed", &[("path", &path), ("parameters", &outcome.deleted)]);
                Ok(())
            }
            // What others own is not the stack's to remove, and no reason to keep the stack.
            Err(DestroyError::Apply(ApplyError::Owner { owner, release })) => {
                log(
                    Level::Warn,
                    "nothing was removed: the path belongs to another owner",
                    &[("path", &path), ("owner", &owner), ("release", &release)],
                );
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
