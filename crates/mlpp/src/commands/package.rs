use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::{Digest, Kind};
use serde_json::json;

use crate::config::Project;
use crate::documents::Effective;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::file_set::FileSet;
use crate::output;
use crate::packaged::{NAMES, Packaged};

/// The two documents, and what says which secrets they need and what they were made from.
const FILES: [&str; 3] = [NAMES[0], NAMES[1], "package.json"];

/// Write the effective two documents, for a deployment that takes two files
///
/// The project's documents with the overlays of the environment laid over them become one ml-parameters.json and one
/// hyperparameters.json. Beside them package.json has their digests and the secrets that they refer to; no secret's value
/// is in any of the three.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to write to; made if absent
    #[arg(long, short, value_name = "DIR", default_value = "package")]
    out: PathBuf,
    /// Replace the files of an earlier package
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let set = FileSet { folder: &args.out, force: args.force, exists: "package/exists" };
    set.check(&FILES)?;
    let effective = Effective::read(project)?;
    effective.show_warnings(project);
    let packaged = Packaged::of(&effective.documents.root.value);
    let digest = packaged.content_digest(&project.path, &effective.rules)?;
    let path = &project.path;
    let secrets: Vec<_> = effective
        .content
        .entries
        .iter()
        .filter(|entry| entry.kind == Kind::SecretSource)
        .map(|entry| json!({"parameter": format!("{path}/{}", entry.key()), "source": entry.value}))
        .collect();
    let about = json!({
        "path": path.as_str(),
        "environment": project.environment(),
        "content_digest": digest.as_str(),
        "documents": {
            "ml-parameters.json": Digest::of(&packaged.parameters).as_str(),
            "hyperparameters.json": Digest::of(&packaged.hyperparameters).as_str(),
        },
        "made_from": effective.recorded_digests(project).iter()
            .map(|(name, digest)| json!({"name": name, "digest": digest.as_str()})).collect::<Vec<_>>(),
        "secrets": secrets,
        "tool": super::TOOL,
    });
    let about_text =
        serde_json::to_string_pretty(&about).map_err(|error| CommandError::failed("write JSON", error))?;
    let [parameters_file, hyperparameters_file, about_file] = FILES;
    set.write(&[
        (parameters_file, packaged.parameters),
        (hyperparameters_file, packaged.hyperparameters),
        (about_file, about_text + "\n"),
    ])?;
    output::json(&about)?;
    Ok(ExitCode::Success.into())
}
