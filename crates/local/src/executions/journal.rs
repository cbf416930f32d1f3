//! The journal of an execution: the events that it took in, with their times. Fed to a new execution of the same parameters
//! and definition, they give the execution again, history and all.

use std::sync::Arc;

use mlpp_provider::{ExecutionDescription, WorkflowsError};
use mlpp_states::{Event, Execution, StartParameters, StateMachine, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};

use super::{Executions, Parent, failed, integer, status_text, unreadable};

/// A step to be recorded: all of it, or nothing.
pub(crate) struct StepRecord<'a> {
    /// How many steps were before it.
    pub(crate) number: u64,
    pub(crate) time: Timestamp,
    pub(crate) event: &'a Event,
    /// What the history gains: ids and JSON texts.
    pub(crate) history: &'a [(u64, String)],
    /// How the execution ended by it, if it did.
    pub(crate) end: Option<&'a ExecutionDescription>,
}

/// An execution as its journal has it.
pub(crate) struct Journalled {
    pub(crate) machine: StateMachine,
    pub(crate) execution: Execution,
    /// How many steps it has taken.
    pub(crate) steps: u64,
}

/// Who started an execution, and what was asked of it since.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    parent_arn: Option<String>,
    parent_task: Option<i64>,
    /// When it was redriven last.
    pub(crate) redriven_ms: Option<i64>,
    /// Error and cause of a stop that was asked for.
    pub(crate) stop: Option<(String, String)>,
}

impl Recorded {
    /// The task that started it, of a nested execution.
    pub(crate) fn parent(&self) -> Option<Parent<'_>> {
        let task = u64::try_from(self.parent_task?).ok()?;
        Some(Parent { execution_arn: self.parent_arn.as_deref()?, task })
    }
}

/// Why an execution cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The journal cannot be read.
    #[error(transparent)]
    Workflows(#[from] WorkflowsError),
    /// It has none: it is of an earlier version.
    #[error("the execution has no journal")]
    Absent,
    /// The definition that it was started with is not valid for this version.
    #[error("the definition that the execution was started with cannot be run by this version")]
    Definition(#[from] mlpp_states::DefinitionError),
    /// Replayed, it does something else than it did: it was run by another version.
    #[error(
        "replayed by this version, the execution takes another course than it did (from event {0} of its history)"
    )]
    Differs(u64),
}

