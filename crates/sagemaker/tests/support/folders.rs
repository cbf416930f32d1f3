//! Buckets that are folders.

use std::fs;
use std::path::{Path, PathBuf};

use mlpp_sagemaker::{BucketError, Buckets, Pending};

/// Each bucket is a folder.
pub(crate) struct Folders(pub(crate) PathBuf);

fn failed(bucket: &str, key: &str, error: std::io::Error) -> BucketError {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    if error.kind() == std::io::ErrorKind::NotFound {
        return BucketError::NotFound { bucket, key };
    }
    BucketError::Failed { bucket, key, source: error.into() }
}

fn keys_below(folder: &Path, start: &Path, keys: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            keys_below(&path, start, keys);
        } else {
            keys.extend(path.strip_prefix(start).ok().and_then(Path::to_str).map(str::to_owned));
        }
    }
}

impl Buckets for Folders {
    fn list<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Pending<'a, Result<Vec<String>, BucketError>> {
        Box::pin(async move {
            let (folder, mut keys) = (self.0.join(bucket), Vec::new());
            keys_below(&folder, &folder, &mut keys);
            Ok(keys.into_iter().filter(|key| key.starts_with(prefix)).collect())
        })
    }

    fn download<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        to: &'a Path,
    ) -> Pending<'a, Result<(), BucketError>> {
        Box::pin(async move {
            let copied = fs::copy(self.0.join(bucket).join(key), to);
            copied.map(|_| ()).map_err(|error| failed(bucket, key, error))
        })
    }

    fn upload<'a>(
        &'a self,
        from: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> Pending<'a, Result<(), BucketError>> {
        Box::pin(async move {
            let to = self.0.join(bucket).join(key);
            let folder = to.parent().unwrap_or(&to);
            let stored = fs::create_dir_all(folder).and_then(|()| fs::copy(from, &to));
            stored.map(|_| ()).map_err(|error| failed(bucket, key, error))
        })
    }
}
