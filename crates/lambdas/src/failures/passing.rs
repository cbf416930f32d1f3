//! What may succeed at another try: nothing is wrong with what was asked for.

use mlpp_provider::{ObjectsError, RecordsError, StoreError};

pub(crate) fn store_is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Busy(_) | StoreError::Unavailable(_) | StoreError::TooSoon(_))
}

pub(crate) fn records_is_passing(error: &RecordsError) -> bool {
    match error {
        RecordsError::Store(error) => store_is_passing(error),
        RecordsError::Unstable => true,
        _ => false,
    }
}

pub(crate) fn objects_is_passing(error: &ObjectsError) -> bool {
    matches!(error, ObjectsError::Unavailable { .. })
}
