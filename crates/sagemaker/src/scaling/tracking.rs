//! Target tracking: how many instances a variant is to have.
//!
//! As the service does it
//! ([Target tracking scaling policies](https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html)):
//! out as soon as the metric is above its target, in only when it is well below, each with a cooldown, and never beyond the
//! bounds of the target. A count out of bounds is put right at once, whatever cools down or is suspended. Different here: the
//! service waits for three minutes above and fifteen below, one period decides here; and the service lets a larger
//! scale-out than the last one cut its cooldown short, here it is waited for.

use std::time::Duration;

/// Below this part of the target the metric is low enough to scale in.
const LOW: f64 = 0.9;
/// The cooldown of a policy that has none: the service's default for endpoint variants.
pub(super) const DEFAULT_COOLDOWN: Duration = Duration::from_mins(5);

/// A policy of target tracking.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Policy {
    pub(super) name: String,
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
    /// The invocations of all of them within a minute; `None` between two looks at them.
    pub(super) invocations: Option<f64>,
    /// How long ago a policy scaled it out and in last; `None` for never.
    pub(super) since_out: Option<Duration>,
    pub(super) since_in: Option<Duration>,
    /// Whether policies must not scale it out, or in.
    pub(super) out_suspended: bool,
    pub(super) in_suspended: bool,
}

/// Another number of instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) to: usize,
    pub(super) trigger: Trigger,
    /// Why, for people.
    pub(super) cause: String,
}

/// What asked for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// `MinCapacity` or `MaxCapacity`.
    Bounds,
    /// A policy.
    Policy,
}

/// Whether there is to be another number of instances.
///
/// One policy that wants more is enough to scale out; to scale in, all must want fewer.
pub(super) fn decide(policies: &[Policy], situation: &Situation) -> Option<Change> {
    let Situation { min, max, current, .. } = *situation;
    let bounded = current.clamp(min, max.max(min));
    if bounded != current {
        let bound = if bounded > current { "minimum" } else { "maximum" };
        let cause = format!("{bound} capacity was set to {bounded}");
        return Some(Change { to: bounded, trigger: Trigger::Bounds, cause });
    }
    let invocations = situation.invocations?;
    let wanted = policies.iter().map(|policy| (policy.wants(invocations, situation), policy));
    // The one that wants most decides, in both directions.
    let (to, policy) = wanted
        .reduce(|most, other| if other.0 > most.0 { other } else { most })
        .filter(|(to, _)| *to != current)?;
    let side = if to > current { "above" } else { "below" };
    let each = invocations / as_number(current.max(1));
    let Policy { name, target, .. } = policy;
    let cause = format!(
        "{invocations:.0} invocations a minute, {each:.0} for each instance: {side} the target {target} of policy {name}"
    );
    Some(Change { to, trigger: Trigger::Policy, cause })
}

impl Policy {
    /// How many instances it wants, within the bounds; the current number while it must not change it.
    fn wants(&self, invocations: f64, situation: &Situation) -> usize {
        let Situation { min, max, current, since_out, since_in, .. } = *situation;
        let over = |cooldown: Duration, since: Option<Duration>| since.is_none_or(|since| since >= cooldown);
        let wanted = instances_for(invocations, self.target).clamp(min, max.max(min));
        let may = if wanted > current {
            !situation.out_suspended && over(self.scale_out_cooldown, since_out)
        } else {
            !self.disable_scale_in
                && !situation.in_suspended
                && invocations < LOW * self.target * as_number(current)
                && over(self.scale_in_cooldown, since_in)
                && over(self.scale_in_cooldown, since_out)
        };
        if may { wanted } else { current }
    }
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

    fn policy() -> Policy {
        Policy {
            name: "p".to_owned(),
            target: 100.0,
            scale_out_cooldown: Duration::from_mins(1),
            scale_in_cooldown: Duration::from_mins(5),
            disable_scale_in: false,
        }
    }

    const CALM: Situation = Situation {
        min: 1,
        max: 4,
        current: 2,
        invocations: Some(200.0),
        since_out: None,
        since_in: None,
        out_suspended: false,
        in_suspended: false,
    };

