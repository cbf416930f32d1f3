//! From text to [`Call`].

use std::sync::Arc;

use serde_json::Value;

use super::{Argument, Call, Function, SyntaxError, TextLiteral};
use crate::jsonpath::Path;

/// Nesting of calls in calls; the service documents ten.
const MAX_DEPTH: usize = 32;

pub(super) fn call(text: &str) -> Result<Call, SyntaxError> {
    let mut parser = Parser { text, at: 0 };
    let call = parser.call(0)?;
    parser.spaces();
    if parser.at == text.len() { Ok(call) } else { Err(SyntaxError::Malformed("text after the end")) }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn call(&mut self, depth: usize) -> Result<Call, SyntaxError> {
        if depth == MAX_DEPTH {
            return Err(SyntaxError::Malformed("too many nested calls"));
        }
        self.spaces();
        let start = self.at;
        let name = self.name();
        let (name, function, least, most) = Function::ALL
            .into_iter()
            .find(|(known, ..)| *known == name)
            .ok_or(SyntaxError::UnknownFunction(name))?;
        self.spaces();
        if !self.eat('(') {
            return Err(SyntaxError::Malformed("'(' is missing"));
        }
        let arguments = self.arguments(depth)?;
        if !(least..=most).contains(&arguments.len()) {
            return Err(SyntaxError::ArgumentCount(name));
        }
        Ok(Call { text: Arc::from(&self.text[start..self.at]), function, arguments })
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Argument>, SyntaxError> {
        let mut arguments = Vec::new();
        self.spaces();
        if self.eat(')') {
            return Ok(arguments);
        }
        loop {
            self.spaces();
            arguments.push(self.argument(depth)?);
            self.spaces();
            if self.eat(')') {
                return Ok(arguments);
            }
            if !self.eat(',') {
                return Err(SyntaxError::Malformed("',' or ')' is missing"));
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, SyntaxError> {
        match self.rest().chars().next() {
            Some('\'') => self.quoted().map(Argument::Text),
            Some('$') => Ok(Argument::Path(Path::parse(self.path_text())?)),
            Some('S') => self.call(depth + 1).map(Argument::Call),
            _ => {
                let rest = self.rest();
                let end =
                    rest.find(|c: char| matches!(c, ',' | ')') || c.is_whitespace()).unwrap_or(rest.len());
                match serde_json::from_str(&rest[..end]) {
                    Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => {
                        self.at += end;
                        Ok(Argument::Literal(value))
                    }
                    _ => Err(SyntaxError::Malformed("an argument is missing or malformed")),
                }
            }
        }
    }

    /// The text of a path: up to a comma or parenthesis outside its brackets and quotes.
    fn path_text(&mut self) -> &str {
        let rest = &self.text[self.at..];
        let mut depth = 0_usize;
        let mut quote = None;
        let mut escaped = false;
        let mut end = rest.len();
        for (offset, c) in rest.char_indices() {
            match (quote, c) {
                _ if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), c) if open == c => quote = None,
                (None, '\'' | '"') => quote = Some(c),
                (None, '[' | '(') => depth += 1,
                (None, ')' | ',') if depth == 0 => {
                    end = offset;
                    break;
                }
                (None, ']' | ')') => depth = depth.saturating_sub(1),
                (Some(_) | None, _) => {}
            }
        }
        self.at += end;
        rest[..end].trim_end()
    }

    /// A string in single quotes; `\'`, `\\`, `\{` and `\}` are the only escapes.
    fn quoted(&mut self) -> Result<TextLiteral, SyntaxError> {
        self.at += 1;
        let mut value = String::new();
        let mut placeholders = Vec::new();
        let mut chars = self.text[self.at..].char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at += offset + 1;
                    return Ok(TextLiteral { value, placeholders });
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('\'' | '\\' | '{' | '}'))) => value.push(escaped),
                    _ => return Err(SyntaxError::Malformed("illegal escape")),
                },
                '{' if chars.next_if(|(_, next)| *next == '}').is_some() => {
                    placeholders.push(value.len());
                    value.push_str("{}");
                }
                c => value.push(c),
            }
        }
        Err(SyntaxError::Malformed("a quote is not closed"))
    }

    fn name(&mut self) -> String {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c == '.' || c.is_ascii_alphanumeric())).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }
}
