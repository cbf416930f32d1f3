//! The values at the leaves: texts, numbers, booleans.

use super::buckets::foreign_bucket;
use super::constraints::{STAMP_LENGTH, Shape, Type};
use super::number::{Integer, parse_double};
use super::place::{Place, characters};
use super::text::{check_s3_uri, near, placeholder};
use super::value::{Checker, bounds, clipped, is_bound, quoted, shown, within};
use crate::Diagnostic;
use crate::json::{Node, Span, Value};

/// The most allowed values that a message lists.
const MAX_LISTED: usize = 8;

impl Checker<'_> {
    pub(super) fn string(&mut self, span: Span, text: &str, shape: &Shape, place: &Place<'_>) {
        if self.left_in(span, text, shape, place) {
            return;
        }
        if let Some(allowed) = &shape.allowed {
            if !allowed.iter().any(|value| value == text) {
                self.not_allowed(span, text, allowed, shape, place);
            }
            return;
        }
        let length = text.chars().count();
        let stamp = if shape.stamped { STAMP_LENGTH } else { 0 };
        let max = shape.max.and_then(|max| usize::try_from(max).ok()).map(|max| max - stamp.min(max));
        if let Some(max) = max.filter(|max| length > *max) {
            return self.too_long(span, text, length, max, shape, place);
        }
        if !within(length, shape) {
            let message = format!("{} has {length} characters", quoted(place));
            return self.findings.push(
                Diagnostic::error("value/length", span, message)
                    .at(place.pointer())
                    .label(format!("{} are allowed", bounds(shape)))
                    .help(format!("write {} characters ({})", bounds(shape), shape.source)),
            );
        }
        if shape.name == "S3Uri" {
            return self.s3_uri(span, text, place);
        }
        if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            let from = pattern.first_misfit(text);
            self.findings.push(
                Diagnostic::error(
                    "value/pattern",
                    characters(self.sources, span, from, None),
                    format!("{} does not have the form that the service asks for", quoted(place)),
                )
                .at(place.pointer())
                .label("does not fit from here")
                .help(format!("it must match {} ({})", pattern.text, shape.source)),
            );
        }
    }

    fn too_long(
        &mut self,
        span: Span,
        text: &str,
        length: usize,
        max: usize,
        shape: &Shape,
        place: &Place<'_>,
    ) {
        let span = characters(self.sources, span, max, None);
        let finding = if shape.stamped {
            let whole = max + STAMP_LENGTH;
            Diagnostic::error(
                "name/too-long-once-stamped",
                span,
                format!(
                    "\"{}\" has {length} characters; at most {max} leave room for the stamp",
                    clipped(text)
                ),
            )
            .help(format!(
                "write at most {max} characters: \"-\" and 14 more are appended for each launch, and at most {whole} are \
                 taken ({})",
                shape.source
            ))
        } else {
            let message = format!("{} has {length} characters; at most {max} are allowed", quoted(place));
            Diagnostic::error("value/length", span, message)
                .help(format!("write at most {max} characters ({})", shape.source))
        };
        self.findings.push(finding.at(place.pointer()).label("too long from here"));
    }

    fn not_allowed(&mut self, span: Span, text: &str, allowed: &[String], shape: &Shape, place: &Place<'_>) {
        let listed = allowed.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let mut help = match near(text, allowed.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean \"{meant}\"? allowed are {listed}"),
            None => format!("allowed are {listed}"),
        };
        if allowed.len() > MAX_LISTED {
            help = format!("{help} and {} more", allowed.len() - MAX_LISTED);
        }
        let help = format!("{help} ({})", shape.source);
        if shape.name.ends_with("InstanceType") && is_of_a_new_family(text, allowed) {
            let message = format!("the instance type \"{}\" is not known to this version", clipped(text));
            return self.findings.push(
                Diagnostic::warning("value/new-instance-type", span, message)
                    .at(place.pointer())
                    .label("its family is not known")
                    .help("nothing need be done when the service has it; see that it is written as the service does"),
            );
        }
        let message = format!("\"{}\" is not allowed for {}", clipped(text), quoted(place));
        self.findings.push(
            Diagnostic::error("value/enum", span, message)
                .at(place.pointer())
                .label("not one of the allowed values")
                .help(help),
        );
    }

    fn s3_uri(&mut self, span: Span, uri: &str, place: &Place<'_>) {
        let Err((from, why)) = check_s3_uri(uri) else {
            let foreign = foreign_bucket(self.sources, span, uri, self.project);
            return self.findings.extend(foreign.map(|finding| finding.at(place.pointer())));
        };
        self.findings.push(
            Diagnostic::error(
                "value/s3-uri",
                characters(self.sources, span, from, None),
                format!("{} is no S3 URI: it {why}", quoted(place)),
            )
            .at(place.pointer())
            .label("from here")
            .help("write s3://<bucket>/<prefix>; a bucket's name is 3 to 63 of a-z 0-9 . -"),
        );
    }

    pub(super) fn number(&mut self, node: &Node, text: &str, shape: &Shape, place: &Place<'_>) {
        let integer = shape.kind == Type::Integer;
        let valid = if integer { Integer::parse(text).is_some() } else { parse_double(text).is_some() };
        if !valid {
            let (code, what) =
                if integer { ("value/integer", "an integer") } else { ("value/number", "a finite number") };
            let message = format!("{} is {}, not {what}", quoted(place), shown(&node.value));
            return self.findings.push(
                Diagnostic::error(code, node.span, message)
                    .at(place.pointer())
                    .label(format!("expected {what}"))
                    .help(format!(
                        "write {what} as JSON does, such as {} ({})",
                        if integer { "10" } else { "0.5" },
                        shape.source
                    )),
            );
        }
        let Some(number) = Integer::parse(text).filter(|_| integer) else { return };
        let allowed = match (shape.min, shape.max) {
            (Some(min), _) if number.cmp_i64(min).is_lt() => format!("at least {min}"),
            (_, Some(max)) if number.cmp_i64(max).is_gt() => format!("at most {max}"),
            _ => return,
        };
        let message = format!("{} is {}; {allowed} is allowed", quoted(place), clipped(text));
        self.findings.push(
            Diagnostic::error("value/bounds", node.span, message)
                .at(place.pointer())
                .label(format!("{allowed} is allowed"))
                .help(format!("write {allowed} ({})", shape.source)),
        );
    }

    pub(super) fn boolean(&mut self, node: &Node, place: &Place<'_>) {
        let valid = match &node.value {
            Value::Boolean(_) => true,
            Value::String(text) => matches!(text.as_str(), "true" | "false"),
            _ => false,
        };
        if !valid {
            let message = format!("{} is {}, neither true nor false", quoted(place), shown(&node.value));
            self.findings.push(
                Diagnostic::error("value/boolean", node.span, message)
                    .at(place.pointer())
                    .label("expected true or false")
                    .help("write true or false; the strings \"true\" and \"false\" are taken as well"),
            );
        }
    }

    pub(super) fn retired(&mut self, node: &Node, place: &Place<'_>) {
        self.findings.push(
            Diagnostic::error("value/elastic-inference", node.span, "Elastic Inference no longer exists")
                .at(place.pointer())
                .label("no endpoint can have it")
                .help("remove \"acceleratorType\"; choose an instance type with an accelerator of its own, such as ml.g4dn.xlarge"),
        );
    }

    /// A placeholder in a value that a service takes; whether there was one.
    pub(super) fn left_in(&mut self, span: Span, text: &str, shape: &Shape, place: &Place<'_>) -> bool {
        if shape.is_free_text() && !is_bound(place) {
            return self.perhaps_left_in(span, text, place);
        }
        let Some((from, to)) = placeholder(text) else { return false };
        self.findings.push(
            Diagnostic::error(
                "value/placeholder",
                characters(self.sources, span, from, Some(to)),
                format!("a placeholder was left in {}", quoted(place)),
            )
            .at(place.pointer())
            .label("fill this in")
            .help("write the value itself, without angle brackets"),
        );
        true
    }

    /// What looks like a placeholder in a value that may be any text.
    pub(super) fn perhaps_left_in(&mut self, span: Span, text: &str, place: &Place<'_>) -> bool {
        let Some((from, to)) = placeholder(text) else { return false };
        self.findings.push(
            Diagnostic::warning(
                "value/looks-like-placeholder",
                characters(self.sources, span, from, Some(to)),
                format!("{} has what looks like a placeholder", quoted(place)),
            )
            .at(place.pointer())
            .label("is this to be filled in?")
            .help("write the value itself; if this is the value, nothing need be done"),
        );
        false
    }
}

/// Whether `text` is an instance type of a family that has no other one: services get new families now and then, while
/// the sizes of a family are settled.
fn is_of_a_new_family(text: &str, known: &[String]) -> bool {
    let family = |text: &str| {
        let (family, size) = text.strip_prefix("ml.")?.split_once('.')?;
        let plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        (plain(family) && plain(size)).then(|| family.to_owned())
    };
    let Some(new) = family(text) else { return false };
    !known.iter().any(|known| family(known).is_some_and(|family| family == new))
}
