use crate::{Objects, ObjectsError};

/// An object comes back with its version; a version that was replaced is told from an object that is not there.
pub async fn objects_and_their_versions(objects: &impl Objects) {
    let missing = objects.get("demo-bucket", "a/b.json", None).await;
    assert!(matches!(missing, Err(ObjectsError::NotFound { .. })), "{missing:?}");
    let first = objects.put("demo-bucket", "a/b.json", b"one".to_vec()).await.unwrap();
    let read = objects.get("demo-bucket", "a/b.json", Some(&first)).await.unwrap();
    assert_eq!((read.bytes.as_slice(), &read.version), (&b"one"[..], &first));
    let second = objects.put("demo-bucket", "a/b.json", b"two".to_vec()).await.unwrap();
    assert_ne!(first, second);
    let old = objects.get("demo-bucket", "a/b.json", Some(&first)).await;
    assert!(matches!(old, Err(ObjectsError::Superseded { .. })), "{old:?}");
    objects.delete("demo-bucket", "a/b.json").await.unwrap();
    objects.delete("demo-bucket", "a/b.json").await.unwrap();
    assert!(objects.get("demo-bucket", "a/b.json", None).await.is_err());
}

/// Keys are listed by prefix, in order, of one bucket.
pub async fn objects_are_listed_by_prefix(objects: &impl Objects) {
    for key in ["data/x y.csv", "data/ü+%2F.csv", "database.csv", "z/1"] {
        objects.put("demo-bucket", key, key.as_bytes().to_vec()).await.unwrap();
    }
    objects.put("other-bucket", "data/other.csv", Vec::new()).await.unwrap();
    assert_eq!(
        objects.list("demo-bucket", "data").await.unwrap(),
        ["data/x y.csv", "data/ü+%2F.csv", "database.csv"]
    );
    assert_eq!(objects.list("demo-bucket", "data/").await.unwrap(), ["data/x y.csv", "data/ü+%2F.csv"]);
    assert_eq!(objects.list("absent-bucket", "").await.unwrap(), [""; 0]);
    assert_eq!(
        objects.get("demo-bucket", "data/ü+%2F.csv", None).await.unwrap().bytes,
        "data/ü+%2F.csv".as_bytes()
    );
}
