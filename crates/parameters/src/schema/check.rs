//! Checks documents against schemas.

use std::collections::HashSet;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;

use super::Schema;
use super::cause::{causes, is_about};
use super::instance::{is_in_secret, locate, plain, with_references};
use crate::json::{Member, Node, Span, Value};
use crate::rules::{Place, ProjectRules, RESERVED, quoted};
use crate::{Diagnostic, Severity, Sources};

/// Adds what the documents lack for the project's target, and what breaks the project's own schemas. What `findings` says
/// of a value already is not said again.
pub(crate) fn check(root: &Node, sources: &Sources, project: &ProjectRules, findings: &mut Vec<Diagnostic>) {
    if project.target().is_none() && project.schemas().is_empty() {
        return;
    }
    // What is missing beside other missing members is another mistake.
    let told = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error && finding.code != "value/required")
        .map(|finding| finding.pointer.clone())
        .collect::<HashSet<_>>();
    let mut more = Vec::new();
    if let Some((workflow, schema)) = project.target() {
        let instance = with_references(root);
        // The launch adds the rest.
        let by = By::Target { workflow, schema };
        let errors = schema.validator.iter_errors(&instance);
        errors.for_each(|error| tell(&error, &is_of_launch, root, sources, &by, &mut more));
    }
    if !project.schemas().is_empty() {
        let instance = plain(root);
        for schema in project.schemas() {
            let in_secret = |error: &ValidationError<'_>| is_in_secret(root, error.instance_path());
            let by = By::Project { schema };
            let errors = schema.validator.iter_errors(&instance);
            errors.for_each(|error| tell(&error, &in_secret, root, sources, &by, &mut more));
        }
    }
    findings.extend(more.into_iter().filter(|finding| !told.contains(&finding.pointer)));
}

/// Whether a member is missing that the launch adds.
fn is_of_launch(error: &ValidationError<'_>) -> bool {
    let missing = match error.kind() {
        Kind::Required { property } => property.as_str(),
        _ => None,
    };
    error.instance_path().is_empty() && missing.is_some_and(|name| RESERVED.contains(&name))
}

/// Whose schema is broken.
enum By<'a> {
    Target { workflow: &'a str, schema: &'a Schema },
    Project { schema: &'a Schema },
}

/// Adds what is behind a violation, unless it is of the kind that is left `aside`.
fn tell(
    error: &ValidationError<'_>,
    aside: &impl Fn(&ValidationError<'_>) -> bool,
    root: &Node,
    sources: &Sources,
    by: &By<'_>,
    findings: &mut Vec<Diagnostic>,
) {
    if is_about(error, aside) {
        return;
    }
    for cause in causes(error).into_iter().filter(|cause| !is_about(cause, aside)) {
        let found = |node: &Node, place: &Place<'_>| match cause.kind() {
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                findings.push(by.missing(name, place, span(node, place, sources), cause));
            }
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    findings.push(by.unexpected(name, node, place, cause));
                }
            }
            // Without `properties` beside it, `additionalProperties` is false for the object as a whole.
            Kind::FalseSchema if cause.schema_path().as_str().ends_with("Properties") => {
                for member in members(node) {
                    findings.push(by.unexpected(&member.name, node, place, cause));
                }
            }
            Kind::PropertyNames { error: inner } => {
                let name = inner.instance().as_str().unwrap_or_default();
                let below = Place::Member(place, name);
                let message = format!("the key {}", inner.masked_with(quoted(&below)));
                let hint = by.schema().hint(inner);
                findings.push(by.wrong(message, &below, name_span(node, name), cause, hint));
            }
            Kind::FalseSchema => {
                let message = format!("{} is not allowed", whole(place));
                findings.push(by.wrong(message, place, span(node, place, sources), cause, None));
            }
            _ => {
                let message = cause.masked_with(whole(place)).to_string();
                let hint = by.schema().hint(cause);
                findings.push(by.wrong(message, place, span(node, place, sources), cause, hint));
            }
        };
        locate(root, cause.instance_path(), found);
    }
}

impl<'a> By<'a> {
    fn schema(&self) -> &'a Schema {
        match *self {
            Self::Target { schema, .. } | Self::Project { schema } => schema,
        }
    }

    fn missing(&self, name: &str, place: &Place<'_>, span: Span, cause: &ValidationError<'_>) -> Diagnostic {
        let has = if matches!(place, Place::Root) { "have" } else { "has" };
        let message = format!("{} {has} no \"{name}\"", whole(place));
        let finding =
            match self {
                Self::Target { workflow, schema } => Diagnostic::error("target/required", span, message)
                    .help(format!("add \"{name}\": the workflow \"{workflow}\" reads it ({})", schema.name)),
                Self::Project { schema } => Diagnostic::error("schema/violation", span, message)
                    .help(format!("add \"{name}\" ({}, at {})", schema.name, cause.schema_path())),
            };
        finding.at(place.pointer()).label(format!("\"{name}\" is missing"))
    }

    fn unexpected(
        &self,
        name: &str,
        node: &Node,
        place: &Place<'_>,
        cause: &ValidationError<'_>,
    ) -> Diagnostic {
        let message = format!("\"{name}\" is not allowed in {}", whole(place));
        let hint = self.schema().hint_of_member(name, cause);
        self.wrong(message, &Place::Member(place, name), name_span(node, name), cause, hint)
    }

    fn wrong(
        &self,
        message: String,
        place: &Place<'_>,
        span: Span,
        cause: &ValidationError<'_>,
        hint: Option<String>,
    ) -> Diagnostic {
        let keyword = format!("{}, at {}", self.schema().name, cause.schema_path());
        let (finding, help) = match self {
            Self::Target { workflow, .. } => (
                Diagnostic::error("target/type", span, message).label("of no use to the workflow"),
                format!("the workflow \"{workflow}\" cannot use this ({keyword})"),
            ),
            Self::Project { .. } => (
                Diagnostic::error("schema/violation", span, message)
                    .label("not as the project's schema has it"),
                format!("see {keyword}"),
            ),
        };
        let help = match hint {
            Some(hint) if hint.ends_with('?') => format!("{hint} {help}"),
            Some(hint) => format!("{hint}: {help}"),
            None => help,
        };
        finding.at(place.pointer()).help(help)
    }
}

fn whole(place: &Place<'_>) -> String {
    if matches!(place, Place::Root) { "the documents".to_owned() } else { quoted(place) }
}

/// The place of a value; of the whole, its first brace. Documents that were joined stand nowhere together: the first of
/// them stands for all.
fn span(node: &Node, place: &Place<'_>, sources: &Sources) -> Span {
    if !matches!(place, Place::Root) {
        return node.span;
    }
    let whole = node.span;
    if whole != Span::default() {
        return Span::new(whole.source, whole.start, whole.start + 1);
    }
    let brace = sources.get(0).and_then(|source| source.text.find('{'));
    let start = brace.and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    Span::new(0, start, start + 1)
}

fn name_span(node: &Node, name: &str) -> Span {
    members(node).iter().find(|member| member.name == name).map_or(node.span, |member| member.name_span)
}

fn members(node: &Node) -> &[Member] {
    match &node.value {
        Value::Object(members) => members,
        _ => &[],
    }
}
