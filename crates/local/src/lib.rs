//! The ports on SQLite and files, and the wiring of the engine and the services of this machine.
//!
//! Everything lies below one folder (`<project>/.mlpp`, only its owner can enter it):
//!
//! | what | holds |
//! |---|---|
//! | `mlpp.db` | parameters and executions |
//! | `buckets/<bucket>/…` | objects, as plain files |
//! | `sagemaker/` | jobs, models, endpoints |

mod buckets;
mod definitions;
mod executions;
mod local;
mod objects;
mod shipped;
mod store;
mod tasks;
mod workflows;

pub use definitions::{StateMachineError, StateMachineFault, StateMachines, state_machine_arn};
pub use local::{BUCKETS, Local, LocalError, LocalOptions, SAGEMAKER};
pub use objects::LocalObjects;
pub use store::LocalStore;
pub use workflows::LocalWorkflows;
