//! Calls at the pace that the account's quota allows, tried again where that may help.

mod backoff;
mod bucket;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use mlpp_provider::Clock;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::failure::{CallError, Remedy};
use backoff::Backoff;
use bucket::{Bucket, Permit, Quota};

/// Which quota a call counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// `PutParameter`.
    Put,
    /// `GetParameter`, `GetParameters` and `GetParametersByPath`, which share one.
    Read,
    /// The others, of which the service tells no quota.
    Other,
}

// Systems Manager endpoints and quotas, AWS General Reference: 3 a second, 10 with higher throughput; 40 shared by the reads.
const PUT: Quota = Quota { usual: 3.0, raised: 10.0, at_once: 1.0 };
const READ: Quota = Quota { usual: 40.0, raised: 40.0, at_once: 20.0 };
const OTHER: Quota = Quota { usual: 3.0, raised: 10.0, at_once: 3.0 };

/// The pace of the calls of one client.
#[derive(Debug)]
pub(crate) struct Pace<C> {
    clock: Arc<C>,
    start: Timestamp,
    put: Mutex<Bucket>,
    read: Mutex<Bucket>,
    other: Mutex<Bucket>,
    random: Mutex<SmallRng>,
}

impl<C: Clock> Pace<C> {
    /// `seed` is for the jitter.
    pub(crate) fn new(clock: Arc<C>, seed: u64) -> Self {
        let start = clock.now();
        let bucket = |quota| Mutex::new(Bucket::new(quota, Duration::ZERO));
        Self {
            clock,
            start,
            put: bucket(PUT),
            read: bucket(READ),
            other: bucket(OTHER),
            random: Mutex::new(SmallRng::seed_from_u64(seed)),
        }
    }

    /// Calls per second that a lane is paced at; `None` when nothing holds it back.
    pub(crate) fn rate(&self, lane: Lane) -> Option<f64> {
        self.bucket(lane).rate()
    }

    /// Calls until there is an answer, or no use in trying again.
    pub(crate) async fn call<T, F>(
        &self,
        lane: Lane,
        send: impl Fn() -> F + Send + Sync,
    ) -> Result<T, CallError>
    where
        T: Send,
        F: Future<Output = Result<T, CallError>> + Send,
    {
        let mut attempts = self.attempts(lane);
        loop {
            let permit = attempts.permit().await;
            match send().await {
                Ok(answer) => {
                    attempts.accepted(permit);
                    return Ok(answer);
                }
                Err(error) => attempts.failed(permit, error).await.map(|_| ())?,
            }
        }
    }

    /// The attempts at a call that is no matter of indifference to have twice.
    pub(crate) fn attempts(&self, lane: Lane) -> Attempts<'_, C> {
        Attempts { pace: self, lane, backoff: Backoff::default() }
    }

    fn bucket(&self, lane: Lane) -> MutexGuard<'_, Bucket> {
        let bucket = match lane {
            Lane::Put => &self.put,
            Lane::Read => &self.read,
            Lane::Other => &self.other,
        };
        lock(bucket)
    }

    /// The time since the start; a clock that is set back stands still meanwhile.
    fn now(&self) -> Duration {
        self.clock.now().duration_since(self.start).try_into().unwrap_or_default()
    }

    fn random(&self) -> f64 {
        lock(&self.random).random()
    }
}

/// The attempts at one call.
pub(crate) struct Attempts<'a, C> {
    pace: &'a Pace<C>,
    lane: Lane,
    backoff: Backoff,
}

impl<C: Clock> Attempts<'_, C> {
    /// Waits until the next attempt may begin.
    pub(crate) async fn permit(&self) -> Permit {
        let permit = self.pace.bucket(self.lane).reserve(self.pace.now());
        if !permit.wait.is_zero() {
            self.pace.clock.sleep(permit.wait).await;
        }
        permit
    }

    /// The attempt was answered as one that counts against the quota.
    pub(crate) fn accepted(&self, permit: Permit) {
        self.pace.bucket(self.lane).accepted(permit, self.pace.now());
    }

    /// The attempt failed. Waits where another one may help, and tells why it may.
    ///
    /// # Errors
    /// The error itself, when there is no use in trying again.
    pub(crate) async fn failed(&mut self, permit: Permit, error: CallError) -> Result<Remedy, CallError> {
        let remedy = error.remedy();
        let random = self.pace.random();
        let wait = if remedy == Remedy::SlowDown {
            self.pace.bucket(self.lane).refused(permit, self.pace.now());
            self.backoff.after_refusal(random)
        } else {
            self.accepted(permit);
            if remedy == Remedy::TryAgain { self.backoff.after_failure(random) } else { None }
        };
        let Some(wait) = wait else { return Err(error) };
        if !wait.is_zero() {
            self.pace.clock.sleep(wait).await;
        }
        Ok(remedy)
    }
}

/// Locks; what a panicking holder left is as whole as what any other left.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
