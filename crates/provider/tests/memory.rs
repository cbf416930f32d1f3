//! The memory back end keeps the contract, and the use cases do what they say on it.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use mlpp_parameters::release::{Action, RecordNames};
use mlpp_parameters::{DriftPolicy, ParameterName, StorePath};
use mlpp_provider::memory::{Fault, MemoryObjects, MemoryStore, MemoryWorkflows};
use mlpp_provider::{
    ApplyError, Clock as _, DestroyError, ParameterStore as _, PlanRequest, ReadError, RecordsError,
    WorkflowKind, contract, history, pin, plan, read_parameters, status,
};
use support::{Failure, Writer, content, edit, names, path, read, run};

#[tokio::test]
async fn the_store_keeps_the_contract() {
    let store = MemoryStore::default;
    contract::put_versions_and_create_only(&store()).await;
    let clocked = store();
    contract::types_change_only_by_delete_and_create(&clocked, clocked.clock()).await;
    contract::list_is_complete_and_keeps_to_the_path(&store()).await;
    contract::values_come_back_to_the_letter(&store()).await;
    contract::secrets_are_revealed_and_never_listed(&store()).await;
    contract::what_the_service_refuses_is_refused(&store()).await;
    contract::a_hundred_versions_are_kept(&store()).await;
}

#[tokio::test]
async fn the_objects_keep_the_contract() {
    for objects in [MemoryObjects::default, MemoryObjects::versioned] {
        contract::objects_and_their_versions(&objects()).await;
        contract::an_etag_is_a_condition(&objects()).await;
        contract::objects_are_listed_by_prefix(&objects()).await;
    }
}

#[tokio::test]
async fn the_workflows_keep_the_contract() {
    let arn = "arn:aws:states:us-east-1:000000000000:stateMachine:own";
    let workflows = || MemoryWorkflows::new([(arn, WorkflowKind::Standard)]);
    contract::one_name_starts_one_execution(&workflows(), arn).await;
    contract::absent_state_machines_and_executions_are_told(&workflows()).await;
}