impl Executions {
    /// Records a step of an execution before its commands are carried out.
    pub(crate) fn record(&self, arn: &str, step: &StepRecord<'_>) -> Result<(), WorkflowsError> {
        let event = serde_json::to_string(step.event).map_err(unreadable)?;
        let mut connection = self.lock();
        let mut record = || {
            let transaction = connection.transaction()?;
            transaction
                .prepare_cached(
                    "INSERT INTO execution_steps (execution_arn, number, time_ms, event) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![arn, integer(step.number), step.time.0, event])?;
            for (id, event) in step.history {
                transaction
                    .prepare_cached(
                        "INSERT INTO execution_events (execution_arn, id, event) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![arn, integer(*id), event])?;
            }
            if matches!(step.event, Event::Redriven) {
                redriven(&transaction, arn, step.time)?;
            }
            if let Some(end) = step.end {
                finish(&transaction, arn, end, step.time)?;
            }
            transaction.commit()
        };
        record().map_err(failed)?;
        drop(connection);
        self.committed();
        Ok(())
    }

    /// Records how an execution ended that no step ends.
    pub(crate) fn finish(
        &self,
        arn: &str,
        end: &ExecutionDescription,
        stop_ms: i64,
    ) -> Result<(), WorkflowsError> {
        let mut connection = self.lock();
        let mut record = || {
            let transaction = connection.transaction()?;
            finish(&transaction, arn, end, Timestamp(stop_ms))?;
            transaction.commit()
        };
        record().map_err(failed)?;
        drop(connection);
        self.committed();
        Ok(())
    }

    /// Who started the execution, and what was asked of it.
    pub(crate) fn recorded(&self, arn: &str) -> Result<Option<Recorded>, WorkflowsError> {
        self.lock()
            .query_row(
                "SELECT parent_arn, parent_task, redriven_ms, stop_error, stop_cause
                 FROM execution_journals WHERE execution_arn = ?1",
                [arn],
                |row| {
                    let (error, cause): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
                    Ok(Recorded {
                        parent_arn: row.get(0)?,
                        parent_task: row.get(1)?,
                        redriven_ms: row.get(2)?,
                        stop: error.zip(cause),
                    })
                },
            )
            .optional()
            .map_err(failed)
    }

    /// Records that an execution is another task's now: one that is redriven with the execution that started it.
    pub(crate) fn give_to(&self, arn: &str, task: Parent<'_>) -> Result<(), WorkflowsError> {
        self.lock()
            .execute(
                "UPDATE execution_journals SET parent_arn = ?2, parent_task = ?3 WHERE execution_arn = ?1",
                params![arn, task.execution_arn, integer(task.task)],
            )
            .map_err(failed)?;
        self.committed();
        Ok(())
    }

    /// Makes the execution of its journal.
    ///
    /// # Errors
    /// [`JournalError`].
    pub(crate) fn replay(&self, arn: &str) -> Result<Journalled, JournalError> {
        let (parameters, definition, input) = self.started_with(arn)?.ok_or(JournalError::Absent)?;
        let mut parameters: StartParameters = serde_json::from_str(&parameters).map_err(unreadable)?;
        parameters.input = Arc::new(serde_json::from_str(&input).map_err(unreadable)?);
        let machine = StateMachine::parse(&definition)?;
        let mut execution = Execution::new(parameters);
        let mut history = self.history(arn)?.into_iter();
        let mut steps = 0;
        for (time, event) in self.steps(arn)? {
            let event: Event = serde_json::from_str(&event).map_err(unreadable)?;
            for event in execution.step(&machine, event, Timestamp(time)).events {
                if history.next() != Some(event.to_json().to_string()) {
                    return Err(JournalError::Differs(event.id));
                }
            }
            steps += 1;
        }
        Ok(Journalled { machine, execution, steps })
    }

    /// Parameters, definition and input of an execution that has a journal.
    fn started_with(&self, arn: &str) -> Result<Option<(String, String, String)>, WorkflowsError> {
        self.lock()
            .query_row(
                "SELECT j.parameters, d.text, e.input FROM execution_journals j
                 JOIN executions e ON e.arn = j.execution_arn
                 JOIN execution_definitions d ON d.digest = j.definition
                 WHERE j.execution_arn = ?1",
                [arn],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .map_err(failed)
    }

    fn steps(&self, arn: &str) -> Result<Vec<(i64, String)>, WorkflowsError> {
        let connection = self.lock();
        let read = || {
            let mut query = connection.prepare_cached(
                "SELECT time_ms, event FROM execution_steps WHERE execution_arn = ?1 ORDER BY number",
            )?;
            query.query_map([arn], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()
        };
        read().map_err(failed)
    }
}

fn redriven(transaction: &Transaction<'_>, arn: &str, at: Timestamp) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE executions SET status = 'RUNNING', output = NULL, error = NULL, cause = NULL, stop_ms = NULL
         WHERE arn = ?1",
        [arn],
    )?;
    transaction.execute(
        "UPDATE execution_journals SET redriven_ms = ?2, stop_error = NULL, stop_cause = NULL
         WHERE execution_arn = ?1",
        params![arn, at.0],
    )?;
    Ok(())
}

/// Records the end of an execution; one that has ended stays as it is. Its claims are of no use any more.
fn finish(
    transaction: &Transaction<'_>,
    arn: &str,
    end: &ExecutionDescription,
    at: Timestamp,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE executions SET status = ?2, output = ?3, error = ?4, cause = ?5, stop_ms = ?6
         WHERE arn = ?1 AND status = 'RUNNING'",
        params![arn, status_text(end.status), end.output, end.error, end.cause, at.0],
    )?;
    transaction.execute("DELETE FROM execution_claims WHERE execution_arn = ?1", [arn])?;
    Ok(())
}
