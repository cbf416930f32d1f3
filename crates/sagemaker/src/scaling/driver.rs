//! Looks at the traffic of an endpoint's variants and changes their instance counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior};

use super::subject::Subject;
use super::tracking::{Change, DEFAULT_COOLDOWN, Policy, Situation, decide};
use crate::endpoint::Fleet;
use crate::error::ServiceError;
use crate::event::JobEvent;
use crate::platform::{LOOK_AGAIN, Platform};
use crate::request::integer;
use crate::store::{Record, ResourceKind};

const MINUTE: Duration = Duration::from_mins(1);

impl Platform {
    /// Scales the variants of the deployment in charge of an endpoint until its fleet is stopped: by its traffic once in
    /// a period, by the bounds of its targets as soon as they are seen to have changed.
    pub(crate) async fn scale_fleet(self: Arc<Self>, endpoint: String, fleet: Arc<Fleet>) {
        let period = self.config.scaling_period;
        let mut look = tokio::time::interval_at(Instant::now() + period, period);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changes = self.store.changes();
        let mut before: HashMap<String, u64> = HashMap::new();
        loop {
            let by_traffic = tokio::select! {
                () = fleet.stopped() => return,
                () = self.closed() => return,
                _ = look.tick() => true,
                _ = changes.changed() => false,
                () = tokio::time::sleep(LOOK_AGAIN) => false,
            };
            for variant in fleet.variant_names() {
                let invocations = by_traffic.then(|| {
                    let asked = fleet.asked(&variant);
                    let new = asked.saturating_sub(before.insert(variant.clone(), asked).unwrap_or(0));
                    per_minute(new, period)
                });
                let subject = Subject::new(&endpoint, &variant);
                // What cannot be read or written now is looked at again.
                let _ = self.scale_variant(&subject, &fleet, invocations).await;
            }
        }
    }

    async fn scale_variant(
        &self,
        subject: &Subject,
        fleet: &Fleet,
        invocations: Option<f64>,
    ) -> Result<(), ServiceError> {
        let Some(target) = self.store.get(ResourceKind::ScalableTarget, &subject.key()).await? else {
            return Ok(());
        };
        let (_, current) = fleet.counts(&subject.variant);
        let (min, max) = bounds(&target);
        if invocations.is_none() && (min..=max).contains(&current) {
            return Ok(());
        }
        let Some(endpoint) = self.store.get(ResourceKind::Endpoint, &subject.endpoint).await? else {
            return Ok(());
        };
        let mut policies = Vec::new();
        if invocations.is_some() {
            let records = self.store.list(ResourceKind::ScalingPolicy).await?;
            let own = records.iter().filter(|(_, record)| subject.owns(record));
            policies.extend(own.filter_map(|(_, record)| policy(record)));
        }
        let suspended = |member: &str| {
            target.body.get("SuspendedState").and_then(|state| state[member].as_bool()) == Some(true)
        };
        let now = (self.config.clock)();
        let scaling = endpoint.local.scaling.get(&subject.variant);
        let situation = Situation {
            min,
            max,
            current,
            invocations,
            since_out: scaling.and_then(|scaling| scaling.since_out(now)),
            since_in: scaling.and_then(|scaling| scaling.since_in(now)),
            out_suspended: suspended("DynamicScalingOutSuspended"),
            in_suspended: suspended("DynamicScalingInSuspended"),
        };
        let Some(change) = decide(&policies, &situation) else { return Ok(()) };
        let to = change.to;
        if self.record_change(subject, change, current, now).await? {
            fleet.want(&subject.variant, to);
            self.tell_instances(&subject.endpoint).await;
            self.emit(JobEvent::VariantScaled {
                endpoint: subject.endpoint.clone(),
                variant: subject.variant.clone(),
                from: current,
                to,
            });
        }
        Ok(())
    }

    /// Records a change before it is carried out; `false` while the endpoint is not in service, when the service does not
    /// scale it either.
    async fn record_change(
        &self,
        subject: &Subject,
        change: Change,
        from: usize,
        now: jiff::Timestamp,
    ) -> Result<bool, ServiceError> {
        let variant = subject.variant.clone();
        let recorded = self.store.update(ResourceKind::Endpoint, &subject.endpoint, move |record| {
            if record.text("EndpointStatus") != Some("InService") {
                return false;
            }
            if let Some(Value::Array(variants)) = record.body.get_mut("ProductionVariants") {
                for described in variants.iter_mut().filter(|one| one["VariantName"] == variant.as_str()) {
                    described["DesiredInstanceCount"] = change.to.into();
                }
            }
            record.local.scaling.entry(variant).or_default().add(&change, from, now);
            true
        });
        Ok(recorded.await? == Some(true))
    }

    /// The bounds within which a variant's instance count is to be, if it is a scalable target.
    pub(crate) async fn bounds_of(
        &self,
        endpoint: &str,
        variant: &str,
    ) -> Result<Option<(usize, usize)>, ServiceError> {
        let key = Subject::new(endpoint, variant).key();
        Ok(self.store.get(ResourceKind::ScalableTarget, &key).await?.as_ref().map(bounds))
    }
}

fn bounds(target: &Record) -> (usize, usize) {
    let capacity = |member: &str| {
        let count = target.body.get(member).and_then(Value::as_u64);
        count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
    };
    let min = capacity("MinCapacity");
    (min, capacity("MaxCapacity").max(min))
}

#[expect(clippy::cast_precision_loss, reason = "a number of invocations")]
fn per_minute(invocations: u64, period: Duration) -> f64 {
    invocations as f64 * MINUTE.as_secs_f64() / period.as_secs_f64()
}

/// The policy of a record, if it tracks what this platform counts.
fn policy(record: &Record) -> Option<Policy> {
    let tracking = record.body.get("TargetTrackingScalingPolicyConfiguration")?;
    let metric = tracking.pointer("/PredefinedMetricSpecification/PredefinedMetricType")?;
    if metric != "SageMakerVariantInvocationsPerInstance" {
        return None;
    }
    let cooldown = |member: &str| {
        let seconds = integer(&tracking[member]).and_then(|seconds| u64::try_from(seconds).ok());
        seconds.map_or(DEFAULT_COOLDOWN, Duration::from_secs)
    };
    Some(Policy {
        name: record.text("PolicyName").unwrap_or_default().to_owned(),
        target: tracking["TargetValue"].as_f64()?,
        scale_out_cooldown: cooldown("ScaleOutCooldown"),
        scale_in_cooldown: cooldown("ScaleInCooldown"),
        disable_scale_in: tracking["DisableScaleIn"].as_bool().unwrap_or(false),
    })
}
