use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlpp_provider::{ExecutionDescription, ExecutionStatus, WorkflowsError};
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::open_database;

/// An execution is a row, and each event of its history is one.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS executions (
        arn               TEXT PRIMARY KEY,
        state_machine_arn TEXT NOT NULL,
        name              TEXT NOT NULL,
        input             TEXT NOT NULL,
        status            TEXT NOT NULL,
        output            TEXT,
        error             TEXT,
        cause             TEXT,
        start_ms          INTEGER NOT NULL,
        stop_ms           INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS execution_events (
        execution_arn TEXT    NOT NULL,
        id            INTEGER NOT NULL,
        event         TEXT    NOT NULL,
        PRIMARY KEY (execution_arn, id)
    ) STRICT, WITHOUT ROWID;
";

/// The executions of this machine, in an SQLite file.
#[derive(Debug, Clone)]
pub(crate) struct Executions {
    connection: Arc<Mutex<Connection>>,
}

/// A new execution.
pub(crate) struct NewExecution<'a> {
    pub(crate) arn: &'a str,
    pub(crate) state_machine_arn: &'a str,
    pub(crate) name: &'a str,
    pub(crate) input: &'a str,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) start_ms: i64,
}

impl Executions {
    pub(crate) fn open(file: &Path) -> Result<Self, WorkflowsError> {
        let connection = open_database(file, SCHEMA).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an execution that starts; says whether it is new.
    pub(crate) fn insert(&self, new: &NewExecution<'_>) -> Result<bool, WorkflowsError> {
        let rows = self.lock().execute(
            "INSERT INTO executions (arn, state_machine_arn, name, input, status, start_ms)
             VALUES (?1, ?2, ?3, ?4, 'RUNNING', ?5) ON CONFLICT (arn) DO NOTHING",
            params![new.arn, new.state_machine_arn, new.name, new.input, new.start_ms],
        );
        Ok(rows.map_err(failed)? == 1)
    }

    /// Adds events, given as (id, JSON text), to an execution's history: all of them or none.
    pub(crate) fn append(&self, arn: &str, events: &[(u64, String)]) -> Result<(), WorkflowsError> {
        let mut connection = self.lock();
        let mut append = || {
            let transaction = connection.transaction()?;
            for (id, event) in events {
                let id = i64::try_from(*id).unwrap_or(i64::MAX);
                transaction
                    .prepare_cached(
                        "INSERT INTO execution_events (execution_arn, id, event) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![arn, id, event])?;
            }
            transaction.commit()
        };
        append().map_err(failed)
    }

    /// Records how an execution ended; one that has ended stays as it is.
    pub(crate) fn finish(
        &self,
        arn: &str,
        end: &ExecutionDescription,
        stop_ms: i64,
    ) -> Result<(), WorkflowsError> {
        self.lock()
            .execute(
                "UPDATE executions SET status = ?2, output = ?3, error = ?4, cause = ?5, stop_ms = ?6
                 WHERE arn = ?1 AND status = 'RUNNING'",
                params![arn, status_text(end.status), end.output, end.error, end.cause, stop_ms],
            )
            .map_err(failed)?;
        Ok(())
    }

    /// Records that nobody runs the executions any more that a process left when it was killed.
    pub(crate) fn abort_left_over(&self, stop_ms: i64) -> Result<usize, WorkflowsError> {
        self.lock()
            .execute(
                "UPDATE executions SET status = 'ABORTED', error = 'Interrupted',
                 cause = 'The process that ran the execution has ended.', stop_ms = ?1 WHERE status = 'RUNNING'",
                [stop_ms],
            )
            .map_err(failed)
    }

    pub(crate) fn describe(&self, arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        let row = self
            .lock()
            .query_row("SELECT status, output, error, cause FROM executions WHERE arn = ?1", [arn], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()
            .map_err(failed)?;
        let Some((status, output, error, cause)) = row else {
            return Err(WorkflowsError::ExecutionDoesNotExist(arn.to_owned()));
        };
        let status =
            STATUSES.into_iter().find(|(text, _)| *text == status).map(|(_, status)| status).ok_or_else(
                || WorkflowsError::Unavailable(format!("an execution has the status {status}").into()),
            )?;
        Ok(ExecutionDescription { status, output, error, cause })
    }

    /// The events of an execution's history, as JSON texts in their order.
    pub(crate) fn history(&self, arn: &str) -> Result<Vec<String>, WorkflowsError> {
        let connection = self.lock();
        let read = || {
            let mut query = connection
                .prepare_cached("SELECT event FROM execution_events WHERE execution_arn = ?1 ORDER BY id")?;
            query.query_map([arn], |row| row.get(0))?.collect::<Result<_, _>>()
        };
        read().map_err(failed)
    }
}

/// The statuses and how `DescribeExecution` writes them.
const STATUSES: [(&str, ExecutionStatus); 5] = [
    ("RUNNING", ExecutionStatus::Running),
    ("SUCCEEDED", ExecutionStatus::Succeeded),
    ("FAILED", ExecutionStatus::Failed),
    ("TIMED_OUT", ExecutionStatus::TimedOut),
    ("ABORTED", ExecutionStatus::Aborted),
];

pub(crate) fn status_text(status: ExecutionStatus) -> &'static str {
    STATUSES.into_iter().find(|(_, other)| *other == status).map_or("RUNNING", |(text, _)| text)
}

fn failed(error: rusqlite::Error) -> WorkflowsError {
    WorkflowsError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:us-east-1:000000000000:execution:m:e";

    fn new() -> NewExecution<'static> {
        NewExecution { arn: ARN, state_machine_arn: "m", name: "e", input: "{}", start_ms: 1 }
    }

    #[test]
    fn an_execution_starts_once_and_ends_once() {
        let folder = tempfile::tempdir().unwrap();
        let executions = Executions::open(&folder.path().join("mlpp.db")).unwrap();
        assert!(executions.insert(&new()).unwrap());
        assert!(!executions.insert(&new()).unwrap());
        assert_eq!(executions.describe(ARN).unwrap().status, ExecutionStatus::Running);
        let succeeded = ExecutionDescription {
            status: ExecutionStatus::Succeeded,
            output: Some("1".into()),
            error: None,
            cause: None,
        };
        executions.finish(ARN, &succeeded, 2).unwrap();
        assert_eq!(executions.abort_left_over(3).unwrap(), 0);
        assert_eq!(executions.describe(ARN).unwrap(), succeeded);
        assert!(matches!(executions.describe("other"), Err(WorkflowsError::ExecutionDoesNotExist(_))));
    }

    #[test]
    fn what_a_killed_process_left_is_aborted() {
        let folder = tempfile::tempdir().unwrap();
        let executions = Executions::open(&folder.path().join("mlpp.db")).unwrap();
        executions.insert(&new()).unwrap();
        assert_eq!(executions.abort_left_over(3).unwrap(), 1);
        let left = executions.describe(ARN).unwrap();
        assert_eq!((left.status, left.error.as_deref()), (ExecutionStatus::Aborted, Some("Interrupted")));
    }

    #[test]
    fn history_is_kept_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let executions = Executions::open(&folder.path().join("mlpp.db")).unwrap();
        executions.append(ARN, &[(2, "b".into()), (1, "a".into())]).unwrap();
        executions.append(ARN, &[(10, "c".into())]).unwrap();
        assert_eq!(executions.history(ARN).unwrap(), ["a", "b", "c"]);
        assert!(executions.append(ARN, &[(11, "d".into()), (10, "e".into())]).is_err());
        assert_eq!(executions.history(ARN).unwrap(), ["a", "b", "c"]);
    }
}
