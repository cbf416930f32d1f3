mod files;
mod question;
mod values;

use std::path::{Path, PathBuf};
use std::process::ExitCode as ProcessExitCode;

use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::file_set::FileSet;
use crate::output;
use values::Values;

/// Make a new project: two documents, a manifest and mlpp.toml
///
/// What no flag gives is asked for on the terminal. Without security groups and subnets, jobs and models run outside a VPC.
/// The files are written together or not at all, and none is overwritten unless --force says so.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the project, if it is not the one that -C names; made if absent
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The AWS account: 12 digits
    #[arg(long)]
    account: Option<String>,
    /// The region, such as us-east-1
    #[arg(long)]
    region: Option<String>,
    /// The bucket of data, models, documents and manifests
    #[arg(long)]
    bucket: Option<String>,
    /// The security groups of training jobs; commas between them, or the flag again
    #[arg(long, value_name = "GROUPS")]
    training_sg: Option<Vec<String>>,
    /// The subnets of training jobs
    #[arg(long, value_name = "SUBNETS")]
    training_subnets: Option<Vec<String>>,
    /// The security groups of the model that is hosted
    #[arg(long, value_name = "GROUPS")]
    hosting_sg: Option<Vec<String>>,
    /// The subnets of the model that is hosted
    #[arg(long, value_name = "SUBNETS")]
    hosting_subnets: Option<Vec<String>>,
    /// Take the defaults of what is not given, without asking
    #[arg(long, short)]
    yes: bool,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, folder: &Path) -> Result<ProcessExitCode, CommandError> {
    let folder = args.folder.as_deref().unwrap_or(folder);
    // Nobody is asked for what cannot be written.
    let set = FileSet { folder, force: args.force, exists: "init/exists" };
    set.check(&files::NAMES)?;
    let values = Values::of(args)?;
    let files = files::of(&values)?;
    set.write(&files)?;
    for name in files::NAMES {
        output::data(folder.join(name).display())?;
    }
    let there = if folder == Path::new(".") { String::new() } else { format!(" -C {}", folder.display()) };
    output::note(format_args!(
        "Next: put your algorithm and its hyperparameters into the documents, and the places of your data\n\
         \u{20}     into manifest.json.\n\
         Then: mlpp{there} validate    check everything\n\
         \u{20}     mlpp{there} plan        see what an apply would store\n\
         \u{20}     mlpp{there} apply       store the parameters as a release"
    ));
    Ok(ExitCode::Success.into())
}
