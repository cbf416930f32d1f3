//! The end of an execution, and its history, as JSON and for people.

use mlpp_states::{HistoryEvent, Outcome};
use serde_json::{Value, json};

use super::{Ended, HistoryForm};
use crate::error::CommandError;
use crate::output;

/// The longest text of an event's details in the table, in characters.
const WIDEST: usize = 60;

impl Ended {
    /// The status; of one that waits for ever it is that of one that runs.
    fn status(&self) -> &'static str {
        self.outcome.as_ref().map_or("RUNNING", Outcome::status)
    }

    fn parts(&self) -> (Value, Value, Value) {
        match &self.outcome {
            Some(Outcome::Succeeded { output }) => (Value::clone(output), Value::Null, Value::Null),
            Some(Outcome::Failed { error, cause } | Outcome::Aborted { error, cause }) => {
                (Value::Null, json!(error), json!(cause))
            }
            Some(Outcome::TimedOut) | None => (Value::Null, Value::Null, Value::Null),
        }
    }

    /// Prints the end as JSON.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn print_json(&self, history: Option<HistoryForm>) -> Result<(), CommandError> {
        let (output, error, cause) = self.parts();
        let mut value = json!({"status": self.status(), "output": output, "error": error, "cause": cause});
        if let Some(form) = history {
            let write = match form {
                HistoryForm::Flat => HistoryEvent::to_flat_json,
                HistoryForm::Service => HistoryEvent::to_json,
            };
            value["events"] = self.events.iter().map(write).collect();
        }
        output::json(&value)
    }

    /// Prints the end for people: the output alone is data, everything else is told.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn print(&self, history: bool) -> Result<(), CommandError> {
        if history {
            output::note(self.table());
        }
        let (output, error, cause) = self.parts();
        output::note(format_args!("{}", self.status()));
        for (name, value) in [("error", error), ("cause", cause)] {
            if let Value::String(text) = value {
                output::note(format_args!("  {name}: {text}"));
            }
        }
        match &self.outcome {
            Some(Outcome::Succeeded { .. }) => output::json(&output),
            None => {
                output::note("  nothing is left that could happen: a task has no result, and no timeout");
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    fn table(&self) -> comfy_table::Table {
        let mut table = output::table(["Id", "After", "Type", "Details"]);
        for event in &self.events {
            table.add_row([
                event.id.to_string(),
                event.previous_event_id.to_string(),
                event.event_type.as_str().to_owned(),
                details(event),
            ]);
        }
        table
    }
}

/// The details of an event in a line: its name first.
fn details(event: &HistoryEvent) -> String {
    let Value::Object(mut members) = event.to_flat_json() else { return String::new() };
    for known in ["type", "id", "previousEventId"] {
        members.remove(known);
    }
    let mut parts = Vec::new();
    if let Some(Value::String(name)) = members.remove("name") {
        parts.push(name);
    }
    parts.extend(members.iter().map(|(name, value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    }));
    shortened(&parts.join(", "))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= WIDEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(WIDEST - 1).collect();
    short.push('…');
    short
}
