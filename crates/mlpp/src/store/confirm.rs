use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Asks before something is destroyed. Without a terminal nobody can answer, and `--yes` must have been given.
///
/// # Errors
/// `apply/not-confirmed` when the answer is no, or nobody can give one.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<(), CommandError> {
    if yes {
        return Ok(());
    }
    let refused = |message: String| {
        let help = "nothing was written; --yes answers beforehand".to_owned();
        CommandError::one(ExitCode::InvalidInput, Plain { code: "apply/not-confirmed", message, help })
    };
    if !io::stdin().is_terminal() {
        return Err(refused(format!("{question}: nobody is there to say yes")));
    }
    let mut error = io::stderr();
    let asked = write!(error, "{question}? [y/N] ").and_then(|()| error.flush());
    let mut answer = String::new();
    asked
        .and_then(|()| io::stdin().lock().read_line(&mut answer))
        .map_err(|error| CommandError::failed("ask for a confirmation", error))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") { Ok(()) } else { Err(refused("not confirmed".to_owned())) }
}
