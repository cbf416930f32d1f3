//! Ranges of hyperparameters: their bounds, their scaling, their number.

use std::collections::{HashMap, HashSet};

use super::number::{Integer, double, integer, parse_double, text};
use super::text::placeholder;
use super::value::{RELEASES, reserved_level, shown};
use crate::Diagnostic;
use crate::json::{Node, Pointer, Span, Value};

/// The kinds of ranges (`CreateHyperParameterTuningJob`, member `HyperParameterRanges`).
const INTEGER: &str = "IntegerParameterRanges";
const CONTINUOUS: &str = "ContinuousParameterRanges";
const CATEGORICAL: &str = "CategoricalParameterRanges";
const KINDS: [&str; 3] = [INTEGER, CONTINUOUS, CATEGORICAL];
/// The most hyperparameters that a job searches over: a quota that cannot be raised (SageMaker Developer Guide, "Resource
/// limits for automatic model tuning").
const MAX_TUNED: usize = 30;

/// A range and its place.
pub(super) struct Range<'a> {
    pub(super) kind: &'static str,
    pub(super) node: &'a Node,
    pub(super) pointer: Pointer,
}

impl<'a> Range<'a> {
    pub(super) fn name(&self) -> Option<&'a str> {
        self.node.value.get("Name")?.value.as_str()
    }
}

/// Every range of the documents.
pub(super) fn all(root: &Node) -> impl Iterator<Item = Range<'_>> {
    let base = Pointer::default().child("parameterRanges");
    let kinds = root.value.get("parameterRanges");
    KINDS.into_iter().flat_map(move |kind| {
        let pointer = base.child(kind);
        let list = match kinds.and_then(|kinds| kinds.value.get(kind)).map(|node| &node.value) {
            Some(Value::Array(list)) => list.as_slice(),
            _ => &[],
        };
        let ranges = list.iter().enumerate();
        ranges.map(move |(index, node)| Range { kind, node, pointer: pointer.child(index) })
    })
}

/// The first range that is not categorical.
pub(super) fn first_numeric(root: &Node) -> Option<Range<'_>> {
    all(root).find(|range| range.kind != CATEGORICAL)
}

pub(super) fn check(root: &Node, findings: &mut Vec<Diagnostic>) {
    let mut seen = HashMap::new();
    for (count, range) in all(root).enumerate() {
        if count == MAX_TUNED {
            findings.push(too_many(&range, all(root).count()));
        }
        if let Some(name) = range.name() {
            // Within one kind the encoder tells it.
            match seen.insert(name, range.kind) {
                Some(kind) if kind != range.kind => findings.push(twice(&range, name, kind)),
                _ => {}
            }
            if name.ends_with(RELEASES) {
                findings.push(reserved_level(name, name_span(&range)).at(range.pointer.child("Name")));
            }
        }
        if range.kind == CATEGORICAL { categories(&range, findings) } else { numeric(&range, findings) }
    }
}

fn too_many(range: &Range<'_>, count: usize) -> Diagnostic {
    Diagnostic::error("range/count", range.node.span, format!("{count} hyperparameters are tuned"))
        .at(range.pointer.clone())
        .label("one too many from here")
        .help(format!("a tuning job searches over at most {MAX_TUNED}, all kinds together: a quota that cannot be raised"))
}

fn name_span(range: &Range<'_>) -> Span {
    range.node.value.get("Name").map_or(range.node.span, |node| node.span)
}

fn twice(range: &Range<'_>, name: &str, other: &str) -> Diagnostic {
    Diagnostic::error("range/duplicate", name_span(range), format!("two ranges are named \"{name}\""))
        .at(range.pointer.child("Name"))
        .label("the second one")
        .help(format!("the first is in {other}: keep one of the two"))
}

