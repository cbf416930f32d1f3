//! The ports on SQLite and files, and the wiring of the engine and the services of this machine.
//!
//! Everything lies below one folder (`<project>/.mlpp`, only its owner can enter it):
//!
//! | what | holds |
//! |---|---|
//! | `mlpp.db` | parameters and executions |
//! | `buckets/<bucket>/…` | objects, as plain files |
//! | `sagemaker/` | jobs, models, endpoints |

mod objects;
mod store;

pub use objects::LocalObjects;
pub use store::LocalStore;
