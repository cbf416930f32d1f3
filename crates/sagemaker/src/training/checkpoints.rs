//! Checkpoints: a folder of the job that is kept in step with an S3 prefix.
//!
//! Rules: <https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html>.

use std::path::{Path, PathBuf};

use super::run::blocking;
use crate::archive;
use crate::config::{BucketError, Buckets};
use crate::error::ServiceError;
use crate::names;

/// Where checkpoints lie.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    /// The S3 prefix.
    pub(crate) uri: String,
    /// The folder, from the job's own.
    pub(crate) local: PathBuf,
}

/// The folder below the job's that a path of the request means; `/opt/ml` is the job's. Nothing for other paths and
/// for the folders that the contract uses otherwise.
pub(super) fn local_folder(path: &str) -> Option<PathBuf> {
    let below = PathBuf::from(path.strip_prefix("/opt/ml/")?);
    let first = below.components().next()?;
    let plain = below.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let taken = ["input", "model", "output", "code", "failure", "log"].map(std::ffi::OsStr::new);
    (plain && !taken.contains(&first.as_os_str())).then_some(below)
}

/// Brings the checkpoints at `uri` into `folder`; what is there already is the later one and stays. The inner error is
/// the job's failure reason.
pub(super) async fn restore(
    buckets: &dyn Buckets,
    uri: &str,
    folder: &Path,
) -> Result<Result<(), String>, ServiceError> {
    tokio::fs::create_dir_all(folder).await.map_err(ServiceError::internal)?;
    let failed = |error: &dyn std::fmt::Display| {
        Ok(Err(format!("ClientError: Checkpoint download failed for {uri}: {error}")))
    };
    let Some((bucket, prefix)) = names::s3_uri(uri) else { return failed(&"not an S3 URI") };
    // A folder's keys only: `run-1` is not the prefix of the checkpoints of `run-10`.
    let prefix = if prefix.is_empty() { String::new() } else { names::join_key(prefix, "") };
    let keys = match buckets.list(bucket, &prefix).await {
        Ok(keys) => keys,
        Err(BucketError::NotFound { .. }) => return Ok(Ok(())),
        Err(error) => return failed(&error),
    };
    for key in keys.iter().filter(|key| !key.ends_with('/')) {
        let Some(file) = super::data::file(&prefix, key) else {
            return failed(&format!("the key {key} cannot be a file name"));
        };
        let path = folder.join(file);
        if path.exists() {
            continue;
        }
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(ServiceError::internal)?;
        }
        if let Err(error) = buckets.download(bucket, key, &path).await {
            return failed(&error);
        }
    }
    Ok(Ok(()))
}

/// Stores every file below `folder` under `uri`. The inner error is the job's failure reason.
pub(super) async fn save(
    buckets: &dyn Buckets,
    uri: &str,
    folder: &Path,
) -> Result<Result<(), String>, ServiceError> {
    let failed = |error: &dyn std::fmt::Display| {
        Ok(Err(format!("ClientError: Checkpoint upload failed for {uri}: {error}")))
    };
    let Some((bucket, prefix)) = names::s3_uri(uri) else { return failed(&"not an S3 URI") };
    let below = folder.to_owned();
    let files = blocking(move || match archive::files(&below) {
        Ok(files) => Ok(files.into_iter().filter(|file| below.join(file).is_file()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    })
    .await?;
    for file in files {
        let Some(name) = file.to_str() else {
            return failed(&format!("{} is not UTF-8", file.display()));
        };
        let key = names::join_key(prefix, name);
        if let Err(error) = buckets.upload(&folder.join(&file), bucket, &key).await {
            return failed(&error);
        }
    }
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders() {
        assert_eq!(local_folder("/opt/ml/checkpoints"), Some("checkpoints".into()));
        assert_eq!(local_folder("/opt/ml/a/b"), Some("a/b".into()));
        for path in ["/opt/ml/", "/opt/ml/../x", "/tmp/x", "/opt/ml/model", "/opt/ml/input/x", "checkpoints"]
        {
            assert_eq!(local_folder(path), None, "{path}");
        }
    }
}
