//! The ports in memory, for tests.

mod clock;
mod faults;
mod objects;
mod store;
mod workflows;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use clock::ManualClock;
pub use faults::Fault;
pub use objects::MemoryObjects;
pub use store::MemoryStore;
pub use workflows::MemoryWorkflows;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
