//! What became of the manifests that arrived in a bucket.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use mlpp_provider::WorkflowsError;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::local::DATABASE;
use crate::store::open_database;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS manifest_arrivals (
        number        INTEGER PRIMARY KEY,
        bucket        TEXT NOT NULL,
        key           TEXT NOT NULL,
        version       TEXT NOT NULL,
        last_modified INTEGER NOT NULL,
        time_ms       INTEGER NOT NULL,
        verdict       TEXT,
        execution_arn TEXT,
        findings      TEXT,
        UNIQUE (bucket, key, version)
    ) STRICT;
";

/// The arrivals of manifests, each version of an object once.
#[derive(Debug, Clone)]
pub struct Arrivals {
    connection: Arc<Mutex<Connection>>,
}

/// Where a manifest stands that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is to be dealt with, as the event with this `LastModified`: the one of when it was seen first. A launch is a function of
    /// the event, so that one that was cut off and made again starts nothing twice, though the same bytes were written again.
    Open {
        /// In seconds since 1970-01-01T00:00:00Z.
        last_modified: u64,
    },
    /// It is dealt with.
    Done(Arrival),
}

/// A manifest that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// The version of the object.
    pub version: String,
    /// When it was seen.
    pub time: Timestamp,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An execution was started, or was there already.
    Launched {
        /// Its ARN.
        execution_arn: String,
    },
    /// It cannot be launched.
    Rejected {
        /// The findings, as JSON text.
        findings: String,
    },
    /// It was written again before it was read. Should it come back as it was, it is dealt with.
    Superseded,
}

impl Arrivals {
    /// Opens the arrivals below the local folder `root`, which must be there.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn open(root: &Path) -> Result<Self, WorkflowsError> {
        let connection = open_database(&root.join(DATABASE), SCHEMA).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// Opens them to look at them: where there is no folder there are none, and none is made.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn open_existing(root: &Path) -> Result<Self, WorkflowsError> {
        match root.join(DATABASE).try_exists() {
            Ok(true) => return Self::open(root),
            Ok(false) => {}
            Err(error) => return Err(WorkflowsError::Unavailable(error.into())),
        }
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that a version of an object was seen, before anything is done about it; gives back where it stands.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn see(
        &self,
        bucket: &str,
        key: &str,
        version: &str,
        last_modified: u64,
        time: Timestamp,
    ) -> Result<Standing, WorkflowsError> {
        let connection = self.lock();
        let see = || {
            connection.execute(
                "INSERT INTO manifest_arrivals (bucket, key, version, last_modified, time_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (bucket, key, version) DO NOTHING",
                params![bucket, key, version, seconds(last_modified), time.as_millisecond()],
            )?;
            let first: i64 = connection.query_row(
                "SELECT last_modified FROM manifest_arrivals WHERE bucket = ?1 AND key = ?2 AND version = ?3",
                params![bucket, key, version],
                |row| row.get(0),
            )?;
            let select = format!("{SELECT} AND bucket = ?1 AND key = ?2 AND version = ?3");
            let done = connection.query_row(&select, params![bucket, key, version], read).optional()?;
            let open = Standing::Open { last_modified: first.unsigned_abs() };
            Ok(match done {
                Some(done) if done.verdict != Verdict::Superseded => Standing::Done(done),
                _ => open,
            })
        };
        see().map_err(failed)
    }

