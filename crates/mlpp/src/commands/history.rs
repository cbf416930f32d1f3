use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::{Content, Entry, Kind, differences};
use mlpp_provider::{ParameterStore, Release, SecretVersion, history};
use serde_json::{Value, json};

use crate::backend::Store;
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::output;
use crate::store::{self, shown};

/// List the releases, or the values that one parameter had in them
///
/// A secret shows as a fingerprint: equal fingerprints are equal values.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A parameter below the project's path, such as model/hosting/instanceType
    #[arg(value_name = "PARAMETER")]
    parameter: Option<String>,
    /// The newest so many
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<usize>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let store = store::open(project)?;
    let releases = super::block_on(history(&store, &project.path))?
        .map_err(|error| store::records_failed(project, error))?;
    match &args.parameter {
        None => list(args, &releases)?,
        Some(parameter) => {
            // The full name, as the store and the plan show it, will do as well.
            let full = parameter.strip_prefix(project.path.as_str()).filter(|below| below.starts_with('/'));
            let key = full.unwrap_or(parameter).trim_start_matches('/');
            super::block_on(values(args, project, &store, &releases, key))??;
        }
    }
    Ok(ExitCode::Success.into())
}

/// What a release changed against the committed one before it.
fn changes(releases: &[Release], index: usize) -> usize {
    let before = releases[..index].iter().rev().find(|release| release.committed);
    let nothing = Content::default();
    differences(before.map_or(&nothing, |release| &release.content), &releases[index].content).len()
}

fn state(release: &Release) -> &'static str {
    match (release.committed, release.current, release.pinned) {
        (false, ..) => "not committed",
        (_, true, true) => "in force, pinned",
        (_, true, false) => "in force",
        (_, false, true) => "pinned",
        (true, false, false) => "",
    }
}

fn action(release: &Release) -> String {
    use mlpp_parameters::release::Action;
    match release.head.action {
        Action::Apply => "apply".to_owned(),
        Action::Rollback { to } => format!("rollback to {to}"),
        Action::Destroy => "destroy".to_owned(),
    }
}

fn newest<T>(rows: &[T], limit: Option<usize>) -> impl Iterator<Item = (usize, &T)> {
    rows.iter().enumerate().rev().take(limit.unwrap_or(usize::MAX))
}

fn list(args: &Args, releases: &[Release]) -> Result<(), CommandError> {
    if args.json {
        let rows: Vec<Value> = newest(releases, args.limit)
            .map(|(index, release)| {
                let head = &release.head;
                json!({
                    "release": head.number,
                    "parent": head.parent,
                    "time": head.time.to_string(),
                    "action": action(release),
                    "author": head.author,
                    "owner": head.owner,
                    "tool": head.tool,
                    "committed": release.committed,
                    "in_force": release.current,
                    "pinned": release.pinned,
                    "parameters": head.parameters,
                    "changed": changes(releases, index),
                    "documents": head.documents.iter().map(|(name, digest)| json!({"name": name, "digest": digest.as_str()})).collect::<Vec<_>>(),
                })
            })
            .collect();
        return output::json(&rows);
    }
    if releases.is_empty() {
        output::note("nothing was applied yet");
        return Ok(());
    }
    let mut table = output::table(["release", "time", "by", "what", "parameters", "changed", ""]);
    for (index, release) in newest(releases, args.limit) {
        let head = &release.head;
        table.add_row([
            head.number.to_string(),
            head.time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            head.author.clone(),
            action(release),
            head.parameters.to_string(),
            changes(releases, index).to_string(),
            state(release).to_owned(),
        ]);
    }
    output::data(table)
}

/// The values that one parameter had, release by release, where it changed.
async fn values(
    args: &Args,
    project: &Project,
    store: &Store,
    releases: &[Release],
    key: &str,
) -> Result<(), CommandError> {
    let mut rows: Vec<(&Release, Option<&Entry>, String)> = Vec::new();
    // A delete takes the earlier versions of a secret with it, and numbers begin anew.
    let committed: Vec<_> = releases.iter().filter(|release| release.committed).collect();
    let find = |release: &Release| release.content.entries.iter().position(|entry| entry.key() == key);
    let stored_since = committed
        .iter()
        .rposition(|release| find(release).is_none_or(|at| release.content.entries[at].kind != Kind::Secret));
    for (index, release) in committed.iter().enumerate() {
        let entry = find(release).map(|at| &release.content.entries[at]);
        if rows.last().map_or(entry.is_none(), |(_, last, _)| *last == entry) {
            continue;
        }
        let stored = stored_since.is_none_or(|since| index > since);
        let shown = match entry {
            None => "(deleted)".to_owned(),
            Some(entry) if entry.kind == Kind::Secret => {
                secret(store, entry, stored).await.map_err(|error| store::store_failed(project, error))?
            }
            Some(entry) => shown::entry_value(entry),
        };
        rows.push((release, entry, shown));
    }
    if rows.is_empty() {
        return Err(absent(key, releases));
    }
    if args.json {
        let rows: Vec<Value> = newest(&rows, args.limit)
            .map(|(_, (release, entry, shown))| {
                let value = entry.filter(|entry| entry.kind != Kind::Secret).map(|entry| &entry.value);
                json!({
                    "release": release.head.number,
                    "time": release.head.time.to_string(),
                    "author": release.head.author,
                    "kind": entry.map(|entry| entry.kind),
                    "value": value,
                    "shown": shown,
                })
            })
            .collect();
        return output::json(&rows);
    }
    let mut table = output::table(["release", "time", "by", "value"]);
    for (_, (release, _, shown)) in newest(&rows, args.limit) {
        let head = &release.head;
        table.add_row([
            head.number.to_string(),
            head.time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            head.author.clone(),
            shown.clone(),
        ]);
    }
    output::data(table)
}

async fn secret(store: &Store, entry: &Entry, stored: bool) -> Result<String, mlpp_provider::StoreError> {
    let Some((name, version)) = entry.secret_version() else { return Ok("secret".to_owned()) };
    let wanted = SecretVersion { name, version: Some(version) };
    let found = if stored { store.reveal(&[wanted]).await?.into_iter().next() } else { None };
    Ok(match found {
        Some(found) => {
            format!("secret {}, version {version}", store.fingerprint_key()?.fingerprint(&found.value))
        }
        None => format!("secret, version {version} (no longer stored)"),
    })
}

/// No release had the parameter; perhaps another one was meant.
fn absent(key: &str, releases: &[Release]) -> CommandError {
    let mut known: Vec<String> =
        releases.iter().flat_map(|release| &release.content.entries).map(Entry::key).collect();
    known.sort_unstable();
    known.dedup();
    let near = known
        .iter()
        .map(|name| (strsim::jaro_winkler(name, key), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match near {
        Some((_, name)) => format!("did you mean {name}?"),
        None => "mlpp show lists the parameters".to_owned(),
    };
    let message = format!("no release that is kept has a parameter {key}");
    CommandError::one(ExitCode::InvalidInput, Plain { code: "release/no-parameter", message, help })
}
