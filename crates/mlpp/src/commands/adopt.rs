use std::path::PathBuf;
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::json::{Node, Value};
use mlpp_parameters::release::Action;
use mlpp_parameters::{
    Content, Digest, Documents, DriftPolicy, Kind, Plan, SecretSource, encode, secret_member, validate,
};
use mlpp_provider::{ApplyOutcome, Planned, read_parameters};
use serde_json::json;

use crate::backend::Store;
use crate::config::Project;
use crate::documents::rules;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::file_set::FileSet;
use crate::output;
use crate::packaged::{NAMES, Packaged};
use crate::store::{self, Applying, Bar, OWNER, confirm, shown};

/// How many names of parameters a message lists.
const MAX_LISTED: usize = 10;

/// Take over a tree of parameters that no release recorded, as it is
///
/// Reads what is below the project's path, gives each parameter its type by the rules, and records all of them as a release:
/// no parameter is written. What the rules know as a number or a switch becomes one, all else stays a text. Shows what became
/// of each, and asks. With --out it writes the two documents that say the same, to go on with; a plan of them has nothing
/// to do.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// Write ml-parameters.json and hyperparameters.json into the folder; it is made if absent
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the documents that are there
    #[arg(long, requires = "out")]
    force: bool,
    /// Take over a tree of which another owner recorded releases, such as a stack
    #[arg(long)]
    take_over: bool,
    /// Show what would be recorded, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let files =
        args.out.as_deref().map(|folder| FileSet { folder, force: args.force, exists: "adopt/exists" });
    if let Some(files) = &files {
        files.check(&NAMES)?;
    }
    // What is in the way is told before a store is made.
    let store = store::open(project)?;
    let tree = Tree::read(project, &store)?;
    tree.show_findings(project)?;
    let mut applying = Applying::reading(project, &store, &tree.digests, &tree.content)?;
    let planned = super::block_on(applying.plan(&tree.content, false))??;
    check(args, project, &planned)?;
    if !args.json {
        print_tree(project, &tree.content, &planned.plan)?;
    }
    if args.dry_run {
        return print(args, project, &tree, &planned.plan, None).map(|()| ExitCode::Success.into());
    }
    let count = output::count(tree.content.parameters().count(), "parameter");
    let number = planned.status.claimed + 1;
    confirm(&format!("adopt {count} of {} as release {number}", project.path), args.yes)?;
    let (_lock, store) = store::open_to_write(project)?;
    applying = Applying::new(project, &store, &tree.digests, &tree.content)?;
    applying.adopt = true;
    // Nobody may have come between what was shown and what is recorded.
    let planned = super::block_on(applying.plan(&tree.content, false))??;
    check(args, project, &planned)?;
    if let Some(files) = &files {
        files.write(&tree.packaged.files().map(|(name, text)| (name, text.to_owned())))?;
    }
    let bar = Bar::new(args.quiet || args.json);
    let outcome = super::interruptible(applying.apply(&planned, Action::Apply, &mut |step| bar.step(step)))??;
    bar.finish();
    print(args, project, &tree, &planned.plan, Some(&outcome))?;
    Ok(ExitCode::Success.into())
}

/// What is below the project's path, as two documents.
struct Tree {
    packaged: Packaged,
    documents: Documents,
    content: Content,
    digests: Vec<(String, Digest)>,
}

impl Tree {
    fn read(project: &Project, store: &Store) -> Result<Self, CommandError> {
        let read = super::block_on(read_parameters(store, &project.path, DriftPolicy::Use, None))?;
        let mut root = read.map_err(|error| store::read_failed(project, error))?.document;
        name_sources(&mut root);
        let packaged = Packaged::of(&root.value);
        let documents = packaged.read()?;
        let content = encode(&documents.root, &project.path)
            .map_err(|findings| CommandError::invalid(&findings, &documents.sources))?;
        if content.parameters().next().is_none() {
            let message = format!("there is no parameter below {}", project.path);
            let help = "name the path of the tree by --parameter-store-path, and account and region by --profile and --region; \
                        mlpp apply makes a tree of documents";
            return Err(refused("adopt/nothing", message, help));
        }
        let digests = packaged.digests().map(|(name, digest)| (name.to_owned(), digest)).into();
        Ok(Self { packaged, documents, content, digests })
    }

