//! Secrets: where one may stand, and what it must look like.
//!
//! No finding quotes what stands behind `$secret`: it may be the secret itself, written in the wrong place.

use super::constraints::Shape;
use super::place::Place;
use super::value::{Checker, quoted};
use crate::json::{Member, Node, Value};
use crate::secret::secret_member;
use crate::{Diagnostic, SECRET, SecretSource};

const SOURCES: &str = "env:NAME (an environment variable), file:PATH (a file) or ssm:/name (a SecureString that is there already)";

impl Checker<'_> {
    /// A secret at a known key, whose value goes to a service as it is.
    pub(super) fn verbatim_secret(&mut self, node: &Node, shape: &Shape, place: &Place<'_>) {
        let sent = match shape.source.as_str() {
            "" => "what stands here is sent as it is".to_owned(),
            source => format!("what stands here is sent as it is ({source})"),
        };
        self.findings.push(
            Diagnostic::error(
                "secret/verbatim",
                node.span,
                format!("a secret cannot stand in {}", quoted(place)),
            )
            .at(place.pointer())
            .label("would be sent and logged")
            .help(format!(
                "{sent}: requests, logs and histories would hold it; give the secret a key of your own, and let your code \
                 read the parameter"
            )),
        );
    }

    /// A secret at a key of the user's own.
    pub(super) fn own_secret(&mut self, node: &Node, members: &[Member], place: &Place<'_>) {
        if place.is_in_list() {
            return self.findings.push(
                Diagnostic::error("secret/in-list", node.span, "a secret cannot stand in a list")
                    .at(place.pointer())
                    .label("part of one value")
                    .help("a list is stored as one parameter: give the secret a key of its own"),
            );
        }
        if let Some(other) = members.iter().find(|member| member.name != SECRET) {
            return self.findings.push(
                Diagnostic::error(
                    "secret/shape",
                    other.name_span,
                    format!("the secret {} has another member beside \"{SECRET}\"", quoted(place)),
                )
                .at(place.pointer().child(&other.name))
                .label("another member")
                .help(format!("write {{\"{SECRET}\": \"env:NAME\"}} and nothing else in the object")),
            );
        }
        let Some(source) = secret_member(&node.value) else { return };
        let fault = match &source.value {
            Value::String(text) => match text.parse::<SecretSource>() {
                Ok(_) => return,
                Err(error) => error.to_string(),
            },
            other => format!("it is {}, not a string", other.type_name()),
        };
        self.findings.push(
            Diagnostic::error(
                "secret/source",
                source.span,
                format!("the secret {} names no source: {fault}", quoted(place)),
            )
            .at(place.pointer().child(SECRET))
            .label("not where a value is read")
            .help(format!("write {SOURCES}; the value itself never stands in a document")),
        );
    }
}

/// The pointer of the object with `$secret` that a finding is about, if it is about one.
pub(super) fn object(finding: &Diagnostic) -> Option<&str> {
    match finding.code {
        "secret/in-list" | "secret/verbatim" => Some(&finding.pointer),
        "secret/shape" | "secret/source" => finding.pointer.rsplit_once('/').map(|(object, _)| object),
        _ => None,
    }
}
