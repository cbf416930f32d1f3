use miette::{Diagnostic, LabeledSpan, Report, SourceCode, SourceSpan};
use mlpp_parameters::{Severity, Sources};

use crate::excerpt::Text;
use crate::exit_code::ExitCode;
use crate::findings::{self, Place, Record};
use crate::{output, pages};

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

    /// Findings about a text that is no document.
    pub(crate) fn findings(findings: impl IntoIterator<Item = Finding>) -> Self {
        let reports = findings.into_iter().map(Report::new).collect();
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
        if let Some(full) = Self::disk_full(&error) {
            return full;
        }
        if let Some(failed) = crate::backend::failed_call(&error) {
            return failed;
        }
        let report = Report::new(Failed { context: format!("failed to {context}"), source: Box::new(error) });
        Self::one(ExitCode::Failure, report)
    }

    /// That the disk is full, if that is why something failed.
    pub(crate) fn disk_full(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        mlpp_sagemaker::is_disk_full(error).then(|| {
            let message = format!("the disk is full: {}", mlpp_provider::with_sources(error));
            let help = "make room, and do the same again: what was written before is as it was".to_owned();
            Self::one(ExitCode::Failure, Plain { code: "disk/full", message, help })
        })
    }

    /// Both as one.
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.reports.extend(other.reports);
        self
    }

    /// What is wrong, as data.
    pub(crate) fn records(&self) -> impl Iterator<Item = Record> {
        self.reports.iter().map(record)
    }

    /// Shows everything on standard error; behind errors that have a page, how to read it.
    pub(crate) fn show(&self) {
        for report in &self.reports {
            output::note(format_args!("{report:?}"));
        }
        if let Some(line) = self.summary() {
            output::note(line);
        }
    }

    /// How many errors and warnings there are, and where more is told; `None` without an error that has a page.
    fn summary(&self) -> Option<String> {
        let is_warning = |report: &Report| report.severity() == Some(miette::Severity::Warning);
        let warnings = self.reports.iter().filter(|report| is_warning(report)).count();
        let errors = self.reports.len() - warnings;
        let mut codes: Vec<_> =
            self.reports.iter().filter_map(|report| Some(report.code()?.to_string())).collect();
        codes.retain(|code| pages::find(code).is_some());
        codes.sort_unstable();
        codes.dedup();
        let code = match codes.as_slice() {
            _ if errors == 0 => return None,
            [] => return None,
            [code] => code,
            _ => "<code>",
        };
        let mut counts = output::count(errors, "error");
        if warnings > 0 {
            counts = format!("{counts}, {}", output::count(warnings, "warning"));
        }
        Some(format!("{counts}; mlpp explain {code} tells more"))
    }
}

/// A report as data, of whichever kind it is.
fn record(report: &Report) -> Record {
    let text = |text: Option<Box<dyn std::fmt::Display + '_>>| text.map(|text| text.to_string());
    let severity = match report.severity() {
        Some(miette::Severity::Warning) => findings::Severity::Warning,
        _ => findings::Severity::Error,
    };
    let finding = report.downcast_ref::<Finding>();
    Record {
        code: text(report.code()).unwrap_or_default(),
        severity,
        message: finding.map_or_else(|| report.to_string(), |finding| finding.message.clone()),
        pointer: finding.map(|finding| finding.pointer.clone()).filter(|pointer| !pointer.is_empty()),
        place: finding.map(Finding::place).unwrap_or_default(),
        label: finding.map(|finding| finding.label.clone()),
        help: text(report.help()),
        overlay: finding.is_some_and(|finding| finding.overlay),
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
#[error("{message}{}", at(.pointer))]
pub(crate) struct Finding {
    message: String,
    /// JSON pointer of the value; empty for none.
    pointer: String,
    code: String,
    severity: miette::Severity,
    text: Option<Text>,
    /// Whether the text is an overlay.
    overlay: bool,
    span: SourceSpan,
    label: String,
    help: Option<String>,
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" (at {pointer})") }
}

impl Finding {
    fn new(finding: &mlpp_parameters::Diagnostic, sources: &Sources) -> Self {
        let span = finding.span;
        let source = sources.get(span.source);
        let start = span.start as usize;
        Self {
            message: finding.message.clone(),
            pointer: finding.pointer.clone(),
            code: finding.code.to_owned(),
            severity: match finding.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            text: source.map(|source| Text::new(&source.name, source.text.to_string())),
            overlay: source.is_some_and(|source| source.overlay),
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
            pointer: String::new(),
            code: code.to_owned(),
            severity: miette::Severity::Error,
            text: Some(Text::new(name, text.to_owned())),
            overlay: false,
            span: (span.start, span.len()).into(),
            label: "here".to_owned(),
            help: None,
        }
    }

    /// The same with the JSON pointer of the value.
    pub(crate) fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// The same as a warning.
    pub(crate) fn warning(mut self) -> Self {
        self.severity = miette::Severity::Warning;
        self
    }

    /// Its place; none for a value that stands in no text.
    fn place(&self) -> Place {
        let Some(text) = &self.text else { return Place::default() };
        let (start, length) = (self.span.offset(), self.span.len());
        if (start, length) == (0, 0) && !text.text().is_empty() {
            return Place::default();
        }
        Place::new(text.name(), text.text(), start, start + length)
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
        let span = self.text.as_ref().map_or(self.span, |text| text.marked(self.span));
        let label = LabeledSpan::new_with_span(Some(self.label.clone()), span);
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
