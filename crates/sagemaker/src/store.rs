//! The platform's records: one row for each resource, in a SQLite file that several processes may have open.

mod record;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use thiserror::Error;
use tokio::sync::watch;

use crate::config::AfterCommit;
use crate::names;

pub use record::ResourceKind;
pub(crate) use record::{CutOffRecord, InstanceRecord, Record, Retained, TrialRecord, TuningRecord};

/// Why the records cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite.
    #[error("records in {path}: {source}")]
    Database {
        /// The file.
        path: String,
        /// The cause.
        source: rusqlite::Error,
    },
    /// A row is not what this program writes.
    #[error("record of {kind} {name} is damaged: {source}")]
    Damaged {
        /// The kind of resource.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// The file is from a later release.
    #[error("records in {path} have format {found}, this program knows format {FORMAT}")]
    Format {
        /// The file.
        path: String,
        /// Its format.
        found: i64,
    },
    /// The thread that worked on the records ended early.
    #[error("the work on the records was cut off")]
    CutOff,
}

/// The format of the file, in its `user_version`.
const FORMAT: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE resources (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        local TEXT NOT NULL,
        UNIQUE (kind, name)
    ) STRICT;
    CREATE TABLE notifications (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        topic_arn TEXT NOT NULL,
        subject TEXT,
        message TEXT NOT NULL,
        published TEXT NOT NULL
    ) STRICT;
";

#[derive(Clone)]
pub(crate) struct Store {
    connection: Arc<Mutex<Connection>>,
    path: Arc<str>,
    revision: Arc<watch::Sender<u64>>,
    after_commit: Option<AfterCommit>,
}

type Work<T> = Result<T, Failure>;

/// What can go wrong inside the thread that holds the connection.
enum Failure {
    Database(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Store {
    pub(crate) fn open(path: &Path, after_commit: Option<AfterCommit>) -> Result<Self, StoreError> {
        let shown: Arc<str> = path.display().to_string().into();
        let wrap = |source| StoreError::Database { path: shown.to_string(), source };
        let mut connection = Connection::open(path).map_err(wrap)?;
        connection.busy_timeout(Duration::from_secs(30)).map_err(wrap)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(wrap)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(wrap)?;
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrap)?;
        let found: i64 =
            transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(wrap)?;
        match found {
            0 => {
                transaction.execute_batch(SCHEMA).map_err(wrap)?;
                transaction.pragma_update(None, "user_version", FORMAT).map_err(wrap)?;
            }
            FORMAT => {}
            found => return Err(StoreError::Format { path: shown.to_string(), found }),
        }
        transaction.commit().map_err(wrap)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            path: shown,
            revision: Arc::new(watch::Sender::new(0)),
            after_commit,
        })
    }

    /// Tells of every change made through this store; changes by other processes have to be looked for.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// A write waits for the disk: all work on the connection happens on the threads for blocking work.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Work<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let result = tokio::task::spawn_blocking(move || {
            // A panic elsewhere rolled its transaction back, so the connection is as good as before.
            work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
        .map_err(|_| StoreError::CutOff)?;
        result.map_err(|failure| match failure {
            Failure::Database(source) => StoreError::Database { path: self.path.to_string(), source },
            Failure::Store(error) => error,
        })
    }

    fn changed(&self) {
        let mut count = 0;
        self.revision.send_modify(|revision| {
            *revision += 1;
            count = *revision;
        });
        if let Some(after_commit) = &self.after_commit {
            after_commit(count);
        }
    }

    /// Adds a resource; `false` when its name is taken.
    pub(crate) async fn insert(
        &self,
        kind: ResourceKind,
        name: &str,
        record: Record,
    ) -> Result<bool, StoreError> {
        let name = name.to_owned();
        let added = self
            .run(move |connection| {
                let (body, local) = texts(kind, &name, &record)?;
                let rows = connection.execute(
                    "INSERT INTO resources (kind, name, body, local) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (kind, name) DO NOTHING",
                    params![kind.key(), name, body, local],
                )?;
                Ok(rows == 1)
            })
            .await?;
        self.changed();
        Ok(added)
    }

    pub(crate) async fn get(&self, kind: ResourceKind, name: &str) -> Result<Option<Record>, StoreError> {
        let name = name.to_owned();
        self.run(move |connection| read(connection, kind, &name)).await
    }

    /// Changes a resource in one transaction; nothing when there is no such resource.
    pub(crate) async fn update<T: Send + 'static>(
        &self,
        kind: ResourceKind,
        name: &str,
        change: impl FnOnce(&mut Record) -> T + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let name = name.to_owned();
        let result = self
            .run(move |connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let Some(mut record) = read(&transaction, kind, &name)? else { return Ok(None) };
                let result = change(&mut record);
                if record.body.contains_key("LastModifiedTime") {
                    record.set("LastModifiedTime", names::now());
                }
                let (body, local) = texts(kind, &name, &record)?;
                transaction.execute(
                    "UPDATE resources SET body = ?3, local = ?4 WHERE kind = ?1 AND name = ?2",
                    params![kind.key(), name, body, local],
                )?;
                transaction.commit()?;
                Ok(Some(result))
            })
            .await?;
        self.changed();
        Ok(result)
    }

    /// Removes a resource; `false` when there is none.
    pub(crate) async fn delete(&self, kind: ResourceKind, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        let removed = self
            .run(move |connection| {
                let rows = connection.execute(
                    "DELETE FROM resources WHERE kind = ?1 AND name = ?2",
                    params![kind.key(), name],
                )?;
                Ok(rows == 1)
            })
            .await?;
        self.changed();
        Ok(removed)
    }

    /// All resources of a kind, oldest first.
    pub(crate) async fn list(&self, kind: ResourceKind) -> Result<Vec<(String, Record)>, StoreError> {
        self.select(kind, "").await
    }

    async fn select(
        &self,
        kind: ResourceKind,
        condition: &'static str,
    ) -> Result<Vec<(String, Record)>, StoreError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT name, body, local FROM resources WHERE kind = ?1 {condition} ORDER BY number"
            ))?;
            let rows = statement.query_map([kind.key()], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })?;
            let mut records = Vec::new();
            for row in rows {
                let (name, body, local) = row?;
                let record = parse(kind, &name, &body, &local)?;
                records.push((name, record));
            }
            Ok(records)
        })
        .await
    }

    /// The resources of a kind that a process runs, or ran when it ended.
    pub(crate) async fn running(&self, kind: ResourceKind) -> Result<Vec<(String, Record)>, StoreError> {
        self.select(kind, "AND local ->> '$.owner' IS NOT NULL").await
    }

    /// Keeps a published message.
    pub(crate) async fn notify(
        &self,
        id: String,
        topic_arn: String,
        subject: Option<String>,
        message: String,
    ) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection.execute(
                "INSERT INTO notifications (id, topic_arn, subject, message, published) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, topic_arn, subject, message, names::now()],
            )?;
            Ok(())
        })
        .await?;
        self.changed();
        Ok(())
    }

    /// How many messages were published.
    pub(crate) async fn count_notifications(&self) -> Result<i64, StoreError> {
        self.run(|connection| {
            Ok(connection.query_row("SELECT count(*) FROM notifications", [], |row| row.get(0))?)
        })
        .await
    }
}

