//! Looks at the traffic of an endpoint's variants and changes their instance counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};

use super::tracking::{DEFAULT_COOLDOWN, Policy, Situation, decide};
use crate::endpoint::Fleet;
use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::names;
use crate::platform::Platform;
use crate::store::{Record, ResourceKind};

/// How many activities of a target are kept.
const ACTIVITIES: usize = 100;
const MINUTE: Duration = Duration::from_mins(1);

/// What was seen of a variant.
#[derive(Debug, Default)]
struct Seen {
    asked: u64,
    out: Option<Instant>,
    inward: Option<Instant>,
}

impl Platform {
    /// Scales the variants of the deployment in charge of an endpoint until its fleet is stopped.
    pub(crate) async fn scale_fleet(self: Arc<Self>, endpoint: String, fleet: Arc<Fleet>) {
        let period = self.config.scaling_period;
        let mut look = tokio::time::interval_at(Instant::now() + period, period);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen: HashMap<String, Seen> = HashMap::new();
        loop {
            tokio::select! {
                () = fleet.stopped() => return,
                () = self.closed() => return,
                _ = look.tick() => {}
            }
            for variant in fleet.variant_names() {
                let seen = seen.entry(variant.clone()).or_default();
                // What cannot be read or written now is looked at again.
                let _ = self.scale_variant(&endpoint, &variant, &fleet, seen).await;
            }
        }
    }

    async fn scale_variant(
        &self,
        endpoint: &str,
        variant: &str,
        fleet: &Fleet,
        seen: &mut Seen,
    ) -> Result<(), ServiceError> {
        let asked = fleet.asked(variant);
        let new = asked.saturating_sub(std::mem::replace(&mut seen.asked, asked));
        let resource = format!("endpoint/{endpoint}/variant/{variant}");
        let key = format!("sagemaker:variant:DesiredInstanceCount {resource}");
        let Some(target) = self.store.get(ResourceKind::ScalableTarget, &key).await? else { return Ok(()) };
        let mut policies = Vec::new();
        for (_, record) in self.store.list(ResourceKind::ScalingPolicy).await? {
            if record.text("ResourceId") == Some(resource.as_str()) {
                policies.extend(policy(&record));
            }
        }
        let suspended = |member: &str| {
            target.body.get("SuspendedState").and_then(|state| state[member].as_bool()) == Some(true)
        };
        let capacity = |member: &str| {
            target
                .body
                .get(member)
                .and_then(Value::as_u64)
                .map_or(0, |count| usize::try_from(count).unwrap_or(0))
        };
        let (_, current) = fleet.counts(variant);
        let period = self.config.scaling_period.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a number of invocations")]
        let invocations = new as f64 * MINUTE.as_secs_f64() / period;
        let situation = Situation {
            min: capacity("MinCapacity"),
            max: capacity("MaxCapacity"),
            current,
            invocations,
            since_out: seen.out.map(|at| at.elapsed()),
            since_in: seen.inward.map(|at| at.elapsed()),
        };
        let wanted = decide(&policies, &situation);
        let is_suspended = (wanted > current && suspended("DynamicScalingOutSuspended"))
            || (wanted < current && suspended("DynamicScalingInSuspended"));
        if wanted == current || is_suspended {
            return Ok(());
        }
        *(if wanted > current { &mut seen.out } else { &mut seen.inward }) = Some(Instant::now());
        fleet.want(variant, wanted);
        self.tell_instances(endpoint).await;
        let cause = format!("{invocations:.0} invocations a minute, {current} instances");
        let activity = activity(&resource, wanted, &cause);
        self.store
            .update(ResourceKind::ScalableTarget, &key, move |record| {
                record.local.activities.insert(0, activity);
                record.local.activities.truncate(ACTIVITIES);
            })
            .await?;
        self.emit(JobEvent::VariantScaled {
            endpoint: endpoint.to_owned(),
            variant: variant.to_owned(),
            from: current,
            to: wanted,
        });
        Ok(())
    }
}

/// A member of `ScalingActivities`.
fn activity(resource: &str, count: usize, cause: &str) -> Value {
    let now = names::now();
    json!({
        "ActivityId": format!("{:016x}", names::digest(&format!("{resource} {now} {count}"))),
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "Description": format!("Setting desired instance count to {count}."),
        "Cause": cause,
        "StartTime": now,
        "EndTime": now,
        "StatusCode": "Successful",
    })
}

/// The policy of a record, if it tracks what this platform counts.
fn policy(record: &Record) -> Option<Policy> {
    let tracking = record.body.get("TargetTrackingScalingPolicyConfiguration")?;
    let metric = tracking.pointer("/PredefinedMetricSpecification/PredefinedMetricType");
    if metric.is_some_and(|metric| metric != "SageMakerVariantInvocationsPerInstance") {
        return None;
    }
    let cooldown = |member: &str| tracking[member].as_u64().map_or(DEFAULT_COOLDOWN, Duration::from_secs);
    Some(Policy {
        target: tracking["TargetValue"].as_f64()?,
        scale_out_cooldown: cooldown("ScaleOutCooldown"),
        scale_in_cooldown: cooldown("ScaleInCooldown"),
        disable_scale_in: tracking["DisableScaleIn"].as_bool().unwrap_or(false),
    })
}
