mod channels;
mod overrides;

pub use channels::Channel;
pub use overrides::{Overridable, PointerError};

use crate::documents::{hide_misplaced, hide_unread};
use crate::json::{Member, Node, Pointer, Value};
use crate::{Diagnostic, Sources};

/// The members that a manifest may have at its top.
const CHANNELS: &str = "channels";
pub(crate) const PARAMETERS: &str = "parameters";
const RELEASE: &str = "release";

/// What a manifest says: where the data of a workflow's channels lies, and what is other for this one launch.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The channels, in order.
    pub channels: Vec<Channel>,
    /// The value of `channels` as it was written, for the execution input.
    pub channels_node: Node,
    /// `parameters`: an object that is laid over the parameters, for this launch alone. It gives what may be overridden and
    /// nothing else.
    pub parameters: Option<Node>,
    /// `release`: the number, from 1, of the release whose parameters are used instead of those in force.
    pub release: Option<u64>,
}

impl Manifest {
    /// Reads the manifest that `sources` holds under the number `source`, of a project that leaves the list of what may be
    /// overridden as it is ([`Overridable::default`]).
    ///
    /// # Errors
    /// As [`Manifest::parse_allowing`].
    pub fn parse(sources: &mut Sources, source: u16) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_allowing(sources, source, &Overridable::default())
    }

    /// Reads the manifest that `sources` holds under the number `source`; `allowed` is what it may override.
    ///
    /// What stands where a secret's source belongs and is none is hidden in the sources, as in documents.
    ///
    /// # Errors
    /// Every finding, in the order of the text: `manifest/unknown-key`, `manifest/channels`, `manifest/channel-name`,
    /// `manifest/duplicate-channel`, `manifest/s3-uri`, `manifest/s3-data-type`, `manifest/augmented`,
    /// `manifest/parameters`, `manifest/override-not-allowed`, `manifest/override-secret`, `document/reserved-name`,
    /// `manifest/release`, what the service's model says of an `S3DataSource` (`value/…`, `key/unknown-member`), and those of
    /// [`json::parse`](crate::json::parse).
    pub fn parse_allowing(
        sources: &mut Sources,
        source: u16,
        allowed: &Overridable,
    ) -> Result<Self, Vec<Diagnostic>> {
        let root = crate::json::parse(sources, source).inspect_err(|_| hide_unread(sources, source))?;
        hide_misplaced(&root, sources);
        let Value::Object(members) = &root.value else { return Err(vec![shape(&root)]) };
        let mut findings: Vec<_> = members.iter().filter_map(unknown).collect();
        let channels_node = root.value.get(CHANNELS);
        let channels = channels::channels(sources, &root, &mut findings);
        let parameters = root.value.get(PARAMETERS);
        if let Some(node) = parameters {
            overrides::check(node, allowed, &mut findings);
        }
        let release = root.value.get(RELEASE).and_then(|node| release(node, &mut findings));
        match channels_node {
            Some(node) if findings.is_empty() => {
                let empty = |node: &Node| matches!(&node.value, Value::Object(members) if members.is_empty());
                let parameters = parameters.filter(|node| !empty(node)).cloned();
                Ok(Self { channels, channels_node: node.clone(), parameters, release })
            }
            _ => {
                findings.sort_by_key(|finding| finding.span.start);
                Err(findings)
            }
        }
    }
}

fn shape(root: &Node) -> Diagnostic {
    Diagnostic::error(
        "manifest/channels",
        root.span,
        format!("the manifest is {}, not an object", root.value.type_name()),
    )
    .help(
        "write {\"channels\": [{\"channelName\": \"training\", \"s3DataSource\": {\"S3Uri\": \"s3://…\"}}]}",
    )
}

fn unknown(member: &Member) -> Option<Diagnostic> {
    if [CHANNELS, PARAMETERS, RELEASE].contains(&member.name.as_str()) {
        return None;
    }
    Some(
        Diagnostic::error(
            "manifest/unknown-key",
            member.name_span,
            format!("\"{}\" is not a member of a manifest", member.name),
        )
        .at(Pointer::default().child(&member.name))
        .help(
            "a manifest has \"channels\", and may have \"parameters\" (values for this launch alone) and \"release\"",
        ),
    )
}

/// The number of a release.
fn release(node: &Node, findings: &mut Vec<Diagnostic>) -> Option<u64> {
    let number = match &node.value {
        Value::Number(text) => text.parse().ok().filter(|number| *number >= 1),
        _ => None,
    };
    if number.is_none() {
        findings.push(
            Diagnostic::error("manifest/release", node.span, "\"release\" is no number of a release")
                .at(Pointer::default().child(RELEASE))
                .label("expected an integer from 1")
                .help("write the number of a release, such as 3; leave it out for the one in force"),
        );
    }
    number
}

#[cfg(test)]
mod tests;
