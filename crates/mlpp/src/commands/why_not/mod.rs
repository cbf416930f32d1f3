mod on_aws;

use std::process::ExitCode as ProcessExitCode;

use mlpp_local::{Arrival, Arrivals, LocalObjects, Verdict};
use mlpp_provider::{Objects as _, Which};
use serde_json::{Value, json};

use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions::{OnAws, short_name, unreadable};
use crate::exit_code::ExitCode;
use crate::output;

/// Tell what became of a manifest that arrived, and why
///
/// Each version of an object once: started as an execution, rejected for what is wrong with it, or superseded by a newer one. Without
/// a manifest all that were rejected are listed.
///
/// On AWS, for a manifest, everything is looked at that stands between it and an execution: the object, the bucket's notification and
/// its filter, the execution that the manifest starts, what the stack's function wrote of it, and whether it can be launched as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The manifest: its S3 URI, or a name below the manifests' prefix
    #[arg(value_name = "MANIFEST")]
    manifest: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    if let Some(on_aws) = OnAws::of(project)? {
        return on_aws::run(args, project, on_aws);
    }
    let arrivals = Arrivals::open_existing(&project.local_folder()).map_err(|error| unreadable(&error))?;
    let Some(manifest) = &args.manifest else {
        let all = arrivals.list(None).map_err(|error| unreadable(&error))?;
        let rejected: Vec<_> =
            all.into_iter().filter(|arrival| matches!(arrival.verdict, Verdict::Rejected { .. })).collect();
        if rejected.is_empty() {
            output::note("no manifest was rejected");
        }
        print(args, &rejected)?;
        return Ok(ExitCode::Success.into());
    };
    let (bucket, key) = object_of(project, manifest);
    let of_it = arrivals.list(Some((&bucket, &key))).map_err(|error| unreadable(&error))?;
    if of_it.is_empty() {
        return Err(not_seen(project, &bucket, &key));
    }
    print(args, &of_it)?;
    let objects = LocalObjects::new(project.local_folder().join(mlpp_local::BUCKETS));
    let now = crate::commands::block_on(objects.get(&bucket, &key, Which::Newest))?;
    let is_seen = |version: Option<String>| of_it.iter().any(|seen| Some(&seen.version) == version.as_ref());
    if now.is_ok_and(|object| !is_seen(object.version)) && !args.json {
        output::note("there is a newer version, which mlpp up has not looked at yet");
    }
    Ok(ExitCode::Success.into())
}

/// Bucket and key of a manifest.
fn object_of(project: &Project, manifest: &str) -> (String, String) {
    let config = &project.config;
    match manifest.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        Some((bucket, key)) => (bucket.to_owned(), key.to_owned()),
        None => (
            config.manifest_s3_bucket_name.clone(),
            format!("{}{manifest}", config.manifest_s3_bucket_key_prefix),
        ),
    }
}

/// Why a manifest was not looked at.
fn not_seen(project: &Project, bucket: &str, key: &str) -> CommandError {
    let config = &project.config;
    let objects = LocalObjects::new(project.local_folder().join(mlpp_local::BUCKETS));
    let is_there = objects.file(bucket, key).is_ok_and(|file| file.is_file());
    let prefix = format!("s3://{}/{}", config.manifest_s3_bucket_name, config.manifest_s3_bucket_key_prefix);
    let uri = format!("s3://{bucket}/{key}");
    let (message, help) = if !is_there {
        (format!("there is no object {uri}"), format!("mlpp put FILE {prefix} puts a manifest there"))
    } else if !uri.starts_with(&prefix) {
        (format!("{uri} is not below {prefix}, where manifests arrive"), "put it there".to_owned())
    } else if std::path::Path::new(key).extension().is_none_or(|extension| extension != "json") {
        (format!("{uri} does not end with .json: it is no manifest"), "give it another name".to_owned())
    } else {
        (format!("nobody has looked at {uri} yet"), "mlpp up does, and mlpp launch launches it".to_owned())
    };
    CommandError::one(ExitCode::InvalidInput, Plain { code: "manifest/not-seen", message, help })
}

fn print(args: &Args, arrivals: &[Arrival]) -> Result<(), CommandError> {
    if args.json {
        return output::json(&arrivals.iter().map(as_json).collect::<Vec<_>>());
    }
    for arrival in arrivals {
        let version: String = arrival.version.chars().take(12).collect();
        let time = arrival.time.strftime("%Y-%m-%d %H:%M:%SZ");
        let what = format!("s3://{}/{} ({version}, {time})", arrival.bucket, arrival.key);
        match &arrival.verdict {
            Verdict::Launched { execution_arn } => {
                output::data(format_args!("{what}: started as {}", short_name(execution_arn)))?;
            }
            Verdict::Superseded => output::data(format_args!("{what}: superseded by a newer version"))?,
            Verdict::Rejected { findings } => {
                output::data(format_args!("{what}: rejected"))?;
                for finding in findings_of(findings) {
                    let text = |member: &str| finding[member].as_str().unwrap_or_default().to_owned();
                    let line =
                        finding["line"].as_u64().map_or(String::new(), |line| format!("line {line}: "));
                    output::data(format_args!("  {line}{} ({})", text("message"), text("code")))?;
                    if !text("help").is_empty() {
                        output::data(format_args!("    help: {}", text("help")))?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn findings_of(text: &str) -> Vec<Value> {
    // It was written by this program; what cannot be read is shown as it is.
    serde_json::from_str(text).unwrap_or_else(|_| vec![json!({"message": text})])
}

fn as_json(arrival: &Arrival) -> Value {
    let (verdict, execution, findings) = match &arrival.verdict {
        Verdict::Launched { execution_arn } => ("launched", json!(execution_arn), Value::Null),
        Verdict::Rejected { findings } => ("rejected", Value::Null, json!(findings_of(findings))),
        Verdict::Superseded => ("superseded", Value::Null, Value::Null),
    };
    json!({
        "bucket": arrival.bucket,
        "key": arrival.key,
        "version": arrival.version,
        "time": arrival.time.to_string(),
        "verdict": verdict,
        "execution_arn": execution,
        "findings": findings,
    })
}
