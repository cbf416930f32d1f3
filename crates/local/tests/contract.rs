//! The local back end keeps the ports' contracts.

#![allow(clippy::unwrap_used)]

use mlpp_local::{LocalObjects, LocalStore};
use mlpp_parameters::ParameterType;
use mlpp_provider::{Objects, ObjectsError, ParameterStore, PutParameter, StoreError, contract};

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
    types_change_only_by_delete_and_create
    list_is_complete_and_keeps_to_the_path
    values_come_back_to_the_letter
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
    objects_are_listed_by_prefix
}

fn parameter(parameter_type: ParameterType, value: &str) -> PutParameter {
    PutParameter { name: "/r/a".parse().unwrap(), parameter_type, value: value.into(), overwrite: false }
}

#[tokio::test]
async fn what_parameter_store_would_refuse_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(&folder.path().join("mlpp.db")).unwrap();
    let long = "x".repeat(8193);
    for (parameter_type, value) in [
        (ParameterType::String, ""),
        (ParameterType::String, "{{ssm:x}}"),
        (ParameterType::String, &long),
        (ParameterType::StringList, "a,,b"),
        (ParameterType::SecureString, "hunter2"),
    ] {
        let refused = store.put(parameter(parameter_type, value)).await;
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{value:?}: {refused:?}");
    }
    assert_eq!(store.list(&"/r".parse().unwrap()).await.unwrap(), []);
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
    assert!(matches!(LocalStore::open(&file), Err(StoreError::Unavailable(_))));
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
