//! From text to [`Path`].

use std::sync::Arc;

use super::filter::{self, Filter};
use super::{ParseError, Path, Root, Segment};

/// Nesting of filters inside filters, and of parentheses in them.
const MAX_DEPTH: usize = 32;

pub(super) fn path(text: &str) -> Result<Path, ParseError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let root = parser.root()?;
    let segments = parser.segments()?;
    if parser.at != text.len() {
        return Err(parser.error("unexpected character"));
    }
    let definite = segments.iter().all(|segment| matches!(segment, Segment::Name(_) | Segment::Index(_)));
    Ok(Path { text: Arc::from(text), root, segments, definite })
}

pub(super) struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn root(&mut self) -> Result<Root, ParseError> {
        if !self.eat('$') {
            return Err(self.error("a path begins with '$'"));
        }
        if self.eat('$') {
            return Ok(Root::Context);
        }
        let name = self.identifier();
        Ok(if name.is_empty() { Root::Data } else { Root::Variable(Arc::from(name)) })
    }

    /// Segments up to the first character that begins none.
    pub(super) fn segments(&mut self) -> Result<Vec<Segment>, ParseError> {
        let mut segments = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    if self.eat('.') {
                        segments.push(Segment::Descent);
                    }
                    match self.peek() {
                        Some('[') => segments.push(self.bracket()?),
                        Some('*') => {
                            self.at += 1;
                            segments.push(Segment::Wildcard);
                        }
                        _ => segments.push(Segment::Name(self.dotted_name()?)),
                    }
                }
                Some('[') => segments.push(self.bracket()?),
                _ => return Ok(segments),
            }
        }
    }

    /// A name after a dot: everything up to a character that ends it.
    fn dotted_name(&mut self) -> Result<String, ParseError> {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| {
                matches!(
                    c,
                    '.' | '['
                        | ']'
                        | '('
                        | ')'
                        | ','
                        | '='
                        | '<'
                        | '>'
                        | '!'
                        | '&'
                        | '|'
                        | '\''
                        | '"'
                        | '*'
                        | '?'
                        | '@'
                        | '$'
                ) || c.is_whitespace()
            })
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.error("a name is missing"));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }

    fn bracket(&mut self) -> Result<Segment, ParseError> {
        self.at += 1;
        self.spaces();
        let segment = match self.peek() {
            Some('*') => {
                self.at += 1;
                Segment::Wildcard
            }
            Some('?') => self.filter()?,
            Some('\'' | '"') => self.quoted_names()?,
            Some('-' | ':' | '0'..='9') => self.numbers()?,
            _ => return Err(self.error("a name, an index, '*', a slice or a filter is missing")),
        };
        self.spaces();
        self.expect(']')?;
        Ok(segment)
    }

    fn filter(&mut self) -> Result<Segment, ParseError> {
        self.at += 1;
        self.spaces();
        self.expect('(')?;
        let filter = self.nested(filter::alternatives)?;
        self.spaces();
        self.expect(')')?;
        Ok(Segment::Filter(filter))
    }

    /// Runs `inner` one level deeper, refusing to go too deep.
    pub(super) fn nested(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<Filter, ParseError>,
    ) -> Result<Filter, ParseError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("too deeply nested"));
        }
        self.depth += 1;
        let filter = inner(self);
        self.depth -= 1;
        filter
    }

    fn quoted_names(&mut self) -> Result<Segment, ParseError> {
        let first = self.quoted()?;
        let mut names = vec![first];
        loop {
            self.spaces();
            if !self.eat(',') {
                break;
            }
            self.spaces();
            names.push(self.quoted()?);
        }
        Ok(if names.len() == 1 { Segment::Name(names.swap_remove(0)) } else { Segment::Names(names) })
    }

    /// A string in single or double quotes; a backslash before the closing kind of quote makes it part of the string, any other
    /// backslash is one.
    pub(super) fn quoted(&mut self) -> Result<String, ParseError> {
        let Some(quote @ ('\'' | '"')) = self.peek() else {
            return Err(self.error("a quoted name is missing"));
        };
        self.at += 1;
        let mut name = String::new();
        loop {
            match self.next() {
                None => return Err(self.error("a quote is not closed")),
                Some(c) if c == quote => return Ok(name),
                Some('\\') if self.eat(quote) => name.push(quote),
                Some(c) => name.push(c),
            }
        }
    }

    fn numbers(&mut self) -> Result<Segment, ParseError> {
        let start = self.integer()?;
        self.spaces();
        match self.peek() {
            Some(':') => {
                self.at += 1;
                self.spaces();
                let end = self.integer()?;
                self.spaces();
                let step = if self.eat(':') {
                    self.spaces();
                    self.integer()?.unwrap_or(1)
                } else {
                    1
                };
                if step <= 0 {
                    return Err(self.error("the step of a slice is positive"));
                }
                Ok(Segment::Slice { start, end, step })
            }
            Some(',') => {
                let mut indexes = vec![start.ok_or_else(|| self.error("an index is missing"))?];
                while self.eat(',') {
                    self.spaces();
                    indexes.push(self.integer()?.ok_or_else(|| self.error("an index is missing"))?);
                    self.spaces();
                }
                Ok(Segment::Indexes(indexes))
            }
            _ => Ok(Segment::Index(start.ok_or_else(|| self.error("an index is missing"))?)),
        }
    }

    fn integer(&mut self) -> Result<Option<i64>, ParseError> {
        let rest = &self.text[self.at..];
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 && sign == 0 {
            return Ok(None);
        }
        let number = rest[..sign + digits].parse().map_err(|_| self.error("not an index"))?;
        self.at += sign + digits;
        Ok(Some(number))
    }

    fn identifier(&mut self) -> String {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    /// The text from here to the first character that ends a bare word.
    pub(super) fn word(&mut self) -> &str {
        let rest = &self.text[self.at..];
        let end = rest
            .find(|c: char| {
                matches!(c, ')' | '&' | '|' | ',' | ']' | '=' | '!' | '<' | '>') || c.is_whitespace()
            })
            .unwrap_or(rest.len());
        self.at += end;
        &self.text[self.at - end..self.at]
    }

    pub(super) fn eat_text(&mut self, text: &str) -> bool {
        let found = self.text[self.at..].starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    pub(super) fn expect(&mut self, c: char) -> Result<(), ParseError> {
        if self.eat(c) { Ok(()) } else { Err(self.error("a bracket or parenthesis is missing")) }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    pub(super) fn error(&self, problem: &'static str) -> ParseError {
        ParseError { path: self.text.to_owned(), position: self.text[..self.at].chars().count() + 1, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_definite_paths() {
        for (text, expected) in [
            ("$", vec![]),
            ("$.a.b", vec![Segment::Name("a".into()), Segment::Name("b".into())]),
            ("$['a b'][\"c\"]", vec![Segment::Name("a b".into()), Segment::Name("c".into())]),
            ("$.a.['x y']", vec![Segment::Name("a".into()), Segment::Name("x y".into())]),
            ("$.a[0][-1]", vec![Segment::Name("a".into()), Segment::Index(0), Segment::Index(-1)]),
            ("$.sub-values", vec![Segment::Name("sub-values".into())]),
            (r"$['Test\'x']", vec![Segment::Name("Test'x".into())]),
        ] {
            let path = Path::parse(text).unwrap();
            assert_eq!(path.segments, expected, "{text}");
            assert!(path.is_definite(), "{text}");
        }
    }

    #[test]
    fn roots() {
        assert_eq!(Path::parse("$$.Task.Token").unwrap().root, Root::Context);
        assert_eq!(Path::parse("$name_1.a").unwrap().root, Root::Variable("name_1".into()));
        assert_eq!(Path::parse("$.a").unwrap().root, Root::Data);
    }

    #[test]
    fn indefinite_paths() {
        for text in [
            "$[*]",
            "$.a.*",
            "$..a",
            "$.a[1:]",
            "$.a[:1]",
            "$.a[0,1]",
            "$['a','b']",
            "$.a[?(@.b == 1)]",
            "$.a[::2]",
        ] {
            assert!(!Path::parse(text).unwrap().is_definite(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in [
            "",
            "a",
            "$.",
            "$[",
            "$['a",
            "$.a b",
            "$[]",
            "$.a[1:2:0]",
            "$.a[--1]",
            "$.a[99999999999999999999]",
            "$.a[?(@.b ==)]",
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        let deep = format!("$[?({}@.a{})]", "(".repeat(1000), ")".repeat(1000));
        assert!(Path::parse(&deep).is_err());
    }
}
