//! A process that dies at any of its calls, before or after the call has its effect: readers see one release, old or new,
//! by every policy; the next apply ends well; nothing of others is touched.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use mlpp_parameters::DriftPolicy;
use mlpp_provider::memory::{Fault, MemoryStore};
use support::{Failure, Vault, Writer, edit, read, run};

const OLD: &str =
    r#"{"same":1,"value":"old","kind":"s","gone":{"a":1,"b":[1,2]},"empty":"","token":{"$secret":"env:T"}}"#;
const NEW: &str =
    r#"{"same":1,"value":"new","kind":["s","t"],"new":{"a":true,"b":null},"token":{"$secret":"env:U"}}"#;
const THIRD: &str = r#"{"same":2,"kind":"s","third":"x","new":{"a":false},"token":{"$secret":"env:T"}}"#;

/// What readers see of each: the secret by its version.
fn seen(text: &str, version: u64) -> String {
    let start = text.find(r#"{"$secret""#).unwrap();
    format!(r#"{}{{"$secret":"/p/token","version":{version}}}}}"#, &text[..start])
}

fn writer(name: &str) -> Writer {
    let vault = Vault::of([("env:T", "old secret"), ("env:U", "new secret")]);
    Writer { vault, keep_releases: 2, ..Writer::named(name) }
}

/// A store with an old release, and a parameter of somebody else's beside it that is part of no release.
fn before() -> MemoryStore {
    let store = MemoryStore::default();
    edit(&store, "/p2/foreign", "theirs");
    run(writer("first").apply(&store, r#"{"value":"first"}"#)).unwrap();
    run(writer("second").apply(&store, OLD)).unwrap();
    store.clock().advance(Duration::from_mins(10));
    store
}

/// What every policy reads: the same for all of them, and one of `allowed`.
#[track_caller]
fn expect_one_of(store: &MemoryStore, allowed: &[String], place: &str) -> String {
    let [by_use, by_ignore, by_fail] = [DriftPolicy::Use, DriftPolicy::Ignore, DriftPolicy::Fail]
        .map(|policy| run(read(store, policy)).unwrap_or_else(|error| format!("{policy:?}: {error}")));
    assert!(allowed.contains(&by_ignore), "{place}: {by_ignore} is neither of {allowed:#?}");
    if by_ignore != "-" {
        assert_eq!(by_use, by_ignore, "{place}: by use");
        assert_eq!(by_fail, by_ignore, "{place}: by fail");
    }
    by_ignore
}

#[track_caller]
fn expect_foreign_untouched(store: &MemoryStore, place: &str) {
    let foreign = ("/p2/foreign".to_owned(), 1, "theirs".to_owned());
    assert!(store.dump().contains(&foreign), "{place}: {:?}", store.dump());
}

/// Whether the step ended, with its process dying as `fault` says.
type Step = fn(&MemoryStore) -> Result<(), Failure>;

fn apply_new(store: &MemoryStore) -> Result<(), Failure> {
    run(writer("third").apply(store, NEW)).map(|_| ())
}

fn roll_back(store: &MemoryStore) -> Result<(), Failure> {
    run(writer("third").rollback(store, 2)).map(|_| ())
}

fn destroy(store: &MemoryStore) -> Result<(), Failure> {
    run(writer("third").destroy(store)).map(|_| ())
}

/// Every fault of a step, until it ends without coming to it. Gives back how many there were.
fn each_crash(store: &MemoryStore, step: Step, mut check: impl FnMut(&MemoryStore, bool, &str)) -> usize {
    for call in 0.. {
        for fault in [Fault::CrashBefore(call), Fault::CrashAfter(call)] {
            let copy = store.copy();
            let handle = copy.handle(Some(fault));
            let ended = step(&handle).is_ok();
            check(&copy, ended, &format!("{fault:?}"));
            if ended && handle.calls() <= call {
                return call;
            }
        }
    }
    unreachable!()
}

/// After the crash: the claim runs out, the next apply ends well and leaves what it should.
fn next_apply_ends_well(store: &MemoryStore, text: &str, place: &str) {
    store.clock().advance(Duration::from_mins(10));
    let applied = run(writer("next").apply(store, text));
    assert!(applied.is_ok(), "{place}: {applied:?}");
    let read = run(read(store, DriftPolicy::Fail)).unwrap();
    let start = text.find(r#"{"$secret""#).unwrap();
    assert!(read.starts_with(&text[..start]), "{place}: {read}");
    let mut leaves: Vec<_> =
        store.dump().into_iter().map(|(name, ..)| name).filter(|name| name.starts_with("/p/")).collect();
    leaves.sort();
    let planned = run(writer("last").plan(store, &support::content(text))).unwrap();
    assert!(planned.is_empty(), "{place}: {planned:#?}");
    let mut wanted: Vec<_> = planned.plan.parameters.iter().map(|p| p.name.to_string()).collect();
    wanted.sort();
    assert_eq!(leaves, wanted, "{place}");
    expect_foreign_untouched(store, place);
}

#[test]
fn a_crash_at_any_call_of_an_apply_leaves_the_old_release_or_the_new_one() {
    let store = before();
    let (old, new) = (seen(OLD, 1), seen(NEW, 2));
    let mut outcomes = std::collections::BTreeMap::new();
    let crashes = each_crash(&store, apply_new, |store, ended, place| {
        let read = expect_one_of(store, &[old.clone(), new.clone()], place);
        assert!(!ended || read == new, "{place}");
        *outcomes.entry(read).or_insert(0) += 1;
        expect_foreign_untouched(store, place);
        for text in [OLD, NEW, THIRD] {
            next_apply_ends_well(&store.copy(), text, place);
        }
    });
    assert!(crashes > 15, "{crashes}");
    assert!(outcomes.len() == 2 && outcomes.values().all(|count| *count > 1), "{outcomes:?}");
}

#[test]
fn a_crash_at_any_call_of_a_rollback_leaves_the_old_release_or_the_new_one() {
    let store = before();
    run(writer("third").apply(&store, NEW)).unwrap();
    store.clock().advance(Duration::from_mins(10));
    let (newer, older) = (seen(NEW, 2), seen(OLD, 3));
    each_crash(&store, roll_back, |store, ended, place| {
        let read = expect_one_of(store, &[newer.clone(), older.clone()], place);
        assert!(!ended || read == older, "{place}");
        expect_foreign_untouched(store, place);
        next_apply_ends_well(&store.copy(), THIRD, place);
    });
}

#[test]
fn a_crash_at_any_call_of_a_destroy_leaves_the_release_or_nothing() {
    let store = before();
    let old = seen(OLD, 1);
    each_crash(&store, destroy, |store, ended, place| {
        let read = expect_one_of(store, &[old.clone(), "{}".to_owned(), "-".to_owned()], place);
        assert!(!ended || read == "-", "{place}");
        expect_foreign_untouched(store, place);
        next_apply_ends_well(&store.copy(), NEW, place);
        let again = store.copy();
        again.clock().advance(Duration::from_mins(10));
        run(writer("again").destroy(&again)).unwrap();
        let left: Vec<_> = again.dump().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(left, ["/p2/foreign"], "{place}");
    });
}

#[test]
fn a_crash_at_any_call_of_a_takeover_leaves_one_release_too() {
    let store = before();
    let allowed = [seen(OLD, 1), seen(NEW, 2), seen(THIRD, 1), seen(THIRD, 2), seen(THIRD, 3)];
    let mut takeovers = 0;
    each_crash(&store, apply_new, |store, _, place| {
        store.clock().advance(Duration::from_mins(10));
        let take_over: Step = |store| run(writer("takeover").apply(store, THIRD)).map(|_| ());
        takeovers += each_crash(store, take_over, |store, ended, second| {
            let place = format!("{place}, then {second}");
            let read = expect_one_of(store, &allowed, &place);
            assert!(!ended || read.starts_with(r#"{"same":2"#), "{place}: {read}");
            next_apply_ends_well(&store.copy(), OLD, &place);
        });
    });
    assert!(takeovers > 500, "{takeovers}");
}

#[test]
fn a_call_that_fails_once_is_told_and_the_next_apply_ends_well() {
    let store = before();
    let (old, new) = (seen(OLD, 1), seen(NEW, 2));
    for call in 0..60 {
        for fault in [Fault::FailBefore(call), Fault::FailAfter(call)] {
            let copy = store.copy();
            // An answer that is lost is an error, even where the call did what it should.
            let _ = apply_new(&copy.handle(Some(fault)));
            let place = format!("{fault:?}");
            expect_one_of(&copy, &[old.clone(), new.clone()], &place);
            next_apply_ends_well(&copy, THIRD, &place);
        }
    }
}

/// A parameter that somebody else keeps below the project's own path: readers by `use` take it in, nobody writes it.
#[test]
fn a_parameter_of_others_below_the_path_is_never_touched() {
    for step in [apply_new as Step, roll_back, destroy] {
        let store = before();
        edit(&store, "/p/foreign", "theirs");
        let untouched =
            |store: &MemoryStore| store.dump().contains(&("/p/foreign".to_owned(), 1, "theirs".to_owned()));
        each_crash(&store, step, |store, _, place| {
            assert!(untouched(store), "{place}");
            store.clock().advance(Duration::from_mins(10));
            run(writer("next").apply(store, THIRD)).unwrap();
            run(writer("last").destroy(store)).unwrap();
            assert!(untouched(store), "{place}");
        });
    }
}
