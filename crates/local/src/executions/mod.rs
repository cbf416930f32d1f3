//! The executions of this machine, in an SQLite file: what each is, its history, and the journal that it is taken over by.

mod claims;
mod journal;
mod rows;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlpp_parameters::Digest;
use mlpp_provider::{ExecutionStatus, WorkflowsError};
use mlpp_states::StartParameters;
use rusqlite::{Connection, params};

pub use journal::JournalError;
pub(crate) use journal::{Journalled, StepRecord};
pub use rows::ExecutionRecord;

use crate::AfterCommit;
use crate::store::open_database;

/// An execution is a row, and each event of its history is one. Its journal is what it was started with, the definition that
/// it was started with, and each event that it took in. A claim says which task makes a resource of a service.
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
    CREATE INDEX IF NOT EXISTS executions_running ON executions (start_ms) WHERE status = 'RUNNING';
    CREATE TABLE IF NOT EXISTS execution_events (
        execution_arn TEXT    NOT NULL,
        id            INTEGER NOT NULL,
        event         TEXT    NOT NULL,
        PRIMARY KEY (execution_arn, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS execution_definitions (
        digest TEXT PRIMARY KEY,
        text   TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS execution_journals (
        execution_arn     TEXT PRIMARY KEY,
        parameters        TEXT NOT NULL,
        definition        TEXT NOT NULL,
        parent_arn        TEXT,
        parent_task       INTEGER,
        redriven_ms       INTEGER,
        stop_error        TEXT,
        stop_cause        TEXT
    ) STRICT;
    CREATE TABLE IF NOT EXISTS execution_steps (
        execution_arn TEXT    NOT NULL,
        number        INTEGER NOT NULL,
        time_ms       INTEGER NOT NULL,
        event         TEXT    NOT NULL,
        PRIMARY KEY (execution_arn, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS execution_claims (
        resource      TEXT PRIMARY KEY,
        execution_arn TEXT    NOT NULL,
        task          INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// The executions of this machine.
#[derive(Clone)]
pub(crate) struct Executions {
    connection: Arc<Mutex<Connection>>,
    /// See [`LocalOptions::after_commit`](crate::LocalOptions::after_commit).
    after_commit: Option<AfterCommit>,
}

impl std::fmt::Debug for Executions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Executions").finish_non_exhaustive()
    }
}

/// A new execution.
pub(crate) struct NewExecution<'a> {
    /// What the engine starts it with; its input is kept once, as `input`.
    pub(crate) parameters: &'a StartParameters,
    /// The input, as JSON text.
    pub(crate) input: &'a str,
    /// The definition, with everything replaced in it.
    pub(crate) definition: &'a str,
    /// The task that starts it, of a nested execution.
    pub(crate) parent: Option<Parent<'a>>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) start_ms: i64,
}

/// A task of another execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent<'a> {
    pub(crate) execution_arn: &'a str,
    pub(crate) task: u64,
}

impl Executions {
    pub(crate) fn open(file: &Path) -> Result<Self, WorkflowsError> {
        let connection = open_database(file, SCHEMA).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), after_commit: None })
    }

    /// The same that tells of each change.
    pub(crate) fn with_after_commit(mut self, after_commit: Option<AfterCommit>) -> Self {
        self.after_commit = after_commit;
        self
    }

    /// To be called once a change is on disk.
    fn committed(&self) {
        if let Some(after_commit) = &self.after_commit {
            after_commit();
        }
    }

    /// Opens the file for reading; where there is none there are no executions, and no file is made.
    pub(crate) fn open_existing(file: &Path) -> Result<Self, WorkflowsError> {
        match file.try_exists() {
            Ok(true) => return Self::open(file),
            Ok(false) => {}
            Err(error) => return Err(WorkflowsError::Unavailable(error.into())),
        }
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), after_commit: None })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an execution that starts, with its journal; says whether it is new.
    pub(crate) fn insert(&self, new: &NewExecution<'_>) -> Result<bool, WorkflowsError> {
        let mut parameters = new.parameters.clone();
        parameters.input = Arc::default();
        let text = serde_json::to_string(&parameters).map_err(unreadable)?;
        let digest = Digest::of(new.definition);
        let mut connection = self.lock();
        let mut insert = || {
            let transaction = connection.transaction()?;
            let rows = transaction.execute(
                "INSERT INTO executions (arn, state_machine_arn, name, input, status, start_ms)
                 VALUES (?1, ?2, ?3, ?4, 'RUNNING', ?5) ON CONFLICT (arn) DO NOTHING",
                params![
                    &*parameters.execution_arn,
                    &*parameters.state_machine_arn,
                    &*parameters.execution_name,
                    new.input,
                    new.start_ms
                ],
            )?;
            if rows == 0 {
                return Ok(false);
            }
            transaction.execute(
                "INSERT INTO execution_definitions (digest, text) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
                params![digest.as_str(), new.definition],
            )?;
            transaction.execute(
                "INSERT INTO execution_journals (execution_arn, parameters, definition, parent_arn, parent_task)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    &*parameters.execution_arn,
                    text,
                    digest.as_str(),
                    new.parent.map(|parent| parent.execution_arn),
                    new.parent.map(|parent| integer(parent.task)),
                ],
            )?;
            transaction.commit()?;
            Ok(true)
        };
        let is_new = insert().map_err(failed)?;
        drop(connection);
        self.committed();
        Ok(is_new)
    }

    /// Asks whoever runs the execution to stop it, now or when it is taken over; says whether there is one that runs.
    pub(crate) fn ask_to_stop(&self, arn: &str, error: &str, cause: &str) -> Result<bool, WorkflowsError> {
        let rows = self.lock().execute(
            "UPDATE execution_journals SET stop_error = ?2, stop_cause = ?3 WHERE execution_arn = ?1
             AND execution_arn IN (SELECT arn FROM executions WHERE status = 'RUNNING')",
            params![arn, error, cause],
        );
        Ok(rows.map_err(failed)? == 1)
    }

    /// Records the end of executions that an earlier version left running without a journal: nobody can go on with them.
    pub(crate) fn abort_without_journal(&self, stop_ms: i64) -> Result<usize, WorkflowsError> {
        self.lock()
            .execute(
                "UPDATE executions SET status = 'ABORTED', error = 'Interrupted',
                 cause = 'The process that ran the execution has ended.', stop_ms = ?1
                 WHERE status = 'RUNNING' AND arn NOT IN (SELECT execution_arn FROM execution_journals)",
                [stop_ms],
            )
            .map_err(failed)
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

/// A status as `DescribeExecution` writes it.
pub fn status_text(status: ExecutionStatus) -> &'static str {
    STATUSES.into_iter().find(|(_, other)| *other == status).map_or("RUNNING", |(text, _)| text)
}

/// SQLite's integers are signed; no count here comes near the end of them.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn failed(error: rusqlite::Error) -> WorkflowsError {
    WorkflowsError::Unavailable(Box::new(error))
}

fn unreadable(error: serde_json::Error) -> WorkflowsError {
    WorkflowsError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests;
