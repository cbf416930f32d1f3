//! A machine in Graphviz's language.

use std::fmt::Write as _;

use mlpp_states::outline::Outline;

use super::listing::{self, END, Format, Group, START, Style};

/// Writes the machine; `title` names it.
pub(super) fn write(outline: &Outline<'_>, title: &str) -> String {
    let mut dot = Dot { text: String::from("digraph {\n"), depth: 1 };
    dot.line(&format!("label={}", quoted(&[title.to_owned()])));
    dot.line("labelloc=t");
    dot.line("fontname=\"Helvetica\"");
    dot.line("node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=12]");
    dot.line("edge [fontname=\"Helvetica\", fontsize=10]");
    listing::list(outline, &mut dot);
    dot.text.push_str("}\n");
    dot.text
}

struct Dot {
    text: String,
    depth: usize,
}

impl Dot {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:width$}{line}", "", width = 2 * self.depth);
    }
}

impl Format for Dot {
    fn node(&mut self, id: usize, kind: &str, lines: &[String]) {
        let label = quoted(lines);
        let more = match kind {
            START => "shape=circle, style=filled, fillcolor=\"#3f5f8f\", fontcolor=white".to_owned(),
            END => "shape=doublecircle, style=solid".to_owned(),
            "Choice" => "shape=hexagon, style=solid".to_owned(),
            "Succeed" => "style=\"rounded,bold\", color=\"#1d7a3c\"".to_owned(),
            "Fail" => "style=\"rounded,bold\", color=\"#b3261e\"".to_owned(),
            "Parallel" | "Map" => "shape=folder, style=solid".to_owned(),
            _ => String::new(),
        };
        let comma = if more.is_empty() { "" } else { ", " };
        self.line(&format!("n{id} [label={label}{comma}{more}]"));
    }

    fn open(&mut self, group: Group) {
        let name = match group {
            Group::State(id) => format!("cluster_{id}"),
            Group::Branch(id) => format!("cluster_{id}_branch"),
        };
        self.line(&format!("subgraph {name} {{"));
        self.depth += 1;
        self.line("label=\"\"");
        self.line(if matches!(group, Group::State(_)) { "style=rounded" } else { "style=dotted" });
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }

    fn edge(&mut self, from: usize, to: usize, style: Style, label: &[String]) {
        let mut attributes = Vec::new();
        match style {
            Style::Next => {}
            Style::Catch => {
                attributes.push("style=dashed, color=\"#b4532a\", fontcolor=\"#93401c\"".to_owned());
            }
            Style::Inside => attributes.push("style=dotted, arrowhead=open".to_owned()),
        }
        if !label.is_empty() {
            attributes.push(format!("label={}", quoted(label)));
        }
        let attributes =
            if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        self.line(&format!("n{from} -> n{to}{attributes}"));
    }
}

/// A double-quoted string of lines. In labels a backslash begins an escape, and Graphviz reads HTML entities in them.
fn quoted(lines: &[String]) -> String {
    let mut text = String::from("\"");
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            text.push_str("\\n");
        }
        for character in line.chars() {
            match character {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '&' => text.push_str("&amp;"),
                character if character.is_control() => text.push(' '),
                character => text.push(character),
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
    fn quotes_what_would_end_or_escape() {
        let lines = ["a \"b\" \\N".to_owned(), "&amp;\n".to_owned()];
        assert_eq!(quoted(&lines), r#""a \"b\" \\N\n&amp;amp; ""#);
    }
}