fn read(connection: &Connection, kind: ResourceKind, name: &str) -> Work<Option<Record>> {
    let row: Option<(String, String)> = connection
        .prepare_cached("SELECT body, local FROM resources WHERE kind = ?1 AND name = ?2")?
        .query_row(params![kind.key(), name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(body, local)| parse(kind, name, &body, &local)).transpose()
}

fn parse(kind: ResourceKind, name: &str, body: &str, local: &str) -> Work<Record> {
    let wrap = |source| StoreError::Damaged { kind: kind.key(), name: name.to_owned(), source };
    Ok(Record {
        body: serde_json::from_str(body).map_err(wrap)?,
        local: serde_json::from_str(local).map_err(wrap)?,
    })
}

fn texts(kind: ResourceKind, name: &str, record: &Record) -> Work<(String, String)> {
    let wrap = |source| StoreError::Damaged { kind: kind.key(), name: name.to_owned(), source };
    let body = serde_json::to_string(&record.body).map_err(wrap)?;
    let local = serde_json::to_string(&record.local).map_err(wrap)?;
    Ok((body, local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_openers_see_the_same_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("platform.sqlite");
        let (first, second) = (Store::open(&path, None).unwrap(), Store::open(&path, None).unwrap());
        let mut record = Record::default();
        record.set("ModelName", "m");
        assert!(first.insert(ResourceKind::Model, "m", record.clone()).await.unwrap());
        assert!(!second.insert(ResourceKind::Model, "m", record).await.unwrap());
        second.update(ResourceKind::Model, "m", |record| record.set("ModelName", "n")).await.unwrap();
        let seen = first.get(ResourceKind::Model, "m").await.unwrap().unwrap();
        assert_eq!(seen.text("ModelName"), Some("n"));
        assert_eq!(first.list(ResourceKind::Endpoint).await.unwrap().len(), 0);
        assert!(first.delete(ResourceKind::Model, "m").await.unwrap());
        assert!(second.get(ResourceKind::Model, "m").await.unwrap().is_none());
    }

    #[test]
    fn a_later_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("platform.sqlite");
        drop(Store::open(&path, None).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", FORMAT + 1).unwrap();
        assert!(matches!(Store::open(&path, None), Err(StoreError::Format { .. })));
    }
}
