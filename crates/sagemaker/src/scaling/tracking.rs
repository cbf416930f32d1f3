//! Target tracking: how many instances a variant is to have.
//!
//! As the service does it
//! ([Target tracking scaling policies](https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html)):
//! out as soon as the metric is above its target, in only when it is well below, each with a cooldown, and never beyond the
//! bounds of the target. The service waits for three minutes above and fifteen below; here one period decides.

use std::time::Duration;

/// Below this part of the target the metric is low enough to scale in.
const LOW: f64 = 0.9;
/// The cooldown of a policy that has none: the service's default for endpoint variants.
pub(super) const DEFAULT_COOLDOWN: Duration = Duration::from_mins(5);

/// A policy of target tracking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Policy {
    /// Invocations for each instance and minute.
    pub(super) target: f64,
    pub(super) scale_out_cooldown: Duration,
    pub(super) scale_in_cooldown: Duration,
    pub(super) disable_scale_in: bool,
}

/// What there is to decide about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Situation {
    pub(super) min: usize,
    pub(super) max: usize,
    /// How many instances there are to be now.
    pub(super) current: usize,
    /// The invocations of all of them within a minute.
    pub(super) invocations: f64,
    /// How long ago it was scaled out and in last; `None` for never.
    pub(super) since_out: Option<Duration>,
    pub(super) since_in: Option<Duration>,
}

/// How many instances there are to be.
///
/// One policy that wants more is enough to scale out; to scale in, all must want fewer.
pub(super) fn decide(policies: &[Policy], situation: &Situation) -> usize {
    let Situation { min, max, current, invocations, since_out, since_in } = *situation;
    let bounded = current.clamp(min, max.max(min));
    if bounded != current {
        return bounded;
    }
    let over = |cooldown: Duration, since: Option<Duration>| since.is_none_or(|since| since >= cooldown);
    let mut out = current;
    let mut inwards = Vec::new();
    for policy in policies {
        let wanted = instances_for(invocations, policy.target).clamp(min, max.max(min));
        if wanted > current && over(policy.scale_out_cooldown, since_out) {
            out = out.max(wanted);
        }
        let is_low = invocations < LOW * policy.target * as_number(current);
        let may = !policy.disable_scale_in
            && is_low
            && over(policy.scale_in_cooldown, since_in)
            && over(policy.scale_in_cooldown, since_out);
        inwards.push(if may { wanted.min(current) } else { current });
    }
    if out > current {
        return out;
    }
    inwards.into_iter().max().unwrap_or(current)
}

/// The fewest instances of which none has more than its target.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count within these bounds")]
fn instances_for(invocations: f64, target: f64) -> usize {
    if target <= 0.0 || !invocations.is_finite() {
        return usize::MAX;
    }
    (invocations / target).ceil().clamp(0.0, f64::from(i32::MAX)) as usize
}

#[expect(clippy::cast_precision_loss, reason = "a number of instances")]
fn as_number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        target: 100.0,
        scale_out_cooldown: Duration::from_mins(1),
        scale_in_cooldown: Duration::from_mins(5),
        disable_scale_in: false,
    };

    const CALM: Situation =
        Situation { min: 1, max: 4, current: 2, invocations: 200.0, since_out: None, since_in: None };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_count_follows_the_traffic_within_its_bounds() {
        let at = |invocations| decide(&[POLICY], &Situation { invocations, ..CALM });
        assert_eq!([at(200.0), at(201.0), at(350.0), at(9_000.0)], [2, 3, 4, 4]);
        // A little less is no reason to scale in.
        assert_eq!([at(185.0), at(179.0), at(100.0), at(0.0)], [2, 2, 1, 1]);
    }

    #[test]
    fn cooldowns_are_kept() {
        let out = |since_out| decide(&[POLICY], &Situation { invocations: 400.0, since_out, ..CALM });
        assert_eq!([out(Some(seconds(59))), out(Some(seconds(60)))], [2, 4]);
        let inward = |since_out, since_in| {
            decide(&[POLICY], &Situation { invocations: 0.0, since_out, since_in, ..CALM })
        };
        assert_eq!(inward(Some(seconds(299)), None), 2);
        assert_eq!(inward(None, Some(seconds(299))), 2);
        assert_eq!(inward(Some(seconds(300)), Some(seconds(300))), 1);
        // Traffic that rises is answered also while it must not be scaled in.
        assert_eq!(
            decide(&[POLICY], &Situation { invocations: 400.0, since_in: Some(seconds(1)), ..CALM }),
            4
        );
    }

    #[test]
    fn scaling_in_may_be_forbidden_and_needs_every_policy() {
        let kept = Policy { disable_scale_in: true, ..POLICY };
        let calm = Situation { invocations: 0.0, ..CALM };
        assert_eq!(decide(&[kept], &calm), 2);
        assert_eq!(decide(&[kept, POLICY], &calm), 2);
        let loose = Policy { target: 1_000.0, ..POLICY };
        let busy = Situation { invocations: 290.0, ..CALM };
        assert_eq!(decide(&[loose, POLICY], &busy), 3);
        assert_eq!(decide(&[loose, POLICY], &Situation { invocations: 150.0, ..CALM }), 2);
        assert_eq!(decide(&[], &busy), 2);
    }

    #[test]
    fn bounds_hold_at_once() {
        let out = Situation { since_out: Some(seconds(0)), since_in: Some(seconds(0)), ..CALM };
        assert_eq!(decide(&[], &Situation { min: 3, ..out }), 3);
        assert_eq!(decide(&[], &Situation { max: 1, ..out }), 1);
        assert_eq!(decide(&[POLICY], &Situation { min: 0, invocations: 0.0, ..CALM }), 0);
    }
}
