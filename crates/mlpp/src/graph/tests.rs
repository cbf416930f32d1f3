//! What must be true of every drawing, on machines made up at random.

use std::collections::BTreeSet;

use mlpp_states::StateMachine;
use mlpp_states::outline::{Kind, Outline, Reason};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::drawing::{Class, Drawing, Edge, Shape};
use super::geometry::{Path, Point, Rect, Step};
use super::labels;
use super::layered::RouteEnd;

/// Makes a definition out of numbers; where they end, everything is as simple as can be.
struct Maker<'n> {
    numbers: std::slice::Iter<'n, u16>,
    names: usize,
}

impl Maker<'_> {
    fn below(&mut self, bound: usize) -> usize {
        self.numbers.next().map_or(0, |number| usize::from(*number) % bound)
    }

    fn name(&mut self) -> String {
        self.names += 1;
        let more =
            ["", " with a name of several words", "WithoutASpaceButCapitals", "日本語", " & <\"quoted\">"];
        let more = more[self.below(more.len())];
        format!("S{}{more}", self.names)
    }

    fn scope(&mut self, depth: usize) -> Value {
        let count = 1 + self.below(if depth == 0 { 16 } else { 4 });
        let names: Vec<String> = (0..count).map(|_| self.name()).collect();
        let mut states = serde_json::Map::new();
        for (position, name) in names.iter().enumerate() {
            let state = self.state(depth, &names, position);
            states.insert(name.clone(), state);
        }
        let start = names[self.below(count)].clone();
        self.valid(&start, states)
    }

    /// A scope of these states: where it has no end, or states that nothing leads to, a Choice before all of them leads there.
    fn valid(&mut self, start: &str, mut states: serde_json::Map<String, Value>) -> Value {
        let ends = |state: &Value| {
            state.get("End").is_some() || matches!(state["Type"].as_str(), Some("Succeed" | "Fail"))
        };
        if !states.values().any(ends) {
            states.insert(self.name(), json!({"Type": "Succeed"}));
        }
        let mut reached = BTreeSet::new();
        let mut choices = Vec::new();
        for name in std::iter::once(start).chain(states.keys().map(String::as_str)) {
            if !reached.contains(name) {
                choices.push(json!({"Variable": "$.b", "IsPresent": true, "Next": name}));
            }
            let mut open = vec![name];
            while let Some(name) = open.pop() {
                if !reached.insert(name) {
                    continue;
                }
                let state = &states[name];
                let entries =
                    ["Choices", "Catch"].into_iter().filter_map(|field| state[field].as_array()).flatten();
                let targets = [&state["Next"], &state["Default"]]
                    .into_iter()
                    .chain(entries.map(|entry| &entry["Next"]));
                open.extend(targets.filter_map(Value::as_str).filter(|target| !reached.contains(target)));
            }
        }
        if choices.len() == 1 {
            return json!({"StartAt": start, "States": states});
        }
        let first = self.name();
        states.insert(first.clone(), json!({"Type": "Choice", "Choices": choices}));
        json!({"StartAt": first, "States": states})
    }

    fn state(&mut self, depth: usize, names: &[String], position: usize) -> Value {
        let mut state = match self.below(9) {
            0 => json!({"Type": "Pass"}),
            1 | 2 => {
                json!({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob"})
            }
            3 => json!({"Type": "Wait", "Seconds": 1}),
            4 => return json!({"Type": "Succeed"}),
            5 => return json!({"Type": "Fail"}),
            6 | 7 if depth < 3 && self.below(2) == 0 => {
                let branches: Vec<_> = (0..=self.below(3)).map(|_| self.scope(depth + 1)).collect();
                json!({"Type": "Parallel", "Branches": branches})
            }
            6 | 7 if depth < 3 => json!({"Type": "Map", "ItemProcessor": self.scope(depth + 1)}),
            _ => return self.choice(names),
        };
        // Often the next one, as people write; else any, the state itself included.
        match self.below(5) {
            0 => state["End"] = json!(true),
            1..=3 if position + 1 < names.len() => state["Next"] = json!(names[position + 1]),
            _ => state["Next"] = json!(names[self.below(names.len())]),
        }
        if matches!(state["Type"].as_str(), Some("Task" | "Parallel" | "Map")) {
            let errors = ["Some.Error", "States.Timeout", "A.Much.Longer.Error.Than.Fits.On.A.Single.Line"];
            let catch: Vec<_> = (0..self.below(3))
                .map(|_| json!({"ErrorEquals": [errors[self.below(3)]], "Next": names[self.below(names.len())]}))
                .collect();
            state["Catch"] = json!(catch);
        }
        state
    }

    fn choice(&mut self, names: &[String]) -> Value {
        let rule = |maker: &mut Self| {
            let value = "value ".repeat(1 + maker.below(12));
            json!({"Variable": "$.a", "StringEquals": value, "Next": names[maker.below(names.len())]})
        };
        let rules: Vec<_> = (0..=self.below(5)).map(|_| rule(self)).collect();
        let mut state = json!({"Type": "Choice", "Choices": rules});
        if self.below(2) == 0 {
            state["Default"] = json!(names[self.below(names.len())]);
        }
        state
    }
}

fn machine(numbers: &[u16]) -> StateMachine {
    let definition = Maker { numbers: numbers.iter(), names: 0 }.scope(0);
    StateMachine::parse(&definition.to_string()).unwrap()
}

/// Points of a line close to each other.
fn points(path: &Path) -> Vec<Point> {
    let mut points = vec![path.start];
    for step in &path.steps {
        let start = points[points.len() - 1];
        let (one, two, end) = match *step {
            Step::Line(end) => (start, end, end),
            Step::Curve(one, two, end) => (one, two, end),
        };
        for part in 1..=24 {
            let t = f64::from(part) / 24.0;
            let at = |a: f64, b: f64, c: f64, d: f64| match step {
                Step::Line(_) => a + (d - a) * t,
                Step::Curve(..) => {
                    let u = 1.0 - t;
                    u.powi(3) * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t.powi(3) * d
                }
            };
            points.push(Point { x: at(start.x, one.x, two.x, end.x), y: at(start.y, one.y, two.y, end.y) });
        }
    }
    points
}

/// Where rounding to tenths of a pixel may put something.
const SLACK: f64 = 0.3;

fn inside(rect: Rect, point: Point) -> bool {
    point.x > rect.x + SLACK
        && point.x < rect.right() - SLACK
        && point.y > rect.y + SLACK
        && point.y < rect.bottom() - SLACK
}

fn apart(one: Rect, other: Rect) -> bool {
    one.right() <= other.x + SLACK
        || other.right() <= one.x + SLACK
        || one.bottom() <= other.y + SLACK
        || other.bottom() <= one.y + SLACK
}

fn contains(outer: Rect, inner: Rect) -> bool {
    outer.x < inner.x && outer.y < inner.y && outer.right() > inner.right() && outer.bottom() > inner.bottom()
}

fn owns(shape: &Shape<'_>) -> bool {
    match shape {
        Shape::Branch => true,
        Shape::State { state, .. } => matches!(state.kind, Kind::Parallel { .. } | Kind::Map { .. }),
        Shape::Start | Shape::End => false,
    }
}

fn check(machine: &StateMachine) {
    let outline = machine.outline();
    let drawing = Drawing::of(&outline);
    boxes(&drawing);
    for edge in &drawing.edges {
        line(&drawing, edge);
    }
    let mut wanted = BTreeSet::from([(None, Some(outline.states[outline.start_at].name), Class::Next)]);
    wanted.extend(
        outline.states.iter().filter(|state| state.ends).map(|state| (Some(state.name), None, Class::Next)),
    );
    transitions(&outline, &drawing, &mut wanted);
    let drawn: Vec<_> = drawing.edges.iter().map(|edge| (edge.from, edge.to, edge.class)).collect();
    assert_eq!(drawn.len(), wanted.len(), "no line is drawn twice");
    assert_eq!(drawn.into_iter().collect::<BTreeSet<_>>(), wanted);
}

/// Boxes and labels are on the canvas and not over each other.
fn boxes(drawing: &Drawing<'_>) {
    let canvas = Rect { x: 0.0, y: 0.0, width: drawing.size.width, height: drawing.size.height };
    let labels: Vec<Rect> = drawing.edges.iter().filter_map(|edge| Some(edge.label.as_ref()?.0)).collect();
    for (index, figure) in drawing.figures.iter().enumerate() {
        assert!(contains(canvas, figure.rect), "{figure:?} is off the canvas");
        for other in &drawing.figures[index + 1..] {
            let within = owns(&figure.shape) && contains(figure.rect, other.rect);
            assert!(apart(figure.rect, other.rect) || within, "{figure:?} and {other:?}");
        }
        for label in &labels {
            let within = owns(&figure.shape) && contains(figure.rect, *label);
            assert!(apart(figure.rect, *label) || within, "{figure:?} and the label at {label:?}");
        }
    }
    for (index, label) in labels.iter().enumerate() {
        assert!(contains(canvas, *label), "the label at {label:?} is off the canvas");
        for other in &labels[index + 1..] {
            assert!(apart(*label, *other), "labels at {label:?} and {other:?}");
        }
    }
}

/// A line begins and ends where it should, and goes through no box and no other line's label.
fn line(drawing: &Drawing<'_>, edge: &Edge<'_>) {
    let points = points(&edge.path);
    let canvas = Rect { x: 0.0, y: 0.0, width: drawing.size.width, height: drawing.size.height };
    assert!(points.iter().all(|point| inside(canvas, *point)), "{edge:?} leaves the canvas");
    for figure in &drawing.figures {
        let within = points.iter().filter(|point| inside(figure.rect, **point)).count();
        let allowed = within == 0 || (owns(&figure.shape) && within == points.len());
        assert!(allowed, "{edge:?} goes through {figure:?}");
    }
    for other in drawing.edges.iter().filter(|other| !std::ptr::eq(*other, edge)) {
        let Some((label, _)) = other.label.as_ref() else { continue };
        assert!(
            !points.iter().any(|point| inside(*label, *point)),
            "{edge:?} goes through the label of {other:?}"
        );
    }
    let rect = |name: Option<&str>, end: bool| {
        let found = drawing.figures.iter().find(|figure| match &figure.shape {
            Shape::State { state, .. } => Some(state.name) == name,
            Shape::Start => name.is_none() && !end,
            Shape::End => name.is_none() && end,
            Shape::Branch => false,
        });
        found.unwrap().rect
    };
    let near = |one: Point, other: Point| (one.x - other.x).abs() < 1.5 && (one.y - other.y).abs() < 1.5;
    let from = rect(edge.from, false);
    assert!(
        near(edge.path.start, Point { x: from.center().x, y: from.bottom() }),
        "{edge:?} begins elsewhere"
    );
    let last = edge.path.end();
    match edge.end {
        RouteEnd::Target => {
            let to = rect(edge.to, true);
            assert!(near(last, Point { x: to.center().x, y: to.y }), "{edge:?} ends elsewhere");
        }
        RouteEnd::Trunk => {
            let same = |other: &&Edge<'_>| {
                (other.to, other.class, other.end) == (edge.to, edge.class, RouteEnd::Target)
            };
            let met = drawing.edges.iter().filter(same).any(|other| touches(&other.path, last));
            assert!(met, "{edge:?} joins nothing");
        }
        RouteEnd::Stub => {
            let (rect, label) = edge.label.as_ref().unwrap();
            assert!(near(last, Point { x: rect.center().x, y: rect.y }));
            assert!(label.whole.contains(edge.to.unwrap_or("End")));
        }
    }
}

