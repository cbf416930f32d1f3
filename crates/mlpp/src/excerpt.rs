//! Texts that findings are shown in; of a line that is too long to be shown, the part around the finding is.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, NamedSource, SourceCode, SourceSpan, SpanContents};

/// The longest line that is shown whole, in bytes.
const LONGEST_LINE: usize = 240;
/// What is shown of a longer one before and behind the finding, and the most of the finding itself.
const AROUND: usize = 40;

/// A text with its name.
#[derive(Debug)]
pub(crate) struct Text(NamedSource<String>);

impl Text {
    pub(crate) fn new(name: &str, text: String) -> Self {
        Self(NamedSource::new(name, text))
    }

    pub(crate) fn name(&self) -> &str {
        self.0.name()
    }

    pub(crate) fn text(&self) -> &str {
        self.0.inner()
    }

    /// The part of `span` that is marked: all of it, unless a line of it is too long.
    pub(crate) fn marked(&self, span: SourceSpan) -> SourceSpan {
        if self.is_short(&span) {
            return span;
        }
        let line = self.line(span.offset());
        let end = (span.offset() + span.len()).min(span.offset() + AROUND).min(line.end);
        let end = self.text().floor_char_boundary(end);
        (span.offset(), end.saturating_sub(span.offset())).into()
    }

    /// Whether every line of `span`, and the ones beside it, can be shown.
    fn is_short(&self, span: &SourceSpan) -> bool {
        let lines = self.0.read_span(span, 1, 1);
        lines.is_ok_and(|shown| {
            shown.data().split(|byte| *byte == b'\n').all(|line| line.len() <= LONGEST_LINE)
        })
    }

    /// The line that holds byte `at`, without its end.
    fn line(&self, at: usize) -> Range<usize> {
        let text = self.text();
        let at = text.floor_char_boundary(at);
        let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
        let end = text[at..].find('\n').map_or(text.len(), |behind| at + behind);
        start..end
    }
}

impl SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        if self.is_short(span) || span.offset() > self.text().len() {
            return self.0.read_span(span, context_lines_before, context_lines_after);
        }
        let text = self.text();
        let line = self.line(span.offset());
        // Without context, only the place is asked for.
        let before = if (context_lines_before, context_lines_after) == (0, 0) { 0 } else { AROUND };
        let from = text.floor_char_boundary(span.offset().saturating_sub(before)).max(line.start);
        let to = (span.offset() + span.len()).min(span.offset() + AROUND) + AROUND;
        let to = text.floor_char_boundary(to.min(line.end)).max(from);
        let number = text[..line.start].matches('\n').count();
        let column = text[line.start..from].chars().count();
        Ok(Box::new(MietteSpanContents::new_named(
            self.name().to_owned(),
            &text.as_bytes()[from..to],
            (from, to - from).into(),
            number,
            column,
            1,
        )))
    }
}

#[cfg(test)]
mod tests {
    use miette::SourceSpan;

    use super::*;

    fn shown(text: &Text, span: impl Into<SourceSpan>) -> (String, usize, usize) {
        let contents = text.read_span(&text.marked(span.into()), 1, 1).unwrap();
        let data = String::from_utf8(contents.data().to_vec()).unwrap();
        (data, contents.line(), contents.column())
    }

    #[test]
    fn short_lines_are_shown_with_those_beside_them() {
        let text = Text::new("a", "one\ntwo\nthree\nfour\n".to_owned());
        assert_eq!(shown(&text, (4, 3)).0, "one\ntwo\nthree\n");
        assert_eq!(text.marked((4, 9).into()), (4, 9).into());
    }

    #[test]
    fn of_a_long_line_the_part_around_the_finding_is_shown() {
        let long = format!("first\n{}HERE{}\nlast", "ä".repeat(1_000), "x".repeat(5_000));
        let at = long.find("HERE").unwrap();
        let text = Text::new("a", long.clone());
        let (data, line, column) = shown(&text, (at, 4));
        assert_eq!((data, line, column), (format!("{}HERE{}", "ä".repeat(20), "x".repeat(40)), 1, 980));
        let place = text.read_span(&(at, 4).into(), 0, 0).unwrap();
        assert_eq!((place.line(), place.column()), (1, 1_000));
        // A finding that is long itself is marked in part, up to the end of its line.
        assert_eq!(text.marked((at, 5_000).into()), (at, AROUND).into());
        let whole = text.marked((0, long.len()).into());
        assert_eq!(whole, (0, 5).into());
        // Behind the end there is nothing, and no panic.
        assert!(text.read_span(&(long.len() + 9, 1).into(), 1, 1).is_err());
        assert_eq!(shown(&text, (long.len(), 0)).0, "last");
    }
}
