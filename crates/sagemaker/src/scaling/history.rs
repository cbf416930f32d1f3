//! What is kept of a variant's scaling: when it was scaled last, and what was done and why.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::subject::{DIMENSION, Subject};
use super::tracking::{Change, Trigger};
use crate::error::ServiceError;
use crate::names;
use crate::platform::{Platform, SageMaker};
use crate::store::ResourceKind;

/// How many activities of a variant are kept. The service keeps those of six weeks.
const ACTIVITIES: usize = 100;

/// The scaling of a variant, as the record of its endpoint keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct VariantScaling {
    /// When a policy scaled it out and in last.
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inward: Option<Timestamp>,
    /// The newest first.
    activities: Vec<Activity>,
}

/// A change of a variant's instance count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Activity {
    time: Timestamp,
    from: usize,
    to: usize,
    cause: String,
}

impl VariantScaling {
    /// Adds a change. One that a policy asked for starts its cooldown; one that the bounds asked for does not.
    pub(super) fn add(&mut self, change: &Change, from: usize, now: Timestamp) {
        if change.trigger == Trigger::Policy {
            *(if change.to > from { &mut self.out } else { &mut self.inward }) = Some(now);
        }
        let activity = Activity { time: now, from, to: change.to, cause: change.cause.clone() };
        self.activities.insert(0, activity);
        self.activities.truncate(ACTIVITIES);
    }

    pub(super) fn since_out(&self, now: Timestamp) -> Option<Duration> {
        since(self.out?, now)
    }

    pub(super) fn since_in(&self, now: Timestamp) -> Option<Duration> {
        since(self.inward?, now)
    }

    /// Forgets the cooldowns, which go with the policies.
    pub(super) fn settle(&mut self) {
        (self.out, self.inward) = (None, None);
    }
}

/// How long ago something was; nothing for what is to come: a clock that was set back must not hold scaling up.
fn since(then: Timestamp, now: Timestamp) -> Option<Duration> {
    Duration::try_from(now.duration_since(then)).ok()
}

impl Activity {
    /// A member of `ScalingActivities`
    /// ([`ScalingActivity`](https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingActivity.html)).
    fn describe(&self, subject: &Subject) -> Value {
        let (resource, time, to) = (subject.resource(), names::time(self.time), self.to);
        json!({
            "ActivityId": format!("{:016x}", names::digest(&format!("{resource} {time} {} {to}", self.from))),
            "ServiceNamespace": "sagemaker",
            "ResourceId": resource,
            "ScalableDimension": DIMENSION,
            "Description": format!("Setting desired instance count to {to}."),
            "Cause": self.cause,
            "StartTime": time,
            "EndTime": time,
            "StatusCode": "Successful",
            "StatusMessage": format!(
                "Successfully set desired instance count to {to}. Change successfully fulfilled by sagemaker."
            ),
        })
    }
}

/// A change of the instance count of an endpoint's variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScalingActivity {
    /// When, in ISO 8601.
    pub time: String,
    /// The variant.
    pub variant_name: String,
    /// How many instances there were to be.
    pub from: usize,
    /// How many there are to be from then on.
    pub to: usize,
    /// Why.
    pub cause: String,
}

impl SageMaker {
    /// The last 100 changes of the instance count of each variant of an endpoint, the oldest first. Unlike
    /// `DescribeScalingActivities` it tells which count there was before.
    pub async fn scaling_activities(&self, endpoint: &str) -> Result<Vec<ScalingActivity>, ServiceError> {
        let record = self.platform.endpoint(endpoint).await?;
        let mut activities: Vec<(Timestamp, ScalingActivity)> = Vec::new();
        for (variant, scaling) in record.local.scaling {
            // Those at the same time stay in the order in which they were.
            activities.extend(scaling.activities.into_iter().rev().map(|activity| {
                let told = ScalingActivity {
                    time: names::time(activity.time),
                    variant_name: variant.clone(),
                    from: activity.from,
                    to: activity.to,
                    cause: activity.cause,
                };
                (activity.time, told)
            }));
        }
        activities.sort_by_key(|(time, _)| *time);
        Ok(activities.into_iter().map(|(_, activity)| activity).collect())
    }
}

impl Platform {
    /// The activities of all variants, or of the one with that `ResourceId`, the newest first.
    pub(super) async fn activities(&self, resource: Option<&str>) -> Result<Vec<Value>, ServiceError> {
        let mut activities = Vec::new();
        for (endpoint, record) in self.store.list(ResourceKind::Endpoint).await? {
            for (variant, scaling) in &record.local.scaling {
                let subject = Subject::new(&endpoint, variant);
                if resource.is_none_or(|resource| resource == subject.resource()) {
                    let own = scaling.activities.iter();
                    activities.extend(own.map(|activity| (activity.time, activity.describe(&subject))));
                }
            }
        }
        activities.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        Ok(activities.into_iter().map(|(_, activity)| activity).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn change(to: usize, trigger: Trigger) -> Change {
        Change { to, trigger, cause: "because".to_owned() }
    }

    #[test]
    fn policies_start_cooldowns_and_bounds_do_not() {
        let mut scaling = VariantScaling::default();
        scaling.add(&change(3, Trigger::Bounds), 1, at(100));
        assert_eq!((scaling.since_out(at(160)), scaling.since_in(at(160))), (None, None));
        scaling.add(&change(4, Trigger::Policy), 3, at(200));
        scaling.add(&change(2, Trigger::Policy), 4, at(230));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!((scaling.since_out(at(260)), scaling.since_in(at(260))), (seconds(60), seconds(30)));
        // The clock was set back.
        assert_eq!((scaling.since_out(at(210)), scaling.since_in(at(210))), (seconds(10), None));
        scaling.settle();
        assert_eq!((scaling.since_out(at(260)), scaling.activities.len()), (None, 3));
    }

    #[test]
    fn the_newest_activities_are_kept() {
        let mut scaling = VariantScaling::default();
        for second in 0..250 {
            scaling.add(&change(2, Trigger::Policy), 1, at(second));
        }
        let times: Vec<i64> = scaling.activities.iter().map(|activity| activity.time.as_second()).collect();
        assert_eq!((times.len(), times[0], times[99]), (100, 249, 150));
        let text = serde_json::to_string(&scaling).unwrap();
        assert_eq!(serde_json::from_str::<VariantScaling>(&text).unwrap(), scaling);
    }
}