#[test]
fn the_claim_comes_before_the_leaves_and_the_commit_after() {
    let store = MemoryStore::default();
    let writer = Writer::default();
    let outcome = run(writer.apply(&store, r#"{"a":1,"gone":2}"#)).unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.created), (1, true, 2));
    store.take_writes();

    let outcome = run(writer.apply(&store, r#"{"a":9,"b":true}"#)).unwrap();
    assert_eq!((outcome.release, outcome.created, outcome.updated, outcome.deleted), (2, 1, 1, 1));
    let written = store.take_writes();
    assert!(written[0].starts_with("put /p.releases/content/"), "{written:?}");
    assert_eq!(
        written[1..],
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

#[test]
fn the_first_release_needs_no_hint() {
    let store = MemoryStore::default();
    let writer = Writer::default();
    run(writer.apply(&store, r#"{"a":1}"#)).unwrap();
    assert_eq!(store.take_writes()[1..], ["put /p.releases/1", "put /p/a", "put /p.releases/1/committed"]);
    assert_eq!(run(read(&store, DriftPolicy::Fail)).unwrap(), r#"{"a":1}"#);
}

// DEFECTS A2, A21: what is as it should be costs no call.
#[test]
fn what_is_in_force_is_not_written_again() {
    let store = MemoryStore::default();
    let writer = Writer::default();
    run(writer.apply(&store, r#"{"a":1,"empty":""}"#)).unwrap();
    store.take_writes();
    let outcome = run(writer.apply(&store, r#"{"a":1,"empty":""}"#)).unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.unchanged), (1, false, 1));
    assert_eq!(store.take_writes(), [""; 0]);
    // A change that touches no parameter is a release all the same: the record is other.
    let outcome = run(writer.apply(&store, r#"{"a":1,"empty":null}"#)).unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.unchanged), (2, true, 1));
}

#[test]
fn an_edit_in_place_is_drift_and_is_reverted_unless_it_is_to_stay() {
    let store = MemoryStore::default();
    run(Writer::default().apply(&store, r#"{"a":1}"#)).unwrap();
    edit(&store, "/p/a", "7");
    let keep = Writer { keep_drift: true, ..Writer::default() };
    let outcome = run(keep.apply(&store, r#"{"a":1}"#)).unwrap();
    assert_eq!((outcome.release, outcome.new, outcome.kept, outcome.drifted), (1, false, 1, 1));
    let outcome = run(Writer::default().apply(&store, r#"{"a":1}"#)).unwrap();
    assert_eq!((outcome.release, outcome.updated, outcome.drifted), (2, 1, 1));
    assert_eq!(run(store.get(&["/p/a".parse().unwrap()])).unwrap()[0].value, "1");
}

// DEFECTS A4
#[test]
fn parameters_of_others_stay_and_a_type_change_is_a_replacement() {
    let store = MemoryStore::default();
    edit(&store, "/p/foreign", "x");
    let writer = Writer::default();
    run(writer.apply(&store, r#"{"a":"x"}"#)).unwrap();
    let before = store.clock().now();
    let outcome = run(writer.apply(&store, r#"{"a":["x","y"]}"#)).unwrap();
    assert_eq!(outcome.replaced, 1);
    assert_eq!(store.clock().now().duration_since(before).as_secs(), 30);
    run(writer.apply(&store, "{}")).unwrap();
    assert_eq!(names(&store), ["/p/foreign"]);
}

// DEFECTS A3, A5: what was there before is neither overwritten nor deleted.
#[test]
fn a_parameter_that_is_there_already_is_left_until_it_is_adopted() {
    let store = MemoryStore::default();
    edit(&store, "/p/a", "1");
    let refused = run(Writer::default().apply(&store, r#"{"a":1,"b":2}"#));
    assert!(matches!(refused, Err(Failure::Apply(ApplyError::NotOurs(names))) if names.len() == 1));
    run(Writer::default().destroy(&store)).unwrap();
    assert_eq!(store.dump(), [("/p/a".to_owned(), 1, "1".to_owned())]);
    let adopt = Writer { adopt: true, ..Writer::default() };
    let outcome = run(adopt.apply(&store, r#"{"a":1,"b":2}"#)).unwrap();
    assert_eq!((outcome.created, outcome.unchanged), (1, 1));
}

#[test]
fn a_claim_keeps_others_away_for_its_time_and_is_superseded_after() {
    let store = MemoryStore::default();
    run(Writer::default().apply(&store, r#"{"a":1}"#)).unwrap();
    // A writer that dies between its last leaf and its commit: calls 0 to 5 read, then it writes.
    let crashed = store.handle(Some(Fault::CrashAfter(8)));
    let failed = run(Writer::named("second").apply(&crashed, r#"{"a":2}"#));
    assert!(
        matches!(failed, Err(Failure::Apply(ApplyError::Store(_) | ApplyError::Records(_)))),
        "{failed:?}"
    );
    let names = RecordNames::of(&path()).unwrap();
    let now = run(status(&store, &names)).unwrap();
    assert_eq!((now.number(), now.claimed), (1, 2));

    let refused = run(Writer::named("third").apply(&store, r#"{"a":2}"#));
    assert!(matches!(refused, Err(Failure::Apply(ApplyError::Pending { number: 2, .. }))), "{refused:?}");
    store.clock().advance(Duration::from_mins(10));
    let outcome = run(Writer::named("third").apply(&store, r#"{"a":2}"#)).unwrap();
    assert_eq!((outcome.release, outcome.new), (3, true));
    let now = run(status(&store, &names)).unwrap();
    assert_eq!((now.number(), now.claimed, now.others.len()), (3, 3, 0));
}

#[test]
fn who_knows_that_nobody_else_writes_does_not_wait() {
    let store = MemoryStore::default();
    let crashed = store.handle(Some(Fault::CrashAfter(8)));
    run(Writer::default().apply(&crashed, r#"{"a":1,"b":1,"c":1}"#)).unwrap_err();
    let exclusive = Writer { exclusive: true, ..Writer::default() };
    let outcome = run(exclusive.apply(&store, r#"{"a":1}"#)).unwrap();
    assert!(outcome.release >= 2);
    assert_eq!(run(read(&store, DriftPolicy::Fail)).unwrap(), r#"{"a":1}"#);
    assert_eq!(names(&store), ["/p/a"]);
}

#[test]
fn a_second_owner_is_refused_until_it_adopts() {
    let store = MemoryStore::default();
    run(Writer::default().apply(&store, r#"{"a":1}"#)).unwrap();
    let stack = Writer { owner: "stack", ..Writer::named("stack") };
    let refused = run(stack.apply(&store, r#"{"a":2}"#));
    assert!(matches!(refused, Err(Failure::Apply(ApplyError::Owner { release: 1, .. }))), "{refused:?}");
    let refused = run(stack.destroy(&store));
    assert!(matches!(refused, Err(Failure::Destroy(DestroyError::Apply(ApplyError::Owner { .. })))));
    assert_eq!(names(&store), ["/p/a"]);
    let adopt = Writer { adopt: true, owner: "stack", ..Writer::named("stack") };
    assert_eq!(run(adopt.apply(&store, r#"{"a":2}"#)).unwrap().release, 2);
    let refused = run(Writer::default().apply(&store, r#"{"a":3}"#));
    assert!(matches!(refused, Err(Failure::Apply(ApplyError::Owner { .. }))), "{refused:?}");
    // A path changes hands also where nothing else changes, and only once.
    let back = Writer { adopt: true, ..Writer::default() };
    for new in [true, false] {
        let outcome = run(back.apply(&store, r#"{"a":2}"#)).unwrap();
        assert_eq!((outcome.release, outcome.new), (3, new));
    }
    let refused = run(stack.apply(&store, r#"{"a":3}"#));
    assert!(matches!(refused, Err(Failure::Apply(ApplyError::Owner { .. }))), "{refused:?}");
}

#[test]
fn a_project_in_or_around_another_is_refused_and_never_read_by_it() {
    for other in ["/p/inner.releases/current", "/p/inner.releases/1"] {
        let store = MemoryStore::default();
        for (name, value) in [(other, "1"), ("/p/inner/x", "theirs")] {
            edit(&store, name, value);
        }
        let refused = run(Writer::default().apply(&store, r#"{"a":1}"#));
        assert!(matches!(refused, Err(Failure::Apply(ApplyError::Nested { .. }))), "{refused:?}");
        let adopt = Writer { adopt: true, ..Writer::default() };
        run(adopt.apply(&store, r#"{"a":1}"#)).unwrap();
        assert_eq!(run(read(&store, DriftPolicy::Use)).unwrap(), r#"{"a":1}"#);
    }
    let store = MemoryStore::default();
    edit(&store, "/outer.releases/current", "1");
    let inner: StorePath = "/outer/inner".parse().unwrap();
    let content = content("{}");
    let writer = Writer::default();
    let request =
        PlanRequest { path: &inner, content: &content, keep_drift: false, secrets: writer.secrets() };
    assert_eq!(run(plan(&store, &request)).unwrap().nested, ["/outer"]);
}

#[test]
fn old_releases_are_pruned_and_pinned_ones_stay() {
    let store = MemoryStore::default();
    let writer = Writer { keep_releases: 3, ..Writer::default() };
    for number in 1..=8 {
        let outcome = run(writer.apply(&store, &format!(r#"{{"a":{number}}}"#))).unwrap();
        assert_eq!(outcome.release, number);
        if number == 2 {
            run(pin(&store, &path(), 2, true)).unwrap();
        }
        let kept: Vec<_> = run(history(&store, &path())).unwrap().iter().map(|r| r.head.number).collect();
        let newest = number.saturating_sub(2).max(1)..=number;
        let expected: Vec<_> = (2..3).filter(|n| *n < *newest.start()).chain(newest.clone()).collect();
        assert_eq!(kept, expected, "after {number}");
        // Every chunk belongs to a release that is kept.
        let chunks = store.dump().iter().filter(|(name, ..)| name.contains("/content/")).count();
        assert_eq!(chunks, kept.len());
    }
    let missing = |number| run(writer.rollback(&store, number)).unwrap_err();
    assert!(matches!(missing(1), Failure::Read(ReadError::Records(RecordsError::Pruned(1)))));
    assert!(matches!(missing(9), Failure::Read(ReadError::Records(RecordsError::Absent(9)))));
    run(pin(&store, &path(), 2, false)).unwrap();
    assert_eq!(run(writer.rollback(&store, 2)).unwrap().pruned, [2, 6]);
    assert_eq!(run(read(&store, DriftPolicy::Fail)).unwrap(), r#"{"a":2}"#);
}

#[test]
fn chunks_of_a_writer_that_did_not_come_to_its_claim_are_pruned() {
    let store = MemoryStore::default();
    let writer = Writer { keep_releases: 2, ..Writer::default() };
    run(writer.apply(&store, r#"{"a":1}"#)).unwrap();
    let chunks =
        |store: &MemoryStore| store.dump().iter().filter(|(name, ..)| name.contains("/content/")).count();
    let orphaned = (0..20).find(|call| {
        let copy = store.copy();
        run(writer.apply(&copy.handle(Some(Fault::CrashAfter(*call))), r#"{"a":2}"#)).unwrap_err();
        chunks(&copy) == 2 && !copy.dump().iter().any(|(name, ..)| name == "/p.releases/2")
    });
    run(writer.apply(&store.handle(Some(Fault::CrashAfter(orphaned.unwrap()))), r#"{"a":2}"#)).unwrap_err();
    for value in 3..6 {
        run(writer.apply(&store, &format!(r#"{{"a":{value}}}"#))).unwrap();
    }
    assert_eq!(chunks(&store), 2);
}

#[test]
fn a_rollback_is_a_release_with_the_content_of_an_earlier_one() {
    let store = MemoryStore::default();
    let writer = Writer::default();
    run(writer.apply(&store, r#"{"a":1,"list":["x"],"gone":"g"}"#)).unwrap();
    run(writer.apply(&store, r#"{"a":1.50,"list":"x","new":true}"#)).unwrap();
    let outcome = run(writer.rollback(&store, 1)).unwrap();
    assert_eq!((outcome.release, outcome.replaced, outcome.deleted, outcome.created), (3, 1, 1, 1));
    assert_eq!(run(read(&store, DriftPolicy::Fail)).unwrap(), r#"{"a":1,"list":["x"],"gone":"g"}"#);
    let last = run(history(&store, &path())).unwrap().pop().unwrap();
    assert_eq!((last.head.action, last.head.parent, last.current), (Action::Rollback { to: 1 }, 2, true));
}

#[test]
fn a_destroyed_project_leaves_what_belongs_to_others_and_can_be_applied_again() {
    let store = MemoryStore::default();
    let writer = Writer::default();
    edit(&store, "/p/foreign", "x");
    for number in 1..=3 {
        run(writer.apply(&store, &format!(r#"{{"a":{number},"b{number}":"x"}}"#))).unwrap();
    }
    let outcome = run(writer.destroy(&store)).unwrap();
    assert_eq!((outcome.deleted, outcome.releases), (2, 4));
    assert_eq!(store.dump(), [("/p/foreign".to_owned(), 1, "x".to_owned())]);
    assert_eq!(run(writer.destroy(&store)).unwrap().releases, 0);
    assert_eq!(run(writer.apply(&store, r#"{"a":1}"#)).unwrap().release, 1);
}

#[test]
fn a_hint_that_is_lost_or_behind_is_made_up_for() {
    let store = MemoryStore::default();
    let writer = Writer { keep_releases: 2, ..Writer::default() };
    for number in 1..=5 {
        run(writer.apply(&store, &format!(r#"{{"a":{number}}}"#))).unwrap();
    }
    let hint: ParameterName = "/p.releases/current".parse().unwrap();
    for value in ["4", "1", "0", "x"] {
        edit(&store, hint.as_str(), value);
        assert_eq!(run(read(&store, DriftPolicy::Ignore)).unwrap(), r#"{"a":5}"#, "{value}");
        assert_eq!(run(read(&store, DriftPolicy::Use)).unwrap(), r#"{"a":5}"#, "{value}");
    }
    run(store.delete(&[hint])).unwrap();
    assert_eq!(run(read(&store, DriftPolicy::Ignore)).unwrap(), r#"{"a":5}"#);
    assert_eq!(run(writer.apply(&store, r#"{"a":6}"#)).unwrap().release, 6);
}

#[test]
fn the_policies_differ_in_what_an_edit_does() {
    let store = MemoryStore::default();
    run(Writer::default().apply(&store, r#"{"a":1,"b":"x"}"#)).unwrap();
    edit(&store, "/p/a", "2");
    assert_eq!(run(read(&store, DriftPolicy::Use)).unwrap(), r#"{"a":2,"b":"x"}"#);
    assert_eq!(run(read(&store, DriftPolicy::Ignore)).unwrap(), r#"{"a":1,"b":"x"}"#);
    let refused = run(read(&store, DriftPolicy::Fail)).unwrap_err();
    assert_eq!(refused.to_string(), "the parameters are not as release 1 recorded them: 1 edited in place");
    let pinned = run(read_parameters(&store, &path(), DriftPolicy::Use, Some(1))).unwrap();
    assert_eq!(
        (pinned.document.to_string(), pinned.policy),
        (r#"{"a":1,"b":"x"}"#.into(), DriftPolicy::Ignore)
    );
}