/// Whether a point is on a line: on a straight part of it, or at the end of a part.
fn touches(path: &Path, point: Point) -> bool {
    let mut start = path.start;
    path.steps.iter().any(|step| {
        let end = step.end();
        let (low, high) = (start.y.min(end.y) - 1.0, start.y.max(end.y) + 1.0);
        let on_line =
            (start.x - end.x).abs() < 1.0 && matches!(step, Step::Line(_)) && (low..=high).contains(&point.y);
        let at_end = (end.y - point.y).abs() < 1.0;
        let touched = (on_line || at_end) && (end.x - point.x).abs() < 1.0;
        start = end;
        touched
    })
}

/// Every transition is a line, and says why it is taken.
fn transitions<'m>(
    outline: &'m Outline<'m>,
    drawing: &Drawing<'m>,
    wanted: &mut BTreeSet<(Option<&'m str>, Option<&'m str>, Class)>,
) {
    for state in &outline.states {
        for transition in &state.transitions {
            let class =
                if matches!(transition.reason, Reason::Catch { .. }) { Class::Catch } else { Class::Next };
            let key = (Some(state.name), Some(outline.states[transition.target].name), class);
            wanted.insert(key);
            let edge = drawing.edges.iter().find(|edge| (edge.from, edge.to, edge.class) == key);
            let edge = edge.unwrap_or_else(|| panic!("no line for {transition:?} of {}", state.name));
            match &edge.label {
                Some((_, label)) => assert!(label.whole.contains(&labels::text(&transition.reason))),
                None => assert_eq!(transition.reason, Reason::Next),
            }
        }
        match &state.kind {
            Kind::Parallel { branches } => {
                for branch in branches {
                    transitions(branch, drawing, wanted);
                }
            }
            Kind::Map { processor, .. } => transitions(processor, drawing, wanted),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_over_anything_else(numbers in prop::collection::vec(any::<u16>(), 0..260)) {
        check(&machine(&numbers));
    }

    #[test]
    fn the_same_definition_gives_the_same_bytes(numbers in prop::collection::vec(any::<u16>(), 0..120)) {
        let (one, other) = (machine(&numbers), machine(&numbers));
        prop_assert_eq!(super::svg(&one.outline(), "x"), super::svg(&other.outline(), "x"));
        prop_assert_eq!(super::dot(&one.outline(), "x"), super::dot(&other.outline(), "x"));
        prop_assert_eq!(super::mermaid(&one.outline()), super::mermaid(&other.outline()));
    }
}

#[test]
fn the_workflows_are_drawn_well() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workflows");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.to_string_lossy().ends_with(".asl.json") {
            check(&StateMachine::parse(&std::fs::read_to_string(file).unwrap()).unwrap());
            count += 1;
        }
    }
    assert_eq!(count, 4);
}

