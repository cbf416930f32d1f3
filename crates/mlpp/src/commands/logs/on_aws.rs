//! What CloudWatch Logs has of a job or an endpoint.

use std::collections::HashMap;
use std::io::Write as _;
use std::process::ExitCode as ProcessExitCode;
use std::time::Duration;

use serde_json::json;

use super::{Args, Kind, RUNNING, find};
use crate::backend::{Aws, Platform, Service};
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;

/// How often it is looked whether there is more.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Kind {
    /// The log group, and how the streams of what is called `name` begin.
    fn log_group(self, name: &str) -> (String, String) {
        match self {
            Self::TrainingJob => ("/aws/sagemaker/TrainingJobs".to_owned(), format!("{name}/")),
            Self::TransformJob => ("/aws/sagemaker/TransformJobs".to_owned(), format!("{name}/")),
            Self::Endpoint => (format!("/aws/sagemaker/Endpoints/{name}"), String::new()),
        }
    }
}

pub(super) async fn run(args: &Args, aws: &Aws) -> Result<ProcessExitCode, CommandError> {
    let platform = Platform::Aws(aws);
    let (kind, mut status) = find(platform, args).await?;
    let (group, prefix) = kind.log_group(&args.name);
    // Where each stream was read up to.
    let mut read: HashMap<String, String> = HashMap::new();
    let mut is_any = false;
    loop {
        let ended = match kind {
            Kind::Endpoint => status.is_none(),
            _ => !status.as_deref().is_some_and(|status| RUNNING.contains(&status)),
        };
        let streams = streams(aws, &group, &prefix).await?;
        let several = streams.len() > 1;
        for stream in streams {
            let from = read.get(&stream).cloned();
            let (lines, next) = more(aws, &group, &stream, from).await?;
            read.extend(next.map(|next| (stream.clone(), next)));
            is_any |= !lines.is_empty();
            let writer = if several { format!("{stream} | ") } else { String::new() };
            if !print(&writer, &lines)? {
                return Ok(ExitCode::Success.into());
            }
        }
        if ended || !args.follow {
            if !is_any {
                output::note("nothing was printed");
            }
            return Ok(ExitCode::Success.into());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        status = kind.status(platform, &args.name).await?;
    }
}

/// The streams of a group, in the order of their names; none where the group is not there yet.
async fn streams(aws: &Aws, group: &str, prefix: &str) -> Result<Vec<String>, CommandError> {
    let mut request = json!({"logGroupName": group, "limit": 50});
    if !prefix.is_empty() {
        request["logStreamNamePrefix"] = json!(prefix);
    }
    let mut streams = Vec::new();
    loop {
        let page = match aws.call(Service::Logs, "DescribeLogStreams", &request).await {
            Err(error) if error.is_absence() => return Ok(streams),
            page => {
                page.map_err(|error| CommandError::failed(&format!("read the log group {group}"), error))?
            }
        };
        let names = page["logStreams"].as_array().into_iter().flatten();
        streams.extend(names.filter_map(|stream| stream["logStreamName"].as_str()).map(str::to_owned));
        match page["nextToken"].as_str() {
            Some(token) => request["nextToken"] = json!(token),
            None => return Ok(streams),
        }
    }
}

/// What a stream has behind `from`, and where to go on.
async fn more(
    aws: &Aws,
    group: &str,
    stream: &str,
    mut from: Option<String>,
) -> Result<(Vec<String>, Option<String>), CommandError> {
    let mut lines = Vec::new();
    loop {
        let mut request = json!({"logGroupName": group, "logStreamName": stream, "startFromHead": true});
        if let Some(token) = &from {
            request["nextToken"] = json!(token);
        }
        let page = aws.call(Service::Logs, "GetLogEvents", &request).await;
        let page =
            page.map_err(|error| CommandError::failed(&format!("read the log stream {stream}"), error))?;
        let events = page["events"].as_array().into_iter().flatten();
        lines.extend(events.filter_map(|event| event["message"].as_str()).map(str::to_owned));
        // The end is where the token stays as it was; pages before it may be empty.
        let next = page["nextForwardToken"].as_str().map(str::to_owned);
        if next.is_none() || next == from {
            return Ok((lines, next));
        }
        from = next;
    }
}

/// Prints lines; says whether there is still a reader.
fn print(writer: &str, lines: &[String]) -> Result<bool, CommandError> {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        match writeln!(stdout, "{writer}{}", line.trim_end_matches(['\r', '\n'])) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(false),
            written => written.map_err(|error| CommandError::failed("write to standard output", error))?,
        }
    }
    Ok(true)
}
