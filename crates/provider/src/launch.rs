use mlpp_parameters::{
    Diagnostic, Digest, DriftPolicy, InputError, Manifest, ManifestEvent, Provenance, Sources, Stamp,
    StorePath, execution_input,
};

use crate::{
    Objects, ObjectsError, ParameterStore, ReadError, StartExecution, Started, Workflows, WorkflowsError,
    read_parameters,
};

/// What is to be launched.
#[derive(Debug, Clone)]
pub struct LaunchRequest<'a> {
    /// The event that a manifest arrived.
    pub event: &'a ManifestEvent,
    /// The project's path.
    pub path: &'a StorePath,
    /// ARN of the state machine.
    pub state_machine_arn: &'a str,
    /// Name and version of the tool.
    pub tool: &'a str,
}

/// What a launch did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// The execution's ARN, and whether it was there already.
    pub started: Started,
    /// The execution's name.
    pub name: String,
    /// Its input, as JSON text.
    pub input: String,
    /// The release whose parameters it got.
    pub release: Option<u64>,
    /// Parameters that were edited in place since that release.
    pub edited: Vec<String>,
}

/// Why nothing was launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The manifest cannot be read.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The manifest is not valid; the findings point into the sources.
    #[error("the manifest is not valid")]
    Manifest(Vec<Diagnostic>, Sources),
    /// The parameters cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The input cannot be composed.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The execution cannot be started.
    #[error(transparent)]
    Workflows(#[from] WorkflowsError),
}

/// Starts the workflow for a manifest that arrived: reads that version of it, resolves the parameters, composes the
/// input and starts the execution. Name and input are functions of the event: the same event again starts nothing.
///
/// # Errors
/// [`LaunchError`].
pub async fn launch<S, O, W>(
    store: &S,
    objects: &O,
    workflows: &W,
    request: &LaunchRequest<'_>,
) -> Result<Launched, LaunchError>
where
    S: ParameterStore,
    O: Objects,
    W: Workflows,
{
    let event = request.event;
    let object = objects.get(&event.bucket, &event.key, Some(&event.version)).await?;
    let mut sources = Sources::default();
    let manifest = sources
        .add_bytes(format!("s3://{}/{}", event.bucket, event.key), &object.bytes)
        .and_then(|source| Manifest::parse(&sources, source));
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(findings) => return Err(LaunchError::Manifest(findings, sources)),
    };
    let parameters = read_parameters(store, request.path, DriftPolicy::Use, None).await?;
    let stamp = Stamp::of(event);
    let release = parameters.release;
    let edited: Vec<_> = parameters.drift.into_iter().map(|drift| drift.name).collect();
    let provenance = Provenance {
        release,
        edited: edited.clone(),
        event: event.clone(),
        manifest_digest: Digest::of(&object.bytes),
        tool: request.tool.to_owned(),
    };
    let input = execution_input(&parameters.document, &manifest, &stamp, &provenance)?;
    let name = stamp.to_string();
    let start = StartExecution {
        state_machine_arn: request.state_machine_arn.to_owned(),
        name: name.clone(),
        input: input.clone(),
    };
    let started = workflows.start(start).await?;
    Ok(Launched { started, name, input, release, edited })
}
