//! An execution on Step Functions.

use jiff::Timestamp;

use super::{Args, Description};
use crate::error::CommandError;
use crate::executions::{self, OnAws};

/// What there is to tell of it.
pub(super) async fn read(on_aws: OnAws<'_>, args: &Args) -> Result<Description, CommandError> {
    let mut execution = on_aws.find(args.name.as_deref()).await?;
    let history = on_aws.history(&execution.arn).await?;
    let end = execution.stop.unwrap_or_else(Timestamp::now);
    let states = executions::course(&history, execution.description.status, end);
    if args.graph.is_some() {
        let definition = on_aws.definition(&execution.arn).await;
        execution.definition = definition.map_err(|error| {
            CommandError::failed("read the definition that the execution was started with", error)
        })?;
    }
    let resources = on_aws.made_by(&history).await?.into_iter().map(|made| (made, Vec::new())).collect();
    let nested = on_aws.nested(&history).await?;
    Ok(Description { execution, history, states, resources, nested, is_here: false })
}
