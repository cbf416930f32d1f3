use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::json::{Member, Value, to_pretty};
use mlpp_parameters::{Digest, Documents, Kind, validate};
use serde_json::json;

use crate::config::Project;
use crate::documents::Effective;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::file_set::FileSet;
use crate::output;

/// The members that go into the document of hyperparameters; all others go into that of parameters.
const HYPERPARAMETERS: [&str; 2] = ["parameterRanges", "staticHyperParameters"];
/// The two documents, and what says which secrets they need and what they were made from.
const FILES: [&str; 3] = ["ml-parameters.json", "hyperparameters.json", "package.json"];

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
    let Value::Object(members) = &effective.documents.root.value else {
        return Ok(ExitCode::Success.into());
    };
    let part = |of_hyperparameters: bool| {
        let wanted = |member: &&Member| HYPERPARAMETERS.contains(&member.name.as_str()) == of_hyperparameters;
        to_pretty(&Value::Object(members.iter().filter(wanted).cloned().collect()))
    };
    let (parameters, hyperparameters) = (part(false), part(true));
    let packaged = [("ml-parameters.json", parameters.as_str()), ("hyperparameters.json", &hyperparameters)];
    let digest = content_digest(packaged, project, &effective)?;
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
            "ml-parameters.json": Digest::of(&parameters).as_str(),
            "hyperparameters.json": Digest::of(&hyperparameters).as_str(),
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
        (parameters_file, parameters),
        (hyperparameters_file, hyperparameters),
        (about_file, about_text + "\n"),
    ])?;
    output::json(&about)?;
    Ok(ExitCode::Success.into())
}

/// The digest of the leaves as who deploys the two documents records them: in the order in which these have them.
fn content_digest(
    packaged: [(&str, &str); 2],
    project: &Project,
    effective: &Effective,
) -> Result<Digest, CommandError> {
    let invalid = |(findings, sources): (Vec<_>, _)| CommandError::invalid(&findings, &sources);
    let documents = Documents::merge(packaged).map_err(invalid)?;
    let valid = validate(&documents, &project.path, &effective.rules);
    valid
        .map(|valid| valid.content.digest())
        .map_err(|findings| CommandError::invalid(&findings, &documents.sources))
}
