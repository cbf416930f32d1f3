//! Standard output is data, standard error everything else.

use std::io::{self, Write as _};

use comfy_table::presets::{UTF8_FULL_CONDENSED, UTF8_HORIZONTAL_ONLY};
use comfy_table::{LineStyle, Table};
use serde::Serialize;

use crate::error::CommandError;

/// Prints a line of data. A reader that has gone away (`mlpp … | head -1`) has had enough; that is no failure.
///
/// # Errors
/// Standard output cannot be written, for another reason.
pub(crate) fn data(line: impl std::fmt::Display) -> Result<(), CommandError> {
    match writeln!(anstream::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::failed("write to standard output", error))
        }
        _ => Ok(()),
    }
}

/// Tells people something. Where standard error is gone nobody is left to tell.
pub(crate) fn note(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a value as indented JSON.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn json(value: &impl Serialize) -> Result<(), CommandError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| CommandError::failed("write JSON", error))?;
    data(text)
}

/// An empty table with these headings.
pub(crate) fn table<'a>(headings: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    // A line between any two rows would make it twice as long.
    table
        .load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()))
        .set_header(headings.into_iter().collect::<Vec<_>>());
    table
}

/// An empty table of facts: what each is called, and what it is.
pub(crate) fn facts() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table
}

/// A number of things: `1 error`, `2 errors`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
