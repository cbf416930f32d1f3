use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::{Content, DriftPolicy, Entry, Kind, differences};
use mlpp_provider::{ParameterStore, read_parameters, recorded_content};
use serde_json::{Value, json};

use crate::config::Project;
use crate::documents::Effective;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;
use crate::store::{self, shown};

/// Show what differs: between the documents and the release in force, two releases, or a release and the store
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A release; alone, it is compared with the documents
    a: Option<u64>,
    /// A second release, compared with the first
    #[arg(conflicts_with = "live")]
    b: Option<u64>,
    /// Compare the release in force with what is in the store: the edits in place
    #[arg(long, conflicts_with = "a")]
    live: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// End with the exit code 6 when something differs
    #[arg(long)]
    exit_code: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let store = store::open(project)?;
    let differ = if args.live {
        super::block_on(live(args, project, &store))??
    } else {
        let (before, after) = super::block_on(sides(args, project, &store))??;
        print(args, &before, &after)?
    };
    let tell = args.exit_code && differ;
    Ok(if tell { ExitCode::Differences } else { ExitCode::Success }.into())
}

/// The two contents that are compared.
async fn sides(
    args: &Args,
    project: &Project,
    store: &impl ParameterStore,
) -> Result<(Content, Content), CommandError> {
    let release = async |pin: Option<u64>| {
        recorded_content(store, &project.path, pin)
            .await
            .map(|(_, content)| content)
            .map_err(|error| store::read_failed(project, error))
    };
    if let (Some(a), Some(b)) = (args.a, args.b) {
        return Ok((release(Some(a)).await?, release(Some(b)).await?));
    }
    let before = release(args.a).await?;
    let effective = Effective::read(project)?;
    let mut after = effective.content;
    // Whether the value of a secret has changed is for the plan to say; here a secret is a secret.
    for entry in after.entries.iter_mut().filter(|entry| entry.kind == Kind::SecretSource) {
        let recorded = before.entries.iter().find(|old| old.levels == entry.levels);
        if let Some(recorded) = recorded.filter(|recorded| recorded.kind == Kind::Secret) {
            *entry = recorded.clone();
        }
    }
    Ok((before, after))
}

fn json_of(entry: Option<&Entry>) -> Value {
    entry.map_or(Value::Null, |entry| match entry.kind {
        Kind::Secret | Kind::SecretSource => json!({"kind": entry.kind, "shown": shown::entry_value(entry)}),
        _ => json!({"kind": entry.kind, "value": entry.value}),
    })
}

/// Prints what differs; whether anything does.
fn print(args: &Args, before: &Content, after: &Content) -> Result<bool, CommandError> {
    let found = differences(before, after);
    if args.json {
        let rows: Vec<_> = found
            .iter()
            .map(|d| json!({"parameter": d.key(), "before": json_of(d.before), "after": json_of(d.after)}))
            .collect();
        output::json(&rows)?;
    } else if before == after && after.entries.iter().any(|entry| entry.kind == Kind::Secret) {
        output::note("nothing differs; whether a secret has another value now, mlpp plan tells");
    } else if before == after {
        output::note("nothing differs");
    } else if found.is_empty() {
        output::note("the order of the parameters differs, and nothing else");
    } else {
        for line in shown::difference_lines(before, after) {
            output::data(line)?;
        }
    }
    Ok(before != after)
}

/// Prints what was edited in place; whether anything was.
async fn live(args: &Args, project: &Project, store: &impl ParameterStore) -> Result<bool, CommandError> {
    let failed = |error| store::read_failed(project, error);
    let (release, recorded) = recorded_content(store, &project.path, None).await.map_err(failed)?;
    let read = read_parameters(store, &project.path, DriftPolicy::Use, None).await.map_err(failed)?;
    let recorded = |name: &str| recorded.entries.iter().find(|entry| entry.key() == name);
    if args.json {
        let rows: Vec<_> =
            read.drift
                .iter()
                .map(|drift| {
                    let live = drift.live.as_ref().map(
                        |(parameter_type, value)| json!({"type": parameter_type.as_str(), "value": value}),
                    );
                    json!({"parameter": drift.name, "recorded": json_of(recorded(&drift.name)), "live": live})
                })
                .collect();
        output::json(&json!({"release": release, "drift": rows}))?;
    } else if read.drift.is_empty() {
        output::note(format_args!("the store is as release {release} recorded it"));
    } else {
        for drift in &read.drift {
            let before = recorded(&drift.name).map_or("(not recorded)".to_owned(), shown::entry_value);
            let now = match &drift.live {
                None => "(removed)".to_owned(),
                Some((mlpp_parameters::ParameterType::SecureString, version)) => {
                    format!("secret, version {version}")
                }
                Some((_, value)) => shown::quoted(value),
            };
            output::data(format_args!("  ! {}  {before} → {now}", drift.name))?;
        }
    }
    Ok(!read.drift.is_empty())
}
