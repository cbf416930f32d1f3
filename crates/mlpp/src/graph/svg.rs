//! A drawing as SVG: no script, nothing from outside, the same bytes for the same machine.
//!
//! Every state is a group `state` with its type and name in `data-type` and `data-state`; in the drawing of an execution
//! `data-status` says what became of it. All rules of the style sheet are within the class `mlpp-graph`, so that the drawing can be part of a page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::StateStatus;
use super::drawing::{
    ABOUT, ABOUT_LINE, Class, Drawing, Edge, Figure, ICON, ICON_GAP, NAME, NAME_LINE, PADDING, Shape,
};
use super::geometry::{Path, Rect, Step};
use super::layered::RouteEnd;
use super::{icons, labels};

const STYLE: &str = include_str!("style.css");
/// The radius of the badge of a state's status.
const BADGE: f64 = 8.0;
/// Around what is inside a line's label.
const CORNER: f64 = 8.0;

/// Writes a drawing; `title` names the machine, `description` says what it is for.
pub(super) fn write(
    drawing: &Drawing<'_>,
    title: &str,
    description: Option<&str>,
    statuses: Option<&BTreeMap<&str, StateStatus>>,
) -> String {
    let mut svg = Svg { text: String::new(), statuses };
    let (width, height) = (number(drawing.size.width), number(drawing.size.height));
    svg.add(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mlpp-graph\" role=\"img\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n"
    ));
    svg.element("title", title);
    svg.add("\n");
    if let Some(description) = description {
        svg.element("desc", description);
        svg.add("\n");
    }
    svg.add(&format!("<style>\n{STYLE}</style>\n"));
    svg.add("<defs>");
    for class in ["next", "catch"] {
        svg.add(&format!(
            "<marker id=\"mlpp-graph-{class}\" class=\"{class}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" \
             markerWidth=\"7\" markerHeight=\"7\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
             <path d=\"M0 0.5 10 5 0 9.5z\"/></marker>"
        ));
    }
    svg.add("</defs>\n");
    svg.add(&format!("<rect class=\"canvas\" width=\"{width}\" height=\"{height}\"/>\n"));
    for figure in &drawing.figures {
        svg.figure(figure);
    }
    for edge in &drawing.edges {
        svg.edge(edge);
    }
    // Above all lines, which may pass behind a label.
    for edge in &drawing.edges {
        svg.label(edge);
    }
    svg.add("</svg>\n");
    svg.text
}

struct Svg<'a> {
    text: String,
    /// What became of the states, in the drawing of an execution.
    statuses: Option<&'a BTreeMap<&'a str, StateStatus>>,
}