fn numeric(range: &Range<'_>, findings: &mut Vec<Diagnostic>) {
    let before = findings.len();
    let bounds = [bound(range, "MinValue", findings), bound(range, "MaxValue", findings)];
    let [Some(min), Some(max)] = bounds else { return };
    if findings.len() > before {
        return;
    }
    let ordered = match (range.kind, integer(min), integer(max)) {
        (INTEGER, Some(min), Some(max)) => min < max,
        _ => double(min) < double(max),
    };
    if ordered {
        scaling(range, min, max, findings);
    } else {
        findings.push(
            Diagnostic::error(
                "range/bounds",
                max.span,
                format!("MaxValue {} is not greater than MinValue {}", shown(&max.value), shown(&min.value)),
            )
            .at(range.pointer.child("MaxValue"))
            .label("not greater than MinValue")
            .help("a range goes from MinValue to a greater MaxValue; a value that is not to be tuned goes to staticHyperParameters"),
        );
    }
}

/// A bound, if it is there and may be a number; a finding when it is none.
fn bound<'a>(range: &Range<'a>, name: &str, findings: &mut Vec<Diagnostic>) -> Option<&'a Node> {
    let node = range.node.value.get(name)?;
    let text = text(node)?;
    if placeholder(text).is_some() {
        return None;
    }
    let (valid, code, what) = match range.kind {
        INTEGER => (Integer::parse(text).is_some(), "value/integer", "an integer"),
        _ => (parse_double(text).is_some(), "value/number", "a finite number"),
    };
    if !valid {
        findings.push(
            Diagnostic::error(code, node.span, format!("{name} is {}, not {what}", shown(&node.value)))
                .at(range.pointer.child(name))
                .label(format!("expected {what}"))
                .help(match range.kind {
                    INTEGER => "write digits, such as \"10\", or move the range to ContinuousParameterRanges",
                    _ => "write a number as JSON does, such as \"0.5\" or \"1e-3\"",
                }),
        );
        return None;
    }
    Some(node)
}

/// `HyperParameterScalingType`: a logarithmic scale has values above 0 alone, a reverse logarithmic one from 0 to below 1
/// (SageMaker Developer Guide, "Define hyperparameter ranges").
fn scaling(range: &Range<'_>, min: &Node, max: &Node, findings: &mut Vec<Diagnostic>) {
    let (Some(least), Some(greatest)) = (double(min), double(max)) else { return };
    let scaling = range.node.value.get("ScalingType").and_then(|node| node.value.as_str());
    let (name, node, allowed) = match scaling {
        Some("Logarithmic") if least <= 0.0 => ("MinValue", min, "values above 0"),
        Some("ReverseLogarithmic") if least < 0.0 => ("MinValue", min, "values from 0 to below 1"),
        Some("ReverseLogarithmic") if greatest >= 1.0 => ("MaxValue", max, "values from 0 to below 1"),
        _ => return,
    };
    let scaling = scaling.unwrap_or_default();
    findings.push(
        Diagnostic::error(
            "range/scaling",
            node.span,
            format!("{name} {} is outside what the scaling type {scaling} can search", shown(&node.value)),
        )
        .at(range.pointer.child(name))
        .label(format!("{scaling} takes {allowed}"))
        .help("move the bound, or set \"ScalingType\" to \"Linear\" or \"Auto\""),
    );
}

fn categories(range: &Range<'_>, findings: &mut Vec<Diagnostic>) {
    let Some(Node { value: Value::Array(values), .. }) = range.node.value.get("Values") else { return };
    let mut seen = HashSet::new();
    for (index, node) in values.iter().enumerate() {
        if node.value.as_str().is_some_and(|text| !seen.insert(text)) {
            findings.push(
                Diagnostic::error(
                    "range/duplicate-value",
                    node.span,
                    format!("the value {} stands twice in one range", shown(&node.value)),
                )
                .at(range.pointer.child("Values").child(index))
                .label("the second one")
                .help("each value of a categorical range is one choice: keep it once"),
            );
        }
    }
}
