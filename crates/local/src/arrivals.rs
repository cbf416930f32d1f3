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
        time_ms       INTEGER NOT NULL,
        verdict       TEXT NOT NULL,
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
    /// It was written again before it was read.
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

    /// Records what became of a manifest; says whether that version of the object is new.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn record(&self, arrival: &Arrival) -> Result<bool, WorkflowsError> {
        let (verdict, arn, findings) = match &arrival.verdict {
            Verdict::Launched { execution_arn } => ("launched", Some(execution_arn), None),
            Verdict::Rejected { findings } => ("rejected", None, Some(findings)),
            Verdict::Superseded => ("superseded", None, None),
        };
        let Arrival { bucket, key, version, time, .. } = arrival;
        let rows = self.lock().execute(
            "INSERT INTO manifest_arrivals (bucket, key, version, time_ms, verdict, execution_arn, findings)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (bucket, key, version) DO NOTHING",
            params![bucket, key, version, time.as_millisecond(), verdict, arn, findings],
        );
        Ok(rows.map_err(failed)? == 1)
    }

    /// What became of a version of an object, if it was seen.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn find(&self, bucket: &str, key: &str, version: &str) -> Result<Option<Arrival>, WorkflowsError> {
        self.lock()
            .query_row(
                &format!("{SELECT} WHERE bucket = ?1 AND key = ?2 AND version = ?3"),
                params![bucket, key, version],
                read,
            )
            .optional()
            .map_err(failed)
    }

    /// Every version of an object that was seen, or of all objects without a key, the newest first.
    ///
    /// # Errors
    /// [`WorkflowsError::Unavailable`].
    pub fn list(&self, of: Option<(&str, &str)>) -> Result<Vec<Arrival>, WorkflowsError> {
        let connection = self.lock();
        let (bucket, key) = of.unzip();
        let list = || {
            let mut query = connection.prepare_cached(&format!(
                "{SELECT} WHERE (?1 IS NULL OR bucket = ?1) AND (?2 IS NULL OR key = ?2) ORDER BY number DESC"
            ))?;
            query.query_map(params![bucket, key], read)?.collect::<Result<_, _>>()
        };
        list().map_err(failed)
    }
}

const SELECT: &str =
    "SELECT bucket, key, version, time_ms, verdict, execution_arn, findings FROM manifest_arrivals";

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
        for new in [&launched, &rejected, &other] {
            assert!(arrivals.record(new).unwrap());
        }
        assert!(!arrivals.record(&arrival("k", "1", Verdict::Superseded)).unwrap());
        assert_eq!(arrivals.find("b", "k", "1").unwrap(), Some(launched.clone()));
        assert_eq!(arrivals.find("b", "k", "3").unwrap(), None);
        let again = Arrivals::open_existing(folder.path()).unwrap();
        assert_eq!(again.list(Some(("b", "k"))).unwrap(), [rejected.clone(), launched.clone()]);
        assert_eq!(again.list(None).unwrap(), [other, rejected, launched]);
        let nowhere = Arrivals::open_existing(&folder.path().join("nowhere")).unwrap();
        assert_eq!(nowhere.list(None).unwrap(), []);
    }
}
