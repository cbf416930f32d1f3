mod keys;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mlpp_parameters::{FingerprintKey, LiveParameter, ParameterName, ParameterType, StorePath};
use mlpp_provider::{ParameterStore, PutParameter, RevealedSecret, SecretVersion, StoreError, check_put};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};

use self::keys::Keys;

/// The file with the keys of the secrets, beside the store's.
const KEY_FILE: &str = "secrets.key";

/// How long a writer waits for another process's transaction before it says that the store is busy.
const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The format of the file that this version reads and writes.
const USER_VERSION: u32 = 1;

/// The most versions that are kept of a parameter, as in Parameter Store.
const VERSIONS: u32 = 100;

/// The newest version of each parameter, and the earlier ones.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS current_parameters (
        name    TEXT    NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        type    TEXT    NOT NULL,
        value   TEXT    NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS earlier_parameters (
        name    TEXT    NOT NULL,
        version INTEGER NOT NULL,
        type    TEXT    NOT NULL,
        value   TEXT    NOT NULL,
        PRIMARY KEY (name, version)
    ) STRICT, WITHOUT ROWID;
";

/// The parameter store in an SQLite file, which several processes may use at once. The values of `SecureString`s are
/// encrypted with a key that lies beside it.
#[derive(Debug, Clone)]
pub struct LocalStore {
    connection: Arc<Mutex<Connection>>,
    keys: Arc<Keys>,
}

impl LocalStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is no store, [`StoreError::Unavailable`] when it cannot be opened.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = open_database(file, SCHEMA).map_err(failed)?;
        Ok(Self::with(connection, file))
    }

    /// Opens the file for reading; where there is none, a store that is empty, and no file is made.
    ///
    /// # Errors
    /// Those of [`LocalStore::open`].
    pub fn open_existing(file: &Path) -> Result<Self, StoreError> {
        // What cannot be looked at is no store that was never made.
        match file.try_exists() {
            Ok(false) => {}
            Ok(true) => return Self::open(file),
            Err(error) => return Err(StoreError::Unavailable(Box::new(error))),
        }
        let connection = Connection::open_in_memory().map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        Ok(Self::with(connection, file))
    }

    fn with(connection: Connection, file: &Path) -> Self {
        let keys = Keys::new(file.with_file_name(KEY_FILE));
        Self { connection: Arc::new(Mutex::new(connection)), keys: Arc::new(keys) }
    }

    /// The key of the fingerprints of secrets; it is made when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the key cannot be read or made.
    pub fn fingerprint_key(&self) -> Result<FingerprintKey, StoreError> {
        self.keys.fingerprint_key()
    }

    /// Whether the key of the fingerprints has been made.
    pub fn has_fingerprint_key(&self) -> bool {
        self.keys.are_made()
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

/// Makes the file, for its owner alone, when it is not there: SQLite gives the files beside it the same mode.
fn make_private_file(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::File::options();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens an SQLite file for use by several processes: a write-ahead log, durable at every commit.
pub(crate) fn open_database(file: &Path, schema: &str) -> rusqlite::Result<Connection> {
    make_private_file(file).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > USER_VERSION {
        let reason = format!("the file has format {version}; this version reads format {USER_VERSION}");
        return Err(rusqlite::Error::ToSqlConversionFailure(reason.into()));
    }
    connection.execute_batch(schema)?;
    // To open a file that is as it should be writes nothing.
    if version != USER_VERSION {
        connection.pragma_update(None, "user_version", USER_VERSION)?;
    }
    Ok(connection)
}

fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(Box::new(error)),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(Box::new(error)),
        // What a row holds is not what is written there.
        None if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => {
            StoreError::Corrupt(Box::new(error))
        }
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

fn type_of(text: &str) -> Option<ParameterType> {
    [ParameterType::String, ParameterType::StringList, ParameterType::SecureString]
        .into_iter()
        .find(|parameter_type| parameter_type.as_str() == text)
}

/// A row of name, version, type, value; the value of a secret stays in the store.
fn parameter_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<LiveParameter> {
    let damaged = |column, reason: String| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, reason.into())
    };
    let name: String = row.get(0)?;
    let parameter_type: String = row.get(2)?;
    let parameter_type = type_of(&parameter_type).ok_or_else(|| damaged(2, parameter_type))?;
    Ok(LiveParameter {
        name: ParameterName::try_from(name).map_err(|error| damaged(0, error.to_string()))?,
        version: row.get::<_, u32>(1)?.into(),
        parameter_type,
        value: if parameter_type == ParameterType::SecureString { String::new() } else { row.get(3)? },
    })
}

