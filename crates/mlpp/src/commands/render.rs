use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::ExitCode as ProcessExitCode;
use std::time::UNIX_EPOCH;

use mlpp_parameters::json::{Member, Node, Value};
use mlpp_parameters::{
    Digest, DriftPolicy, Effective as EffectiveLaunch, ManifestEvent, Provenance, Revision, SECRET, Stamp,
    execution_input, secret_source,
};
use mlpp_provider::{LaunchRequest, Prepared, compose, read_parameters, recorded_content};

use super::TOOL;
use crate::backend::Store;
use crate::config::Project;
use crate::documents::Effective;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::manifest::{self, ManifestFile};
use crate::output;
use crate::store;

/// Print the execution input that a manifest would launch, and launch nothing
///
/// Name and stamp are those of a manifest that arrives under the configured bucket and prefix at the time when the file was
/// last written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The manifest; without it the one that mlpp.toml names
    #[arg(value_name = "MANIFEST")]
    manifest_file: Option<PathBuf>,
    /// Take the parameters from the documents as they are, not from the store
    #[arg(long)]
    documents: bool,
    /// Launch it so many times: the stamp of another attempt than the first is another one
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    attempt: NonZeroU32,
    /// Print the input on one line, as it is sent
    #[arg(long)]
    compact: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let file = args.manifest_file.clone().unwrap_or_else(|| project.file(&project.config.manifest));
    let effective = Effective::read(project)?;
    let read = manifest::read(project, &effective.rules, &file)?;
    let event = event(project, &file, &read)?;
    let prepared = if args.documents {
        from_documents(args, project, &effective, read, event)?
    } else {
        super::block_on(from_store(args, project, &store::open(project)?, &effective, &read, &event))??
    };
    CommandError::invalid(&prepared.warnings, &prepared.sources).show();
    output::note(format_args!("execution {}, {} bytes", prepared.name, prepared.input.len()));
    if args.compact {
        output::data(&prepared.input)?;
    } else {
        let value: serde_json::Value = serde_json::from_str(&prepared.input)
            .map_err(|error| CommandError::failed("read the input", error))?;
        output::json(&value)?;
    }
    Ok(ExitCode::Success.into())
}

/// The event of the manifest's arrival.
fn event(project: &Project, file: &Path, read: &ManifestFile) -> Result<ManifestEvent, CommandError> {
    let failed = |error| CommandError::failed(&format!("read {}", file.display()), error);
    let modified = std::fs::metadata(file).and_then(|data| data.modified()).map_err(failed)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(ManifestEvent {
        bucket: project.config.manifest_s3_bucket_name.clone(),
        key: format!("{}{name}", project.config.manifest_s3_bucket_key_prefix),
        revision: Revision::Version(Digest::of(&read.bytes).to_string()),
        last_modified: modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
    })
}

async fn from_store(
    args: &Args,
    project: &Project,
    store: &Store,
    effective: &Effective,
    read: &ManifestFile,
    event: &ManifestEvent,
) -> Result<Prepared, CommandError> {
    // Without a release there is nothing that a launch would be about.
    recorded_content(store, &project.path, None).await.map_err(|error| store::read_failed(project, error))?;
    let request = LaunchRequest {
        event,
        attempt: args.attempt,
        path: &project.path,
        policy: project.drift(),
        rules: &effective.rules,
        overridable: &project.config.overridable,
        tool: TOOL,
    };
    let parameters = read_parameters(store, request.path, request.policy, None);
    let composed = compose(store, &read.bytes, &request, parameters).await;
    composed.map_err(|error| store::launch_failed(project, error))
}

/// Puts the name of its parameter in the place of each secret's source, as a release does. It has no version before it is
/// applied.
fn name_secrets(node: &mut Node, levels: &mut Vec<String>, project: &Project) -> Result<(), CommandError> {
    if secret_source(&node.value).is_some() {
        let name = project.path.name(levels);
        let name = name.map_err(|error| CommandError::failed("name the parameter of a secret", error))?;
        node.value = Value::Object(vec![Member::new(SECRET, Value::String(name.to_string()))]);
    } else if let Value::Object(members) = &mut node.value {
        // A secret is a parameter of its own: none stands in a list.
        for member in members {
            levels.push(member.name.clone());
            name_secrets(&mut member.node, levels, project)?;
            levels.pop();
        }
    }
    Ok(())
}

fn from_documents(
    args: &Args,
    project: &Project,
    effective: &Effective,
    read: ManifestFile,
    event: ManifestEvent,
) -> Result<Prepared, CommandError> {
    let ManifestFile { manifest, bytes, sources } = read;
    let mut root = effective.documents.root.clone();
    name_secrets(&mut root, &mut Vec::new(), project)?;
    let composed =
        EffectiveLaunch::compose(&root, "the documents", &manifest, &project.path, &effective.rules, sources);
    let composed = composed.map_err(|(findings, sources)| CommandError::invalid(&findings, &sources))?;
    let stamp = Stamp::of(&event, args.attempt);
    let provenance = Provenance {
        release: None,
        policy: DriftPolicy::Ignore,
        drift: Vec::new(),
        event,
        manifest_digest: Digest::of(&bytes),
        overridden: composed.overridden,
        tool: TOOL.to_owned(),
    };
    let input = execution_input(&composed.document, &manifest, &stamp, &provenance).map_err(|error| {
        let help = "keep large values in S3 and give their URIs".to_owned();
        let plain = Plain { code: "document/input-too-large", message: error.to_string(), help };
        CommandError::one(ExitCode::InvalidInput, plain)
    })?;
    let (warnings, sources) = (composed.warnings, composed.sources);
    Ok(Prepared { name: stamp.execution_name(), input, provenance, warnings, sources })
}
