use std::process::ExitCode as ProcessExitCode;

use comfy_table::Table;
use mlpp_sagemaker::ScalingActivity;
use serde::Serialize;
use serde_json::{Value, json};

use crate::backend::{self, Aws, Platform, Service, ServiceFailed};
use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions::{self, time_of};
use crate::exit_code::ExitCode;
use crate::output;

/// List the endpoints, or tell how one was scaled
///
/// An endpoint of this machine answers while a process serves it: mlpp up, or a run at work. On AWS they are those of the account and
/// region.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The endpoint whose instance counts over time are told as well
    endpoint: Option<String>,
    /// Print as JSON: the description of each
    #[arg(long)]
    json: bool,
}

/// A change of the instance count of a variant.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    time: String,
    variant_name: String,
    /// How many there were to be; AWS does not tell.
    from: Option<usize>,
    to: usize,
    cause: String,
}

impl From<ScalingActivity> for Change {
    fn from(ScalingActivity { time, variant_name, from, to, cause }: ScalingActivity) -> Self {
        Self { time, variant_name, from: Some(from), to, cause }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    if let Some(aws) = backend::aws(project)? {
        return super::block_on(on_aws(args, aws))?;
    }
    let runtime = super::runtime()?;
    let _within = runtime.enter();
    let jobs = executions::jobs(project)?;
    if let Some(name) = &args.endpoint {
        let jobs = jobs.ok_or_else(|| absent(name))?;
        let failed = |error| CommandError::failed(&format!("describe the endpoint {name}"), error);
        return runtime.block_on(async {
            let endpoint = describe(Platform::Local(&jobs), name).await?;
            let activities = jobs.scaling_activities(name).await.map_err(failed)?;
            let activities: Vec<_> = activities.into_iter().map(Change::from).collect();
            one(&endpoint, &activities, args.json)
        });
    }
    let endpoints = match &jobs {
        Some(jobs) => runtime
            .block_on(describe_all(Platform::Local(jobs)))
            .map_err(|error| CommandError::failed("list the endpoints", error))?,
        None => Vec::new(),
    };
    all(args, &endpoints)
}

/// The endpoints of the account and region.
async fn on_aws(args: &Args, aws: &Aws) -> Result<ProcessExitCode, CommandError> {
    let platform = Platform::Aws(aws);
    let Some(name) = &args.endpoint else {
        let endpoints = describe_all(platform).await;
        return all(args, &endpoints.map_err(|error| CommandError::failed("list the endpoints", error))?);
    };
    let endpoint = describe(platform, name).await?;
    let mut request = json!({"ServiceNamespace": "sagemaker", "MaxResults": 50});
    let mut activities = Vec::new();
    loop {
        let page = aws.call(Service::ApplicationAutoScaling, "DescribeScalingActivities", &request).await;
        let page = page.map_err(|error| {
            CommandError::failed(&format!("tell how the endpoint {name} was scaled"), error)
        })?;
        activities.extend(
            page["ScalingActivities"].as_array().into_iter().flatten().filter_map(|one| activity(one, name)),
        );
        match page["NextToken"].as_str() {
            Some(token) => request["NextToken"] = json!(token),
            None => break,
        }
    }
    // The newest come first.
    activities.reverse();
    one(&endpoint, &activities, args.json)
}

/// An activity as `DescribeScalingActivities` tells of it; nothing when it is about another endpoint.
fn activity(one: &Value, endpoint: &str) -> Option<Change> {
    let text = |member: &str| one[member].as_str().unwrap_or_default().to_owned();
    let resource = text("ResourceId");
    let variant = resource.strip_prefix("endpoint/")?.strip_prefix(endpoint)?.strip_prefix("/variant/")?;
    let numbers = |text: &str| -> Vec<usize> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    // "Setting desired instance count to 2." is all that it tells of the count.
    let to = numbers(&text("Description")).pop()?;
    Some(Change {
        time: time_of(&one["StartTime"]).map(|time| time.to_string()).unwrap_or_default(),
        variant_name: variant.to_owned(),
        from: None,
        to,
        cause: text("Cause"),
    })
}

/// Describes an endpoint.
///
/// # Errors
/// `endpoint/absent`.
async fn describe(platform: Platform<'_>, name: &str) -> Result<Value, CommandError> {
    match platform.call("DescribeEndpoint", json!({"EndpointName": name})).await {
        Err(error) if error.is_absence() => Err(absent(name)),
        described => {
            described.map_err(|error| CommandError::failed(&format!("describe the endpoint {name}"), error))
        }
    }
}

fn all(args: &Args, endpoints: &[Value]) -> Result<ProcessExitCode, CommandError> {
    if args.json {
        output::json(&endpoints)?;
    } else if endpoints.is_empty() {
        output::note("there is no endpoint yet");
    } else {
        output::data(table(endpoints))?;
    }
    Ok(ExitCode::Success.into())
}

fn table(endpoints: &[Value]) -> Table {
    let mut table = output::table(["endpoint", "status", "configuration", "variants", "instances"]);
    for endpoint in endpoints {
        let text = |member: &str| endpoint[member].as_str().unwrap_or("-").to_owned();
        let variants = endpoint["ProductionVariants"].as_array();
        let variants: Vec<_> = variants.into_iter().flatten().collect();
        let names: Vec<_> = variants.iter().filter_map(|variant| variant["VariantName"].as_str()).collect();
        let instances: u64 =
            variants.iter().filter_map(|variant| variant["CurrentInstanceCount"].as_u64()).sum();
        table.add_row([
            text("EndpointName"),
            text("EndpointStatus"),
            text("EndpointConfigName"),
            names.join(", "),
            instances.to_string(),
        ]);
    }
    table
}

/// Tells of one endpoint.
fn one(endpoint: &Value, activities: &[Change], as_json: bool) -> Result<ProcessExitCode, CommandError> {
    if as_json {
        output::json(&json!({"endpoint": endpoint, "scaling_activities": activities}))?;
        return Ok(ExitCode::Success.into());
    }
    output::data(table(std::slice::from_ref(endpoint)))?;
    if activities.is_empty() {
        output::note("it was not scaled yet");
    } else {
        let mut table = output::table(["time", "variant", "instances", "cause"]);
        for Change { time, variant_name, from, to, cause } in activities {
            let count = from.map_or(format!("→ {to}"), |from| format!("{from} → {to}"));
            table.add_row([time.clone(), variant_name.clone(), count, cause.clone()]);
        }
        output::data(table)?;
    }
    Ok(ExitCode::Success.into())
}

/// There is no endpoint of that name.
pub(super) fn absent(endpoint: &str) -> CommandError {
    let message = format!("there is no endpoint \"{endpoint}\"");
    let help = "mlpp endpoints lists them".to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "endpoint/absent", message, help })
}

/// Describes all endpoints.
///
/// # Errors
/// The service does not tell.
pub(super) async fn describe_all(platform: Platform<'_>) -> Result<Vec<Value>, ServiceFailed> {
    let request = json!({"MaxResults": 100, "SortBy": "Name", "SortOrder": "Ascending"});
    let mut endpoints = Vec::new();
    for endpoint in platform.list("ListEndpoints", request, "Endpoints").await? {
        let describe = json!({"EndpointName": endpoint["EndpointName"]});
        endpoints.push(platform.call("DescribeEndpoint", describe).await?);
    }
    Ok(endpoints)
}
