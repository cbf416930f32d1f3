//! Patterns of the services' models, for whole strings.

use regex_lite::Regex;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// As the model has it.
    pub(crate) text: String,
    regex: Regex,
    /// The pattern ends with `(?<!-)`, which the engine does not know.
    no_hyphen_at_end: bool,
}

impl Pattern {
    /// Compiles a pattern of a service's model. Two of its notations are rewritten: a look-behind at the end, and UTF-16
    /// surrogates for the characters beyond U+FFFF.
    ///
    /// # Errors
    /// What the engine does not know.
    pub(super) fn compile(text: &str) -> Result<Self, regex_lite::Error> {
        let (body, no_hyphen_at_end) = match text.strip_suffix("(?<!-)") {
            Some(body) => (body, true),
            None => (text, false),
        };
        let body = body.replace("\\uD800\\uDC00-\\uDBFF\\uDFFF", "\\x{10000}-\\x{10FFFF}");
        let regex = Regex::new(&format!(r"\A(?:{body})\z"))?;
        Ok(Self { text: text.to_owned(), regex, no_hyphen_at_end })
    }

    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text) && !(self.no_hyphen_at_end && text.ends_with('-'))
    }

    /// Whether the pattern says nothing about what a text means: anything, perhaps without line breaks.
    pub(crate) fn is_free_text(&self) -> bool {
        matches!(self.text.as_str(), ".*" | r"[\S\s]*")
    }

    /// The first character that no longer fits, counted from 0; the length when more would have to follow.
    pub(super) fn first_misfit(&self, text: &str) -> usize {
        // Each beginning is matched anew, which takes long for a long text.
        const LONGEST: usize = 2048;
        if text.len() > LONGEST {
            return 0;
        }
        // A name made of the characters before the misfit matches, perhaps but for its end: a hyphen may not be last.
        let fits = |part: &str| self.matches(part) || self.matches(&format!("{part}a"));
        let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
        ends.enumerate()
            .find(|(_, end)| !fits(&text[..*end]))
            .map_or(text.chars().count(), |(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_holds_for_the_whole_string() {
        let name = Pattern::compile("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}").unwrap();
        assert!(name.matches("a-b") && !name.matches("a-b-") && !name.matches("-a") && !name.matches("a b"));
        assert_eq!(name.first_misfit("ab c"), 2);
        assert_eq!(name.first_misfit("ab-"), 3);
        assert_eq!(name.first_misfit("-ab"), 0);
    }

    #[test]
    fn notations_that_the_engine_does_not_know_are_rewritten() {
        let arn = Pattern::compile("([a-z]([a-z-]){0,62})(?<!-)").unwrap();
        assert!(arn.matches("a-b") && !arn.matches("a-"));
        let text =
            Pattern::compile("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*")
                .unwrap();
        assert!(text.matches("a\n😀") && !text.matches("\u{1}"));
        assert!(Pattern::compile(".*").unwrap().is_free_text());
        assert!(!Pattern::compile(".*").unwrap().matches("a\nb"));
    }
}
