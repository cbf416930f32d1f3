//! Disks that are full.

use std::error::Error;
use std::io;

use rusqlite::{ErrorCode, ffi};

/// Whether what failed did so because the disk, or the share of it that the user may have, is full.
pub fn is_disk_full(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let file = error.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        });
        let database = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error);
        if file || database.copied().is_some_and(no_room) {
            return true;
        }
        next = error.source();
    }
    false
}

/// SQLite says so itself, but for its file of shared memory: that one cannot be made larger
/// (<https://www.sqlite.org/rescode.html#ioerr_shmsize>).
fn no_room(error: ffi::Error) -> bool {
    error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_IOERR_SHMSIZE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn a_full_disk_is_seen_through_what_is_around_it() {
        let sqlite = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let stored = |code| StoreError::Database { path: "jobs.db".to_owned(), source: sqlite(code) };
        assert!(is_disk_full(&stored(ffi::SQLITE_FULL)));
        assert!(is_disk_full(&stored(ffi::SQLITE_IOERR_SHMSIZE)));
        assert!(!is_disk_full(&stored(ffi::SQLITE_IOERR_READ)));
        assert!(is_disk_full(&io::Error::from(io::ErrorKind::StorageFull)));
        assert!(!is_disk_full(&io::Error::from(io::ErrorKind::PermissionDenied)));
    }
}
