use std::path::{Path, PathBuf};
use std::process::ExitCode as ProcessExitCode;

use mlpp_states::{Diagnostic, Severity, StateMachine, WorkflowType};
use serde::Serialize;
use serde_json::Value;

use super::definition::Definition;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::findings::{Findings, Format, Place};
use crate::output;

/// Check definitions as CreateStateMachine would
///
/// The findings have the codes, severities and locations of ValidateStateMachineDefinition. As JSON they are given in
/// its shape, each with its file, line and column, and every file with the variables that its states refer to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Definitions; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check as an Express workflow, which has no .sync, no .waitForTaskToken and no activities
    #[arg(long)]
    express: bool,
    /// How the findings are given
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Take a warning for an error
    #[arg(long)]
    strict: bool,
}

/// The response of `ValidateStateMachineDefinition`, for several definitions.
#[derive(Serialize)]
struct Validation<'a> {
    result: &'static str,
    diagnostics: Vec<Located<'a>>,
    files: Vec<FileResult>,
}

/// A diagnostic with its place in a file.
#[derive(Serialize)]
struct Located<'a> {
    severity: Severity,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(flatten)]
    place: Place,
}

#[derive(Serialize)]
struct FileResult {
    file: String,
    result: &'static str,
    /// What each state refers to; null for a definition that cannot be run.
    #[serde(rename = "variableReferences")]
    variable_references: Option<Value>,
}

struct Checked {
    definition: Definition,
    diagnostics: Vec<Diagnostic>,
    references: Option<Value>,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<ProcessExitCode, CommandError> {
    let workflow = if args.express { WorkflowType::Express } else { WorkflowType::Standard };
    let mut all = Vec::new();
    for file in &args.files {
        all.push(check(Definition::read(file)?, workflow)?);
    }
    let mut findings = Findings::default();
    for checked in &all {
        findings.add_error(checked.definition.invalid(&checked.diagnostics));
    }
    let (errors, warnings) = (findings.errors(), findings.warnings());
    let valid = errors == 0 && !(args.strict && warnings > 0);
    match args.format {
        Format::Json => output::json(&validation(&all, valid))?,
        Format::Sarif => findings.print(args.format, Path::new("."))?,
        Format::Text => {
            findings.print(args.format, Path::new("."))?;
            if errors == 0 {
                output::data(summary(&all, warnings, valid))?;
            }
        }
    }
    Ok(if valid { ExitCode::Success } else { ExitCode::InvalidInput }.into())
}

fn check(definition: Definition, workflow: WorkflowType) -> Result<Checked, CommandError> {
    let (diagnostics, references) = match StateMachine::parse_as(&definition.text, workflow) {
        Ok(machine) => {
            let references = serde_json::to_value(machine.variable_references())
                .map_err(|error| CommandError::failed("write JSON", error))?;
            (machine.warnings().to_vec(), Some(references))
        }
        Err(error) => (error.diagnostics, None),
    };
    Ok(Checked { definition, diagnostics, references })
}

fn validation(all: &[Checked], valid: bool) -> Validation<'_> {
    Validation {
        result: result(valid),
        diagnostics: all.iter().flat_map(Checked::located).collect(),
        files: all.iter().map(Checked::file_result).collect(),
    }
}

impl Checked {
    fn located(&self) -> impl Iterator<Item = Located<'_>> {
        let Definition { name, text } = &self.definition;
        self.diagnostics.iter().map(move |diagnostic| Located {
            severity: diagnostic.severity,
            code: diagnostic.code.as_str(),
            message: &diagnostic.message,
            location: diagnostic.location.as_deref(),
            place: match &diagnostic.span {
                Some(span) => Place::new(name, text, span.start, span.end),
                None => Place { file: Some(name.clone()), ..Place::default() },
            },
        })
    }

    fn file_result(&self) -> FileResult {
        FileResult {
            file: self.definition.name.clone(),
            result: result(self.references.is_some()),
            variable_references: self.references.clone(),
        }
    }
}

fn result(valid: bool) -> &'static str {
    if valid { "OK" } else { "FAIL" }
}

fn summary(all: &[Checked], warnings: usize, valid: bool) -> String {
    let word = if valid { "valid" } else { "refused by --strict" };
    let mut text = format!("{}: {word}", output::count(all.len(), "definition"));
    if warnings > 0 {
        text = format!("{text}, {}", output::count(warnings, "warning"));
    }
    text
}
