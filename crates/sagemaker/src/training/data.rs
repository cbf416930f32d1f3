//! The objects of a channel as files.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::definition::Channel;
use crate::config::{BucketError, Buckets};
use crate::names;

/// An object of the input.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Where it lies below the channel's folder; nothing when its key cannot be a file name.
    pub(crate) file: Option<PathBuf>,
}

/// Brings the objects of a channel into `folder`; a failure is told in the service's manner. A manifest is kept beside
/// the channel's folder, as on the service.
pub(super) async fn download(buckets: &dyn Buckets, channel: &Channel, folder: &Path) -> Result<(), String> {
    let mut manifest = folder.as_os_str().to_owned();
    manifest.push("-manifest");
    let all = async {
        for object in objects(buckets, &channel.uri, channel.manifest, &PathBuf::from(manifest)).await? {
            fetch(buckets, &object, folder).await?;
        }
        Ok(())
    };
    let fetched: Result<(), String> = all.await;
    fetched
        .map_err(|cause| format!("ClientError: Data download failed for channel {}: {cause}", channel.name))
}

/// The objects that a prefix or a manifest means, of which there is at least one; else what is wrong. The manifest is
/// written to the file `kept`.
pub(crate) async fn objects(
    buckets: &dyn Buckets,
    uri: &str,
    is_manifest: bool,
    kept: &Path,
) -> Result<Vec<Object>, String> {
    if is_manifest { listed(buckets, uri, kept).await } else { below(buckets, uri).await }
}

/// The objects that a manifest lists: `[{"prefix": "s3://bucket/folder/"}, "key", …]`.
///
/// Rules: <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html>.
async fn listed(buckets: &dyn Buckets, uri: &str, kept: &Path) -> Result<Vec<Object>, String> {
    let Some((bucket, key)) = names::s3_uri(uri) else { return Err(format!("{uri} is not an S3 URI")) };
    buckets.download(bucket, key, kept).await.map_err(|error| error.to_string())?;
    let bytes = tokio::fs::read(kept).await.map_err(|error| error.to_string())?;
    let (prefix, keys) = manifest(&bytes).map_err(|wrong| format!("the manifest {uri} {wrong}"))?;
    let Some((bucket, prefix)) = names::s3_uri(&prefix) else {
        return Err(format!("the manifest {uri} has the prefix {prefix}, which is not an S3 URI"));
    };
    let objects = keys.iter().map(|name| Object {
        bucket: bucket.to_owned(),
        key: format!("{prefix}{name}"),
        file: plain(name),
    });
    Ok(objects.collect())
}

async fn below(buckets: &dyn Buckets, uri: &str) -> Result<Vec<Object>, String> {
    let nothing = || format!("S3 key: {uri} matched no files on s3");
    let Some((bucket, prefix)) = names::s3_uri(uri) else { return Err(format!("{uri} is not an S3 URI")) };
    let keys = match buckets.list(bucket, prefix).await {
        Ok(keys) => keys,
        Err(BucketError::NotFound { .. }) => return Err(nothing()),
        Err(error) => return Err(error.to_string()),
    };
    // A key that ends with a slash is the mark of a folder.
    let keys = keys.into_iter().filter(|key| !key.ends_with('/'));
    let objects: Vec<Object> =
        keys.map(|key| Object { bucket: bucket.to_owned(), file: file(prefix, &key), key }).collect();
    if objects.is_empty() { Err(nothing()) } else { Ok(objects) }
}

/// Prefix and names of a manifest; else what is wrong with it.
fn manifest(bytes: &[u8]) -> Result<(String, Vec<String>), String> {
    const FORM: &str = "must be a JSON list [{\"prefix\": \"s3://bucket/folder/\"}, \"name\", …]";
    let entries: Vec<Value> =
        serde_json::from_slice(bytes).map_err(|error| format!("{FORM}, and is not: {error}"))?;
    let (first, rest) = entries.split_first().ok_or_else(|| format!("{FORM}, and is empty"))?;
    let prefix = first["prefix"].as_str().ok_or_else(|| format!("{FORM}, and starts with {first}"))?;
    if rest.is_empty() {
        return Err("lists no objects".to_owned());
    }
    let names = rest.iter().map(|name| name.as_str().map(str::to_owned));
    let names = names.collect::<Option<_>>().ok_or_else(|| format!("{FORM}, and has other members"))?;
    Ok((prefix.to_owned(), names))
}

async fn fetch(buckets: &dyn Buckets, object: &Object, folder: &Path) -> Result<(), String> {
    let Object { bucket, key, file: Some(file) } = object else {
        return Err(format!("the key {} cannot be a file name", object.key));
    };
    let path = folder.join(file);
    if let Some(parent) = path.parent() {
        tokio::fs::create_dir_all(parent).await.map_err(|error| error.to_string())?;
    }
    buckets.download(bucket, key, &path).await.map_err(|error| error.to_string())
}

/// Where the object `key` lies in the channel's folder: below the prefix when that names a folder, else below the
/// folder which the prefix is in.
pub(super) fn file(prefix: &str, key: &str) -> Option<PathBuf> {
    let rest = key.strip_prefix(prefix)?;
    let name = if prefix.is_empty() || prefix.ends_with('/') {
        rest
    } else if let Some(below) = rest.strip_prefix('/') {
        below
    } else {
        &key[prefix.rfind('/').map_or(0, |at| at + 1)..]
    };
    plain(name)
}

/// A key as a path that stays below a folder.
fn plain(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    let plain = !name.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests() {
        let good = br#"[{"prefix": "s3://b/a/"}, "x.csv", "y/z.csv"]"#;
        assert_eq!(
            manifest(good),
            Ok(("s3://b/a/".to_owned(), vec!["x.csv".to_owned(), "y/z.csv".to_owned()]))
        );
        for (bad, wrong) in [
            ("a,b", "and is not: expected value"),
            ("[]", "and is empty"),
            (r#"["x"]"#, "and starts with \"x\""),
            (r#"[{"prefix": "s3://b/"}]"#, "lists no objects"),
            (r#"[{"prefix": "s3://b/"}, 1]"#, "and has other members"),
        ] {
            let error = manifest(bad.as_bytes()).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }

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
