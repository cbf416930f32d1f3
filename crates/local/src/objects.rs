use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use mlpp_parameters::Digest;
use mlpp_provider::{Object, Objects, ObjectsError, Which, Written};

/// The longest key, in bytes of UTF-8 (S3 user guide, "Naming Amazon S3 objects").
const MAX_KEY_BYTES: usize = 1024;
/// What a file that is being written is called until it is whole.
const PARTIAL: &str = ".mlpp-partial-";

/// Buckets as folders and objects as plain files in them. Version and `ETag` are the content's digest; only the newest is
/// kept.
///
/// A key's levels become folders under their own names, so that a file can be laid in by hand. Keys that have no such
/// path — an empty level, `.` or `..`, a NUL, a file where a folder is — are refused.
#[derive(Debug, Clone)]
pub struct LocalObjects {
    root: PathBuf,
    /// Whether buckets may have the names of old ones.
    old_names: bool,
}

impl LocalObjects {
    /// Buckets below the folder `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), old_names: false }
    }

    /// The same with buckets that were made when names could have capital letters, underscores and up to 255 characters (S3 user
    /// guide, "General purpose bucket naming rules").
    #[must_use]
    pub fn with_old_bucket_names(self) -> Self {
        Self { old_names: true, ..self }
    }

    /// The file that holds an object, or would.
    ///
    /// # Errors
    /// [`ObjectsError::Invalid`] for a bucket's name or a key that cannot be one here.
    pub fn file(&self, bucket: &str, key: &str) -> Result<PathBuf, ObjectsError> {
        let longest = if self.old_names { 255 } else { 63 };
        let allowed = |b: u8| match b {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => true,
            b'A'..=b'Z' | b'_' => self.old_names,
            _ => false,
        };
        let reason = if !(3..=longest).contains(&bucket.len())
            || bucket.starts_with('.')
            || !bucket.bytes().all(allowed)
        {
            "a bucket's name has 3 to 63 characters of a-z 0-9 . -"
        } else if key.is_empty() || key.len() > MAX_KEY_BYTES {
            "a key has 1 to 1,024 bytes"
        } else if key.split('/').any(|level| {
            matches!(level, "" | "." | "..") || level.contains('\0') || level.starts_with(PARTIAL)
        }) {
            "the levels of a key must be names of folders and of a file"
        } else {
            let mut file = self.root.join(bucket);
            file.extend(key.split('/'));
            return Ok(file);
        };
        Err(ObjectsError::Invalid { bucket: bucket.to_owned(), key: key.to_owned(), reason })
    }

    /// The keys of `bucket` that begin with `prefix`, in order; none when there is no such bucket.
    ///
    /// # Errors
    /// [`ObjectsError::Unavailable`] when a folder cannot be read.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, ObjectsError> {
        // Other folders are not looked into: there may be many files, or some that cannot be read.
        let above = prefix.rsplit_once('/').map_or("", |(above, _)| above);
        let mut folder = self.root.join(bucket);
        if !above.is_empty() {
            let Ok(inner) = self.file(bucket, above) else { return Ok(Vec::new()) };
            folder = inner;
        }
        let above = if above.is_empty() { String::new() } else { format!("{above}/") };
        let mut keys = Vec::new();
        collect(&folder, &above, &mut keys).map_err(|error| unavailable(bucket, prefix, error))?;
        keys.retain(|key| key.starts_with(prefix));
        keys.sort_unstable();
        Ok(keys)
    }

    /// Copies a file of the user's into a bucket.
    ///
    /// # Errors
    /// [`ObjectsError`].
    pub fn copy_in(&self, from: &Path, bucket: &str, key: &str) -> Result<Written, ObjectsError> {
        let bytes = fs::read(from).map_err(|error| unavailable(bucket, key, error))?;
        self.write(bucket, key, &bytes)
    }

    pub(crate) fn write(&self, bucket: &str, key: &str, bytes: &[u8]) -> Result<Written, ObjectsError> {
        let file = self.file(bucket, key)?;
        let whole = || -> io::Result<()> {
            let folder = file.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder)?;
            let mut partial = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder)?;
            partial.write_all(bytes)?;
            partial.as_file().sync_all()?;
            partial.persist(&file)?;
            Ok(())
        };
        whole().map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists => {
                let reason = "an object cannot be the folder of others as well";
                ObjectsError::Invalid { bucket: bucket.to_owned(), key: key.to_owned(), reason }
            }
            _ => unavailable(bucket, key, error),
        })?;
        let digest = Digest::of(bytes).to_string();
        Ok(Written { version: Some(digest.clone()), etag: digest })
    }

    pub(crate) fn read(&self, bucket: &str, key: &str, which: Which<'_>) -> Result<Object, ObjectsError> {
        let file = self.file(bucket, key)?;
        let (bytes, modified) = whole(&file).map_err(|error| unavailable(bucket, key, error))?;
        let digest = Digest::of(&bytes).to_string();
        match which {
            Which::Version(wanted) | Which::ETag(wanted) if wanted != digest => {
                Err(ObjectsError::gone(bucket, key, which))
            }
            _ => Ok(Object {
                bytes,
                version: Some(digest.clone()),
                etag: digest,
                last_modified: modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            }),
        }
    }
}

/// Bytes and time of one file, though another takes its place meanwhile.
fn whole(file: &Path) -> io::Result<(Vec<u8>, SystemTime)> {
    let mut file = File::open(file)?;
    let modified = file.metadata()?.modified()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok((bytes, modified))
}

fn unavailable(bucket: &str, key: &str, error: io::Error) -> ObjectsError {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            ObjectsError::NotFound { bucket, key }
        }
        _ => ObjectsError::Unavailable { bucket, key, source: Box::new(error) },
    }
}

impl Objects for LocalObjects {
    async fn get(&self, bucket: &str, key: &str, which: Which<'_>) -> Result<Object, ObjectsError> {
        self.read(bucket, key, which)
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<Written, ObjectsError> {
        self.write(bucket, key, &bytes)
    }

    async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, ObjectsError> {
        self.keys(bucket, prefix)
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), ObjectsError> {
        match fs::remove_file(self.file(bucket, key)?).map_err(|error| unavailable(bucket, key, error)) {
            Err(ObjectsError::NotFound { .. }) => Ok(()),
            other => other,
        }
    }
}

/// Adds the keys of the files below `folder`, whose own key is `above`; a folder that is not there has none.
fn collect(folder: &Path, above: &str, keys: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(());
        }
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        // A name that is no UTF-8 cannot be a key.
        let Some(name) = name.to_str().filter(|name| !name.starts_with(PARTIAL)) else { continue };
        let key = format!("{above}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{key}/"), keys)?;
        } else {
            keys.push(key);
        }
    }
    Ok(())
}
