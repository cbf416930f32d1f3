//! Places: where in the document a rule is at, and where in a string a character stands.

use crate::Sources;
use crate::json::{Pointer, Span};

/// The way from the root to a value, kept on the stack: only a finding needs it as text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The whole document.
    Root,
    /// A member of an object.
    Member(&'a Place<'a>, &'a str),
    /// An element of a list.
    Element(&'a Place<'a>, usize),
}

impl Place<'_> {
    /// The JSON pointer.
    pub(crate) fn pointer(&self) -> Pointer {
        match self {
            Self::Root => Pointer::default(),
            Self::Member(parent, name) => parent.pointer().child(name),
            Self::Element(parent, index) => parent.pointer().child(index),
        }
    }

    /// Whether a list is on the way.
    pub(crate) fn is_in_list(&self) -> bool {
        match self {
            Self::Root => false,
            Self::Member(parent, _) => parent.is_in_list(),
            Self::Element(..) => true,
        }
    }

    /// The last name on the way; empty for the whole document.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Root => "",
            Self::Member(_, name) => name,
            Self::Element(parent, _) => parent.name(),
        }
    }
}

/// The place of the characters `from..to` of the string that stands at `string`, its quotes included; `None` goes to the
/// end. The whole string when it stands in no source.
pub(super) fn characters(sources: &Sources, string: Span, from: usize, to: Option<usize>) -> Span {
    let text = sources
        .get(string.source)
        .and_then(|source| source.text.get(string.start as usize..string.end as usize));
    let Some(inside) = text.and_then(|text| text.strip_prefix('"')?.strip_suffix('"')) else { return string };
    let mut at = string;
    let mut offset = string.start + 1;
    let mut rest = inside;
    for count in 0.. {
        if count == from {
            at.start = offset;
        }
        if Some(count) == to {
            at.end = offset;
            break;
        }
        let length = first_character(rest);
        if length == 0 {
            break;
        }
        rest = &rest[length..];
        offset += u32::try_from(length).unwrap_or_default();
    }
    at
}

/// How many bytes of a JSON string's text stand for its first character.
fn first_character(text: &str) -> usize {
    let bytes = text.as_bytes();
    let escaped = |at: usize| bytes.get(at) == Some(&b'\\') && bytes.get(at + 1) == Some(&b'u');
    if escaped(0) {
        let high = text.get(2..6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let pair = high.is_some_and(|unit| (0xD800..0xDC00).contains(&unit)) && escaped(6);
        return if pair { 12 } else { 6 }.min(bytes.len());
    }
    match text.chars().next() {
        Some('\\') => 2.min(bytes.len()),
        Some(character) => character.len_utf8(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str, from: usize, to: Option<usize>) -> String {
        let mut sources = Sources::default();
        let source = sources.add("a.json", json);
        let span = characters(&sources, Span::new(source, 0, u32::try_from(json.len()).unwrap()), from, to);
        json[span.start as usize..span.end as usize].to_owned()
    }

    #[test]
    fn characters_are_found_behind_escapes() {
        assert_eq!(shown(r#""abc""#, 1, Some(2)), "b");
        assert_eq!(shown(r#""abc""#, 1, None), "bc\"");
        assert_eq!(shown(r#""ü\n\u00e9\ud83d\ude00<x>""#, 4, Some(7)), "<x>");
        assert_eq!(shown(r#""ab""#, 7, None), "\"ab\"");
        assert_eq!(shown("12", 1, None), "12");
    }

    #[test]
    fn a_place_is_a_pointer_and_has_a_name() {
        let list = Place::Member(&Place::Root, "a/b");
        let element = Place::Element(&list, 3);
        assert_eq!(element.pointer().as_str(), "/a~1b/3");
        assert_eq!(element.name(), "a/b");
        assert!(Place::Member(&element, "c").is_in_list() && !list.is_in_list());
    }
}
