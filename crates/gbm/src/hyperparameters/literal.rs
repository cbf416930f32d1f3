//! A flat object literal: what the hyperparameter `training` holds.
//!
//! A hyperparameter is one line of text, so an object inside it is commonly written with single quotes, to spare the
//! escapes of the JSON around it. This reads JSON's form and that one: strings in either kind of quotes with JSON's escapes
//! (and `\'`), numbers, `true`/`false`/`null` also in Python's spelling, lists of such values, a trailing comma.
//! An apostrophe inside a double-quoted string, or a double quote inside a single-quoted one, is just a character.

use thiserror::Error;

/// A value of the object: its text, or the texts of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A string's content; a number or truth value as it was written.
    Text(String),
    /// The elements of a list.
    List(Vec<String>),
    /// `null` or `None`.
    Null,
}

/// Why text is no object literal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at character {position}: {problem}")]
pub struct LiteralError {
    /// Counted from 1.
    pub position: usize,
    /// What was expected or found.
    pub problem: String,
}

/// Reads an object; keys in the order written, each once.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, Value)>, LiteralError> {
    let mut reader = Reader { characters: text.chars().collect(), position: 0 };
    let object = reader.object()?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(object),
        Some(character) => Err(reader.error(format!("`{character}` after the end of the object"))),
    }
}