/// Every state may lead to every other one: many more lines than there is room for.
#[test]
fn lines_that_would_need_too_much_room_end_with_the_name_of_their_target() {
    let count = 90;
    let mut states: serde_json::Map<String, Value> = (0..count)
        .map(|from| {
            let rule = |to| json!({"Variable": "$.n", "NumericEquals": to, "Next": format!("S{to}")});
            let rules: Vec<_> = (0..count).map(rule).collect();
            (format!("S{from}"), json!({"Type": "Choice", "Choices": rules}))
        })
        .collect();
    states["S0"]["Default"] = json!("Done");
    states.insert("Done".to_owned(), json!({"Type": "Succeed"}));
    let definition = json!({"StartAt": "S0", "States": states});
    let machine = StateMachine::parse(&definition.to_string()).unwrap();
    let outline = machine.outline();
    let drawing = Drawing::of(&outline);
    boxes(&drawing);
    let ends = |wanted| drawing.edges.iter().filter(|edge| edge.end == wanted).count();
    assert!(ends(RouteEnd::Stub) > 0 && ends(RouteEnd::Target) > 0 && ends(RouteEnd::Trunk) > 0);
    for edge in drawing.edges.iter().filter(|edge| edge.end == RouteEnd::Stub).take(50) {
        line(&drawing, edge);
    }
}
