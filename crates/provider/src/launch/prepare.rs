use std::future::Future;

use mlpp_parameters::rules::check_manifest;
use mlpp_parameters::{Digest, Effective, Manifest, Provenance, Sources, Stamp, execution_input};

use super::{LaunchError, LaunchRequest, Prepared};
use crate::{Objects, ParameterStore, ReadError, ReadParameters, Which, read_parameters};

/// Does everything that a launch does before it starts: reads the manifest as it was when its event was made, and
/// [`compose`]s the execution.
///
/// # Errors
/// [`LaunchError`].
pub async fn prepare(
    store: &impl ParameterStore,
    objects: &impl Objects,
    request: &LaunchRequest<'_>,
) -> Result<Prepared, LaunchError> {
    let event = request.event;
    let object = objects.get(&event.bucket, &event.key, Which::from(&event.revision)).await?;
    let read = read_parameters(store, request.path, request.policy, None);
    compose(store, &object.bytes, request, read).await
}

/// Composes the execution for the manifest with the text `manifest`: lays what the manifest overrides over the parameters,
/// checks the whole by the rules, and makes name and input.
///
/// `read` reads the parameters ([`read_parameters`] without a pin). It is waited for once the manifest is found valid, and
/// may have begun before; where the manifest names a release, that one is read instead.
///
/// # Errors
/// [`LaunchError`]; in [`LaunchError::Invalid`] with every finding about the manifest, or else about the parameters.
pub async fn compose(
    store: &impl ParameterStore,
    manifest: &[u8],
    request: &LaunchRequest<'_>,
    read: impl Future<Output = Result<ReadParameters, ReadError>>,
) -> Result<Prepared, LaunchError> {
    let event = request.event;
    let mut sources = Sources::default();
    let parsed = sources
        .add_bytes(format!("s3://{}/{}", event.bucket, event.key), manifest)
        .and_then(|source| Manifest::parse_allowing(&mut sources, source, request.overridable));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(findings) => return Err(LaunchError::Invalid(findings, sources)),
    };
    let foreign = check_manifest(&parsed, &sources, request.rules);
    if !foreign.is_empty() {
        return Err(LaunchError::Invalid(foreign, sources));
    }
    let read = match parsed.release {
        None => read.await?,
        pin => read_parameters(store, request.path, request.policy, pin).await?,
    };
    let name = source_name(&read, request);
    let effective = Effective::compose(&read.document, name, &parsed, request.path, request.rules, sources)
        .map_err(|(findings, sources)| LaunchError::Invalid(findings, sources))?;
    let stamp = Stamp::of(event, request.attempt);
    let provenance = Provenance {
        release: read.release,
        policy: read.policy,
        drift: read.drift,
        event: event.clone(),
        manifest_digest: Digest::of(manifest),
        overridden: effective.overridden,
        tool: request.tool.to_owned(),
    };
    let input = execution_input(&effective.document, &parsed, &stamp, &provenance)?;
    Ok(Prepared {
        name: stamp.execution_name(),
        input,
        provenance,
        warnings: effective.warnings,
        sources: effective.sources,
    })
}

/// What findings call the text of the parameters.
fn source_name(read: &ReadParameters, request: &LaunchRequest<'_>) -> String {
    let path = request.path;
    match (read.release, read.drift.len()) {
        (None, _) => format!("parameters at {path}"),
        (Some(release), 0) => format!("release {release} of {path}"),
        (Some(release), 1) => format!("release {release} of {path}, with 1 edit"),
        (Some(release), edits) => format!("release {release} of {path}, with {edits} edits"),
    }
}