    /// Shows what the rules find in the tree: it is taken over nevertheless, and has to be mended before the next apply.
    fn show_findings(&self, project: &Project) -> Result<(), CommandError> {
        match validate(&self.documents, &project.path, &rules(project)?) {
            Ok(valid) => CommandError::invalid(&valid.warnings, &self.documents.sources).show(),
            Err(findings) => {
                CommandError::invalid(&findings, &self.documents.sources).show();
                output::note(
                    "the tree is recorded as it is; mend this in the documents before they are applied or launched",
                );
            }
        }
        Ok(())
    }
}

/// Puts a secret's parameter in its place as the source: a release names a version, which no document can.
fn name_sources(node: &mut Node) {
    let name = secret_member(&node.value).and_then(|secret| secret.value.as_str()?.parse().ok());
    if let Some(name) = name {
        node.value = SecretSource::Parameter(name).to_value();
    } else if let Value::Object(members) = &mut node.value {
        for member in members {
            name_sources(&mut member.node);
        }
    }
}

fn refused(code: &'static str, message: String, help: &str) -> CommandError {
    CommandError::one(ExitCode::InvalidInput, Plain { code, message, help: help.to_owned() })
}

/// What can be in the way: a record that is there, and a parameter that could not stay as it is.
fn check(args: &Args, project: &Project, planned: &Planned) -> Result<(), CommandError> {
    let last = planned.status.pending().or(planned.status.committed.as_ref());
    if let Some(last) = last {
        let (path, number) = (&project.path, last.number);
        if last.owner == OWNER {
            let message = format!("{path} has releases already, the last one {number}");
            let help = "mlpp show tells what is in force, mlpp diff --live what was edited since; there is nothing to adopt";
            return Err(refused("adopt/recorded", message, help));
        }
        if !args.take_over {
            let message = format!("{path} belongs to {}, which made release {number}", last.owner);
            let help =
                "leave it to that owner, or take it over with --take-over: its owner is refused from then on";
            return Err(refused("apply/owner", message, help));
        }
    }
    let changed: Vec<_> = planned.plan.changes().map(|parameter| parameter.name.as_str()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let more = changed.len().saturating_sub(MAX_LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let listed = changed[..changed.len().min(MAX_LISTED)].join(", ");
    let message = format!("a document cannot say what these have, as they are: {listed}{more}");
    let help = "nothing was written; give them a value that a document can have, such as a list without empty elements, and \
                adopt again";
    Err(refused("adopt/not-kept", message, help))
}

/// A kind's name, as records have it.
fn kind_name(kind: Kind) -> String {
    let name = serde_json::to_value(if kind == Kind::SecretSource { Kind::Secret } else { kind });
    name.ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn print_tree(project: &Project, content: &Content, plan: &Plan) -> Result<(), CommandError> {
    output::data(format_args!("{}: {}", project.path, output::count(plan.parameters.len(), "parameter")))?;
    let mut table = output::table(["parameter", "type", "read as", "value"]);
    for (entry, parameter_type) in content.parameters() {
        let kind = kind_name(entry.kind);
        let value = if entry.kind == Kind::SecretSource { String::new() } else { shown::entry_value(entry) };
        table.add_row([entry.key(), parameter_type.as_str().to_owned(), kind, value]);
    }
    output::data(table)
}

fn print(
    args: &Args,
    project: &Project,
    tree: &Tree,
    plan: &Plan,
    outcome: Option<&ApplyOutcome>,
) -> Result<(), CommandError> {
    let count = plan.parameters.len();
    if args.json {
        let path = project.path.as_str();
        let parameters: Vec<_> = tree
            .content
            .parameters()
            .map(|(entry, parameter_type)| {
                json!({
                    "name": format!("{path}/{}", entry.key()),
                    "type": parameter_type.as_str(),
                    "kind": kind_name(entry.kind),
                    "value": Some(&entry.value).filter(|_| entry.kind != Kind::SecretSource),
                })
            })
            .collect();
        return output::json(&json!({
            "path": path,
            "release": outcome.map(|outcome| outcome.release),
            "parameters": parameters,
            "documents": args.out.as_ref().filter(|_| outcome.is_some())
                .map(|folder| NAMES.map(|name| folder.join(name).display().to_string())),
        }));
    }
    let Some(outcome) = outcome else {
        return output::data("Nothing was written.");
    };
    output::data(format_args!(
        "release {}: {} adopted, none written",
        outcome.release,
        output::count(count, "parameter")
    ))?;
    if let Some(folder) = args.out.as_ref().filter(|_| !args.quiet) {
        output::note(format_args!(
            "the documents are in {}; mlpp plan compares them with the store",
            folder.display()
        ));
    }
    Ok(())
}
