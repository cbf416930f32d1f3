//! The ports on SQLite and files, and the wiring of the engine and the services of this machine.
//!
//! Everything lies below one folder (`<project>/.mlpp`, only its owner can enter it):
//!
//! | what | holds |
//! |---|---|
//! | `mlpp.db` | parameters, executions, and what became of manifests |
//! | `secrets.key` | the key of the parameters that are secret |
//! | `lock`, `writer.lock` | held by the process that runs the project, and by the one that applies a release |
//! | `buckets/<bucket>/…` | objects, as plain files |
//! | `sagemaker/` | jobs, models, endpoints |

mod arrivals;
mod buckets;
mod clock;
mod definitions;
mod engine;
mod executions;
mod local;
mod lock;
mod map_objects;
mod objects;
mod recorded;
mod shipped;
mod store;
mod tasks;
mod workflows;
mod writer;

pub use arrivals::{Arrival, Arrivals, Standing, Verdict};
pub use clock::SystemClock;
pub use definitions::{StateMachineError, StateMachineFault, StateMachines, state_machine_arn};
pub use engine::{ResumeError, is_redrivable};
pub use executions::{ExecutionRecord, JournalError, status_text};
pub use local::{
    AfterCommit, BUCKETS, DATABASE, Local, LocalError, LocalOptions, SAGEMAKER, is_at_work, open_jobs,
};
pub use map_objects::MapObjects;
pub use objects::LocalObjects;
pub use recorded::{LocalExecutions, QueuedWorkflows};
pub use shipped::input_schema;
pub use store::LocalStore;
pub use workflows::LocalWorkflows;
pub use writer::WriterLock;
