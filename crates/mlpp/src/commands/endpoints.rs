use std::process::ExitCode as ProcessExitCode;

use mlpp_sagemaker::{SageMaker, Service};
use serde_json::{Value, json};

use crate::config::Project;
use crate::error::CommandError;
use crate::executions;
use crate::exit_code::ExitCode;
use crate::output;

/// List the endpoints of this machine
///
/// An endpoint answers while a process serves it: mlpp up, or a run at work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print as JSON: the description of each
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    let runtime = super::runtime()?;
    let _within = runtime.enter();
    let endpoints = match executions::jobs(project)? {
        Some(jobs) => runtime
            .block_on(describe_all(&jobs))
            .map_err(|error| CommandError::failed("list the endpoints", error))?,
        None => Vec::new(),
    };
    if args.json {
        output::json(&endpoints)?;
    } else if endpoints.is_empty() {
        output::note("there is no endpoint yet");
    } else {
        let mut table = output::table(["endpoint", "status", "configuration", "variants", "instances"]);
        for endpoint in &endpoints {
            let text = |member: &str| endpoint[member].as_str().unwrap_or("-").to_owned();
            let variants = endpoint["ProductionVariants"].as_array();
            let variants: Vec<_> = variants.into_iter().flatten().collect();
            let names: Vec<_> =
                variants.iter().filter_map(|variant| variant["VariantName"].as_str()).collect();
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
        output::data(table)?;
    }
    Ok(ExitCode::Success.into())
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
