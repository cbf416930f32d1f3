//! The objects of a channel as files.

use std::path::{Component, Path, PathBuf};

use crate::config::{BucketError, Buckets};
use crate::names;

/// Brings the objects below a channel's S3 prefix into `folder`; a failure is told in the service's manner.
pub(crate) async fn download(
    buckets: &dyn Buckets,
    channel: &str,
    uri: &str,
    folder: &Path,
) -> Result<(), String> {
    let failed = |cause: &dyn std::fmt::Display| {
        format!("ClientError: Data download failed for channel {channel}: {cause}")
    };
    let nothing = || failed(&format!("S3 key: {uri} matched no files on s3"));
    let Some((bucket, prefix)) = names::s3_uri(uri) else {
        return Err(failed(&format!("{uri} is not an S3 URI")));
    };
    let keys = match buckets.list(bucket, prefix).await {
        Ok(keys) => keys,
        Err(BucketError::NotFound { .. }) => return Err(nothing()),
        Err(error) => return Err(failed(&error)),
    };
    let mut found = false;
    // A key that ends with a slash is the mark of a folder.
    for key in keys.iter().filter(|key| !key.ends_with('/')) {
        let Some(file) = file(prefix, key) else {
            return Err(failed(&format!("the key {key} cannot be a file name")));
        };
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(|error| failed(&error))?;
        }
        buckets.download(bucket, key, &path).await.map_err(|error| failed(&error))?;
        found = true;
    }
    if found { Ok(()) } else { Err(nothing()) }
}

/// Where the object `key` lies in the channel's folder: below the prefix when that names a folder, else below the
/// folder which the prefix is in.
fn file(prefix: &str, key: &str) -> Option<PathBuf> {
    let rest = key.strip_prefix(prefix)?;
    let name = if prefix.is_empty() || prefix.ends_with('/') {
        rest
    } else if let Some(below) = rest.strip_prefix('/') {
        below
    } else {
        &key[prefix.rfind('/').map_or(0, |at| at + 1)..]
    };
    let path = PathBuf::from(name);
    let plain = !name.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (prefix, key, expected) in [
            ("titanic/train.csv", "titanic/train.csv", Some("train.csv")),
            ("titanic/", "titanic/a/train.csv", Some("a/train.csv")),
            ("titanic", "titanic/train.csv", Some("train.csv")),
            ("titanic/tr", "titanic/train.csv", Some("train.csv")),
            ("titanic/tr", "titanic/train/x.csv", Some("train/x.csv")),
            ("", "train.csv", Some("train.csv")),
            ("a/", "a/../x", None),
            ("a/", "a//x", None),
        ] {
            assert_eq!(file(prefix, key), expected.map(PathBuf::from), "{prefix} {key}");
        }
    }
}
