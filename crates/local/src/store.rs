use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mlpp_parameters::{LiveParameter, ParameterName, ParameterType, StorePath};
use mlpp_provider::{ParameterStore, PutParameter, StoreError};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

/// How long a writer waits for another process's transaction before it says that the store is busy.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The most bytes that a value may have (`PutParameter`, member `Value`: 8 KB in the Advanced tier).
const MAX_VALUE_BYTES: usize = 8192;

/// The table and its version. Every version of a parameter is a row; the highest is the current one.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS parameters (
        name    TEXT    NOT NULL,
        version INTEGER NOT NULL,
        type    TEXT    NOT NULL,
        value   TEXT    NOT NULL,
        PRIMARY KEY (name, version)
    ) STRICT, WITHOUT ROWID;
";

/// The parameter store in an SQLite file, which several processes may use at once.
#[derive(Debug, Clone)]
pub struct LocalStore {
    connection: Arc<Mutex<Connection>>,
}

impl LocalStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is no store or cannot be opened.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = open_database(file, SCHEMA).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let work = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(Box::new(error)))?
    }
}

/// Opens an SQLite file for use by several processes: a write-ahead log, durable at every commit.
pub(crate) fn open_database(file: &Path, schema: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(schema)?;
    Ok(connection)
}

fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(Box::new(error)),
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

/// The rules of Parameter Store that a value must keep.
fn check(parameter: &PutParameter) -> Result<(), StoreError> {
    let value = &parameter.value;
    let reason = if value.is_empty() {
        "a value must not be empty".to_owned()
    } else if value.len() > MAX_VALUE_BYTES {
        format!("the value has {} bytes; at most {MAX_VALUE_BYTES} are allowed", value.len())
    } else if value.contains("{{") {
        "a value must not contain \"{{\"".to_owned()
    } else if parameter.parameter_type == ParameterType::SecureString {
        "a SecureString needs encryption at rest, which this store does not have".to_owned()
    } else if parameter.parameter_type == ParameterType::StringList && value.split(',').any(str::is_empty) {
        "an item of a StringList must not be empty".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Refused { name: parameter.name.clone(), reason })
}

fn type_of(text: &str) -> Option<ParameterType> {
    [ParameterType::String, ParameterType::StringList, ParameterType::SecureString]
        .into_iter()
        .find(|parameter_type| parameter_type.as_str() == text)
}

/// A row of name, version, type, value.
fn parameter_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<LiveParameter> {
    let damaged = |column, reason: String| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
    };
    let name: String = row.get(0)?;
    let parameter_type: String = row.get(2)?;
    Ok(LiveParameter {
        name: ParameterName::try_from(name).map_err(|error| damaged(0, error.to_string()))?,
        version: row.get::<_, u32>(1)?.into(),
        parameter_type: type_of(&parameter_type).ok_or_else(|| damaged(2, parameter_type))?,
        value: row.get(3)?,
    })
}

impl ParameterStore for LocalStore {
    async fn put(&self, parameter: PutParameter) -> Result<u64, StoreError> {
        check(&parameter)?;
        self.run(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let last: Option<(u32, String)> = transaction
                .prepare_cached(
                    "SELECT version, type FROM parameters WHERE name = ?1 ORDER BY version DESC LIMIT 1",
                )
                .and_then(|mut query| {
                    query
                        .query_row([parameter.name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                        .optional()
                })
                .map_err(failed)?;
            let wanted = parameter.parameter_type.as_str();
            let version = match last {
                None => 1,
                Some(_) if !parameter.overwrite => return Err(StoreError::AlreadyExists(parameter.name)),
                Some((_, from)) if from != wanted => {
                    let from = type_of(&from).map_or("parameter of another type", ParameterType::as_str);
                    return Err(StoreError::TypeChange { name: parameter.name, from });
                }
                Some((version, _)) => version + 1,
            };
            transaction
                .prepare_cached("INSERT INTO parameters (name, version, type, value) VALUES (?1, ?2, ?3, ?4)")
                .and_then(|mut insert| {
                    insert.execute(params![parameter.name.as_str(), version, wanted, parameter.value])
                })
                .map_err(failed)?;
            transaction.commit().map_err(failed)?;
            Ok(version.into())
        })
        .await
    }

    async fn get(&self, names: &[ParameterName]) -> Result<Vec<LiveParameter>, StoreError> {
        let names = names.to_vec();
        self.run(move |connection| {
            let mut query = connection
                .prepare_cached(
                    "SELECT name, version, type, value FROM parameters
                     WHERE name = ?1 ORDER BY version DESC LIMIT 1",
                )
                .map_err(failed)?;
            let mut found = Vec::with_capacity(names.len());
            for name in &names {
                found.extend(query.query_row([name.as_str()], parameter_of).optional().map_err(failed)?);
            }
            Ok(found)
        })
        .await
    }

    async fn list(&self, path: &StorePath) -> Result<Vec<LiveParameter>, StoreError> {
        // All names below `/p` lie between `/p/` and `/p0`: `0` is the character after `/`.
        let (from, to) = (format!("{path}/"), format!("{path}0"));
        self.run(move |connection| {
            let mut query = connection
                .prepare_cached(
                    "SELECT name, max(version), type, value FROM parameters
                     WHERE name > ?1 AND name < ?2 GROUP BY name",
                )
                .map_err(failed)?;
            let rows = query.query_map([from, to], parameter_of).map_err(failed)?;
            rows.collect::<Result<_, _>>().map_err(failed)
        })
        .await
    }

    async fn delete(&self, names: &[ParameterName]) -> Result<(), StoreError> {
        let names = names.to_vec();
        self.run(move |connection| {
            for name in &names {
                connection
                    .execute("DELETE FROM parameters WHERE name = ?1", [name.as_str()])
                    .map_err(failed)?;
            }
            Ok(())
        })
        .await
    }

    async fn history(&self, name: &ParameterName) -> Result<Vec<LiveParameter>, StoreError> {
        let name = name.clone();
        self.run(move |connection| {
            let mut query = connection
                .prepare_cached(
                    "SELECT name, version, type, value FROM parameters WHERE name = ?1 ORDER BY version",
                )
                .map_err(failed)?;
            let rows = query.query_map([name.as_str()], parameter_of).map_err(failed)?;
            rows.collect::<Result<_, _>>().map_err(failed)
        })
        .await
    }
}
