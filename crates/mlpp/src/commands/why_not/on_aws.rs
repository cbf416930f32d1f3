//! What stands between a manifest on S3 and an execution.

use std::num::NonZeroU32;
use std::process::ExitCode as ProcessExitCode;

use mlpp_local::status_text;
use mlpp_parameters::{ManifestEvent, ProjectRules, Stamp};
use mlpp_provider::{LaunchRequest, Object, Objects as _, ObjectsError, Which, prepare};
use serde_json::{Value, json};

use super::{Args, object_of};
use crate::backend::{AnyObjects, Notified, Service, Store};
use crate::commands::TOOL;
use crate::config::Project;
use crate::documents;
use crate::error::{CommandError, Plain};
use crate::executions::{OnAws, Provenance};
use crate::exit_code::ExitCode;
use crate::output;
use crate::store;

/// How many of the newest executions are looked through for one that the manifest started.
const LOOKED_AT: usize = 20;
/// What the group of the launching function's log is called, in a stack of any name.
const LOG_GROUP: &str = "launch-workflow";
/// How many lines of the log are shown.
const LINES: usize = 5;

/// What was found out.
enum Finding {
    /// As it should be.
    Good(String),
    /// Why nothing was started, and what to do.
    Bad { message: String, help: String },
}

pub(super) fn run(
    args: &Args,
    project: &Project,
    on_aws: OnAws<'_>,
) -> Result<ProcessExitCode, CommandError> {
    let Some(manifest) = &args.manifest else {
        let message =
            "on AWS a manifest is named: what was rejected is in the stack's failure queue".to_owned();
        let help = "mlpp why-not MANIFEST looks at everything between it and an execution".to_owned();
        let plain = Plain { code: "backend/not-here", message, help };
        return Err(CommandError::one(ExitCode::InvalidInput, plain));
    };
    let (bucket, key) = object_of(project, manifest);
    let rules = documents::rules(project)?;
    let (objects, store) = (AnyObjects::of(project)?, store::open(project)?);
    let looking = Looking { project, on_aws, objects, store, rules, bucket, key, found: Vec::new() };
    let (found, execution) = crate::commands::block_on(looking.look())??;
    print(args, &found, execution.as_ref())?;
    let is_bad = found.iter().any(|one| matches!(one, Finding::Bad { .. }));
    Ok(if is_bad { ExitCode::InvalidInput } else { ExitCode::Success }.into())
}

struct Looking<'a> {
    project: &'a Project,
    on_aws: OnAws<'a>,
    objects: AnyObjects,
    store: Store,
    rules: ProjectRules,
    bucket: String,
    key: String,
    found: Vec<Finding>,
}

