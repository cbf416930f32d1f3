//! What became of each state of an execution, as its history tells.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use mlpp_provider::ExecutionStatus;
use serde::Serialize;
use serde_json::Value;

use crate::graph::StateStatus;

/// A state that was entered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StateCourse {
    pub(crate) name: String,
    /// `Task`, `Wait` and the like.
    pub(crate) r#type: String,
    pub(crate) status: StateStatus,
    /// How often it was entered.
    pub(crate) entered: usize,
    /// How often what it does failed, retries among it.
    pub(crate) failures: usize,
    /// The last failure's error name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// When it was entered first.
    pub(crate) first: Timestamp,
    /// How long it took in all, up to now where it runs.
    #[serde(serialize_with = "as_seconds", rename = "seconds")]
    pub(crate) took: SignedDuration,
}

fn as_seconds<S: serde::Serializer>(duration: &SignedDuration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// A state that has not been left yet.
struct Open {
    state: usize,
    since: Timestamp,
}

/// The states that were entered, in the order in which each was for the first time. `now` is the time where the execution
/// still runs, the end where it does not.
pub(crate) fn course(history: &[Value], status: ExecutionStatus, now: Timestamp) -> Vec<StateCourse> {
    let mut found: Vec<StateCourse> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut open: HashMap<u64, Open> = HashMap::new();
    // The event that entered the state in which another one happened.
    let mut within: HashMap<u64, u64> = HashMap::new();
    let mut failures = HashSet::new();
    // The state in which the execution failed, by the event that entered it.
    let mut failed_in = None;
    for event in history {
        let Some(id) = event["id"].as_u64() else { continue };
        let kind = event["type"].as_str().unwrap_or_default();
        let time = event_time(event).unwrap_or(now);
        let entered = event["previousEventId"].as_u64().and_then(|before| within.get(&before)).copied();
        if let (Some(r#type), Some(name)) =
            (kind.strip_suffix("StateEntered"), event["stateEnteredEventDetails"]["name"].as_str())
        {
            let at = *by_name.entry(name.to_owned()).or_insert(found.len());
            if at == found.len() {
                found.push(StateCourse {
                    name: name.to_owned(),
                    r#type: r#type.to_owned(),
                    status: StateStatus::Running,
                    entered: 0,
                    failures: 0,
                    error: None,
                    first: time,
                    took: SignedDuration::ZERO,
                });
            }
            found[at].entered += 1;
            found[at].status = StateStatus::Running;
            open.insert(id, Open { state: at, since: time });
            within.insert(id, id);
            continue;
        }
        let before = event["previousEventId"].as_u64();
        if is_failure(kind) {
            failures.insert(id);
        }
        if kind.ends_with("StateExited") {
            let name = event["stateExitedEventDetails"]["name"].as_str().unwrap_or_default();
            // What precedes it may be an event of a state inside it.
            let left = open
                .iter()
                .filter(|(_, open)| found[open.state].name == name)
                .map(|(id, _)| *id)
                .min_by_key(|id| (Some(*id) != entered, *id));
            if let Some(left) = left.and_then(|left| open.remove(&left)) {
                let state = &mut found[left.state];
                state.took += time.duration_since(left.since);
                let caught = before.is_some_and(|before| failures.contains(&before));
                state.status = if caught { StateStatus::Caught } else { StateStatus::Succeeded };
            }
            continue;
        }
        let Some(entered) = entered else { continue };
        if kind == "ExecutionFailed" {
            failed_in = Some(entered);
        }
        within.insert(id, entered);
        // The failure of a Map or Parallel state, or of an iteration, is that of the state inside it.
        let own = !["Map", "Parallel"].iter().any(|outer| kind.starts_with(outer));
        if let Some(open) = open.get(&entered).filter(|_| own && is_failure(kind)) {
            let state = &mut found[open.state];
            state.failures += 1;
            state.error = error_of(event);
        }
    }
    for (id, open) in open {
        let state = &mut found[open.state];
        state.took += now.duration_since(open.since);
        state.status = match status {
            ExecutionStatus::Running => StateStatus::Running,
            // The state that failed took what is around it along.
            ExecutionStatus::Failed if failed_in.is_none_or(|failed| id <= failed) => StateStatus::Failed,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {
                StateStatus::Aborted
            }
            ExecutionStatus::Succeeded => StateStatus::Succeeded,
        };
    }
    found
}

/// Whether an event of this type says that what a state does failed.
fn is_failure(kind: &str) -> bool {
    (kind.ends_with("Failed") || kind.ends_with("TimedOut")) && !kind.starts_with("Execution")
}

/// The error name of such an event.
fn error_of(event: &Value) -> Option<String> {
    let details = event.as_object()?.iter().find(|(name, _)| name.ends_with("EventDetails"));
    details.and_then(|(_, details)| details["error"].as_str()).map(str::to_owned)
}

/// The time of an event.
pub(crate) fn event_time(event: &Value) -> Option<Timestamp> {
    time_of(&event["timestamp"])
}

/// A time in an answer: an ISO 8601 text or seconds since 1970.
pub(crate) fn time_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            Timestamp::from_duration(SignedDuration::try_from_secs_f64(number.as_f64()?).ok()?).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Events from (id, the one before, type, what is in its details), one a second.
    fn history(events: &[(u64, u64, &str, &str)]) -> Vec<Value> {
        let event = |(id, before, kind, what): &(u64, u64, &str, &str)| {
            let details = match *kind {
                kind if kind.ends_with("StateEntered") => ("stateEnteredEventDetails", json!({"name": what})),
                kind if kind.ends_with("StateExited") => ("stateExitedEventDetails", json!({"name": what})),
                _ => ("taskFailedEventDetails", json!({"error": what})),
            };
            let mut event = json!({"id": id, "previousEventId": before, "type": kind, "timestamp": id});
            event[details.0] = details.1;
            event
        };
        events.iter().map(event).collect()
    }

    fn told(
        events: &[(u64, u64, &str, &str)],
        status: ExecutionStatus,
    ) -> Vec<(String, StateStatus, usize, usize, i64)> {
        let now = Timestamp::from_second(100).unwrap();
        course(&history(events), status, now)
            .into_iter()
            .map(|state| (state.name, state.status, state.entered, state.failures, state.took.as_secs()))
            .collect()
    }

    #[test]
    fn a_state_is_retried_caught_and_entered_again() {
        let events = [
            (1, 0, "ExecutionStarted", ""),
            (2, 0, "TaskStateEntered", "A"),
            (3, 2, "TaskScheduled", ""),
            (4, 3, "TaskFailed", "E"),
            (5, 4, "TaskScheduled", ""),
            (6, 5, "TaskSucceeded", ""),
            (7, 6, "TaskStateExited", "A"),
            (8, 7, "TaskStateEntered", "B"),
            (9, 8, "TaskScheduled", ""),
            (10, 9, "TaskTimedOut", "States.Timeout"),
            (11, 10, "TaskStateExited", "B"),
            (12, 11, "TaskStateEntered", "A"),
        ];
        assert_eq!(
            told(&events, ExecutionStatus::Running),
            [
                ("A".to_owned(), StateStatus::Running, 2, 1, 5 + 88),
                ("B".to_owned(), StateStatus::Caught, 1, 1, 3),
            ]
        );
        assert_eq!(told(&events, ExecutionStatus::Aborted)[0].1, StateStatus::Aborted);
    }

    #[test]
    fn a_failure_inside_a_parallel_state_fails_what_is_around_it() {
        let events = [
            (1, 0, "ExecutionStarted", ""),
            (2, 0, "ParallelStateEntered", "P"),
            (3, 2, "ParallelStateStarted", ""),
            (4, 3, "TaskStateEntered", "X"),
            (5, 3, "TaskStateEntered", "Y"),
            (6, 4, "TaskScheduled", ""),
            (7, 6, "TaskFailed", "E"),
            (8, 7, "ExecutionFailed", "E"),
        ];
        let states = told(&events, ExecutionStatus::Failed);
        let statuses: Vec<_> = states.iter().map(|state| state.1).collect();
        assert_eq!(statuses, [StateStatus::Failed, StateStatus::Failed, StateStatus::Aborted]);
    }

    #[test]
    fn a_fail_state_is_where_an_execution_fails_after_a_failure_was_caught() {
        let events = [
            (1, 0, "ExecutionStarted", ""),
            (2, 0, "TaskStateEntered", "A"),
            (3, 2, "TaskFailed", "E"),
            (4, 3, "TaskStateExited", "A"),
            (5, 4, "FailStateEntered", "F"),
            (6, 5, "ExecutionFailed", "E"),
        ];
        let statuses: Vec<_> = told(&events, ExecutionStatus::Failed).iter().map(|state| state.1).collect();
        assert_eq!(statuses, [StateStatus::Caught, StateStatus::Failed]);
    }

    #[test]
    fn a_parallel_state_is_left_after_the_states_inside_it() {
        let events = [
            (1, 0, "ExecutionStarted", ""),
            (2, 0, "ParallelStateEntered", "P"),
            (3, 2, "ParallelStateStarted", ""),
            (4, 3, "PassStateEntered", "X"),
            (5, 4, "PassStateExited", "X"),
            (6, 3, "PassStateEntered", "Y"),
            (7, 6, "PassStateExited", "Y"),
            (8, 7, "ParallelStateSucceeded", ""),
            (9, 8, "ParallelStateExited", "P"),
        ];
        let states = told(&events, ExecutionStatus::Succeeded);
        assert!(states.iter().all(|state| state.1 == StateStatus::Succeeded), "{states:?}");
        assert_eq!(states[0].4, 7);
    }
}
