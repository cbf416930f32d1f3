use crate::{Objects, ObjectsError, Which};

const BUCKET: &str = "demo-bucket";
const KEY: &str = "a/b.json";

/// An object comes back as it was written; once it is written again, what was asked for comes or is told to be gone, and
/// that is told from an object that is not there.
pub async fn objects_and_their_versions(objects: &impl Objects) {
    let missing = objects.get(BUCKET, KEY, Which::Newest).await;
    assert!(matches!(missing, Err(ObjectsError::NotFound { .. })), "{missing:?}");
    let first = objects.put(BUCKET, KEY, b"one".to_vec()).await.unwrap();
    let read = objects.get(BUCKET, KEY, first.which()).await.unwrap();
    assert_eq!(
        (read.bytes.as_slice(), &read.version, &read.etag),
        (&b"one"[..], &first.version, &first.etag)
    );
    let second = objects.put(BUCKET, KEY, b"two".to_vec()).await.unwrap();
    assert_ne!(first.which(), second.which());
    match objects.get(BUCKET, KEY, first.which()).await {
        Ok(old) => assert_eq!((old.bytes.as_slice(), &old.version), (&b"one"[..], &first.version)),
        Err(error) => assert!(matches!(error, ObjectsError::Superseded { .. }), "{error:?}"),
    }
    assert_eq!(objects.get(BUCKET, KEY, second.which()).await.unwrap().bytes, b"two");
    assert_eq!(objects.get(BUCKET, KEY, Which::Newest).await.unwrap().bytes, b"two");
    objects.delete(BUCKET, KEY).await.unwrap();
    objects.delete(BUCKET, KEY).await.unwrap();
    let deleted = objects.get(BUCKET, KEY, Which::Newest).await;
    assert!(matches!(deleted, Err(ObjectsError::NotFound { .. })), "{deleted:?}");
}

/// An `ETag` is the same for the same bytes, and a condition on the newest writing.
pub async fn an_etag_is_a_condition(objects: &impl Objects) {
    let first = objects.put(BUCKET, KEY, b"one".to_vec()).await.unwrap();
    assert!(!first.etag.contains('"'), "{first:?}");
    assert_eq!(objects.get(BUCKET, KEY, Which::ETag(&first.etag)).await.unwrap().bytes, b"one");
    let second = objects.put(BUCKET, KEY, b"two".to_vec()).await.unwrap();
    let old = objects.get(BUCKET, KEY, Which::ETag(&first.etag)).await;
    assert!(matches!(old, Err(ObjectsError::Superseded { .. })), "{old:?}");
    assert_eq!(objects.get(BUCKET, KEY, Which::ETag(&second.etag)).await.unwrap().bytes, b"two");
    let third = objects.put(BUCKET, KEY, b"one".to_vec()).await.unwrap();
    assert_eq!(third.etag, first.etag);
    objects.delete(BUCKET, KEY).await.unwrap();
    let deleted = objects.get(BUCKET, KEY, Which::ETag(&first.etag)).await;
    assert!(matches!(deleted, Err(ObjectsError::NotFound { .. })), "{deleted:?}");
}

/// Keys are listed by prefix, in order, of one bucket; what is deleted is not.
pub async fn objects_are_listed_by_prefix(objects: &impl Objects) {
    for key in ["data/x y.csv", "data/ü+%2F.csv", "database.csv", "data/gone.csv", "z/1"] {
        objects.put(BUCKET, key, key.as_bytes().to_vec()).await.unwrap();
    }
    objects.put("other-bucket", "data/other.csv", Vec::new()).await.unwrap();
    objects.delete(BUCKET, "data/gone.csv").await.unwrap();
    assert_eq!(
        objects.list(BUCKET, "data").await.unwrap(),
        ["data/x y.csv", "data/ü+%2F.csv", "database.csv"]
    );
    assert_eq!(objects.list(BUCKET, "data/").await.unwrap(), ["data/x y.csv", "data/ü+%2F.csv"]);
    assert_eq!(objects.list("absent-bucket", "").await.unwrap(), [""; 0]);
    assert_eq!(
        objects.get(BUCKET, "data/ü+%2F.csv", Which::Newest).await.unwrap().bytes,
        "data/ü+%2F.csv".as_bytes()
    );
}
