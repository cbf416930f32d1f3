use miette::{Diagnostic, LabeledSpan, NamedSource, Report, SourceCode, SourceSpan};
use mlpp_parameters::{Severity, Sources};

use crate::exit_code::ExitCode;
use crate::output;

/// Why a command ended early: what to show, and the exit code.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) exit_code: ExitCode,
    reports: Vec<Report>,
}

impl CommandError {
    /// Findings about the user's input, with the sources that they point into.
    pub(crate) fn invalid(findings: &[mlpp_parameters::Diagnostic], sources: &Sources) -> Self {
        let reports = findings.iter().map(|finding| Report::new(Finding::new(finding, sources))).collect();
        Self { exit_code: ExitCode::InvalidInput, reports }
    }

    /// The same with more that is wrong.
    pub(crate) fn and(mut self, more: impl IntoIterator<Item = impl Into<Report>>) -> Self {
        self.reports.extend(more.into_iter().map(Into::into));
        self
    }

    /// One thing that is wrong, with an exit code.
    pub(crate) fn one(exit_code: ExitCode, error: impl Into<Report>) -> Self {
        Self { exit_code, reports: vec![error.into()] }
    }

    /// An error of a library, told as "failed to …".
    pub(crate) fn failed(context: &str, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let report = Report::new(Failed { context: format!("failed to {context}"), source: Box::new(error) });
        Self::one(ExitCode::Failure, report)
    }

    /// Shows everything on standard error.
    pub(crate) fn show(&self) {
        for report in &self.reports {
            output::note(format_args!("{report:?}"));
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{context}")]
struct Failed {
    context: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Diagnostic for Failed {}

/// A place in a text, and what is wrong there.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Finding {
    message: String,
    code: String,
    severity: miette::Severity,
    text: Option<NamedSource<String>>,
    span: SourceSpan,
    label: String,
    help: Option<String>,
}

impl Finding {
    fn new(finding: &mlpp_parameters::Diagnostic, sources: &Sources) -> Self {
        let span = finding.span;
        let source = sources.get(span.source);
        let start = span.start as usize;
        let pointer =
            if finding.pointer.is_empty() { String::new() } else { format!(" (at {})", finding.pointer) };
        Self {
            message: format!("{}{pointer}", finding.message),
            code: finding.code.to_owned(),
            severity: match finding.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            text: source.map(|source| NamedSource::new(&source.name, source.text.to_string())),
            span: (start, (span.end as usize).saturating_sub(start)).into(),
            label: finding.label.clone(),
            help: finding.help.clone(),
        }
    }

    /// Something wrong at `span` of a text that is no document.
    pub(crate) fn at(
        code: &str,
        name: &str,
        text: &str,
        span: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            code: code.to_owned(),
            severity: miette::Severity::Error,
            text: Some(NamedSource::new(name, text.to_owned())),
            span: (span.start, span.len()).into(),
            label: "here".to_owned(),
            help: None,
        }
    }

    /// The same with what is allowed and what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Diagnostic for Finding {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.help.as_ref()?))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.text.as_ref()?)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some(self.label.clone()), self.span);
        Some(Box::new(std::iter::once(label)))
    }
}

/// Something wrong that has no place in a text.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Plain {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Diagnostic for Plain {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }
}
