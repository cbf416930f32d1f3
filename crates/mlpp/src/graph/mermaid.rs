//! A machine as a Mermaid flowchart, which Markdown viewers draw.

use std::fmt::Write as _;

use mlpp_states::outline::Outline;

use super::listing::{self, END, Format, Group, START, Style};

/// Writes the machine.
pub(super) fn write(outline: &Outline<'_>) -> String {
    let mut mermaid = Mermaid { text: String::from("flowchart TD\n"), depth: 1 };
    listing::list(outline, &mut mermaid);
    mermaid.text
}

struct Mermaid {
    text: String,
    depth: usize,
}

impl Mermaid {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:width$}{line}", "", width = 2 * self.depth);
    }
}

impl Format for Mermaid {
    fn node(&mut self, id: usize, kind: &str, lines: &[String]) {
        let (left, right) = match kind {
            START => ("((", "))"),
            END => ("(((", ")))"),
            "Choice" => ("{{", "}}"),
            "Succeed" | "Fail" => ("([", "])"),
            "Parallel" | "Map" => ("[[", "]]"),
            "Wait" => ("(", ")"),
            _ => ("[", "]"),
        };
        self.line(&format!("n{id}{left}{}{right}", quoted(lines)));
    }

    fn open(&mut self, group: Group) {
        let name = match group {
            Group::State(id) => format!("g{id}"),
            Group::Branch(id) => format!("b{id}"),
        };
        self.line(&format!("subgraph {name} [\" \"]"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("end");
    }

    fn edge(&mut self, from: usize, to: usize, style: Style, label: &[String]) {
        let arrow = if style == Style::Next { "-->" } else { "-.->" };
        let label = if label.is_empty() { String::new() } else { format!("|{}|", quoted(label)) };
        self.line(&format!("n{from} {arrow}{label} n{to}"));
    }
}

/// A quoted text of lines. Whatever could be Mermaid, Markdown, HTML or TeX is written as `#code;`.
fn quoted(lines: &[String]) -> String {
    let mut text = String::from("\"");
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            text.push_str("<br/>");
        }
        let mut before = None;
        for character in line.chars() {
            if (before, character) == (Some('$'), '$') {
                // Two dollars begin TeX, even as codes: a space without a width goes between.
                text.push_str("#8203;");
            }
            before = Some(character);
            let plain = character.is_alphanumeric() || matches!(character, ' ' | ':' | ',' | '·' | '…');
            if plain {
                text.push(character);
            } else if character.is_control() {
                text.push(' ');
            } else {
                let _ = write!(text, "#{};", u32::from(character));
            }
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_could_be_syntax_as_codes() {
        let lines = ["a \"b\"".to_owned(), "<i>#35;`$$x".to_owned()];
        assert_eq!(quoted(&lines), r#""a #34;b#34;<br/>#60;i#62;#35;35#59;#96;#36;#8203;#36;x""#);
    }
}
