//! What is written at states and lines.

use mlpp_states::outline::{Kind, Reason};

use super::drawing::lines;
use super::geometry::Size;
use super::text;

/// What is written at a line: short, and the whole of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) lines: Vec<String>,
    /// One line for each transition.
    pub(super) whole: String,
}

pub(super) const SIZE: f64 = 10.5;
pub(super) const LINE: f64 = 14.0;
/// Widest line, and most lines: of one transition, and of all that are one line.
const WIDTH: f64 = 170.0;
const LINES_OF_ONE: usize = 2;
const LINES: usize = 6;
/// Around the text.
const BESIDE: f64 = 6.0;
const ABOVE: f64 = 3.0;

/// The label of transitions that are drawn as one line; none where it is `Next` alone.
pub(super) fn of(reasons: &[&Reason<'_>]) -> Option<Label> {
    if matches!(reasons, [Reason::Next]) {
        return None;
    }
    let texts: Vec<String> = reasons.iter().map(|reason| text(reason)).collect();
    let mut lines = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let wrapped = text::wrap(text, SIZE, WIDTH, if texts.len() > 2 { 1 } else { LINES_OF_ONE });
        let last = index + 1 == texts.len();
        if lines.len() + wrapped.len() + usize::from(!last) > LINES {
            lines.push(format!("… and {} more", texts.len() - index));
            break;
        }
        lines.extend(wrapped);
    }
    Some(Label { lines, whole: texts.join("\n") })
}

/// A transition's reason on one line.
pub(super) fn text(reason: &Reason<'_>) -> String {
    match reason {
        Reason::Next => "Next".to_owned(),
        Reason::Choice { condition } => condition.clone(),
        Reason::Default => "Default".to_owned(),
        Reason::Catch { errors } => format!("Catch: {}", errors.join(", ")),
    }
}

/// The label of a line that ends before its target.
pub(super) fn stub(label: Option<Label>, target: &str) -> Label {
    let mut label = label.unwrap_or(Label { lines: Vec::new(), whole: String::new() });
    label.lines.push(text::shorten(&format!("→ {target}"), SIZE, WIDTH));
    if !label.whole.is_empty() {
        label.whole.push('\n');
    }
    label.whole.push_str("→ ");
    label.whole.push_str(target);
    label
}

/// The room that a label takes.
pub(super) fn size(label: &Label) -> Size {
    let widest = label.lines.iter().map(|line| text::width(line, SIZE)).fold(0.0, f64::max);
    Size { width: (widest + 2.0 * BESIDE).ceil(), height: lines(label.lines.len()) * LINE + 2.0 * ABOVE }
}

/// What a state is, for the line below its name.
pub(super) fn about(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Task { resource } => format!("Task\u{a0}·\u{a0}{}", service(resource)),
        Kind::Map { distributed: true, .. } => "Map · distributed".to_owned(),
        Kind::Parallel { branches } => match branches.len() {
            1 => "Parallel · 1 branch".to_owned(),
            count => format!("Parallel · {count} branches"),
        },
        kind => type_name(kind).to_owned(),
    }
}

pub(super) fn type_name(kind: &Kind<'_>) -> &'static str {
    match kind {
        Kind::Pass => "Pass",
        Kind::Task { .. } => "Task",
        Kind::Choice => "Choice",
        Kind::Wait => "Wait",
        Kind::Succeed => "Succeed",
        Kind::Fail => "Fail",
        Kind::Parallel { .. } => "Parallel",
        Kind::Map { .. } => "Map",
    }
}

/// The part of a resource that tells one from another: service and action, or a function's or activity's name.
fn service(resource: &str) -> String {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "states", "", "", rest] => (*rest).to_owned(),
        ["arn", _, "lambda", _, _, rest] => {
            format!("lambda\u{a0}{}", rest.strip_prefix("function:").unwrap_or(rest))
        }
        ["arn", _, "states", _, _, rest] => rest.replacen(':', " ", 1),
        _ => resource.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_a_task_calls() {
        for (resource, expected) in [
            ("arn:aws:states:::sagemaker:createTrainingJob.sync", "sagemaker:createTrainingJob.sync"),
            ("arn:aws:states:::aws-sdk:s3:getObject", "aws-sdk:s3:getObject"),
            ("arn:aws:lambda:us-east-1:111111111111:function:f:1", "lambda\u{a0}f:1"),
            ("arn:aws:states:us-east-1:111111111111:activity:a", "activity a"),
            ("${Function}", "${Function}"),
        ] {
            assert_eq!(service(resource), expected);
        }
    }

    #[test]
    fn labels_say_when_a_line_is_taken() {
        assert_eq!(of(&[&Reason::Next]), None);
        let errors = ["A".to_owned(), "B".to_owned()];
        let label = of(&[&Reason::Catch { errors: &errors }]).unwrap();
        assert_eq!(label.lines, ["Catch: A, B"]);
        let choice = |n: usize| Reason::Choice { condition: format!("$.n == {n}") };
        let many: Vec<_> = (0..9).map(choice).collect();
        let label = of(&many.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(label.lines.len(), LINES);
        assert_eq!(label.lines.last().map(String::as_str), Some("… and 4 more"));
        assert_eq!(label.whole.lines().count(), 9);
    }
}
