//! Invocations.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use serde_json::Value;

use super::http::{Answer, CallError};
use crate::error::{ModelFailure, ServiceError};
use crate::platform::{Platform, SageMaker};
use crate::store::{InstanceRecord, ResourceKind};

/// A request to an endpoint's model.
#[derive(Clone, Debug, Default)]
pub struct InvokeEndpoint {
    /// The endpoint.
    pub endpoint_name: String,
    /// The type of the body.
    pub content_type: Option<String>,
    /// The type wanted of the answer.
    pub accept: Option<String>,
    /// The variant to ask, instead of one by weight.
    pub target_variant: Option<String>,
    /// What the model is to work on.
    pub body: Bytes,
}

/// What an endpoint's model answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvokeEndpointOutput {
    /// The type of the body.
    pub content_type: Option<String>,
    /// The answer.
    pub body: Bytes,
    /// The variant that answered.
    pub invoked_production_variant: String,
}

/// A variant with the weight of its traffic.
type Weighted = (String, f64);

impl SageMaker {
    /// Asks an endpoint's model, in whichever process its programs run.
    ///
    /// # Errors
    /// `ValidationError` when there is no such endpoint or variant, `ServiceUnavailable` when no program is there to
    /// answer, `ModelError` (with [`ServiceError::model`]) when the program answers 4xx or 5xx or not at all.
    pub async fn invoke_endpoint(
        &self,
        request: InvokeEndpoint,
    ) -> Result<InvokeEndpointOutput, ServiceError> {
        let platform = &self.platform;
        let name = request.endpoint_name.as_str();
        loop {
            let Some(deployment) = platform.deployment(name) else { break };
            // A deployment that is being drained takes no more: the one after it is in charge by now.
            let Ok(_guard) = deployment.gate.try_read() else {
                tokio::task::yield_now().await;
                continue;
            };
            let turn = deployment.turn.fetch_add(1, Ordering::Relaxed);
            let variants: Vec<Weighted> =
                deployment.variants.iter().map(|variant| (variant.name.clone(), variant.weight)).collect();
            let instance = choose(name, &request, &variants, &deployment.fleet.records(), turn)?;
            // One that ended or is to end since is not there the next time.
            let Some(_held) = deployment.fleet.hold(instance.port) else {
                tokio::task::yield_now().await;
                continue;
            };
            return platform.invoke(&request, instance).await;
        }
        let record = platform.store.get(ResourceKind::Endpoint, name).await?;
        let record =
            record.filter(|record| record.text("EndpointStatus") != Some("Deleting")).ok_or_else(|| {
                let account = &platform.config.account_id;
                ServiceError::new(
                    "ValidationError",
                    400,
                    format!("Endpoint {name} of account {account} not found."),
                )
            })?;
        let alive = record.local.owner.as_deref().is_some_and(|owner| platform.owner.is_alive(owner));
        let instances = if alive { record.local.instances.clone() } else { Vec::new() };
        let turn = crate::names::digest(&crate::names::now());
        let instance = choose(
            name,
            &request,
            &recorded_variants(record.body.get("ProductionVariants")),
            &instances,
            turn,
        )?;
        platform.invoke(&request, instance).await
    }
}

fn recorded_variants(variants: Option<&Value>) -> Vec<Weighted> {
    let variants = variants.and_then(Value::as_array).into_iter().flatten();
    variants
        .filter_map(|variant| {
            Some((
                variant["VariantName"].as_str()?.to_owned(),
                variant["CurrentWeight"].as_f64().unwrap_or(0.0),
            ))
        })
        .collect()
}