    /// Records what became of a manifest that was seen; what is recorded once stays, unless it was superseded then.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn record(&self, arrival: &Arrival) -> Result<(), WorkflowsError> {
        let (verdict, arn, findings) = match &arrival.verdict {
            Verdict::Launched { execution_arn } => ("launched", Some(execution_arn), None),
            Verdict::Rejected { findings } => ("rejected", None, Some(findings)),
            Verdict::Superseded => ("superseded", None, None),
        };
        let Arrival { bucket, key, version, time, .. } = arrival;
        self.lock()
            .execute(
                "UPDATE manifest_arrivals SET time_ms = ?4, verdict = ?5, execution_arn = ?6, findings = ?7
                 WHERE bucket = ?1 AND key = ?2 AND version = ?3 AND coalesce(verdict, 'superseded') = 'superseded'",
                params![bucket, key, version, time.as_millisecond(), verdict, arn, findings],
            )
            .map_err(failed)?;
        Ok(())
    }

    /// Every version of an object that was dealt with, or of all objects without a key, the newest first.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn list(&self, of: Option<(&str, &str)>) -> Result<Vec<Arrival>, WorkflowsError> {
        let connection = self.lock();
        let (bucket, key) = of.unzip();
        let list = || {
            let mut query = connection.prepare_cached(&format!(
                "{SELECT} AND (?1 IS NULL OR bucket = ?1) AND (?2 IS NULL OR key = ?2) ORDER BY number DESC"
            ))?;
            query.query_map(params![bucket, key], read)?.collect::<Result<_, _>>()
        };
        list().map_err(failed)
    }
}

const SELECT: &str = "
    SELECT bucket, key, version, time_ms, verdict, execution_arn, findings FROM manifest_arrivals
    WHERE verdict IS NOT NULL";

/// SQLite's integers are signed; no time here comes near the end of them.
fn seconds(since_1970: u64) -> i64 {
    i64::try_from(since_1970).unwrap_or(i64::MAX)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Arrival> {
    let invalid = |index, reason: String| {
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, reason.into())
    };
    let verdict: String = row.get(4)?;
    let verdict = match verdict.as_str() {
        "launched" => Verdict::Launched { execution_arn: row.get(5)? },
        "rejected" => Verdict::Rejected { findings: row.get(6)? },
        "superseded" => Verdict::Superseded,
        other => return Err(invalid(4, format!("an arrival has the verdict {other}"))),
    };
    let time = Timestamp::from_millisecond(row.get(3)?).map_err(|error| invalid(3, error.to_string()))?;
    Ok(Arrival { bucket: row.get(0)?, key: row.get(1)?, version: row.get(2)?, time, verdict })
}

fn failed(error: rusqlite::Error) -> WorkflowsError {
    WorkflowsError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(key: &str, version: &str, verdict: Verdict) -> Arrival {
        let time = Timestamp::from_second(1).unwrap();
        Arrival { bucket: "b".to_owned(), key: key.to_owned(), version: version.to_owned(), time, verdict }
    }

    #[test]
    fn a_version_arrives_once() {
        let folder = tempfile::tempdir().unwrap();
        let arrivals = Arrivals::open(folder.path()).unwrap();
        let launched = arrival("k", "1", Verdict::Launched { execution_arn: "arn".to_owned() });
        let rejected = arrival("k", "2", Verdict::Rejected { findings: "[]".to_owned() });
        let other = arrival("l", "1", Verdict::Superseded);
        let see = |seen: &Arrival, last_modified| {
            arrivals.see(&seen.bucket, &seen.key, &seen.version, last_modified, seen.time).unwrap()
        };
        for new in [&launched, &rejected, &other] {
            assert_eq!(see(new, 7), Standing::Open { last_modified: 7 });
            // Written again before it was dealt with, it is the same event.
            assert_eq!(see(new, 9), Standing::Open { last_modified: 7 });
            arrivals.record(new).unwrap();
        }
        arrivals.record(&arrival("k", "1", Verdict::Superseded)).unwrap();
        // What was superseded may come back.
        assert_eq!(see(&other, 9), Standing::Open { last_modified: 7 });
        assert_eq!(see(&launched, 9), Standing::Done(launched.clone()));
        see(&arrival("k", "3", Verdict::Superseded), 1);
        let again = Arrivals::open_existing(folder.path()).unwrap();
        assert_eq!(again.list(Some(("b", "k"))).unwrap(), [rejected.clone(), launched.clone()]);
        assert_eq!(again.list(None).unwrap(), [other, rejected, launched]);
        let nowhere = Arrivals::open_existing(&folder.path().join("nowhere")).unwrap();
        assert_eq!(nowhere.list(None).unwrap(), []);
    }
}
