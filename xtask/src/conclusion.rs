//! How a chore ends.

use std::process::ExitCode;

use crate::error::Error;

/// What a chore leaves to be said at its end.
#[derive(Debug)]
pub(crate) struct Conclusion {
    /// The totals of the tests, for a chore that ran them: the very last line, after any error.
    pub(crate) totals: Option<String>,
    /// Why the chore failed, if it did.
    pub(crate) error: Option<Error>,
}

impl From<Result<(), Error>> for Conclusion {
    fn from(result: Result<(), Error>) -> Self {
        Self { totals: None, error: result.err() }
    }
}

impl Conclusion {
    /// Prints what is left to be said, and gives the exit status that goes with it.
    pub(crate) fn tell(&self) -> ExitCode {
        if let Some(error) = &self.error {
            eprintln!("error: {error}");
        }
        if let Some(totals) = &self.totals {
            println!("{totals}");
        }
        if self.error.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
