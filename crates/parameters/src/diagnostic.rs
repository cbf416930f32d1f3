use std::sync::Arc;

use crate::json::Span;

/// A text that a diagnostic can point into: a document as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What the user calls it, usually a path.
    pub name: String,
    /// Its whole text.
    pub text: Arc<str>,
    /// Whether it is laid over the other documents.
    pub overlay: bool,
}

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, as the user calls it.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// Whether the file is an overlay of an environment.
    pub overlay: bool,
}

/// The texts that spans refer to, by [`Span::source`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// How many there are; the number of the next one that is added.
    pub(crate) fn len(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    /// Adds a text and returns the number that spans into it carry.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> u16 {
        self.0.push(Source { name: name.into(), text: text.into(), overlay: false });
        u16::try_from(self.0.len() - 1).unwrap_or(u16::MAX)
    }

    /// Adds a file's bytes, which must be UTF-8.
    ///
    /// # Errors
    /// `document/not-utf8` with the place of the first byte that is not; the text is added all the same, with U+FFFD for
    /// what is none, so that the place can be shown.
    pub fn add_bytes(&mut self, name: impl Into<String>, bytes: &[u8]) -> Result<u16, Vec<Diagnostic>> {
        let source = self.add(name, String::from_utf8_lossy(bytes));
        match std::str::from_utf8(bytes) {
            Ok(_) => Ok(source),
            Err(error) => {
                let at = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
                // In the text that is shown, U+FFFD stands there.
                let span = Span::new(source, at, at.saturating_add(3));
                Err(vec![
                    Diagnostic::error("document/not-utf8", span, "the file is not in UTF-8")
                        .label("the first byte that is not")
                        .help("save it as UTF-8"),
                ])
            }
        }
    }

    /// Says of the text with the number `source` that it is laid over the others.
    pub(crate) fn mark_overlay(&mut self, source: u16) {
        if let Some(source) = self.0.get_mut(usize::from(source)) {
            source.overlay = true;
        }
    }

    /// Writes asterisks over the text at `span`, so that no diagnostic shows it.
    pub fn mask(&mut self, span: Span) {
        let Some(source) = self.0.get_mut(usize::from(span.source)) else { return };
        let (start, end) = (span.start as usize, span.end as usize);
        let Some(hidden) = source.text.get(start..end) else { return };
        // Line breaks stay, so that every other place stays where it is.
        let mask: String = hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
        source.text = format!("{}{mask}{}", &source.text[..start], &source.text[end..]).into();
    }

    /// Where the value at `span` was written; `None` for one that stands in no text.
    pub fn origin(&self, span: Span) -> Option<Origin> {
        if span == Span::default() {
            return None;
        }
        let (line, column) = self.line_column(span)?;
        let source = self.get(span.source)?;
        Some(Origin { file: source.name.clone(), line, column, overlay: source.overlay })
    }

    /// The text with the number `source`.
    pub fn get(&self, source: u16) -> Option<&Source> {
        self.0.get(usize::from(source))
    }

    /// Line and column of the start of `span`, both from 1; a column counts characters.
    pub fn line_column(&self, span: Span) -> Option<(usize, usize)> {
        let text = &self.get(span.source)?.text;
        let before = text.get(..span.start as usize)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; nothing is refused.
    Warning,
    /// Refused: nothing is written, nothing is started.
    Error,
}

/// One finding about the user's input: what is wrong, where, what is allowed, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable id of the rule, such as `document/duplicate-key`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// JSON pointer (RFC 6901) of the value; empty for the whole document.
    pub pointer: String,
    /// The place in the source.
    pub span: Span,
    /// What is shown under the place.
    pub label: String,
    /// What is allowed and what to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error with a label under the place.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message)
    }

    /// A warning with a label under the place.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message)
    }

    fn new(severity: Severity, code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            pointer: String::new(),
            span,
            label: "here".to_owned(),
            help: None,
        }
    }

    /// The same with the JSON pointer of the value.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = pointer.into();
        self
    }

    /// The same with another label under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with what is allowed and what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_byte_that_is_not_utf8_can_be_shown() {
        let mut sources = Sources::default();
        let findings = sources.add_bytes("a.json", b"{\"\xfcx").unwrap_err();
        let span = findings[0].span;
        let text = &sources.get(0).unwrap().text;
        assert_eq!(text.get(span.start as usize..span.end as usize), Some("\u{fffd}"));
    }

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let mut sources = Sources::default();
        let source = sources.add("a.json", "{\n \"ü\": 1}");
        assert_eq!(sources.line_column(Span::new(source, 0, 1)), Some((1, 1)));
        assert_eq!(sources.line_column(Span::new(source, 9, 10)), Some((2, 7)));
        assert_eq!(sources.line_column(Span::new(7, 0, 1)), None);
    }
}
