//! Records that wait for room on the disk.
//!
//! Who waits for a job waits for its record. A job that runs and cannot record what became of it would be waited for without an
//! end, and one that failed for it would have failed for nothing that it did.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk::is_disk_full;
use crate::event::JobEvent;
use crate::platform::{LOOK_AGAIN, Platform};
use crate::store::{Record, ResourceKind, StoreError};

/// Whether something waits for room; told once, for as long as it does.
#[derive(Debug, Default)]
pub(crate) struct Room(AtomicBool);

impl Platform {
    /// Changes a resource as [`Store::update`](crate::store::Store::update) does, once the disk has room for it.
    pub(crate) async fn record<T: Send + 'static>(
        &self,
        kind: ResourceKind,
        name: &str,
        change: impl Fn(&mut Record) -> T + Clone + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        self.with_room(|| self.store.update(kind, name, change.clone())).await
    }

    /// Adds a resource as [`Store::insert`](crate::store::Store::insert) does, once the disk has room for it.
    pub(crate) async fn add_record(
        &self,
        kind: ResourceKind,
        name: &str,
        record: &Record,
    ) -> Result<bool, StoreError> {
        self.with_room(|| self.store.insert(kind, name, record.clone())).await
    }

    /// Writes again and again, as long as the disk is full.
    async fn with_room<T, F>(&self, write: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match write().await {
                Err(error) if self.waits_for_room(&error).await => {}
                done => {
                    self.room.0.store(false, Ordering::Relaxed);
                    return done;
                }
            }
        }
    }

    /// Waits a while if what failed did so because the disk is full: whether to try again. A platform that is shut down does
    /// not wait: whoever goes on with the job does.
    async fn waits_for_room(&self, error: &StoreError) -> bool {
        if !is_disk_full(error) || self.is_closing() {
            return false;
        }
        if !self.room.0.swap(true, Ordering::Relaxed) {
            self.emit(JobEvent::WaitsForRoom { reason: error.to_string() });
        }
        tokio::select! {
            () = self.closed() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
        true
    }
}
