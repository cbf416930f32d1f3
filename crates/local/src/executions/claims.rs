//! Which task makes a resource of a service.
//!
//! A task that is asked for again after a crash must tell what it made itself from what was there before. So a task claims a
//! name before it makes something of that name, and only where there is nothing yet: a resource of a claimed name is the
//! claimant's own.

use mlpp_provider::WorkflowsError;
use rusqlite::{OptionalExtension, params};

use super::{Executions, Parent, failed, integer};

impl Executions {
    /// Claims a resource for a task. An earlier claim on the name is of something that is no more.
    pub(crate) fn claim(&self, resource: &str, task: Parent<'_>) -> Result<(), WorkflowsError> {
        self.lock()
            .execute(
                "INSERT INTO execution_claims (resource, execution_arn, task) VALUES (?1, ?2, ?3)
                 ON CONFLICT (resource) DO UPDATE SET execution_arn = ?2, task = ?3",
                params![resource, task.execution_arn, integer(task.task)],
            )
            .map_err(failed)?;
        self.committed();
        Ok(())
    }

    /// Whether the task has claimed the resource.
    pub(crate) fn is_claimed_by(&self, resource: &str, task: Parent<'_>) -> Result<bool, WorkflowsError> {
        let found: Option<i64> = self
            .lock()
            .query_row(
                "SELECT 1 FROM execution_claims WHERE resource = ?1 AND execution_arn = ?2 AND task = ?3",
                params![resource, task.execution_arn, integer(task.task)],
                |row| row.get(0),
            )
            .optional()
            .map_err(failed)?;
        Ok(found.is_some())
    }
}
