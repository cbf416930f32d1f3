//! The response for people.

use mlpp_states::{InspectionData, TestStateResponse};
use serde_json::Value;

use crate::error::CommandError;
use crate::output;

/// Prints the response: the output alone is data, everything else is told.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn print(response: &TestStateResponse) -> Result<(), CommandError> {
    let status = response.status.as_str();
    match &response.next_state {
        Some(next) => output::note(format_args!("{status}, next: {next}")),
        None => output::note(status),
    }
    for (name, text) in [("error", &response.error), ("cause", &response.cause)] {
        if let Some(text) = text {
            output::note(format_args!("  {name}: {text}"));
        }
    }
    if let Some(data) = &response.inspection_data {
        inspection(data)?;
    }
    match &response.output {
        Some(output) => output::json(output),
        None => Ok(()),
    }
}

/// The data, a line for each point of its processing, the input first.
fn inspection(data: &InspectionData) -> Result<(), CommandError> {
    let value = serde_json::to_value(data).map_err(|error| CommandError::failed("write JSON", error))?;
    let Value::Object(members) = value else { return Ok(()) };
    let width = members.keys().map(String::len).max().unwrap_or_default();
    let (input, others): (Vec<_>, Vec<_>) = members.iter().partition(|(name, _)| *name == "input");
    for (name, value) in input.into_iter().chain(others) {
        output::note(format_args!("  {name:width$}  {value}"));
    }
    Ok(())
}
