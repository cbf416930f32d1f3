//! Definitions as files.

use std::io::Read as _;
use std::path::Path;

use mlpp_states::{DefinitionLimits, Diagnostic, Severity, StateMachine, WorkflowType};

use crate::error::{CommandError, Finding, Plain};
use crate::exit_code::ExitCode;

/// A file with a definition.
#[derive(Debug)]
pub(super) struct Definition {
    /// The file's name as it was given; `<stdin>` for `-`.
    pub(super) name: String,
    pub(super) text: String,
}

impl Definition {
    /// Reads a file, or standard input for `-`.
    ///
    /// # Errors
    /// `states/file-absent`; a file that cannot be read or is not UTF-8.
    pub(super) fn read(file: &Path) -> Result<Self, CommandError> {
        let (name, text) = read_text(file)?;
        Ok(Self { name, text })
    }

    /// Compiles the definition.
    ///
    /// # Errors
    /// Everything that is wrong with it, shown at its place.
    pub(super) fn compile(
        &self,
        workflow: WorkflowType,
        limits: DefinitionLimits,
    ) -> Result<StateMachine, CommandError> {
        StateMachine::parse_within(&self.text, workflow, limits)
            .map_err(|error| self.invalid(&error.diagnostics))
    }

    /// Findings about the definition, to be shown.
    pub(super) fn invalid(&self, diagnostics: &[Diagnostic]) -> CommandError {
        CommandError::findings(diagnostics.iter().map(|diagnostic| self.finding(diagnostic)))
    }

    fn finding(&self, diagnostic: &Diagnostic) -> Finding {
        let span = diagnostic.span.clone().unwrap_or(0..0);
        let finding =
            Finding::at(diagnostic.code.as_str(), &self.name, &self.text, span, &diagnostic.message)
                .pointer(&diagnostic.pointer);
        match diagnostic.severity {
            Severity::Error => finding,
            Severity::Warning => finding.warning(),
        }
    }
}

/// A file's name and text; `-` is standard input.
///
/// # Errors
/// `states/file-absent`; a file that cannot be read or is not UTF-8.
pub(super) fn read_text(file: &Path) -> Result<(String, String), CommandError> {
    if file == Path::new("-") {
        let mut text = String::new();
        return match std::io::stdin().read_to_string(&mut text) {
            Ok(_) => Ok(("<stdin>".to_owned(), text)),
            Err(error) => Err(CommandError::failed("read standard input", error)),
        };
    }
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => Ok((name, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("there is no file {name}");
            let help = "name a file, or - for standard input".to_owned();
            let plain = Plain { code: "states/file-absent", message, help };
            Err(CommandError::one(ExitCode::InvalidInput, plain))
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            let message = format!("{name} is no text in UTF-8");
            let plain = Plain { code: "states/not-json", message, help: "write JSON".to_owned() };
            Err(CommandError::one(ExitCode::InvalidInput, plain))
        }
        Err(error) => Err(CommandError::failed(&format!("read {name}"), error)),
    }
}

/// An error at its place in a text.
pub(super) fn not_json(
    name: &str,
    text: &str,
    error: &serde_json::Error,
    code: &str,
    help: &str,
) -> CommandError {
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = text.floor_char_boundary((line_start + error.column().saturating_sub(1)).min(text.len()));
    let whole = error.to_string();
    let message = whole.rsplit_once(" at line ").map_or(whole.as_str(), |(message, _)| message);
    let finding = Finding::at(code, name, text, at..at, message).help(help);
    CommandError::one(ExitCode::InvalidInput, finding)
}
