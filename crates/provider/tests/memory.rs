//! The memory back end keeps the contract, and the use cases do what they say on it.

#![allow(clippy::unwrap_used)]

use mlpp_parameters::{Content, Digest, Documents, ParameterType, StorePath, encode};
use mlpp_provider::memory::{MemoryObjects, MemoryStore};
use mlpp_provider::{
    ApplyError, ApplyOutcome, ApplyRequest, ParameterStore, PutParameter, apply, contract, current_release,
};

#[tokio::test]
async fn the_store_keeps_the_contract() {
    contract::put_versions_and_create_only(&MemoryStore::default()).await;
    contract::types_change_only_by_delete_and_create(&MemoryStore::default()).await;
    contract::list_is_complete_and_keeps_to_the_path(&MemoryStore::default()).await;
    contract::values_come_back_to_the_letter(&MemoryStore::default()).await;
}

#[tokio::test]
async fn the_objects_keep_the_contract() {
    contract::objects_and_their_versions(&MemoryObjects::default()).await;
    contract::objects_are_listed_by_prefix(&MemoryObjects::default()).await;
}

fn path() -> StorePath {
    "/p".parse().unwrap()
}

fn content(text: &str) -> Content {
    encode(&Documents::merge([("a.json", text)]).unwrap().root, &path()).unwrap()
}

async fn apply_text(store: &MemoryStore, text: &str) -> Result<ApplyOutcome, ApplyError> {
    let content = content(text);
    let documents = [("a.json".to_owned(), Digest::of(text))];
    let request = ApplyRequest {
        path: &path(),
        content: &content,
        documents: &documents,
        owner: "mlpp",
        time: "2026-01-01T00:00:00Z",
        tool: "mlpp test",
    };
    apply(store, &request).await
}

async fn edit(store: &MemoryStore, name: &str, value: &str) {
    let parameter_type = ParameterType::String;
    let name = name.parse().unwrap();
    store.put(PutParameter { name, parameter_type, value: value.into(), overwrite: true }).await.unwrap();
}

#[tokio::test]
async fn the_claim_comes_before_the_leaves_and_the_commit_after() {
    let store = MemoryStore::default();
    let outcome = apply_text(&store, r#"{"a":1,"gone":2}"#).await.unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.created), (1, true, 2));
    store.take_writes();

    let outcome = apply_text(&store, r#"{"a":9,"b":true}"#).await.unwrap();
    assert_eq!((outcome.release, outcome.created, outcome.updated, outcome.deleted), (2, 1, 1, 1));
    let writes = store.take_writes();
    assert!(writes[0].starts_with("put /p.releases/content/"), "{writes:?}");
    assert_eq!(
        writes[1..],
        [
            "put /p.releases/2",
            "put /p/a",
            "put /p/b",
            "put /p.releases/2/committed",
            "delete /p/gone",
            "put /p.releases/current"
        ]
    );
}

#[tokio::test]
async fn what_is_in_force_is_not_written_again() {
    let store = MemoryStore::default();
    apply_text(&store, r#"{"a":1,"empty":""}"#).await.unwrap();
    store.take_writes();
    let outcome = apply_text(&store, r#"{"a":1,"empty":""}"#).await.unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.unchanged), (1, false, 1));
    assert_eq!(store.take_writes(), [""; 0]);
    // A change that touches no parameter is a release all the same: the record is other.
    let outcome = apply_text(&store, r#"{"a":1,"empty":null}"#).await.unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.unchanged), (2, true, 1));
}

#[tokio::test]
async fn an_edit_in_place_is_drift_and_is_reverted() {
    let store = MemoryStore::default();
    apply_text(&store, r#"{"a":1}"#).await.unwrap();
    edit(&store, "/p/a", "7").await;
    let outcome = apply_text(&store, r#"{"a":1}"#).await.unwrap();
    assert_eq!((outcome.release, outcome.updated, outcome.drifted), (2, 1, 1));
    assert_eq!(store.get(&["/p/a".parse().unwrap()]).await.unwrap()[0].value, "1");
}

#[tokio::test]
async fn parameters_of_others_stay_and_a_type_change_is_a_replacement() {
    let store = MemoryStore::default();
    edit(&store, "/p/foreign", "x").await;
    apply_text(&store, r#"{"a":"x"}"#).await.unwrap();
    let outcome = apply_text(&store, r#"{"a":["x","y"]}"#).await.unwrap();
    assert_eq!(outcome.replaced, 1);
    apply_text(&store, "{}").await.unwrap();
    let names: Vec<_> = store.list(&path()).await.unwrap().iter().map(|p| p.name.to_string()).collect();
    assert_eq!(names, ["/p/foreign"]);
}

#[tokio::test]
async fn a_claim_that_was_not_committed_is_superseded() {
    let store = MemoryStore::default();
    apply_text(&store, r#"{"a":1}"#).await.unwrap();
    apply_text(&store, r#"{"a":2}"#).await.unwrap();
    // As if the second writer had died between its last leaf and its commit.
    store.delete(&["/p.releases/2/committed".parse().unwrap()]).await.unwrap();
    let current = current_release(&store, &path()).await.unwrap();
    assert_eq!((current.number(), current.claimed), (1, 2));

    let outcome = apply_text(&store, r#"{"a":2}"#).await.unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.unchanged), (3, true, 1));
    let current = current_release(&store, &path()).await.unwrap();
    assert_eq!((current.number(), current.claimed), (3, 3));
}
