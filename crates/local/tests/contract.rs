//! The local back end keeps the ports' contracts.

#![allow(clippy::unwrap_used)]

use mlpp_local::{LocalObjects, LocalStore};
use mlpp_parameters::ParameterType;
use mlpp_provider::memory::ManualClock;
use mlpp_provider::{
    Objects, ObjectsError, ParameterStore, PutParameter, SecretVersion, StoreError, contract,
};

macro_rules! store_contract {
    ($($function:ident)*) => {$(
        #[tokio::test]
        async fn $function() {
            let folder = tempfile::tempdir().unwrap();
            contract::$function(&LocalStore::open(&folder.path().join("mlpp.db")).unwrap()).await;
        }
    )*};
}

store_contract! {
    put_versions_and_create_only
    list_is_complete_and_keeps_to_the_path
    values_come_back_to_the_letter
    secrets_are_revealed_and_never_listed
    what_the_service_refuses_is_refused
    a_hundred_versions_are_kept
}

#[tokio::test]
async fn types_change_only_by_delete_and_create() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(&folder.path().join("mlpp.db")).unwrap();
    let clock = ManualClock::new(jiff::Timestamp::UNIX_EPOCH);
    contract::types_change_only_by_delete_and_create(&store, &clock).await;
}

macro_rules! objects_contract {
    ($($function:ident)*) => {$(
        #[tokio::test]
        async fn $function() {
            let folder = tempfile::tempdir().unwrap();
            contract::$function(&LocalObjects::new(folder.path())).await;
        }
    )*};
}

objects_contract! {
    objects_and_their_versions
    an_etag_is_a_condition
    objects_are_listed_by_prefix
}

fn parameter(parameter_type: ParameterType, value: &str) -> PutParameter {
    PutParameter { name: "/r/a".parse().unwrap(), parameter_type, value: value.into(), overwrite: false }
}

/// Everything in the store's folder, as bytes.
fn bytes_of(folder: &std::path::Path) -> Vec<u8> {
    std::fs::read_dir(folder).unwrap().flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

#[tokio::test]
async fn a_secret_is_encrypted_at_rest_and_the_key_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mlpp.db");
    let store = LocalStore::open(&file).unwrap();
    store.put(parameter(ParameterType::SecureString, "sentinel-hunter2")).await.unwrap();
    let bytes = bytes_of(folder.path());
    assert!(!bytes.windows(16).any(|window| window == b"sentinel-hunter2"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for file in ["secrets.key", "mlpp.db", "mlpp.db-wal"] {
            let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
    let wanted = [SecretVersion { name: "/r/a".parse().unwrap(), version: None }];
    let other = LocalStore::open(&file).unwrap();
    assert_eq!(other.reveal(&wanted).await.unwrap()[0].value.reveal(), "sentinel-hunter2");
    // Without the key, or with another one, nothing is revealed.
    for key in [None, Some(vec![b'A'; 88])] {
        std::fs::remove_file(folder.path().join("secrets.key")).unwrap();
        std::fs::write(folder.path().join("secrets.key"), key.unwrap_or_default()).unwrap();
        let refused = LocalStore::open(&file).unwrap().reveal(&wanted).await;
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_an_absent_one_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mlpp.db");
    let store = LocalStore::open_existing(&file).unwrap();
    assert_eq!(store.list(&"/r".parse().unwrap()).await.unwrap(), []);
    assert!(!file.exists());
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert!(matches!(LocalStore::open(&file), Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_second_connection_sees_what_the_first_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mlpp.db");
    let (first, second) = (LocalStore::open(&file).unwrap(), LocalStore::open(&file).unwrap());
    first.put(parameter(ParameterType::String, "1")).await.unwrap();
    let refused = second.put(parameter(ParameterType::String, "2")).await;
    assert!(matches!(refused, Err(StoreError::AlreadyExists(_))), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mlpp.db");
    std::fs::write(&file, "not a database, but a text that is long enough to be looked at").unwrap();
    assert!(matches!(LocalStore::open(&file), Err(StoreError::Corrupt(_))));
}

#[tokio::test]
async fn keys_that_lead_out_of_the_bucket_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let objects = LocalObjects::new(folder.path().join("buckets"));
    for (bucket, key) in [
        ("demo-bucket", "../x"),
        ("demo-bucket", "a//b"),
        ("demo-bucket", "/etc/passwd"),
        ("demo-bucket", "a/"),
        ("demo-bucket", ""),
        ("..", "x"),
        ("a/b", "x"),
        ("UPPER", "x"),
    ] {
        let refused = objects.put(bucket, key, b"x".to_vec()).await;
        assert!(matches!(refused, Err(ObjectsError::Invalid { .. })), "{bucket} {key}: {refused:?}");
    }
    assert!(!folder.path().join("buckets").exists());
}

#[tokio::test]
async fn an_object_that_would_be_the_folder_of_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let objects = LocalObjects::new(folder.path());
    objects.put("demo-bucket", "data", b"x".to_vec()).await.unwrap();
    let below = objects.put("demo-bucket", "data/x", b"x".to_vec()).await;
    assert!(matches!(below, Err(ObjectsError::Invalid { .. })), "{below:?}");
    objects.put("demo-bucket", "a/b", b"x".to_vec()).await.unwrap();
    let above = objects.put("demo-bucket", "a", b"x".to_vec()).await;
    assert!(matches!(above, Err(ObjectsError::Invalid { .. })), "{above:?}");
}