    #[expect(clippy::unnecessary_wraps, reason = "as a situation has it")]
    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    /// The count after the decision.
    fn count(policies: &[Policy], situation: Situation) -> usize {
        decide(policies, &situation).map_or(situation.current, |change| change.to)
    }

    fn under(invocations: f64) -> Situation {
        Situation { invocations: Some(invocations), ..CALM }
    }

    #[test]
    fn the_count_follows_the_traffic_within_its_bounds() {
        let at = |invocations| count(&[policy()], under(invocations));
        assert_eq!([at(200.0), at(201.0), at(350.0), at(9_000.0)], [2, 3, 4, 4]);
        // A little less is no reason to scale in.
        assert_eq!([at(185.0), at(179.0), at(100.0), at(0.0)], [2, 2, 1, 1]);
        assert_eq!(count(&[policy()], Situation { invocations: None, ..CALM }), 2);
    }

    #[test]
    fn cooldowns_are_kept() {
        let out = |since_out| count(&[policy()], Situation { since_out, ..under(400.0) });
        assert_eq!([out(seconds(59)), out(seconds(60))], [2, 4]);
        let inward =
            |since_out, since_in| count(&[policy()], Situation { since_out, since_in, ..under(0.0) });
        assert_eq!(inward(seconds(299), None), 2);
        assert_eq!(inward(None, seconds(299)), 2);
        assert_eq!(inward(seconds(300), seconds(300)), 1);
        // Traffic that rises is answered also while it must not be scaled in.
        assert_eq!(count(&[policy()], Situation { since_in: seconds(1), ..under(400.0) }), 4);
    }

    #[test]
    fn scaling_in_may_be_forbidden_and_needs_every_policy() {
        let kept = Policy { disable_scale_in: true, ..policy() };
        assert_eq!(count(std::slice::from_ref(&kept), under(0.0)), 2);
        assert_eq!(count(&[kept, policy()], under(0.0)), 2);
        let loose = Policy { name: "loose".to_owned(), target: 1_000.0, ..policy() };
        assert_eq!(count(&[loose.clone(), policy()], under(290.0)), 3);
        assert_eq!(count(&[loose, policy()], under(150.0)), 2);
        assert_eq!(count(&[], under(290.0)), 2);
    }

    #[test]
    fn policies_may_be_suspended_in_each_direction() {
        let out = Situation { out_suspended: true, ..CALM };
        let inward = Situation { in_suspended: true, ..CALM };
        let at = |invocations, situation| {
            count(&[policy()], Situation { invocations: Some(invocations), ..situation })
        };
        assert_eq!([at(400.0, out), at(0.0, out)], [2, 1]);
        assert_eq!([at(400.0, inward), at(0.0, inward)], [4, 2]);
    }

    #[test]
    fn bounds_hold_at_once() {
        let busy = Situation {
            since_out: seconds(0),
            since_in: seconds(0),
            out_suspended: true,
            in_suspended: true,
            invocations: None,
            ..CALM
        };
        assert_eq!(count(&[], Situation { min: 3, ..busy }), 3);
        assert_eq!(count(&[], Situation { max: 1, ..busy }), 1);
        assert_eq!(count(&[policy()], Situation { min: 0, ..under(0.0) }), 0);
    }

    #[test]
    fn a_change_says_why() {
        let told = |situation| decide(&[policy()], &situation).unwrap();
        let Change { to, trigger, cause } = told(under(301.0));
        assert_eq!((to, trigger), (4, Trigger::Policy));
        assert_eq!(
            cause,
            "301 invocations a minute, 150 for each instance: above the target 100 of policy p"
        );
        let cause = told(under(12.0)).cause;
        assert_eq!(cause, "12 invocations a minute, 6 for each instance: below the target 100 of policy p");
        let raised = told(Situation { min: 3, ..CALM });
        assert_eq!(
            (raised.trigger, raised.cause.as_str()),
            (Trigger::Bounds, "minimum capacity was set to 3")
        );
        assert_eq!(told(Situation { max: 1, ..CALM }).cause, "maximum capacity was set to 1");
    }
}