impl Svg<'_> {
    fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn attribute(&mut self, name: &str, value: &str) {
        let _ = write!(self.text, " {name}=\"");
        escape(value, &mut self.text);
        self.add("\"");
    }

    fn element(&mut self, name: &str, content: &str) {
        let _ = write!(self.text, "<{name}>");
        escape(content, &mut self.text);
        let _ = write!(self.text, "</{name}>");
    }

    fn figure(&mut self, figure: &Figure<'_>) {
        let rect = figure.rect;
        let center = rect.center();
        let (x, y, radius) = (number(center.x), number(center.y), rect.width / 2.0);
        match &figure.shape {
            Shape::Start => {
                let radius = number(radius - 1.0);
                self.add(&format!(
                    "<g class=\"start\"><title>Start</title><circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"
                ));
                let arrow = format!("M{} {}v10l8 -5z", number(center.x - 3.0), number(center.y - 5.0));
                self.add(&format!("<path d=\"{arrow}\"/></g>\n"));
            }
            Shape::End => {
                let (outer, inner) = (number(radius - 1.0), number(radius - 6.0));
                self.add(&format!(
                    "<g class=\"end\"><title>End</title><circle class=\"ring\" cx=\"{x}\" cy=\"{y}\" r=\"{outer}\"/>\
                     <circle cx=\"{x}\" cy=\"{y}\" r=\"{inner}\"/></g>\n"
                ));
            }
            Shape::Branch => {
                self.add("<rect class=\"branch\"");
                self.place(rect);
                self.add(" rx=\"6\"/>\n");
            }
            Shape::State { state, name, about } => {
                let kind = labels::type_name(&state.kind);
                let class = format!("state {}", kind.to_lowercase());
                self.add("<g");
                self.attribute("class", &class);
                self.attribute("data-type", kind);
                self.attribute("data-state", state.name);
                let status = self
                    .statuses
                    .map(|statuses| statuses.get(state.name).map_or("not entered", |mark| mark.text()));
                if let Some(status) = status {
                    self.attribute("data-status", status);
                }
                self.add(">");
                let comment = state.comment.map(|comment| format!("\n{comment}")).unwrap_or_default();
                let status = status.map(|status| format!(": {status}")).unwrap_or_default();
                let about_it = labels::about(&state.kind);
                self.element("title", &format!("{} ({about_it}){status}{comment}", state.name));
                self.outline(kind, rect);
                self.add(&format!(
                    "<g class=\"icon\" transform=\"translate({} {})\">{}</g>",
                    number(rect.x + PADDING),
                    number(rect.y + PADDING),
                    icons::of(kind)
                ));
                let x = number(rect.x + PADDING + ICON + ICON_GAP);
                let mut y = rect.y + PADDING * 0.7 + NAME;
                for line in name {
                    self.line("name", &x, y, line);
                    y += NAME_LINE;
                }
                y += ABOUT - NAME + (ABOUT_LINE - ABOUT) / 2.0;
                for line in about {
                    self.line("about", &x, y, line);
                    y += ABOUT_LINE;
                }
                if let Some(status) = self.statuses.and_then(|statuses| statuses.get(state.name)) {
                    // On the corner, where no name and no line is.
                    let (x, y) = (number(rect.right() - BADGE / 2.0), number(rect.y));
                    self.add(&format!("<circle class=\"badge\" cx=\"{x}\" cy=\"{y}\" r=\"{BADGE}\"/>"));
                    self.line("mark", &x, rect.y + BADGE / 2.0, status.sign());
                }
                self.add("</g>\n");
            }
        }
    }

    /// A state's box: its shape tells Choice, Succeed and Fail from the others.
    fn outline(&mut self, kind: &str, rect: Rect) {
        if kind == "Choice" {
            let (x, y, right, bottom) = (rect.x, rect.y, rect.right(), rect.bottom());
            let (middle, cut) = (rect.center().y, 10.0);
            let points = [
                (x + cut, y),
                (right - cut, y),
                (right, middle),
                (right - cut, bottom),
                (x + cut, bottom),
                (x, middle),
            ];
            let points: Vec<_> =
                points.iter().map(|(x, y)| format!("{} {}", number(*x), number(*y))).collect();
            self.add(&format!("<path class=\"box\" d=\"M{}z\"/>", points.join(" ")));
            return;
        }
        let corner = if matches!(kind, "Succeed" | "Fail") { rect.height / 2.0 } else { CORNER };
        self.add("<rect class=\"box\"");
        self.place(rect);
        self.add(&format!(" rx=\"{}\"/>", number(corner)));
    }

    fn place(&mut self, rect: Rect) {
        let _ = write!(
            self.text,
            " x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            number(rect.x),
            number(rect.y),
            number(rect.width),
            number(rect.height)
        );
    }

    fn line(&mut self, class: &str, x: &str, y: f64, text: &str) {
        let _ = write!(self.text, "<text class=\"{class}\" x=\"{x}\" y=\"{}\">", number(y));
        escape(text, &mut self.text);
        self.add("</text>");
    }

    fn edge(&mut self, edge: &Edge<'_>) {
        let class = class(edge.class);
        self.add("<path");
        self.attribute("class", &format!("edge {class}"));
        self.attribute("data-from", edge.from.unwrap_or(""));
        self.attribute("data-to", edge.to.unwrap_or(""));
        self.add(&format!(" d=\"{}\"", data(&edge.path)));
        if edge.end == RouteEnd::Target {
            self.add(&format!(" marker-end=\"url(#mlpp-graph-{class})\""));
        }
        self.add("/>\n");
    }

    fn label(&mut self, edge: &Edge<'_>) {
        let Some((rect, label)) = &edge.label else { return };
        self.add("<g");
        self.attribute("class", &format!("label {}", class(edge.class)));
        self.add(">");
        self.element("title", &label.whole);
        self.add("<rect");
        self.place(*rect);
        self.add(" rx=\"4\"/>");
        let x = number(rect.center().x);
        let above = (rect.height - super::drawing::lines(label.lines.len()) * labels::LINE) / 2.0;
        let mut y = rect.y + above + labels::SIZE;
        for line in &label.lines {
            self.line("text", &x, y, line);
            y += labels::LINE;
        }
        self.add("</g>\n");
    }
}

fn class(class: Class) -> &'static str {
    match class {
        Class::Next => "next",
        Class::Catch => "catch",
    }
}

fn data(path: &Path) -> String {
    let mut data = format!("M{} {}", number(path.start.x), number(path.start.y));
    for step in &path.steps {
        let _ = match step {
            Step::Line(end) => write!(data, "L{} {}", number(end.x), number(end.y)),
            Step::Curve(one, two, end) => {
                let all = [one.x, one.y, two.x, two.y, end.x, end.y].map(number);
                write!(data, "C{}", all.join(" "))
            }
        };
    }
    data
}

/// A number with at most one digit behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let short = text.strip_suffix(".0").unwrap_or(&text);
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Writes a text as content or as an attribute; what XML cannot hold becomes U+FFFD.
fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\n' | '\t' => into.push(character),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => into.push('\u{fffd}'),
            character => into.push(character),
        }
    }
}

impl StateStatus {
    /// A sign beside the colour, for who does not tell colours apart.
    fn sign(self) -> &'static str {
        match self {
            Self::Running => "…",
            Self::Succeeded => "✓",
            Self::Caught => "!",
            Self::Failed => "✗",
            Self::Aborted => "■",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_xml_would_take_for_its_own() {
        let mut text = String::new();
        escape("<a href=\"x\">&'\u{1}\n", &mut text);
        assert_eq!(text, "&lt;a href=&quot;x&quot;&gt;&amp;'\u{fffd}\n");
    }

    #[test]
    fn writes_numbers_short() {
        assert_eq!([1.0, 1.25, -0.01, 120.96].map(number), ["1", "1.2", "0", "121"]);
    }
}
