use mlpp_parameters::{LiveParameter, ParameterName, ParameterType};

use crate::{Clock, ParameterStore, PutParameter, SecretVersion, StoreError};

fn name(text: &str) -> ParameterName {
    text.parse().unwrap()
}

fn parameter(text: &str, value: &str, overwrite: bool) -> PutParameter {
    PutParameter {
        name: name(text),
        parameter_type: ParameterType::String,
        value: value.to_owned(),
        overwrite,
    }
}

fn values(parameters: &[LiveParameter]) -> Vec<(&str, &str, u64)> {
    let mut rows: Vec<_> =
        parameters.iter().map(|p| (p.name.as_str(), p.value.as_str(), p.version)).collect();
    rows.sort_unstable();
    rows
}

/// Versions count from 1, create-only refuses what is there, history keeps the versions in order.
pub async fn put_versions_and_create_only(store: &impl ParameterStore) {
    assert_eq!(store.put(parameter("/c/a", "1", false)).await.unwrap(), 1);
    let again = store.put(parameter("/c/a", "2", false)).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists(_))), "{again:?}");
    assert_eq!(store.put(parameter("/c/a", "3", true)).await.unwrap(), 2);
    assert_eq!(store.put(parameter("/c/b", "x", true)).await.unwrap(), 1);
    let found = store.get(&[name("/c/a"), name("/c/absent"), name("/c/b")]).await.unwrap();
    assert_eq!(values(&found), [("/c/a", "3", 2), ("/c/b", "x", 1)]);
    let history = store.history(&name("/c/a")).await.unwrap();
    assert_eq!(values(&history), [("/c/a", "1", 1), ("/c/a", "3", 2)]);
    assert_eq!(store.history(&name("/c/absent")).await.unwrap(), []);
}

/// An overwrite cannot change the type; a delete and a create can, and the versions begin anew.
pub async fn types_change_only_by_delete_and_create(store: &impl ParameterStore, clock: &impl Clock) {
    let list = PutParameter { parameter_type: ParameterType::StringList, ..parameter("/t/a", "x,y", true) };
    store.put(parameter("/t/a", "x", true)).await.unwrap();
    let refused = store.put(list.clone()).await;
    assert!(matches!(refused, Err(StoreError::TypeChange { from: "String", .. })), "{refused:?}");
    store.delete(&[name("/t/a"), name("/t/absent")]).await.unwrap();
    assert_eq!(store.get(&[name("/t/a")]).await.unwrap(), []);
    clock.sleep(store.recreate_delay()).await;
    assert_eq!(store.put(list).await.unwrap(), 1);
    assert_eq!(store.get(&[name("/t/a")]).await.unwrap()[0].parameter_type, ParameterType::StringList);
}

/// A list holds all that lies below the path, however deep and many, and nothing of its neighbours.
pub async fn list_is_complete_and_keeps_to_the_path(store: &impl ParameterStore) {
    let below: Vec<_> = (0..57).map(|n| format!("/l/p/{}/{n}", n % 3)).collect();
    for text in below.iter().map(String::as_str).chain(["/l/p2/a", "/l/p.releases/1", "/l/pp", "/l/a_b"]) {
        store.put(parameter(text, "v", false)).await.unwrap();
    }
    let mut expected = below.clone();
    expected.sort();
    let listed = store.list(&"/l/p".parse().unwrap()).await.unwrap();
    let mut names: Vec<_> = listed.iter().map(|parameter| parameter.name.to_string()).collect();
    names.sort();
    assert_eq!(names, expected);
    assert_eq!(store.list(&"/l/a-b".parse().unwrap()).await.unwrap(), []);
    assert_eq!(store.list(&"/L".parse().unwrap()).await.unwrap(), []);
}

/// Values come back to the letter.
pub async fn values_come_back_to_the_letter(store: &impl ParameterStore) {
    for (index, value) in
        ["ünï ✓ 𝄞", " spaces ", "line\nbreak\ttab", "'; DROP TABLE x; --", "%s_%"].iter().enumerate()
    {
        let at = format!("/v/{index}");
        store.put(parameter(&at, value, false)).await.unwrap();
        assert_eq!(store.get(&[name(&at)]).await.unwrap()[0].value, *value);
    }
}

/// A secret is revealed in the version that is asked for, and its value shows nowhere else.
pub async fn secrets_are_revealed_and_never_listed(store: &impl ParameterStore) {
    let secret = |text: &str, value: &str| PutParameter {
        parameter_type: ParameterType::SecureString,
        ..parameter(text, value, true)
    };
    for value in ["hunter2", "hunter3"] {
        store.put(secret("/s/token", value)).await.unwrap();
    }
    store.put(parameter("/s/plain", "x", false)).await.unwrap();
    let token = name("/s/token");
    let listed = store.list(&"/s".parse().unwrap()).await.unwrap();
    assert_eq!(values(&listed), [("/s/plain", "x", 1), ("/s/token", "", 2)]);
    assert_eq!(values(&store.get(std::slice::from_ref(&token)).await.unwrap()), [("/s/token", "", 2)]);
    assert_eq!(values(&store.history(&token).await.unwrap()), [("/s/token", "", 1), ("/s/token", "", 2)]);
    let version = |text: &str, version| SecretVersion { name: name(text), version };
    let wanted = [
        version("/s/token", None),
        version("/s/token", Some(1)),
        version("/s/token", Some(9)),
        version("/s/plain", None),
        version("/s/absent", None),
    ];
    let mut revealed: Vec<_> = store.reveal(&wanted).await.unwrap();
    revealed.sort_by_key(|secret| secret.version);
    let rows: Vec<_> =
        revealed.iter().map(|s| (s.name.as_str(), s.version, s.value.reveal().to_owned())).collect();
    assert_eq!(rows, [("/s/token", 1, "hunter2".into()), ("/s/token", 2, "hunter3".into())]);
}

/// What Parameter Store refuses is refused, and nothing is left of it.
pub async fn what_the_service_refuses_is_refused(store: &impl ParameterStore) {
    let long = "x".repeat(8193);
    for (parameter_type, value) in [
        (ParameterType::String, ""),
        (ParameterType::String, "{{ssm:x}}"),
        (ParameterType::String, &long),
        (ParameterType::StringList, "a,,b"),
        (ParameterType::SecureString, ""),
    ] {
        let refused = store.put(PutParameter { parameter_type, ..parameter("/r/a", value, false) }).await;
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{value:?}: {refused:?}");
    }
    assert_eq!(store.list(&"/r".parse().unwrap()).await.unwrap(), []);
}

/// The hundred newest versions of a parameter are kept, and the numbers go on.
pub async fn a_hundred_versions_are_kept(store: &impl ParameterStore) {
    for number in 1..=103_u64 {
        assert_eq!(store.put(parameter("/h/a", &number.to_string(), true)).await.unwrap(), number);
    }
    let history = store.history(&name("/h/a")).await.unwrap();
    assert_eq!((history.len(), history[0].version, history[99].version), (100, 4, 103));
}
