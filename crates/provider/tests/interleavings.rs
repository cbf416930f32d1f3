//! Two writers, and a reader beside a writer, whose calls come in any order.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mlpp_parameters::DriftPolicy;
use mlpp_provider::memory::MemoryStore;
use mlpp_provider::{ApplyError, ApplyOutcome, ReadError};
use support::{Failure, Writer, read, run};

/// Gives one future its turn; whether it has ended.
fn turn<T>(future: Pin<&mut impl Future<Output = T>>, result: &mut Option<T>) -> bool {
    if result.is_none()
        && let Poll::Ready(value) = future.poll(&mut Context::from_waker(Waker::noop()))
    {
        *result = Some(value);
    }
    result.is_some()
}

/// Polls two futures, the second one in the turns where `second` says so, and then both to their ends: the one that is
/// behind first.
fn interleave<A, B>(
    a: impl Future<Output = A>,
    b: impl Future<Output = B>,
    mut second: impl FnMut(usize) -> bool,
    turns: usize,
) -> (A, B) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut of_a, mut of_b) = (None, None);
    for index in 0..turns {
        if second(index) {
            turn(b.as_mut(), &mut of_b);
        } else {
            turn(a.as_mut(), &mut of_a);
        }
    }
    loop {
        let ended = (turn(a.as_mut(), &mut of_a), turn(b.as_mut(), &mut of_b));
        if ended == (true, true) {
            return (of_a.unwrap(), of_b.unwrap());
        }
    }
}

