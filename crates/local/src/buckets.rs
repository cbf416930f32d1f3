use std::path::Path;

use mlpp_provider::{Objects, ObjectsError};
use mlpp_sagemaker::{BucketError, Buckets, Pending};

use crate::LocalObjects;

/// The services read and write the same buckets as everybody else.
impl Buckets for LocalObjects {
    fn list<'a>(&'a self, bucket: &'a str, prefix: &'a str) -> Pending<'a, Result<Vec<String>, BucketError>> {
        Box::pin(
            async move { Objects::list(self, bucket, prefix).await.map_err(|e| error(e, bucket, prefix)) },
        )
    }

    fn download<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        to: &'a Path,
    ) -> Pending<'a, Result<(), BucketError>> {
        Box::pin(async move {
            let from = self.file(bucket, key).map_err(|e| error(e, bucket, key))?;
            match tokio::fs::copy(&from, to).await {
                Ok(_) => Ok(()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    Err(BucketError::NotFound { bucket: bucket.to_owned(), key: key.to_owned() })
                }
                Err(e) => Err(error(e, bucket, key)),
            }
        })
    }

    fn upload<'a>(
        &'a self,
        from: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> Pending<'a, Result<(), BucketError>> {
        let (objects, from, to) = (self.clone(), from.to_owned(), (bucket.to_owned(), key.to_owned()));
        Box::pin(async move {
            let copy = move || objects.copy_in(&from, &to.0, &to.1);
            match tokio::task::spawn_blocking(copy).await {
                Ok(done) => done.map(|_| ()).map_err(|e| error(e, bucket, key)),
                Err(e) => Err(error(e, bucket, key)),
            }
        })
    }
}

fn error(source: impl std::error::Error + Send + Sync + 'static, bucket: &str, key: &str) -> BucketError {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let not_found = (&source as &(dyn std::error::Error + 'static))
        .downcast_ref::<ObjectsError>()
        .is_some_and(|error| matches!(error, ObjectsError::NotFound { .. }));
    if not_found {
        BucketError::NotFound { bucket, key }
    } else {
        BucketError::Failed { bucket, key, source: Box::new(source) }
    }
}
