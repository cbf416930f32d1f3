//! What is recorded of executions, for whoever looks at them.

use jiff::Timestamp;
use mlpp_provider::{ExecutionDescription, ExecutionStatus, WorkflowsError};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row};

use super::{Executions, STATUSES, failed};

/// An execution as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRecord {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// ARN of its state machine.
    pub state_machine_arn: String,
    /// Status and result.
    pub description: ExecutionDescription,
    /// Its input, as JSON text.
    pub input: String,
    /// When it was started.
    pub start: Timestamp,
    /// When it ended, if it has.
    pub stop: Option<Timestamp>,
    /// The execution whose task started it, of a nested one.
    pub parent_arn: Option<String>,
    /// The definition that it was started with; none for an execution of an earlier version.
    pub definition: Option<String>,
}

const SELECT: &str = "
    SELECT e.arn, e.name, e.state_machine_arn, e.status, e.output, e.error, e.cause, e.input, e.start_ms, e.stop_ms,
           j.parent_arn, d.text
    FROM executions e
    LEFT JOIN execution_journals j ON j.execution_arn = e.arn
    LEFT JOIN execution_definitions d ON d.digest = j.definition";

impl ExecutionRecord {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let time = |index: usize, ms: i64| {
            Timestamp::from_millisecond(ms).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, Box::new(error))
            })
        };
        let stop: Option<i64> = row.get(9)?;
        Ok(Self {
            arn: row.get(0)?,
            name: row.get(1)?,
            state_machine_arn: row.get(2)?,
            description: ExecutionDescription {
                status: status(&row.get::<_, String>(3)?)?,
                output: row.get(4)?,
                error: row.get(5)?,
                cause: row.get(6)?,
            },
            input: row.get(7)?,
            start: time(8, row.get(8)?)?,
            stop: stop.map(|ms| time(9, ms)).transpose()?,
            parent_arn: row.get(10)?,
            definition: row.get(11)?,
        })
    }
}

fn status(text: &str) -> rusqlite::Result<ExecutionStatus> {
    STATUSES.into_iter().find(|(known, _)| *known == text).map(|(_, status)| status).ok_or_else(|| {
        let reason = format!("an execution has the status {text}");
        rusqlite::Error::FromSqlConversionFailure(3, Type::Text, reason.into())
    })
}

impl Executions {
    /// Every execution, the one that was started last first.
    pub(crate) fn list(&self) -> Result<Vec<ExecutionRecord>, WorkflowsError> {
        let connection = self.lock();
        let read = || {
            let mut query =
                connection.prepare_cached(&format!("{SELECT} ORDER BY e.start_ms DESC, e.rowid DESC"))?;
            query.query_map([], ExecutionRecord::read)?.collect::<Result<_, _>>()
        };
        read().map_err(failed)
    }

    /// ARNs of the executions that have not ended and that no other execution started, the oldest first.
    pub(crate) fn running(&self) -> Result<Vec<String>, WorkflowsError> {
        let connection = self.lock();
        let read = || {
            let mut query = connection.prepare_cached(
                "SELECT e.arn FROM executions e LEFT JOIN execution_journals j ON j.execution_arn = e.arn
                 WHERE e.status = 'RUNNING' AND j.parent_arn IS NULL ORDER BY e.start_ms, e.rowid",
            )?;
            query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()
        };
        read().map_err(failed)
    }

    /// The execution with that ARN.
    pub(crate) fn get(&self, arn: &str) -> Result<ExecutionRecord, WorkflowsError> {
        self.lock()
            .query_row(&format!("{SELECT} WHERE e.arn = ?1"), [arn], ExecutionRecord::read)
            .optional()
            .map_err(failed)?
            .ok_or_else(|| WorkflowsError::ExecutionDoesNotExist(arn.to_owned()))
    }

    pub(crate) fn describe(&self, arn: &str) -> Result<ExecutionDescription, WorkflowsError> {
        self.get(arn).map(|record| record.description)
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
