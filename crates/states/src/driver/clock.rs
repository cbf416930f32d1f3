//! Clocks: the machine's, and one that jumps.

use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::time::Timestamp;

/// Tells the time, and waits.
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Returns when `at` has come; `idle` says that nothing else is under way.
    fn wait_until(&self, at: Timestamp, idle: bool) -> impl Future<Output = ()> + Send;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Longest single sleep; after it the clock is looked at again, so that a clock that is set is noticed.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    async fn wait_until(&self, at: Timestamp, _idle: bool) {
        loop {
            let left = at.0.saturating_sub(self.now().0);
            match u64::try_from(left) {
                Ok(left) if left > 0 => {
                    tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP)).await;
                }
                _ => return,
            }
        }
    }
}

/// A clock that stands still while a task is under way and otherwise jumps to the instant that is waited for.
#[derive(Debug)]
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// A clock that begins at `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    async fn wait_until(&self, at: Timestamp, idle: bool) {
        if !idle {
            std::future::pending::<()>().await;
        }
        self.0.fetch_max(at.0, Ordering::Relaxed);
    }
}