impl Looking<'_> {
    /// Looks at everything in the order in which a manifest comes by it; gives back the execution that it started, if any.
    async fn look(mut self) -> Result<(Vec<Finding>, Option<Value>), CommandError> {
        let Some(object) = self.object().await? else { return Ok((self.found, None)) };
        let event = object.event(&self.bucket, &self.key);
        let execution = self.execution(&event).await?;
        if execution.is_some() {
            return Ok((self.found, execution));
        }
        self.notification().await?;
        self.log(event.last_modified).await;
        self.launchable(&event).await?;
        Ok((self.found, None))
    }

    fn good(&mut self, message: String) {
        self.found.push(Finding::Good(message));
    }

    fn bad(&mut self, message: String, help: impl Into<String>) {
        self.found.push(Finding::Bad { message, help: help.into() });
    }

    fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    async fn object(&mut self) -> Result<Option<Object>, CommandError> {
        match self.objects.get(&self.bucket, &self.key, Which::Newest).await {
            Ok(object) => {
                let version = object.version.as_deref().unwrap_or("no version");
                self.good(format!("{} is there ({version})", self.uri()));
                Ok(Some(object))
            }
            Err(ObjectsError::NotFound { .. }) => {
                let help = format!("mlpp put FILE {} puts it there", self.uri());
                self.bad(format!("there is no object {}", self.uri()), help);
                Ok(None)
            }
            Err(error) => Err(CommandError::failed("read the manifest in the bucket", error)),
        }
    }

    /// The execution that the manifest starts by its name, or else one whose input says that it came from it.
    async fn execution(&mut self, event: &ManifestEvent) -> Result<Option<Value>, CommandError> {
        let name = Stamp::of(event, NonZeroU32::MIN).execution_name();
        let by_name = match self.on_aws.execution_arn(&name) {
            Some(arn) => self.on_aws.record(&arn).await?,
            None => None,
        };
        let found = if by_name.is_some() {
            by_name
        } else {
            // In a bucket without versions the name depends on the event as well.
            let uri = self.uri();
            let digest = |from: &Provenance| from.manifest_uri() == uri;
            let newest = self.on_aws.list(LOOKED_AT).await?;
            newest.into_iter().find(|one| {
                let start = u64::try_from(one.start.as_second()).unwrap_or_default();
                start >= event.last_modified && Provenance::of(&one.input).is_some_and(|from| digest(&from))
            })
        };
        let Some(found) = found else {
            self.good(format!("no execution was started for it; it would be called {name}"));
            return Ok(None);
        };
        let status = status_text(found.description.status);
        self.good(format!("it was started as {}, which is {status}", found.name));
        Ok(Some(json!({"arn": found.arn, "name": found.name, "status": status})))
    }

    async fn notification(&mut self) -> Result<(), CommandError> {
        let failed = |error| CommandError::failed("read the bucket's notifications", error);
        let all = self.on_aws.aws.notified(&self.bucket).await.map_err(failed)?.unwrap_or_default();
        let created: Vec<_> = all.iter().filter(|entry| entry.is_of_created).collect();
        if let Some(entry) = created.iter().find(|entry| entry.is_told_of(&self.key)) {
            let message = format!("the bucket tells {} of it", entry.function_arn);
            self.good(message);
        } else if created.is_empty() {
            let message = format!("the bucket {} tells no function of new objects", self.bucket);
            self.bad(message, "mlpp deploy makes the notification; mlpp launch launches without it");
        } else {
            let filters: Vec<_> = created.iter().map(|entry| filter(entry)).collect();
            let message = format!(
                "the bucket tells functions of keys like {}, and not of this one",
                filters.join(", ")
            );
            self.bad(message, "put it under such a key, or deploy with another prefix");
        }
        Ok(())
    }

    /// What the function wrote of it, as far as one may see that.
    async fn log(&mut self, since: u64) {
        let aws = self.on_aws.aws;
        let request = json!({"logGroupNamePattern": LOG_GROUP});
        let Ok(groups) = aws.call(Service::Logs, "DescribeLogGroups", &request).await else { return };
        let groups = groups["logGroups"].as_array().into_iter().flatten();
        let groups: Vec<_> = groups.filter_map(|group| group["logGroupName"].as_str()).collect();
        for group in groups {
            let request = json!({"logGroupName": group, "startTime": since.saturating_mul(1000), "limit": LINES,
                "filterPattern": format!("\"{}\"", self.uri())});
            let Ok(events) = aws.call(Service::Logs, "FilterLogEvents", &request).await else { continue };
            for event in events["events"].as_array().into_iter().flatten().take(LINES) {
                let Some(line) = event["message"].as_str() else { continue };
                let parsed: Value = serde_json::from_str(line).unwrap_or_default();
                let text = |member: &str| parsed[member].as_str().unwrap_or_default().to_owned();
                if parsed["level"].is_null() {
                    self.good(format!("{group}: {}", line.trim()));
                } else if text("level") == "INFO" {
                    self.good(
                        format!("{group}: {} {}", text("message"), text("reason")).trim_end().to_owned(),
                    );
                } else {
                    let help = "the event lies in the stack's failure queue when it cannot succeed; mend the manifest or the \
                                parameters and put it again";
                    self.bad(format!("{group}: {}: {}", text("message"), text("reason")), help);
                }
            }
        }
    }

    /// Whether it can be launched as it is.
    async fn launchable(&mut self, event: &ManifestEvent) -> Result<(), CommandError> {
        let project = self.project;
        crate::commands::launch::expect_parameters(project, &self.store).await?;
        let request = LaunchRequest {
            event,
            attempt: NonZeroU32::MIN,
            path: &project.path,
            policy: project.drift(),
            rules: &self.rules,
            overridable: &project.config.overridable,
            tool: TOOL,
        };
        let prepared = prepare(&self.store, &self.objects, &request).await;
        let prepared = prepared.map_err(|error| store::launch_failed(project, error))?;
        let message = format!("it can be launched: its input has {} bytes", prepared.input.len());
        self.good(message);
        Ok(())
    }
}

/// How the keys look that an entry is about.
fn filter(entry: &Notified) -> String {
    format!("{}*{}", entry.prefix, entry.suffix)
}

fn print(args: &Args, found: &[Finding], execution: Option<&Value>) -> Result<(), CommandError> {
    if args.json {
        let findings: Vec<_> = found
            .iter()
            .map(|one| match one {
                Finding::Good(message) => json!({"good": true, "message": message}),
                Finding::Bad { message, help } => json!({"good": false, "message": message, "help": help}),
            })
            .collect();
        return output::json(&json!({"execution": execution, "findings": findings}));
    }
    for one in found {
        match one {
            Finding::Good(message) => output::data(format_args!("ok   {message}"))?,
            Finding::Bad { message, help } => {
                output::data(format_args!("no   {message}"))?;
                output::data(format_args!("     help: {help}"))?;
            }
        }
    }
    Ok(())
}
