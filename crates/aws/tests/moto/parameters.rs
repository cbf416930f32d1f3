//! What is peculiar to Parameter Store: tags, tiers, keys, and errors that must not tell a secret.

use std::sync::Arc;
use std::time::Duration;

use mlpp_aws::{AwsParameterStore, Clients, StoreOptions};
use mlpp_parameters::ParameterType;
use mlpp_provider::{ParameterStore as _, PutParameter, StoreError, with_sources};
use serde_json::{Value, json};

use crate::support::{Account, Fault};

fn parameter(name: &str, value: &str) -> PutParameter {
    let (name, value) = (name.parse().unwrap(), value.to_owned());
    PutParameter { name, parameter_type: ParameterType::String, value, overwrite: true }
}

fn secret(name: &str, value: &str) -> PutParameter {
    PutParameter { parameter_type: ParameterType::SecureString, ..parameter(name, value) }
}

/// Members of the requests of an action since the last time that this was asked.
fn requests<const N: usize>(account: &Account, action: &str, members: [&str; N]) -> Vec<[Value; N]> {
    let calls = std::mem::take(&mut account.state().calls);
    let called = calls.into_iter().filter(|(called, _)| called == action);
    called.map(|(_, request)| members.map(|member| request[member].clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_are_tagged_when_they_are_created() {
    let Some(account) = Account::new("parameters_are_tagged_when_they_are_created").await else { return };
    let tags = vec![("team".to_owned(), "ml".to_owned())];
    let options = StoreOptions { tags, ..StoreOptions::default() };
    let tags = json!([{"Key": "team", "Value": "ml"}]);
    let store = account.store_with(options.clone());
    let members = ["Overwrite", "Tags"];
    for _ in 0..2 {
        store.put(parameter("/p/a", "1")).await.unwrap();
    }
    let (new, old) = ([json!(false), tags.clone()], [json!(true), Value::Null]);
    assert_eq!(requests(&account, "PutParameter", members), [new.clone(), old.clone()]);

    // Who has not seen the parameter tries to create it first, and who has, does not.
    let other = account.store_with(options.clone());
    other.put(parameter("/p/a", "2")).await.unwrap();
    assert_eq!(requests(&account, "PutParameter", members), [new, old.clone()]);
    let reader = account.store_with(options);
    reader.list(&"/p".parse().unwrap()).await.unwrap();
    reader.put(parameter("/p/a", "3")).await.unwrap();
    assert_eq!(requests(&account, "PutParameter", members), [old]);

    // Deleted by somebody else behind the back of who has seen it.
    account.store().delete(&["/p/a".parse().unwrap()]).await.unwrap();
    account.clock.advance(reader.recreate_delay());
    assert_eq!(reader.put(parameter("/p/a", "4")).await.unwrap(), 1);
    let tagged = requests(&account, "AddTagsToResource", ["ResourceId", "Tags"]);
    assert_eq!(tagged, [[json!("/p/a"), tags]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_needs_it_is_advanced_and_stays_so() {
    let Some(account) = Account::new("a_value_that_needs_it_is_advanced_and_stays_so").await else { return };
    let store = account.store();
    for (value, version, advanced) in [("x".repeat(4096), 1, 0), ("x".repeat(4097), 2, 1), ("x".into(), 3, 1)]
    {
        assert_eq!(store.put(parameter("/p/a", &value)).await.unwrap(), version);
        assert_eq!(account.state().rules.advanced(), advanced);
        assert_eq!(store.get(&["/p/a".parse().unwrap()]).await.unwrap()[0].value, value);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_encrypted_with_the_key_and_no_error_tells_them() {
    let test = "secrets_are_encrypted_with_the_key_and_no_error_tells_them";
    let Some(account) = Account::new(test).await else { return };
    let key_id = Some("alias/ml".to_owned());
    let store = account.store_with(StoreOptions { key_id, ..StoreOptions::default() });
    account
        .set_faults(|action, before| (action == "PutParameter" && before == 0).then_some(Fault::LostAnswer));
    // The answer is lost, and the value is found to have landed: another version of it would not be the recorded one.
    assert_eq!(store.put(secret("/p/token", "hunter2")).await.unwrap(), 1);
    store.put(parameter("/p/plain", "x")).await.unwrap();
    let keys = requests(&account, "PutParameter", ["KeyId"]);
    assert_eq!(keys, [[json!("alias/ml")], [Value::Null]]);

    let refused = store.put(secret("/p/token", "{{hunter2}}")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
    let told = format!("{refused:?} {}", with_sources(&refused));
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_was_just_deleted_is_told_from_one_that_is_taken() {
    let test = "a_name_that_was_just_deleted_is_told_from_one_that_is_taken";
    let Some(account) = Account::new(test).await else { return };
    let store = account.store();
    store.put(parameter("/p/a", "1")).await.unwrap();
    store.delete(&["/p/a".parse().unwrap()]).await.unwrap();
    for overwrite in [false, true] {
        let refused = store.put(PutParameter { overwrite, ..parameter("/p/a", "2") }).await;
        assert!(matches!(refused, Err(StoreError::TooSoon(_))), "{refused:?}");
    }
    account.clock.advance(store.recreate_delay());
    assert_eq!(store.put(parameter("/p/a", "2")).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_told_at_once_and_what_fails_on_and_on_comes_to_an_end() {
    let test = "who_may_not_is_told_at_once_and_what_fails_on_and_on_comes_to_an_end";
    let Some(account) = Account::new(test).await else { return };
    for (fault, calls) in [(Fault::Denied, 1), (Fault::Failure, 9), (Fault::TooManyUpdates, 13)] {
        account.set_faults(move |_, _| Some(fault));
        let failed = account.store().list(&"/p".parse().unwrap()).await.unwrap_err();
        assert_eq!(account.state().calls.len(), calls, "{fault:?}: {failed:?}");
        let busy = fault == Fault::TooManyUpdates;
        assert_eq!(matches!(failed, StoreError::Busy(_)), busy, "{failed:?}");
        assert_eq!(matches!(failed, StoreError::Unavailable(_)), !busy, "{failed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_where_nobody_listens_is_told() {
    let Some(account) = Account::new("a_place_where_nobody_listens_is_told").await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let clients = Clients::from_variables(|name| match name {
        "AWS_ENDPOINT_URL" => Some(format!("http://127.0.0.1:{port}")),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("any".to_owned()),
        _ => None,
    });
    let clock = Arc::clone(&account.clock);
    let store = AwsParameterStore::new(&clients.unwrap(), clock, 1, StoreOptions::default()).unwrap();
    let failed = store.put(parameter("/p/a", "1")).await.unwrap_err();
    assert!(with_sources(&failed).contains("there is no answer"), "{}", with_sources(&failed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_names_are_read_by_a_call_and_the_calls_are_made_at_the_same_time() {
    let test = "ten_names_are_read_by_a_call_and_the_calls_are_made_at_the_same_time";
    let Some(account) = Account::new(test).await else { return };
    let (store, last) = (account.store(), "/p/24");
    store.put(parameter(last, "x")).await.unwrap();
    // None of the calls is answered before all are there.
    account.state().meeting = Some(("GetParameters", Arc::new(tokio::sync::Barrier::new(3))));
    let names: Vec<_> = (0..25).map(|n| format!("/p/{n}").parse().unwrap()).collect();
    let found = tokio::time::timeout(Duration::from_secs(20), store.get(&names)).await.unwrap().unwrap();
    assert_eq!(found.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), [last]);
    assert_eq!(requests(&account, "GetParameters", []).len(), 3);
}
