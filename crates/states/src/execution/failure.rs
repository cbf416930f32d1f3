//! What a state fails with.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::data::Json;
use crate::environment::{Problem, QUERY_EVALUATION, RUNTIME};

pub(super) const TIMEOUT: &str = "States.Timeout";
const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
pub(super) use crate::environment::DATA_LIMIT;
const TASK_FAILED: &str = "States.TaskFailed";
const ALL: &str = "States.ALL";

/// Error and cause of an execution or a child execution whose history has `limit` events.
pub(super) fn history_full(limit: u64) -> (Option<Arc<str>>, Option<Arc<str>>) {
    let cause = format!("The execution reached the maximum number of history events ({limit}).");
    (Some(Arc::from(RUNTIME)), Some(Arc::from(cause)))
}

/// A field whose evaluation failed; one problem of the service's, a Map's input that is no array, has no field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evaluation {
    pub(super) location: Option<Arc<str>>,
}

/// An error on its way through `Retry` and `Catch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: Option<Arc<str>>,
    pub(super) cause: Option<Arc<str>>,
    /// Another name that the error answers to.
    alias: Option<&'static str>,
    /// Comes from a task, so that `States.TaskFailed` matches.
    from_task: bool,
    /// `States.Runtime`: ends the execution whatever `Retry` and `Catch` say.
    pub(super) fatal: bool,
    /// An `EvaluationFailed` event is due.
    pub(super) evaluation: Option<Evaluation>,
}

impl Failure {
    pub(super) fn named(error: Option<Arc<str>>, cause: Option<Arc<str>>) -> Self {
        Self { error, cause, alias: None, from_task: false, fatal: false, evaluation: None }
    }

    pub(super) fn of_task(mut self) -> Self {
        self.from_task = true;
        self
    }

    pub(super) fn timeout() -> Self {
        Self::named(Some(Arc::from(TIMEOUT)), None)
    }

    pub(super) fn heartbeat_timeout() -> Self {
        Self { alias: Some(HEARTBEAT_TIMEOUT), ..Self::timeout() }
    }

    /// A problem in a state, told with the state's name as the service tells it.
    pub(super) fn in_state(problem: Problem, state: &str, entered_event: u64) -> Self {
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #{entered_event}). {}",
            problem.cause
        );
        Self::of_problem(Problem { cause, ..problem })
    }

    /// A problem as it is.
    pub(super) fn of_problem(problem: Problem) -> Self {
        Self {
            error: Some(Arc::from(problem.error)),
            cause: Some(Arc::from(problem.cause)),
            alias: None,
            from_task: false,
            fatal: problem.error == RUNTIME,
            evaluation: (problem.error == QUERY_EVALUATION)
                .then(|| Evaluation { location: problem.location.map(Arc::from) }),
        }
    }

    /// Whether `names`, an `ErrorEquals`, cover the error.
    pub(super) fn matches(&self, names: &[String]) -> bool {
        let error = self.error.as_deref();
        names.iter().any(|name| match name.as_str() {
            ALL => error != Some(DATA_LIMIT) && error != Some(RUNTIME),
            TASK_FAILED if self.from_task => error != Some(TIMEOUT),
            name => error == Some(name) || self.alias == Some(name),
        })
    }

    /// `$states.errorOutput`, and the default output of a Catcher.
    pub(super) fn output(&self) -> Json {
        let text = |text: Option<&Arc<str>>| text.map_or(Value::Null, |text| Value::from(&**text));
        let mut output = Map::new();
        output.insert(String::from("Error"), text(self.error.as_ref()));
        // A timeout has no cause in the history and an empty one here.
        let cause = match (&self.cause, self.error.as_deref()) {
            (None, Some(TIMEOUT)) => Value::from(""),
            (cause, _) => text(cause.as_ref()),
        };
        output.insert(String::from("Cause"), cause);
        Arc::new(Value::Object(output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn wildcards_spare_what_ends_the_execution() {
        let custom = Failure::named(Some("Custom".into()), None);
        assert!(custom.matches(&names(&["States.ALL"])));
        assert!(custom.matches(&names(&["Other", "Custom"])));
        assert!(!custom.matches(&names(&["States.TaskFailed"])));
        assert!(custom.clone().of_task().matches(&names(&["States.TaskFailed"])));
        assert!(Failure::named(None, None).matches(&names(&["States.ALL"])));
        let limit = Failure::named(Some(DATA_LIMIT.into()), None);
        assert!(!limit.matches(&names(&["States.ALL"])));
        assert!(limit.matches(&names(&[DATA_LIMIT])));
    }

    #[test]
    fn timeouts_are_no_task_failures() {
        assert!(!Failure::timeout().of_task().matches(&names(&["States.TaskFailed"])));
        assert!(Failure::heartbeat_timeout().matches(&names(&["States.Timeout"])));
        assert!(Failure::heartbeat_timeout().matches(&names(&["States.HeartbeatTimeout"])));
        assert_eq!(Failure::timeout().output()["Cause"], "");
    }
}
