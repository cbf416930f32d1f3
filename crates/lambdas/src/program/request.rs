use lambda_runtime::Error;
use mlpp_aws::SystemClock;
use serde_json::Value;

use super::panics::Pending;
use super::{HttpResponder, Invocation};
use crate::custom_resource::{Resource, answer};

/// Does what CloudFormation asks of a resource, and answers it; also when that panics, once
/// [`answer_panics`](super::answer_panics) was called.
///
/// # Errors
/// CloudFormation was not answered.
pub async fn answer_request(
    resource: &impl Resource,
    responder: &HttpResponder,
    invocation: &Invocation,
) -> Result<Value, Error> {
    let _pending = Pending::of(resource, &invocation.event);
    answer(resource, responder, &SystemClock, &invocation.event, invocation.remaining).await?;
    Ok(Value::Null)
}
