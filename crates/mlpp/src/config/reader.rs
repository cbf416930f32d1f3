//! Reading TOML with the place of every value, and telling all that is wrong at once.

use std::ops::Range;

use mlpp_parameters::json::Span;
use mlpp_parameters::{Diagnostic, Sources};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// A table of the file: its members with their places.
pub(super) type Table<'a> = DeTable<'a>;

/// Collects what is wrong with a file of settings.
pub(super) struct Reader {
    pub(super) source: u16,
    pub(super) findings: Vec<Diagnostic>,
    /// Places that no diagnostic may show: what stands there may be a secret.
    pub(super) hidden: Vec<Span>,
}

impl Reader {
    /// The file as a table; a finding when it is no TOML.
    pub(super) fn table<'a>(&mut self, text: &'a str) -> Option<Table<'a>> {
        match DeTable::parse(text) {
            Ok(table) => Some(table.into_inner()),
            Err(error) => {
                self.hide_secrets(text);
                let at = error.span().unwrap_or(0..0);
                // A span of nothing cannot be shown.
                let at = at.start..at.end.max((at.start + 1).min(text.len())).max(at.start);
                self.error(
                    "config/not-valid",
                    at,
                    error.message(),
                    "mlpp.toml is TOML 1.1: see https://toml.io",
                );
                None
            }
        }
    }

    /// Hides what the tables of secrets assign in a text that is no TOML.
    fn hide_secrets(&mut self, text: &str) {
        let (mut at, mut in_secrets) = (0, false);
        for line in text.split_inclusive('\n') {
            let start = line.trim_start();
            if start.starts_with('[') {
                in_secrets = start.contains("secrets");
            }
            if let Some(assigned) = line.find('=').filter(|_| in_secrets || start.starts_with("secrets")) {
                self.hidden
                    .push(self.span(&(at + assigned + 1..at + line.trim_end().len().max(assigned + 1))));
            }
            at += line.len();
        }
    }

    pub(super) fn span(&self, at: &Range<usize>) -> Span {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.source, clamp(at.start), clamp(at.end))
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        at: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Diagnostic::error(code, self.span(&at), message).help(help));
    }

    fn wrong_type(&mut self, name: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let message = format!("{name} is a {}, not {expected}", value.get_ref().type_str());
        self.error("config/type", value.span(), message, format!("write {expected}"));
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Spanned<String>> {
        if let DeValue::String(text) = value.get_ref() {
            return Some(Spanned::new(value.span(), text.clone().into_owned()));
        }
        self.wrong_type(name, value, "a string");
        None
    }

    /// A text, or a number as its text.
    pub(super) fn scalar(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Spanned<String>> {
        match value.get_ref() {
            DeValue::Integer(number) => Some(Spanned::new(value.span(), number.to_string())),
            _ => self.text(name, value),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<Spanned<String>>> {
        let DeValue::Array(elements) = value.get_ref() else {
            self.wrong_type(name, value, "a list of strings");
            return None;
        };
        Some(elements.iter().filter_map(|element| self.text(name, element)).collect())
    }

    /// A table of texts.
    pub(super) fn pairs(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Vec<(Spanned<String>, Spanned<String>)>> {
        let table = self.members(name, value)?;
        let mut pairs = Vec::new();
        for (key, value) in table {
            if let Some(text) = self.text(key.get_ref(), value) {
                pairs.push((owned(key), text));
            }
        }
        Some(pairs)
    }

    /// The members of a table.
    pub(super) fn members<'a, 'b>(
        &mut self,
        name: &str,
        value: &'a Spanned<DeValue<'b>>,
    ) -> Option<&'a DeTable<'b>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        self.wrong_type(name, value, "a table");
        None
    }

    /// A key that is none of `known`.
    pub(super) fn unknown(&mut self, key: &Spanned<DeString<'_>>, place: &str, known: &[&str]) {
        let name = key.get_ref();
        let near = known
            .iter()
            .map(|known| (strsim::jaro_winkler(known, name), *known))
            .filter(|(likeness, _)| *likeness > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let mut listed = known.to_vec();
        listed.sort_unstable();
        let help = match near {
            Some((_, meant)) => format!("did you mean {meant}? There are {}", listed.join(", ")),
            None => format!("there are {}", listed.join(", ")),
        };
        self.error("config/unknown-key", key.span(), format!("{place} has no setting \"{name}\""), help);
    }
}

pub(super) fn owned(key: &Spanned<DeString<'_>>) -> Spanned<String> {
    Spanned::new(key.span(), key.get_ref().clone().into_owned())
}

/// Line and column of a place in the file, from 1.
pub(super) fn place(sources: &Sources, source: u16, at: &Range<usize>) -> (usize, usize) {
    let start = u32::try_from(at.start).unwrap_or(u32::MAX);
    sources.line_column(Span::new(source, start, start)).unwrap_or((1, 1))
}