impl ParameterStore for LocalStore {
    async fn put(&self, parameter: PutParameter) -> Result<u64, StoreError> {
        check_put(&parameter)?;
        let keys = Arc::clone(&self.keys);
        self.run(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let version = next_version(&transaction, &parameter)?;
            let PutParameter { name, parameter_type, value, .. } = parameter;
            let value = match parameter_type {
                ParameterType::SecureString => keys.encrypt(&name, &value)?,
                ParameterType::String | ParameterType::StringList => value,
            };
            let write = || -> rusqlite::Result<()> {
                let name = name.as_str();
                transaction
                    .prepare_cached(
                        "INSERT INTO earlier_parameters SELECT * FROM current_parameters WHERE name = ?1",
                    )?
                    .execute([name])?;
                transaction
                    .prepare_cached("DELETE FROM earlier_parameters WHERE name = ?1 AND version <= ?2 - ?3")?
                    .execute(params![name, version, VERSIONS])?;
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO current_parameters VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![name, version, parameter_type.as_str(), value])?;
                Ok(())
            };
            write().map_err(failed)?;
            transaction.commit().map_err(failed)?;
            Ok(version.into())
        })
        .await
    }

    async fn get(&self, names: &[ParameterName]) -> Result<Vec<LiveParameter>, StoreError> {
        let names = names.to_vec();
        self.run(move |connection| {
            let mut query = connection
                .prepare_cached("SELECT name, version, type, value FROM current_parameters WHERE name = ?1")
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
                    "SELECT name, version, type, value FROM current_parameters WHERE name > ?1 AND name < ?2",
                )
                .map_err(failed)?;
            let rows = query.query_map([from, to], parameter_of).map_err(failed)?;
            rows.collect::<Result<_, _>>().map_err(failed)
        })
        .await
    }

    async fn reveal(&self, secrets: &[SecretVersion]) -> Result<Vec<RevealedSecret>, StoreError> {
        let (secrets, keys) = (secrets.to_vec(), Arc::clone(&self.keys));
        self.run(move |connection| {
            let mut query = connection
                .prepare_cached(
                    "SELECT version, value FROM (
                         SELECT * FROM current_parameters UNION ALL SELECT * FROM earlier_parameters
                     ) WHERE name = ?1 AND type = 'SecureString' AND (?2 IS NULL OR version = ?2)
                     ORDER BY version DESC LIMIT 1",
                )
                .map_err(failed)?;
            let mut found = Vec::with_capacity(secrets.len());
            for SecretVersion { name, version } in secrets {
                let row = query.query_row(
                    params![name.as_str(), version.map(|version| i64::try_from(version).unwrap_or(i64::MAX))],
                    |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)),
                );
                if let Some((version, value)) = row.optional().map_err(failed)? {
                    let value = keys.decrypt(&name, &value)?;
                    found.push(RevealedSecret { name, version: version.into(), value });
                }
            }
            Ok(found)
        })
        .await
    }

    async fn delete(&self, names: &[ParameterName]) -> Result<(), StoreError> {
        let names = names.to_vec();
        self.run(move |connection| {
            for name in &names {
                // One parameter at a time, as Parameter Store may do it.
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
                for table in ["current_parameters", "earlier_parameters"] {
                    transaction
                        .prepare_cached(&format!("DELETE FROM {table} WHERE name = ?1"))
                        .and_then(|mut delete| delete.execute([name.as_str()]))
                        .map_err(failed)?;
                }
                transaction.commit().map_err(failed)?;
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
                    "SELECT name, version, type, value FROM (
                         SELECT * FROM earlier_parameters UNION ALL SELECT * FROM current_parameters
                     ) WHERE name = ?1 ORDER BY version",
                )
                .map_err(failed)?;
            let rows = query.query_map([name.as_str()], parameter_of).map_err(failed)?;
            rows.collect::<Result<_, _>>().map_err(failed)
        })
        .await
    }
}

/// The version that a parameter will have when it is written, if it may be.
fn next_version(transaction: &Transaction<'_>, parameter: &PutParameter) -> Result<u32, StoreError> {
    let last: Option<(u32, String)> = transaction
        .prepare_cached("SELECT version, type FROM current_parameters WHERE name = ?1")
        .and_then(|mut query| {
            query.query_row([parameter.name.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(failed)?;
    match last {
        None => Ok(1),
        Some(_) if !parameter.overwrite => Err(StoreError::AlreadyExists(parameter.name.clone())),
        Some((_, from)) if from != parameter.parameter_type.as_str() => {
            let from = type_of(&from).map_or("parameter of another type", ParameterType::as_str);
            Err(StoreError::TypeChange { name: parameter.name.clone(), from })
        }
        Some((version, _)) => Ok(version + 1),
    }
}
