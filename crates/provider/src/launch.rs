mod prepare;
mod start;

use std::num::NonZeroU32;

use mlpp_parameters::{
    Diagnostic, DriftPolicy, InputError, ManifestEvent, Overridable, ProjectRules, Provenance, Sources,
    StorePath,
};

pub use prepare::{compose, prepare};
pub use start::{execution_arn, find_started, start};

use crate::{Objects, ObjectsError, ParameterStore, ReadError, Started, Workflows, WorkflowsError};

/// What is to be launched.
#[derive(Debug, Clone)]
pub struct LaunchRequest<'a> {
    /// The event that a manifest arrived.
    pub event: &'a ManifestEvent,
    /// Which attempt at launching that event it is: 1, or more to launch it again.
    pub attempt: NonZeroU32,
    /// The project's path.
    pub path: &'a StorePath,
    /// What is done with parameters that were edited in place; a manifest that names a release has its record read instead.
    pub policy: DriftPolicy,
    /// What the project asks of its documents beyond what every project must hold to.
    pub rules: &'a ProjectRules,
    /// What a manifest may override.
    pub overridable: &'a Overridable,
    /// Name and version of the tool.
    pub tool: &'a str,
}

/// An execution that could be started.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its name.
    pub name: String,
    /// Its input, as JSON text.
    pub input: String,
    /// Where the input came from.
    pub provenance: Provenance,
    /// What is worth a look in the parameters.
    pub warnings: Vec<Diagnostic>,
    /// The texts that the warnings point into.
    pub sources: Sources,
}

/// What a launch did.
#[derive(Debug, Clone)]
pub struct Launched {
    /// The execution's ARN, and whether it was there already.
    pub started: Started,
    /// What was started. When the execution was there already, what it was started with is the same only if the parameters
    /// are.
    pub prepared: Prepared,
}

/// Why nothing was launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The manifest cannot be read.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The manifest, or the parameters with what it overrides, are not valid; the findings point into the sources.
    #[error("what is to be launched is not valid: {}", .0.first().map_or("", |finding| &finding.message))]
    Invalid(Vec<Diagnostic>, Sources),
    /// The parameters cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The input cannot be composed.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The state machine runs an execution more than once, and one event would start several.
    #[error(
        "the state machine \"{0}\" is of the Express type, which does not keep executions by name: one event could start \
         several"
    )]
    Express(String),
    /// The execution cannot be started.
    #[error(transparent)]
    Workflows(#[from] WorkflowsError),
}

impl LaunchError {
    /// Whether the manifest was written again before its event was launched: another event is on its way, and this one can
    /// be left.
    pub fn is_superseded(&self) -> bool {
        matches!(self, Self::Objects(ObjectsError::Superseded { .. }))
    }
}

/// Starts the workflow for a manifest that arrived: [`prepare`], then [`start`] unless [`find_started`] finds it.
///
/// # Errors
/// [`LaunchError`].
pub async fn launch<S, O, W>(
    store: &S,
    objects: &O,
    workflows: &W,
    state_machine_arn: &str,
    request: &LaunchRequest<'_>,
) -> Result<Launched, LaunchError>
where
    S: ParameterStore,
    O: Objects,
    W: Workflows,
{
    let prepared = prepare(store, objects, request).await?;
    let started = match find_started(workflows, state_machine_arn, &prepared.name).await? {
        Some(started) => started,
        None => start(workflows, state_machine_arn, &prepared).await?,
    };
    Ok(Launched { started, prepared })
}
