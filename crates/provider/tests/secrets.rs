//! Secrets: compared by fingerprint, recorded as name and version, and shown nowhere.

#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;

use mlpp_parameters::release::Action;
use mlpp_parameters::{DriftPolicy, ParameterType};
use mlpp_provider::memory::{Fault, MemoryStore};
use mlpp_provider::{
    Clock as _, ParameterStore as _, PlanAbout, PlanningError, PutParameter, SavedPlan, SavedPlanError,
    SecretError, history,
};
use support::{Failure, Vault, Writer, content, edit, path, read, run};

const SENTINEL: &str = "sentinel-hunter2";

fn with(value: &str) -> Writer {
    Writer { vault: Vault::of([("env:TOKEN", value)]), ..Writer::default() }
}

const DOCUMENT: &str = r#"{"a":1,"own":{"token":{"$secret":"env:TOKEN"}}}"#;

#[test]
fn a_secret_is_written_when_its_value_changes_and_read_as_name_and_version() {
    let store = MemoryStore::default();
    assert_eq!(run(with("one").apply(&store, DOCUMENT)).unwrap().created, 2);
    assert!(!run(with("one").apply(&store, DOCUMENT)).unwrap().new);
    let outcome = run(with("two").apply(&store, DOCUMENT)).unwrap();
    assert_eq!((outcome.release, outcome.updated, outcome.unchanged), (2, 1, 1));
    let seen =
        |version| format!(r#"{{"a":1,"own":{{"token":{{"$secret":"/p/own/token","version":{version}}}}}}}"#);
    for policy in [DriftPolicy::Use, DriftPolicy::Ignore, DriftPolicy::Fail] {
        assert_eq!(run(read(&store, policy)).unwrap(), seen(2));
    }
    // An edit in place is a version that no release recorded.
    let name = "/p/own/token".parse().unwrap();
    let put = PutParameter {
        name,
        parameter_type: ParameterType::SecureString,
        value: "three".into(),
        overwrite: true,
    };
    run(store.put(put)).unwrap();
    assert_eq!(run(read(&store, DriftPolicy::Use)).unwrap(), seen(3));
    assert_eq!(run(read(&store, DriftPolicy::Ignore)).unwrap(), seen(2));
    assert!(run(read(&store, DriftPolicy::Fail)).is_err());
}

#[test]
fn a_rollback_brings_back_the_version_that_was_recorded_while_it_is_stored() {
    let store = MemoryStore::default();
    for value in ["one", "two"] {
        run(with(value).apply(&store, DOCUMENT)).unwrap();
    }
    // The source is not asked: what the release recorded is in the store.
    let outcome = run(Writer::default().rollback(&store, 1)).unwrap();
    assert_eq!((outcome.release, outcome.updated), (3, 1));
    let value = store.dump().into_iter().find(|(name, ..)| name == "/p/own/token").unwrap();
    assert_eq!((value.1, value.2.as_str()), (3, "one"));

    run(with("x").apply(&store, r#"{"a":1}"#)).unwrap();
    let gone = run(Writer::default().rollback(&store, 1)).unwrap_err();
    assert!(
        matches!(&gone, Failure::Planning(PlanningError::Secret(SecretError::Gone { version: 1, .. }))),
        "{gone:?}"
    );
}

#[test]
fn a_secret_can_come_from_another_parameter() {
    let store = MemoryStore::default();
    let shared = PutParameter {
        name: "/shared/token".parse().unwrap(),
        parameter_type: ParameterType::SecureString,
        value: "shared".into(),
        overwrite: false,
    };
    run(store.put(shared)).unwrap();
    run(Writer::default().apply(&store, r#"{"token":{"$secret":"ssm:/shared/token"}}"#)).unwrap();
    assert!(store.dump().contains(&("/p/token".into(), 1, "shared".into())));
    let absent = run(Writer::default().apply(&store, r#"{"token":{"$secret":"ssm:/shared/absent"}}"#));
    assert!(matches!(absent, Err(Failure::Planning(PlanningError::Secret(SecretError::Unreadable { .. })))));
}

#[test]
fn a_source_that_gives_nothing_stops_the_apply_before_anything_is_written() {
    for vault in [Vault::default(), Vault::of([("env:TOKEN", "")])] {
        let store = MemoryStore::default();
        let writer = Writer { vault, ..Writer::default() };
        let refused = run(writer.apply(&store, DOCUMENT));
        assert!(matches!(refused, Err(Failure::Planning(PlanningError::Secret(_)))), "{refused:?}");
        assert_eq!(store.dump(), []);
    }
}

/// Everything that a plan, an outcome, an error, a saved plan, the history and a reader show, and what every parameter but
/// the secret itself holds.
fn everything_shown(store: &MemoryStore, writer: &Writer) -> String {
    let mut shown = String::new();
    let wanted = content(DOCUMENT);
    let planned = run(writer.plan(store, &wanted)).unwrap();
    let about = PlanAbout {
        path: &path(),
        environment: "development",
        documents: &[],
        keep_drift: false,
        time: store.clock().now(),
        tool: "mlpp test",
    };
    let saved = SavedPlan::new(&planned, &wanted, &about).to_text();
    writeln!(shown, "{planned:?}\n{saved}\n{writer:?}", writer = writer.secrets().key).unwrap();
    writeln!(shown, "{:?}", run(history(store, &path()))).unwrap();
    for policy in [DriftPolicy::Use, DriftPolicy::Ignore, DriftPolicy::Fail] {
        writeln!(shown, "{:?}", run(read(store, policy))).unwrap();
    }
    writeln!(shown, "{:?}", run(store.list(&path())).unwrap()).unwrap();
    for (name, version, value) in store.dump() {
        if name != "/p/own/token" {
            writeln!(shown, "{name} {version} {value}").unwrap();
        }
    }
    shown
}

#[test]
fn a_sentinel_shows_nowhere() {
    let store = MemoryStore::default();
    let writer = with(SENTINEL);
    let shown = everything_shown(&store, &writer);
    assert!(!shown.contains(SENTINEL), "{shown}");
    run(writer.apply(&store, DOCUMENT)).unwrap();
    edit(&store, "/p/a", "7");
    let shown = everything_shown(&store, &with("other"));
    assert!(shown.contains("/p/own/token:1") && !shown.contains(SENTINEL), "{shown}");
    assert!(store.dump().contains(&("/p/own/token".into(), 1, SENTINEL.into())));
    // Errors, at whichever call.
    for call in 0..20 {
        let handle = store.handle(Some(Fault::FailAfter(call)));
        let error = run(
            with("sentinel-hunter2 again").apply(&handle, r#"{"own":{"token":{"$secret":"env:TOKEN"}}}"#)
        );
        assert!(!format!("{error:?}").contains(SENTINEL), "{error:?}");
    }
}

#[test]
fn a_saved_plan_holds_while_nothing_has_changed() {
    let store = MemoryStore::default();
    run(with("one").apply(&store, DOCUMENT)).unwrap();
    let wanted = content(r#"{"a":2,"own":{"token":{"$secret":"env:TOKEN"}}}"#);
    let planned = run(with("two").plan(&store, &wanted)).unwrap();
    let documents = [("a.json".to_owned(), mlpp_parameters::Digest::of("x"))];
    let about = PlanAbout {
        path: &path(),
        environment: "development",
        documents: &documents,
        keep_drift: false,
        time: store.clock().now(),
        tool: "mlpp test",
    };
    let text = SavedPlan::new(&planned, &wanted, &about).to_text();
    let saved = SavedPlan::from_text(&text).unwrap();
    assert_eq!(saved.to_text(), text);
    assert_eq!(saved.wanted(), wanted);
    let check = |store: &MemoryStore, value: &str| {
        let again = run(with(value).plan(store, &saved.wanted())).unwrap();
        saved.check(&again).map_err(|error| error.to_string())
    };
    assert_eq!(check(&store, "two"), Ok(()));
    assert_eq!(check(&store, "three"), Err("the secret /p/own/token has another value now".into()));
    let edited = store.copy();
    edit(&edited, "/p/a", "1");
    assert_eq!(check(&edited, "two"), Err("/p/a has been written since".into()));
    let applied = store.copy();
    run(with("one").apply(&applied, r#"{"a":1,"own":{"token":{"$secret":"env:TOKEN"}},"b":1}"#)).unwrap();
    assert_eq!(
        check(&applied, "two"),
        Err("release 1 was in force, now release 2 is; /p/b has come into being since".into())
    );
    let again = run(with("two").plan(&store, &saved.wanted())).unwrap();
    run(with("two").apply_plan(&store, &again, Action::Apply)).unwrap();
    assert!(check(&store, "two").is_err());
    assert!(matches!(SavedPlan::from_text("{}"), Err(SavedPlanError::NotValid(_))));
    let newer = text.replacen("\"format\": 1", "\"format\": 2", 1);
    assert!(matches!(SavedPlan::from_text(&newer), Err(SavedPlanError::Format(2))));
}
