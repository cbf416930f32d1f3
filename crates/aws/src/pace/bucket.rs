//! A token bucket that learns its rate, as a state machine: times are passed in.

use std::time::Duration;

/// What is known of a quota before the first call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    /// Calls per second that every account has.
    pub(super) usual: f64,
    /// Calls per second of an account with the higher throughput; the same as `usual` where there is none.
    pub(super) raised: f64,
    /// Calls that may go out at once before anything was learned.
    pub(super) at_once: f64,
}

/// Once so many calls went through at the raised rate, the usual one is ruled out: it would have had to begin with a dozen
/// calls in hand.
const OPENING_CALLS: u32 = 20;
/// What the opening has in hand at most beside the calls that go out at once: a call may take a while.
const OPENING_RESERVE: f64 = 1.0;
/// The opening stays so far below the raised rate that the clocks of two machines may differ.
const OPENING_RATE: f64 = 0.98;
/// What calls may differ in the time that they take on their way: after a refusal the service's bucket is given so much longer
/// to fill than a call needs.
const SLACK: Duration = Duration::from_millis(25);
/// So many calls go out at the learned rate before a higher one is tried; twice as many once that rate was confirmed.
const HOLD: u32 = 60;
/// What each call beyond those raises the rate by.
const GROWTH: f64 = 1.01;
/// How far a measured rate may be from the learned one to confirm it.
const AGREES: f64 = 0.1;
/// Fewer calls between two refusals measure nothing.
const MEASURED_CALLS: u32 = 4;
/// What a refusal that measures nothing lowers the rate to.
const DECREASE: f64 = 0.8;
/// No rate is lower, in calls per second: one call in ten seconds still comes to an end.
const LOWEST_RATE: f64 = 0.1;

/// Leave for one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Permit {
    /// How long to wait before it.
    pub(super) wait: Duration,
    epoch: u32,
}

/// A token bucket that stands for the service's own.
///
/// AWS does not tell a quota, it refuses calls. A refusal says that the service's bucket is empty; so what went through
/// between two refusals, divided by the time between them, is the rate at which it fills. Tokens that are not used at
/// once stay in the service's bucket: nothing is lost by going slowly for a while, and each refusal costs a call.
///
/// The first calls go out at the raised rate. A refusal among them means that the account has the usual one; when there is none,
/// nothing holds them back until the first refusal: the service's bucket is emptied. From then on the rate is held, raised
/// little by little after a while, and measured at each refusal.
#[derive(Debug)]
pub(super) struct Bucket {
    quota: Quota,
    phase: Phase,
    /// Tokens in hand; below zero, calls that wait for theirs.
    level: f64,
    /// The most tokens.
    capacity: f64,
    /// The time of `level`.
    at: Duration,
    window: Window,
    /// Refusals that were taken in: a permit from before the last one says nothing new.
    epoch: u32,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// No call was refused yet.
    Opening,
    /// The rate, and how many calls it is held for.
    Learned { rate: f64, hold: u32 },
}

/// What happened since the last refusal.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    start: Duration,
    accepted: u32,
    /// Whether the bucket was full meanwhile: then tokens were lost, and the window measures nothing.
    idle: bool,
}

impl Bucket {
    pub(super) fn new(quota: Quota, now: Duration) -> Self {
        Self {
            quota,
            phase: Phase::Opening,
            level: quota.at_once,
            capacity: quota.at_once + OPENING_RESERVE,
            at: now,
            window: Window { start: now, ..Window::default() },
            epoch: 0,
        }
    }

    /// The rate that calls are paced at; `None` when nothing holds them back.
    pub(super) fn rate(&self) -> Option<f64> {
        let accepted = self.window.accepted;
        match self.phase {
            Phase::Opening if accepted < OPENING_CALLS => Some(self.quota.raised * OPENING_RATE),
            Phase::Opening => None,
            Phase::Learned { rate, hold } => {
                let beyond = i32::try_from(accepted.saturating_sub(hold)).unwrap_or(i32::MAX);
                Some(rate * GROWTH.powi(beyond))
            }
        }
    }

    /// Leave for one call, after those that asked before.
    pub(super) fn reserve(&mut self, now: Duration) -> Permit {
        let rate = self.refill(now);
        let Some(rate) = rate else { return Permit { wait: Duration::ZERO, epoch: self.epoch } };
        self.level -= 1.0;
        let wait = Duration::try_from_secs_f64(-self.level / rate).unwrap_or_default();
        Permit { wait, epoch: self.epoch }
    }

    /// The call of a permit went through.
    pub(super) fn accepted(&mut self, permit: Permit, now: Duration) {
        self.refill(now);
        if permit.epoch == self.epoch {
            self.window.accepted = self.window.accepted.saturating_add(1);
        }
    }

    /// The call of a permit was refused, since the quota is used up.
    pub(super) fn refused(&mut self, permit: Permit, now: Duration) {
        if permit.epoch != self.epoch {
            return;
        }
        self.refill(now);
        self.epoch += 1;
        self.phase = self.learn(now);
        self.window = Window { start: now, ..Window::default() };
        self.at = now;
        self.level = self.rate().map_or(0.0, |rate| -(rate * SLACK.as_secs_f64()).min(1.0));
    }

    /// What a refusal at `now` says about the rate.
    fn learn(&mut self, now: Duration) -> Phase {
        let Window { start, accepted, idle } = self.window;
        let (calls, elapsed) = (f64::from(accepted), now.saturating_sub(start).as_secs_f64());
        match self.phase {
            Phase::Opening => {
                let Quota { usual, raised, .. } = self.quota;
                let rate = if accepted < OPENING_CALLS { usual } else { raised };
                self.capacity = (calls - rate * elapsed).clamp(1.0, raised);
                Phase::Learned { rate, hold: HOLD }
            }
            Phase::Learned { rate, hold } if idle => {
                self.capacity = (self.capacity / 2.0).max(1.0);
                Phase::Learned { rate, hold }
            }
            Phase::Learned { rate, .. } if accepted < MEASURED_CALLS => {
                Phase::Learned { rate: (rate * DECREASE).max(LOWEST_RATE), hold: HOLD }
            }
            Phase::Learned { rate, hold } => {
                let measured = (calls / elapsed).max(LOWEST_RATE);
                if (measured / rate - 1.0).abs() < AGREES {
                    Phase::Learned { rate: f64::midpoint(rate, measured), hold: hold.saturating_mul(2) }
                } else {
                    Phase::Learned { rate: measured, hold: HOLD }
                }
            }
        }
    }

    /// Brings the tokens up to `now` and returns the rate.
    fn refill(&mut self, now: Duration) -> Option<f64> {
        let rate = self.rate()?;
        let elapsed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.level += rate * elapsed;
        if self.level >= self.capacity {
            self.level = self.capacity;
            match self.phase {
                // Calls that come more slowly than they might rule nothing out.
                Phase::Opening => self.window = Window { start: now, ..Window::default() },
                Phase::Learned { .. } => self.window.idle = true,
            }
        }
        Some(rate)
    }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
