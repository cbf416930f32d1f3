//! What is wrong with a definition, and where, in the terms of `ValidateStateMachineDefinition`.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// Whether a definition is refused for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// The definition cannot be run.
    Error,
    /// The definition can be run, and probably does not do what was meant.
    Warning,
}

/// The code of a diagnostic, as the service's `ValidateStateMachineDefinition` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The text is not JSON.
    InvalidJsonDescription,
    /// A field is missing, unknown, or has a wrong value.
    SchemaValidationFailed,
    /// A JSONata expression does not parse.
    InvalidJsonataExpression,
    /// A JSONata expression reads what there is not where it stands.
    UnsupportedJsonataExpression,
    /// `Next`, `Default` or `StartAt` names no state of its scope, or no transition leads to the state.
    MissingTransitionTarget,
    /// A value looks like a path, and its field's name does not end in `.$`: it is passed on as text.
    NoDollar,
    /// `Result` of a Pass state has something that looks like a path: it is passed on as text.
    PassResultIsStatic,
    /// Two states of one machine have the same name.
    DuplicateStateName,
    /// A state's name is empty or too long.
    InvalidStateName,
    /// Map and Parallel states are in each other more often than they may be.
    TooDeeplyNested,
    /// The `Label` of a Map cannot be part of a name.
    InvalidLabelName,
    /// No state ends the machine.
    MissingEndState,
}

impl Code {
    /// The code's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Self::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Self::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            Self::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::NoDollar => "NO_DOLLAR",
            Self::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::InvalidStateName => "INVALID_STATE_NAME",
            Self::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Self::InvalidLabelName => "INVALID_LABEL_NAME",
            Self::MissingEndState => "MISSING_END_STATE",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One finding about a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether the definition is refused for it.
    pub severity: Severity,
    /// Its kind.
    pub code: Code,
    /// What is wrong, as a sentence of the service's where the service has one.
    pub message: String,
    /// Where it is, as the service writes it: `/States/A/Choices[0]/Next`; `/` is the definition itself, and nothing is a finding about
    /// the whole machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The same place as a JSON pointer; the empty one is the whole.
    #[serde(skip)]
    pub pointer: String,
    /// The bytes of the definition's text that the location covers; looked for at the first thousand findings only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<usize>>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The service writes a place that is none as `null`.
        let location = self.location.as_deref().unwrap_or("null");
        write!(formatter, "{}: {} at {location}", self.code, self.message)
    }
}

/// A definition that cannot be run.
#[derive(Clone, Debug, thiserror::Error)]
#[error("invalid state machine definition: '{}'", list(diagnostics))]
pub struct DefinitionError {
    /// Every finding, errors and warnings, in the order of the definition.
    pub diagnostics: Vec<Diagnostic>,
}

fn list(diagnostics: &[Diagnostic]) -> String {
    let errors: Vec<String> =
        diagnostics.iter().filter(|d| d.severity == Severity::Error).map(ToString::to_string).collect();
    errors.join(", ")
}
