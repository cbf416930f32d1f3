//! Standard output is data, standard error everything else.

use std::io::{self, Write as _};

use crate::error::CommandError;

/// Prints a line of data. A reader that has gone away (`mlpp … | head -1`) has had enough; that is no failure.
///
/// # Errors
/// Standard output cannot be written, for another reason.
pub(crate) fn data(line: impl std::fmt::Display) -> Result<(), CommandError> {
    match writeln!(io::stdout(), "{line}") {
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
