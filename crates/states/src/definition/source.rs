//! From a JSON pointer to the bytes it covers in the definition's text.

use std::ops::Range;

/// The bytes of the value at `pointer` (the empty one is the whole), or `None` when there is no such value.
///
/// The text has been accepted by the JSON parser before; on any other text the answer is arbitrary but never a panic.
pub(super) fn span(text: &str, pointer: &str) -> Option<Range<usize>> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.spaces();
    if pointer.len() > 1 {
        for step in pointer.strip_prefix('/')?.split('/') {
            let step = step.replace("~1", "/").replace("~0", "~");
            scanner.descend(&step, text)?;
        }
    }
    let start = scanner.at;
    scanner.skip_value()?;
    Some(start..scanner.at)
}

/// The byte of `text` that a parser's error is at.
pub(super) fn offset(text: &str, error: &serde_json::Error) -> usize {
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    // Columns count bytes.
    text.floor_char_boundary((line_start + error.column().saturating_sub(1)).min(text.len()))
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    /// Moves from the beginning of a container to the beginning of its member `step`.
    fn descend(&mut self, step: &str, text: &str) -> Option<()> {
        let object = match self.peek()? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        self.at += 1;
        let mut index = 0_usize;
        loop {
            self.spaces();
            if matches!(self.peek()?, b'}' | b']') {
                return None;
            }
            let found = if object {
                let start = self.at;
                self.skip_string()?;
                let key: String = serde_json::from_str(text.get(start..self.at)?).ok()?;
                self.spaces();
                self.at += 1;
                self.spaces();
                key == step
            } else {
                step.parse() == Ok(index)
            };
            if found {
                return Some(());
            }
            index += 1;
            self.skip_value()?;
            self.spaces();
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
    }

    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                _ => {
                    while self
                        .peek()
                        .is_some_and(|b| !matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))
                    {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_values() {
        let text = r#" {"a": {"b/c": [1, "x\"]", {"d": true}]}, "e": -1.5} "#;
        let at = |pointer: &str| span(text, pointer).map(|range| &text[range]);
        assert_eq!(at("/a/b~1c/1"), Some(r#""x\"]""#));
        assert_eq!(at("/a/b~1c/2/d"), Some("true"));
        assert_eq!(at("/e"), Some("-1.5"));
        assert_eq!(at("/"), Some(text.trim()));
        assert_eq!(at("/a/z"), None);
        assert_eq!(at("/e/0"), None);
    }

    #[test]
    fn survives_broken_text() {
        for text in ["", "{", "[1", "{\"a\"", "\"", "}", "{\"a\":"] {
            let _ = span(text, "/a");
            let _ = span(text, "/0");
        }
    }
}
