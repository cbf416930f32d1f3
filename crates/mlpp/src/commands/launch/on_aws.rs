//! A launch on Step Functions.

use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::Revision;

use super::{Args, Arriving, Launching, print};
use crate::backend::AnyObjects;
use crate::commands::ended::{self, Ended, Format};
use crate::commands::interrupt::until_interrupted;
use crate::config::Project;
use crate::documents;
use crate::error::CommandError;
use crate::executions::{self, OnAws, Progress};
use crate::exit_code::ExitCode;
use crate::output;

/// Launches the target, and waits for its end if that is asked for.
pub(super) fn run(
    args: &Args,
    project: &Project,
    on_aws: OnAws<'_>,
    progress: &mut Progress,
) -> Result<ProcessExitCode, CommandError> {
    let rules = documents::rules(project)?;
    let objects = AnyObjects::of(project)?;
    let arriving = Arriving::read(args, project, &rules, &objects)?;
    let data = executions::data_files(project)?;
    crate::commands::block_on(until_interrupted(async {
        arriving.check_channels(&data, &objects).await?;
        let launching = Launching { args, project, rules: &rules, objects: &objects };
        let workflows = on_aws.aws.workflows();
        let launched = launching.launch(&arriving, &data, &workflows, progress).await?;
        let event = &launched.prepared.provenance.event;
        // Its name is then a function of the event, which only the function has.
        if matches!(event.revision, Revision::ETag { .. }) && is_told(on_aws, &event.bucket, &event.key).await
        {
            output::note(format_args!(
                "warning: the bucket {} keeps no versions and tells a function of its manifests, which starts an execution \
                 of its own for this one; with versions on, both would start the same one",
                event.bucket
            ));
        }
        if !args.wait {
            let next = |name: &str| format!("it is started; mlpp describe {name} shows how far it is");
            print(&launched, args.json, next)?;
            return Ok(ExitCode::Success.into());
        }
        let ended = Ended::watch_on_aws(on_aws, &[&launched.started.execution_arn], progress).await?;
        ended::print(&ended, if args.json { Format::Json } else { Format::Tables })
    }))?
}

/// Whether a function is told of objects with this key, as far as one may see it.
async fn is_told(on_aws: OnAws<'_>, bucket: &str, key: &str) -> bool {
    let told = on_aws.aws.notified(bucket).await.ok().flatten().unwrap_or_default();
    told.iter().any(|entry| entry.is_told_of(key))
}