fn committed(store: &MemoryStore) -> MemoryStore {
    run(Writer::named("before").apply(store, r#"{"a":0,"b":0,"old":"x"}"#)).unwrap();
    store.clone()
}

/// The writers' calls of one run, as a schedule of six steps spread over the calls of an apply: each step is `stride`
/// calls of one writer.
fn two_writers(store: &MemoryStore, schedule: u32, stride: usize) -> [Result<ApplyOutcome, Failure>; 2] {
    let (first, second) = (Writer::named("first"), Writer::named("second"));
    let (one, two) = (store.handle(None), store.handle(None));
    let a = first.apply(&one, r#"{"a":1,"b":1,"first":true}"#);
    let b = second.apply(&two, r#"{"a":2,"b":2,"second":true}"#);
    let (a, b) = interleave(a, b, |index| schedule >> (index / stride) & 1 == 1, 6 * stride);
    [a, b]
}

#[test]
fn of_two_writers_in_any_order_one_wins_and_the_other_is_told() {
    let mut both = 0;
    for stride in [1, 2, 3, 4, 5] {
        for schedule in 0..64 {
            for new in [true, false] {
                let store = MemoryStore::default();
                if !new {
                    committed(&store);
                }
                let place = format!("schedule {schedule:06b} by {stride}, new {new}");
                let results = two_writers(&store, schedule, stride);
                let won = results.iter().filter(|result| result.is_ok()).count();
                assert!(won >= 1, "{place}: {results:?}");
                for result in &results {
                    match result {
                        Ok(outcome) => assert!(outcome.new, "{place}"),
                        Err(error) => assert!(
                            matches!(
                                error,
                                Failure::Apply(ApplyError::Claimed(_) | ApplyError::Pending { .. })
                            ),
                            "{place}: {error:?}"
                        ),
                    }
                }
                both += won - 1;
                let document = run(read(&store, DriftPolicy::Fail)).unwrap();
                let first = r#"{"a":1,"b":1,"first":true}"#;
                let second = r#"{"a":2,"b":2,"second":true}"#;
                assert!([first, second].contains(&&*document), "{place}: {document}");
                // Both won when one had ended before the other began to look.
                if won == 2 {
                    let last = results.iter().max_by_key(|result| result.as_ref().unwrap().release).unwrap();
                    assert_eq!(last.as_ref().unwrap().created, 1, "{place}");
                }
                assert!(
                    run(Writer::named("first").apply(&store, &document)).unwrap().release <= 3,
                    "{place}"
                );
            }
        }
    }
    assert!(both < 320, "the writers hardly met: {both} of 640 runs were one after the other");
}

#[test]
fn a_reader_at_any_point_of_an_apply_sees_one_release() {
    // Leaves for several pages, so that a listing is torn.
    let leaves = |value: &str| {
        let leaves = (0..25).map(|n| format!(r#""k{n:02}":"{value}""#)).collect::<Vec<_>>().join(",");
        format!(r#"{{{leaves},"only-{value}":["{value}"]}}"#)
    };
    let (old, new) = (leaves("old"), leaves("new"));
    let calls = {
        let store = MemoryStore::default();
        run(Writer::default().apply(&store, &old)).unwrap();
        let handle = store.handle(None);
        run(Writer::default().apply(&handle, &new)).unwrap();
        handle.calls()
    };
    let mut seen = std::collections::BTreeMap::new();
    for policy in [DriftPolicy::Use, DriftPolicy::Ignore, DriftPolicy::Fail] {
        for start in 0..calls + 2 {
            // After `start` calls of the writer the reader makes `pause` calls, then each makes one in turn.
            for pause in [0, 3, 4, 5, 6, 7, 9] {
                let store = MemoryStore::default();
                run(Writer::default().apply(&store, &old)).unwrap();
                let (one, two) = (store.handle(None), store.handle(None));
                let writer = Writer::default();
                let (applied, document) = interleave(
                    writer.apply(&one, &new),
                    read(&two, policy),
                    |index| index >= start,
                    start + pause,
                );
                applied.unwrap();
                let document = document.unwrap();
                let place = format!("{policy:?}, {start} calls, then {pause}");
                assert!(document == old || document == new, "{place}: {document}");
                *seen.entry(document == new).or_insert(0) += 1;
            }
        }
    }
    assert!(seen.len() == 2 && seen.values().all(|count| *count > 50), "{seen:?}");
}

#[test]
fn a_writer_that_was_held_up_past_its_claim_stops() {
    let store = MemoryStore::default();
    committed(&store);
    let full = store.copy();
    let calls = {
        let handle = full.handle(None);
        run(Writer::named("slow").apply(&handle, r#"{"a":1,"b":1}"#)).unwrap();
        handle.calls()
    };
    for stop in 0..=calls {
        let store = MemoryStore::default();
        committed(&store);
        let slow = Writer::named("slow");
        let handle = store.handle(None);
        let mut apply = pin!(slow.apply(&handle, r#"{"a":1,"b":1}"#));
        let mut result = None;
        for _ in 0..stop {
            turn(apply.as_mut(), &mut result);
        }
        store.clock().advance(Duration::from_hours(1));
        let quick = run(Writer::named("quick").apply(&store, r#"{"a":2,"b":2}"#));
        while !turn(apply.as_mut(), &mut result) {}
        let place = format!("held up after {stop} calls: {result:?}, {quick:?}");
        quick.unwrap();
        let slow = result.unwrap();
        let (by_quick, by_slow) = (r#"{"a":2,"b":2}"#, r#"{"a":1,"b":1}"#);
        match run(read(&store, DriftPolicy::Fail)) {
            Ok(document) if slow.is_err() => assert_eq!(document, by_quick, "{place}"),
            // It had not claimed anything yet, or had committed.
            Ok(document) => assert!([by_quick, by_slow].contains(&&*document), "{place}: {document}"),
            // One call may have been on its way already. What it wrote shows as an edit.
            Err(ReadError::Drift { drift, .. }) => assert!(slow.is_err() && drift.len() == 1, "{place}"),
            Err(error) => panic!("{place}: {error}"),
        }
        let document = run(read(&store, DriftPolicy::Ignore)).unwrap();
        assert!(slow.is_ok() || document == by_quick, "{place}: {document}");
    }
}
