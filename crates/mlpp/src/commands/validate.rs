use std::path::Path;
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::ProjectRules;

use crate::config::{Overrides, Project};
use crate::documents::Effective;
use crate::error::CommandError;
use crate::executions::Machine;
use crate::exit_code::ExitCode;
use crate::findings::{Findings, Format};
use crate::manifest;
use crate::output;

/// Check the settings, the documents and the manifest, and write nothing
///
/// Everything is checked that `mlpp run` checks before it starts, but for the data of the channels: that may be elsewhere.
/// A manifest may be absent unless a setting names it. What is found goes to standard error, or, as data, to standard
/// output.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How the findings are given
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Take a warning for an error
    #[arg(long)]
    strict: bool,
}

/// What was read.
#[derive(Debug, Default)]
struct Counts {
    documents: usize,
    parameters: usize,
    channels: Option<usize>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, folder: &Path, settings: &Overrides) -> Result<ProcessExitCode, CommandError> {
    let mut findings = Findings::default();
    let counts = check(folder, settings, &mut findings)?;
    let (errors, warnings) = (findings.errors(), findings.warnings());
    let valid = errors == 0 && !(args.strict && warnings > 0);
    findings.print(args.format, folder)?;
    if args.format == Format::Text && errors == 0 {
        output::data(summary(&counts, warnings, valid))?;
    }
    Ok(if valid { ExitCode::Success } else { ExitCode::InvalidInput }.into())
}

/// Checks everything; one thing that is wrong does not keep the others from being checked.
fn check(folder: &Path, settings: &Overrides, findings: &mut Findings) -> Result<Counts, CommandError> {
    let mut counts = Counts::default();
    let Some(project) = found(Project::open(folder, settings), findings)? else { return Ok(counts) };
    findings.add(&project.warnings, &project.sources);
    let rules = match found(Effective::read(&project), findings)? {
        Some(effective) => {
            findings.add(&effective.warnings, &effective.documents.sources);
            counts.documents = effective.documents.digests.len();
            counts.parameters = effective.content.parameters().count();
            effective.rules
        }
        // What holds for every manifest can be checked all the same.
        None => ProjectRules::default(),
    };
    let file = project.file(&project.config.manifest);
    if file.exists() || project.is_given("manifest") {
        let read = found(manifest::read(&project, &rules, &file), findings)?;
        counts.channels = read.map(|read| read.manifest.channels.len());
    }
    if let Some(machine) = found(Machine::read(&project), findings)? {
        // An ARN may be of a state machine elsewhere.
        if !project.config.target_state_machine_arn.get_ref().starts_with("arn:") {
            found(machine.check_target(&project), findings)?;
        }
    }
    Ok(counts)
}

/// What was read; what is wrong with the input goes to the findings.
///
/// # Errors
/// What is not about the input.
fn found<T>(read: Result<T, CommandError>, findings: &mut Findings) -> Result<Option<T>, CommandError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.exit_code == ExitCode::InvalidInput => {
            findings.add_error(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn summary(counts: &Counts, warnings: usize, valid: bool) -> String {
    let channels =
        counts.channels.map_or("no manifest".to_owned(), |number| output::count(number, "channel"));
    let mut text = format!(
        "{}, {}, {channels}: {}",
        output::count(counts.documents, "document"),
        output::count(counts.parameters, "parameter"),
        if valid { "valid" } else { "refused by --strict" },
    );
    if warnings > 0 {
        text = format!("{text}, {}", output::count(warnings, "warning"));
    }
    text
}
