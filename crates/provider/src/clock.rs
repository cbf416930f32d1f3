use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;

/// The time, passed in so that nothing here reads a clock.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Returns when `duration` has gone by.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}
