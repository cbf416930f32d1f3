use std::fmt::{self, Write as _};

use super::{Node, Value, write_string};

/// How far each level is indented.
const INDENT: &str = "  ";

/// The value as JSON for people: a line for each member and element, indented by two blanks; numbers as they were written,
/// members in their order.
pub fn to_pretty(value: &Value) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, value, 0);
    text
}

fn write(out: &mut String, value: &Value, depth: usize) -> fmt::Result {
    match value {
        Value::Array(elements) if !elements.is_empty() => {
            block(out, ['[', ']'], elements, depth, |out, element: &Node| {
                write(out, &element.value, depth + 1)
            })
        }
        Value::Object(members) if !members.is_empty() => {
            block(out, ['{', '}'], members, depth, |out, member| {
                write_string(out, &member.name)?;
                out.write_str(": ")?;
                write(out, &member.node.value, depth + 1)
            })
        }
        plain => write!(out, "{plain}"),
    }
}

/// Writes the items between two brackets, each on a line of its own.
fn block<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    depth: usize,
    item: impl Fn(&mut String, &T) -> fmt::Result,
) -> fmt::Result {
    let line = |out: &mut String, depth| write!(out, "\n{}", INDENT.repeat(depth));
    out.write_char(open)?;
    for (index, this) in items.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        line(out, depth + 1)?;
        item(out, this)?;
    }
    line(out, depth)?;
    out.write_char(close)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sources;
    use crate::json::parse;

    #[test]
    fn each_member_has_a_line_and_the_text_reads_back_as_the_same_value() {
        let pretty =
            "{\n  \"a\": 1e-9,\n  \"b\": [\n    \"ü\\n\",\n    {}\n  ],\n  \"c\": {\n    \"d\": []\n  }\n}";
        let mut sources = Sources::default();
        let compact = sources.add("a.json", r#"{"a":1e-9,"b":["ü\n",{}],"c":{"d":[]}}"#);
        let value = parse(&sources, compact).unwrap().value;
        assert_eq!(to_pretty(&value), pretty);
        let source = sources.add("pretty", pretty);
        assert_eq!(parse(&sources, source).unwrap().value, value);
    }
}