/// The program for the invocation number `turn`: of the target variant, or of a variant by weight.
fn choose(
    endpoint: &str,
    request: &InvokeEndpoint,
    variants: &[Weighted],
    instances: &[InstanceRecord],
    turn: u64,
) -> Result<InstanceRecord, ServiceError> {
    let candidates: Vec<&Weighted> = match &request.target_variant {
        Some(target) => {
            let found: Vec<_> = variants.iter().filter(|(name, _)| name == target).collect();
            if found.is_empty() && !variants.is_empty() {
                return Err(ServiceError::new(
                    "ValidationError",
                    400,
                    format!("Variant {target} not found in endpoint {endpoint}."),
                ));
            }
            found
        }
        None => variants.iter().collect(),
    };
    let serving = |variant: &str| instances.iter().filter(|one| one.variant == variant).collect::<Vec<_>>();
    let candidates: Vec<&Weighted> =
        candidates.into_iter().filter(|(name, _)| !serving(name).is_empty()).collect();
    let variant = by_weight(&candidates, turn).ok_or_else(|| {
        ServiceError::new(
            "ServiceUnavailable",
            503,
            format!("Endpoint {endpoint} has no instance in service."),
        )
    })?;
    let serving = serving(variant);
    let place = usize::try_from(turn % serving.len() as u64).unwrap_or(0);
    Ok(serving[place].clone())
}

/// Multiples of the golden ratio fall evenly over the weights: shares are right after few invocations already, and no
/// randomness is needed.
#[expect(clippy::cast_precision_loss)]
fn by_weight<'a>(variants: &[&'a Weighted], turn: u64) -> Option<&'a str> {
    let total: f64 = variants.iter().map(|(_, weight)| weight).sum();
    let step = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut left = (step >> 11) as f64 / (1_u64 << 53) as f64 * total;
    for (name, weight) in variants {
        if left < *weight {
            return Some(name);
        }
        left -= weight;
    }
    // All weights are zero: a target variant, or a configuration that wants no traffic but is asked all the same.
    variants.last().map(|(name, _)| name.as_str())
}

impl Platform {
    async fn invoke(
        &self,
        request: &InvokeEndpoint,
        instance: InstanceRecord,
    ) -> Result<InvokeEndpointOutput, ServiceError> {
        let (content_type, accept) = (request.content_type.as_deref(), request.accept.as_deref());
        let (body, limit) = (request.body.clone(), self.config.invocation_timeout);
        match self.client.invoke_within(instance.port, content_type, accept, body, limit).await {
            Ok(answer) if answer.status.is_success() => Ok(InvokeEndpointOutput {
                content_type: answer.content_type,
                body: answer.body,
                invoked_production_variant: instance.variant,
            }),
            Ok(answer) => Err(refused(&answer, instance.log)),
            Err(CallError::Header(member)) => {
                Err(ServiceError::new("ValidationError", 400, format!("{member} is not a header value.")))
            }
            Err(CallError::TimedOut(_)) => Err(timed_out(instance.log)),
            Err(error) => {
                let message = format!(
                    "Your invocation failed while waiting for a response from container primary: {error}. See {} for \
                     more information.",
                    instance.log
                );
                Err(model_error(message, 0, error.to_string(), instance.log))
            }
        }
    }
}

fn refused(answer: &Answer, log: String) -> ServiceError {
    let side = if answer.status.is_client_error() { "client" } else { "server" };
    let (code, text) = (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned());
    let message = format!(
        "Received {side} error ({code}) from primary with message \"{text}\". See {log} for more information."
    );
    model_error(message, code, text, log)
}

/// The service answers so for the program, as if that were its message.
fn timed_out(log: String) -> ServiceError {
    let text = "Your invocation timed out while waiting for a response from container primary.";
    let message = format!(
        "Received server error (0) from primary with message \"{text}\". See {log} for more information."
    );
    model_error(message, 0, text.to_owned(), log)
}

fn model_error(
    message: String,
    original_status_code: u16,
    original_message: String,
    log: String,
) -> ServiceError {
    let mut error = ServiceError::new("ModelError", 424, message);
    error.model = Some(ModelFailure { original_status_code, original_message, log });
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_follows_the_weights() {
        let variants = [("a".to_owned(), 3.0), ("b".to_owned(), 1.0), ("c".to_owned(), 0.0)];
        let variants: Vec<&Weighted> = variants.iter().collect();
        let mut counts = [0; 3];
        for turn in 0..1000 {
            let name = by_weight(&variants, turn).unwrap();
            counts[["a", "b", "c"].iter().position(|one| *one == name).unwrap()] += 1;
        }
        assert!((745..=755).contains(&counts[0]) && counts[2] == 0, "{counts:?}");
    }
}
