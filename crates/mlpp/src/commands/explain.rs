use std::fmt::Write as _;
use std::process::ExitCode as ProcessExitCode;

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::output;
use crate::pages::{self, Page};

/// Explain the code of a finding: what is wrong, why it matters, what to do
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code that the finding shows, such as value/bounds; without it all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ProcessExitCode, CommandError> {
    match &args.code {
        Some(code) => output::data(pages::find(code).ok_or_else(|| unknown(code))?.text.trim_end())?,
        None => output::data(list(&pages::all()).trim_end())?,
    }
    Ok(ExitCode::Success.into())
}

/// The codes by area, each with its line.
fn list(pages: &[Page]) -> String {
    let width = pages.iter().map(|page| page.code.len()).max().unwrap_or_default();
    let mut text = String::new();
    for area in pages.chunk_by(|a, b| a.area() == b.area()) {
        for page in area {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{:width$}  {}", page.code, page.summary);
        }
        text.push('\n');
    }
    text
}

fn unknown(code: &str) -> CommandError {
    let help = match pages::similar(code).as_slice() {
        [] => "mlpp explain lists all codes".to_owned(),
        near => format!("did you mean {}? mlpp explain lists all codes", near.join(", ")),
    };
    let message = format!("there is no code \"{code}\"");
    CommandError::one(ExitCode::InvalidInput, Plain { code: "explain/unknown", message, help })
}
