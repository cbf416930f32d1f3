use std::process::ExitCode as ProcessExitCode;

use comfy_table::Table;
use mlpp_sagemaker::{SageMaker, ScalingActivity, Service};
use serde_json::{Value, json};

use crate::config::Project;
use crate::error::{CommandError, Plain};
use crate::executions;
use crate::exit_code::ExitCode;
use crate::output;

/// List the endpoints of this machine, or tell how one was scaled
///
/// An endpoint answers while a process serves it: mlpp up, or a run at work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The endpoint whose instance counts over time are told as well
    endpoint: Option<String>,
    /// Print as JSON: the description of each
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let runtime = super::runtime()?;
    let _within = runtime.enter();
    let jobs = executions::jobs(project)?;
    if let Some(name) = &args.endpoint {
        let jobs = jobs.ok_or_else(|| absent(name))?;
        let failed = |error| CommandError::failed(&format!("describe the endpoint {name}"), error);
        return runtime.block_on(async {
            let request = json!({"EndpointName": name});
            let endpoint = match jobs.call(Service::SageMaker, "DescribeEndpoint", request).await {
                Err(error) if error.http_status < 500 => return Err(absent(name)),
                described => described.map_err(failed)?,
            };
            let activities = jobs.scaling_activities(name).await.map_err(failed)?;
            one(&endpoint, &activities, args.json)
        });
    }
    let endpoints = match &jobs {
        Some(jobs) => runtime
            .block_on(describe_all(jobs))
            .map_err(|error| CommandError::failed("list the endpoints", error))?,
        None => Vec::new(),
    };
    if args.json {
        output::json(&endpoints)?;
    } else if endpoints.is_empty() {
        output::note("there is no endpoint yet");
    } else {
        output::data(table(&endpoints))?;
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
fn one(
    endpoint: &Value,
    activities: &[ScalingActivity],
    as_json: bool,
) -> Result<ProcessExitCode, CommandError> {
    if as_json {
        output::json(&json!({"endpoint": endpoint, "scaling_activities": activities}))?;
        return Ok(ExitCode::Success.into());
    }
    output::data(table(std::slice::from_ref(endpoint)))?;
    if activities.is_empty() {
        output::note("it was not scaled yet");
    } else {
        let mut table = output::table(["time", "variant", "instances", "cause"]);
        for ScalingActivity { time, variant_name, from, to, cause } in activities {
            table.add_row([time.clone(), variant_name.clone(), format!("{from} → {to}"), cause.clone()]);
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

pub(super) async fn describe_all(jobs: &SageMaker) -> Result<Vec<Value>, mlpp_sagemaker::ServiceError> {
    let mut endpoints = Vec::new();
    let mut request = json!({"MaxResults": 100, "SortBy": "Name", "SortOrder": "Ascending"});
    loop {
        let page = jobs.call(Service::SageMaker, "ListEndpoints", request.clone()).await?;
        for endpoint in page["Endpoints"].as_array().into_iter().flatten() {
            let describe = json!({"EndpointName": endpoint["EndpointName"]});
            endpoints.push(jobs.call(Service::SageMaker, "DescribeEndpoint", describe).await?);
        }
        match page.get("NextToken").filter(|token| !token.is_null()) {
            Some(token) => request["NextToken"] = token.clone(),
            None => return Ok(endpoints),
        }
    }
}
