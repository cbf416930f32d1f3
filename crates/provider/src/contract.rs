//! What every back end must do, as functions that each back end's tests run on a fresh store.
//!
//! A function panics with what was expected when the back end does not keep the contract.

#![allow(clippy::unwrap_used, reason = "these functions are tests")]

mod objects;
mod store;
mod workflows;

pub use objects::{an_etag_is_a_condition, objects_and_their_versions, objects_are_listed_by_prefix};
pub use store::{
    a_hundred_versions_are_kept, list_is_complete_and_keeps_to_the_path, put_versions_and_create_only,
    secrets_are_revealed_and_never_listed, types_change_only_by_delete_and_create,
    values_come_back_to_the_letter, what_the_service_refuses_is_refused,
};
pub use workflows::{absent_state_machines_and_executions_are_told, one_name_starts_one_execution};