struct Reader {
    characters: Vec<char>,
    position: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += 1;
        Some(character)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.position += 1;
        }
    }

    fn error(&self, problem: impl Into<String>) -> LiteralError {
        LiteralError { position: self.position + 1, problem: problem.into() }
    }

    fn unexpected(&self, wanted: &str) -> LiteralError {
        match self.peek() {
            None => self.error(format!("the text ends where {wanted} was expected")),
            Some(character) => self.error(format!("`{character}` where {wanted} was expected")),
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        self.position += usize::from(found);
        found
    }

    fn object(&mut self) -> Result<Vec<(String, Value)>, LiteralError> {
        if !self.take('{') {
            return Err(self.unexpected("`{`"));
        }
        let mut entries: Vec<(String, Value)> = Vec::new();
        loop {
            if self.take('}') {
                return Ok(entries);
            }
            let start = self.position;
            let Some(key) = self.string()? else { return Err(self.unexpected("a quoted key or `}`")) };
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(LiteralError { position: start + 1, problem: format!("`{key}` is there twice") });
            }
            if !self.take(':') {
                return Err(self.unexpected("`:`"));
            }
            entries.push((key, self.value()?));
            if !self.take(',') {
                return if self.take('}') { Ok(entries) } else { Err(self.unexpected("`,` or `}`")) };
            }
        }
    }

    fn value(&mut self) -> Result<Value, LiteralError> {
        if !self.take('[') {
            return Ok(self.scalar()?.map_or(Value::Null, Value::Text));
        }
        let mut elements = Vec::new();
        loop {
            if self.take(']') {
                return Ok(Value::List(elements));
            }
            let Some(element) = self.scalar()? else { return Err(self.error("null in a list")) };
            elements.push(element);
            if !self.take(',') {
                return if self.take(']') {
                    Ok(Value::List(elements))
                } else {
                    Err(self.unexpected("`,` or `]`"))
                };
            }
        }
    }

    /// A string's content, a bare word as it stands; nothing for null.
    fn scalar(&mut self) -> Result<Option<String>, LiteralError> {
        if let Some(text) = self.string()? {
            return Ok(Some(text));
        }
        let start = self.position;
        while self.peek().is_some_and(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.')) {
            self.position += 1;
        }
        let word: String = self.characters[start..self.position].iter().collect();
        match word.as_str() {
            "" => Err(self.unexpected("a value")),
            "null" | "None" => Ok(None),
            "true" | "True" | "false" | "False" => Ok(Some(word)),
            number if serde_json::from_str::<f64>(number).is_ok() => Ok(Some(word)),
            _ => {
                let problem = format!("`{word}` is neither quoted nor a number, true, false or null");
                Err(LiteralError { position: start + 1, problem })
            }
        }
    }

    /// A string's content, if a quote comes next.
    fn string(&mut self) -> Result<Option<String>, LiteralError> {
        self.skip_space();
        let Some(quote @ ('\'' | '"')) = self.peek() else { return Ok(None) };
        let start = self.position;
        self.position += 1;
        let mut content = String::new();
        while let Some(character) = self.next() {
            match character {
                _ if character == quote => return Ok(Some(content)),
                '\\' => content.push(self.escape()?),
                _ => content.push(character),
            }
        }
        Err(LiteralError {
            position: start + 1,
            problem: format!("the string that {quote} opens has no end"),
        })
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char, LiteralError> {
        let error = self.error("no such escape");
        match self.next() {
            Some(character @ ('\'' | '"' | '\\' | '/')) => Ok(character),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => {
                let unit = self.hexadecimal().ok_or_else(|| error.clone())?;
                if !(0xd800..0xdc00).contains(&unit) {
                    return char::from_u32(unit).ok_or(error);
                }
                // A character beyond the basic plane is a pair of units.
                let low = (self.next() == Some('\\') && self.next() == Some('u'))
                    .then(|| self.hexadecimal())
                    .flatten();
                low.filter(|low| (0xdc00..0xe000).contains(low))
                    .and_then(|low| char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)))
                    .ok_or(error)
            }
            _ => Err(error),
        }
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |number, _| Some(number * 16 + self.next()?.to_digit(16)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    #[test]
    fn single_and_double_quotes_say_the_same() {
        let wanted =
            vec![("target".to_owned(), text("survived")), ("ignored_columns".to_owned(), text("a,b"))];
        assert_eq!(parse("{'target': 'survived', 'ignored_columns':'a,b'}").unwrap(), wanted);
        assert_eq!(parse(r#"{"target": "survived", "ignored_columns":"a,b"}"#).unwrap(), wanted);
        assert_eq!(parse(r#"{ 'target' : "survived" , "ignored_columns" : 'a,b' , }"#).unwrap(), wanted);
    }

    #[test]
    fn the_other_quote_is_a_character() {
        let wanted = vec![("a".to_owned(), text("it's")), ("b".to_owned(), text("say \"no\""))];
        assert_eq!(parse(r#"{"a": "it's", 'b': 'say "no"'}"#).unwrap(), wanted);
        assert_eq!(parse(r#"{'a': 'it\'s', "b": "say \"no\""}"#).unwrap(), wanted);
    }

    #[test]
    fn words_lists_and_escapes() {
        let object =
            parse(r"{'a': True, 'b': -1.5e3, 'c': null, 'd': ['x', 'y'], 'e': '\u00e9\ud83d\ude00'}")
                .unwrap();
        let values: Vec<_> = object.into_iter().map(|(_, value)| value).collect();
        let list = Value::List(vec!["x".into(), "y".into()]);
        assert_eq!(values, [text("True"), text("-1.5e3"), Value::Null, list, text("é😀")]);
        assert_eq!(parse("{}").unwrap(), []);
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        let fault = |text| parse(text).unwrap_err().to_string();
        assert_eq!(fault(""), "at character 1: the text ends where `{` was expected");
        assert_eq!(fault("{'a': 'b'"), "at character 10: the text ends where `,` or `}` was expected");
        assert_eq!(fault("{'a': 'b}"), "at character 7: the string that ' opens has no end");
        assert_eq!(fault("{a: 'b'}"), "at character 2: `a` where a quoted key or `}` was expected");
        assert_eq!(fault("{'a': 'b', 'a': 'c'}"), "at character 12: `a` is there twice");
        assert_eq!(
            fault("{'a': yes}"),
            "at character 7: `yes` is neither quoted nor a number, true, false or null"
        );
        assert_eq!(fault("{'a': 'b'} c"), "at character 12: `c` after the end of the object");
        assert_eq!(fault(r"{'a': '\x'}"), "at character 9: no such escape");
        assert_eq!(fault(r"{'a': '\ud800'}"), "at character 9: no such escape");
    }

    proptest! {
        #[test]
        fn json_is_read_as_json(entries in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..5)) {
            let json = serde_json::to_string(&entries).unwrap();
            let wanted: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), text(value))).collect();
            prop_assert_eq!(parse(&json).unwrap(), wanted);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
