mod edit;

use std::path::Path;
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::release::Action;
use mlpp_provider::Planned;
use serde_json::{Map, Value};

use super::apply::{Release, WriteArgs, apply};
use super::plan;
use crate::config::Project;
use crate::documents::{self, Edits, Effective};
use crate::error::{CommandError, Plain};
use crate::executions::{OnAws, Trials};
use crate::exit_code::ExitCode;
use crate::file_set::replace;
use crate::output;
use crate::store::{self, Applying};

/// Make the winning hyperparameters of an execution the static ones
///
/// Takes the values of the best trial, writes them into staticHyperParameters of the project's documents, takes their ranges
/// out of parameterRanges, and brings that into force as a release, as mlpp apply does. The rest of the documents stays as it is
/// written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The execution, or its tuning job
    #[arg(value_name = "EXECUTION")]
    name: String,
    /// Show the plan, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    write: WriteArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let values = winning(args, project)?;
    let edits = edits(project, &values)?;
    let effective = Effective::read_edited(project, &edits)?;
    check_overlays(&effective, &values)?;
    effective.show_warnings(project);
    let recorded = effective.recorded_digests(project);
    if args.dry_run {
        let store = store::open(project)?;
        let applying = Applying::reading(project, &store, &recorded, &effective.content)?;
        let planned = super::block_on(applying.plan(&effective.content, false))??;
        plan::print(project, &planned, args.write.json)?;
        return Ok(ExitCode::Success.into());
    }
    let write = || {
        for (file, text) in &edits {
            let failed = |error| CommandError::failed(&format!("write {file}"), error);
            replace(Path::new(file), text).map_err(failed)?;
            if !args.write.quiet {
                output::note(format_args!("{file} is written"));
            }
        }
        Ok(())
    };
    let release =
        Release { action: Action::Apply, keep_drift: false, check: &|_: &Planned| Ok(()), before: &write };
    apply(project, &effective.content, &recorded, &args.write, &release)
}

/// The values of the best trial.
fn winning(args: &Args, project: &Project) -> Result<Map<String, Value>, CommandError> {
    let on_aws = OnAws::of(project)?;
    let trials = super::block_on(Trials::find(project, on_aws, Some(&args.name)))??;
    let best = trials.best().ok_or_else(|| {
        let message = format!("{} has no trial with a value and a model", trials.tuning_job);
        let help = format!("mlpp trials {} lists its trials", args.name);
        CommandError::one(ExitCode::InvalidInput, Plain { code: "promote/no-winner", message, help })
    })?;
    if !args.write.quiet {
        let value = best.value.unwrap_or_default();
        output::note(format_args!("{}: {} {value:.4}", best.name, trials.metric));
    }
    Ok(best.hyperparameters.clone())
}

/// The texts of the documents that change.
fn edits(project: &Project, values: &Map<String, Value>) -> Result<Edits, CommandError> {
    let texts = documents::texts(project)?;
    // Both were read in this order.
    let hyperparameters = project.file(&project.config.hyperparameters_s3_key).display().to_string();
    let is_parsed = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(edit::Document::parse);
    let mut parsed = Vec::new();
    for (name, bytes) in &texts {
        match is_parsed(bytes) {
            Some(document) => parsed.push((name, bytes, document)),
            // What is wrong with it is told by the rules.
            None => return Effective::read(project).map(|_| Edits::new()),
        }
    }
    let holder = parsed
        .iter()
        .position(|(_, _, document)| document.has_static())
        .or_else(|| parsed.iter().position(|(name, ..)| **name == hyperparameters));
    let mut edits = Edits::new();
    for (index, (name, bytes, document)) in parsed.into_iter().enumerate() {
        document.remove_ranges(values);
        if Some(index) == holder {
            document.set_static(values);
        }
        let text = document.text();
        if text.as_bytes() != bytes.as_slice() {
            edits.insert(name.clone(), text);
        }
    }
    Ok(edits)
}

/// Checks that no overlay hides what was written.
fn check_overlays(effective: &Effective, values: &Map<String, Value>) -> Result<(), CommandError> {
    let key = |name: &String| format!("staticHyperParameters/{name}");
    let hidden = values.iter().find(|(name, value)| {
        let key = key(name);
        let entry = effective.content.entries.iter().find(|entry| entry.key() == key);
        entry.is_none_or(|entry| edit::text(value) != entry.value)
    });
    let Some((name, _)) = hidden else { return Ok(()) };
    let message = format!("an overlay of the environment gives {} another value", key(name));
    let help = "take it out of the overlay, or promote in another environment".to_owned();
    Err(CommandError::one(ExitCode::InvalidInput, Plain { code: "promote/overlay", message, help }))
}
