use std::collections::HashSet;

use crate::json::{Node, Pointer, Value};
use crate::rules::check_s3_data_source;
use crate::{Diagnostic, Sources};

/// The members that a manifest may have at its top.
const KNOWN: [&str; 1] = ["channels"];
/// `CreateTrainingJob`, member `InputDataConfig`: at most 20 channels.
const MAX_CHANNELS: usize = 20;
/// `Channel`, member `ChannelName`: at most 64 characters of `[A-Za-z0-9\.\-_]`.
const MAX_CHANNEL_NAME: usize = 64;

/// What a manifest says: where the data of a workflow's channels lies.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The channels, in order.
    pub channels: Vec<Channel>,
    /// The value of `channels` as it was written, for the execution input.
    pub channels_node: Node,
}

/// One data channel.
#[derive(Debug, Clone)]
pub struct Channel {
    /// `channelName`
    pub name: String,
    /// `s3DataSource.S3Uri`, with its place.
    pub s3_uri: Node,
    /// Its pointer in the manifest.
    pub pointer: String,
}

impl Channel {
    /// Bucket and key (or prefix of keys) of the channel's data.
    pub fn location(&self) -> Option<(&str, &str)> {
        split_s3_uri(self.s3_uri.value.as_str()?)
    }
}

/// Bucket and key of an S3 URI; `None` when it is none.
fn split_s3_uri(uri: &str) -> Option<(&str, &str)> {
    let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
    let valid = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-');
    (valid && !key.is_empty()).then_some((bucket, key))
}

impl Manifest {
    /// Reads the manifest that `sources` holds under the number `source`.
    ///
    /// # Errors
    /// Every finding: `manifest/unknown-key`, `manifest/channels`, `manifest/channel-name`, `manifest/duplicate-channel`,
    /// `manifest/s3-uri`, `manifest/augmented`, what the service's model says of an `S3DataSource` (`value/…`,
    /// `key/unknown-member`), and those of [`json::parse`](crate::json::parse).
    pub fn parse(sources: &Sources, source: u16) -> Result<Self, Vec<Diagnostic>> {
        let root = crate::json::parse(sources, source)?;
        let mut findings = Vec::new();
        let channels_node = channels_of(&root, &mut findings);
        let mut channels = Vec::new();
        if let Some(Node { value: Value::Array(list), .. }) = channels_node {
            let pointer = Pointer::default().child("channels");
            let mut names = HashSet::new();
            for (index, element) in list.iter().enumerate() {
                let place = (index, pointer.child(index));
                channels.extend(channel(sources, element, &place, &mut names, &mut findings));
            }
        }
        match channels_node {
            Some(node) if findings.is_empty() => Ok(Self { channels, channels_node: node.clone() }),
            _ => Err(findings),
        }
    }
}

fn channels_of<'a>(root: &'a Node, findings: &mut Vec<Diagnostic>) -> Option<&'a Node> {
    let Value::Object(members) = &root.value else {
        findings.push(
            Diagnostic::error(
                "manifest/channels",
                root.span,
                format!("the manifest is {}, not an object", root.value.type_name()),
            )
            .help("write {\"channels\": [{\"channelName\": \"training\", \"s3DataSource\": {\"S3Uri\": \"s3://…\"}}]}"),
        );
        return None;
    };
    for member in members.iter().filter(|member| !KNOWN.contains(&member.name.as_str())) {
        findings.push(
            Diagnostic::error(
                "manifest/unknown-key",
                member.name_span,
                format!("\"{}\" is not a member of a manifest", member.name),
            )
            .at(Pointer::default().child(&member.name))
            .help("a manifest has \"channels\""),
        );
    }
    let node = root.value.get("channels");
    let problem = match node.map(|node| &node.value) {
        None => "the manifest has no \"channels\"".to_owned(),
        Some(Value::Array(list)) if (1..=MAX_CHANNELS).contains(&list.len()) => return node,
        Some(Value::Array(list)) => format!("the manifest has {} channels", list.len()),
        Some(other) => format!("\"channels\" is {}, not a list", other.type_name()),
    };
    findings.push(
        Diagnostic::error("manifest/channels", node.map_or(root.span, |node| node.span), problem)
            .at("/channels")
            .help(format!("a manifest names 1 to {MAX_CHANNELS} channels")),
    );
    None
}

fn channel<'a>(
    sources: &Sources,
    element: &'a Node,
    (index, pointer): &(usize, Pointer),
    names: &mut HashSet<&'a str>,
    findings: &mut Vec<Diagnostic>,
) -> Option<Channel> {
    let before = findings.len();
    let name_node = element.value.get("channelName");
    let name = name_node.and_then(|node| node.value.as_str());
    let name_span = name_node.map_or(element.span, |node| node.span);
    let name_pointer = pointer.child("channelName");
    match name {
        Some(name) if !is_channel_name(name) => findings.push(
            Diagnostic::error("manifest/channel-name", name_span, format!("\"{name}\" is no channel name"))
                .at(name_pointer)
                .help(format!("1 to {MAX_CHANNEL_NAME} characters of a-z A-Z 0-9 . - _")),
        ),
        Some(name) if !names.insert(name) => findings.push(
            Diagnostic::error(
                "manifest/duplicate-channel",
                name_span,
                format!("two channels are named \"{name}\""),
            )
            .at(name_pointer)
            .label("the second one")
            .help("a training job takes each channel once"),
        ),
        Some(_) => {}
        None => findings.push(
            Diagnostic::error("manifest/channel-name", name_span, "the channel has no \"channelName\"")
                .at(pointer.clone())
                .help("add \"channelName\": \"training\""),
        ),
    }
    let uri = element.value.get("s3DataSource").and_then(|source| source.value.get("S3Uri"));
    match uri.map(|node| (node, node.value.as_str().and_then(split_s3_uri))) {
        Some((_, Some(_))) => {
            let source = element.value.get("s3DataSource");
            findings.extend(source.into_iter().flat_map(|node| check_s3_data_source(sources, node, *index)));
        }
        Some((node, None)) => findings.push(
            Diagnostic::error("manifest/s3-uri", node.span, "this is no S3 URI of an object or a prefix")
                .at(pointer.child("s3DataSource").child("S3Uri"))
                .help("write s3://<bucket>/<key or prefix>; a bucket's name is 3 to 63 of a-z 0-9 . -"),
        ),
        None => findings.push(
            Diagnostic::error(
                "manifest/s3-uri",
                element.span,
                "the channel has no \"s3DataSource\" with an \"S3Uri\"",
            )
            .at(pointer.clone())
            .help("add \"s3DataSource\": {\"S3DataType\": \"S3Prefix\", \"S3Uri\": \"s3://…\"}"),
        ),
    }
    if findings.len() > before {
        return None;
    }
    Some(Channel { name: name?.to_owned(), s3_uri: uri?.clone(), pointer: pointer.as_str().to_owned() })
}

fn is_channel_name(name: &str) -> bool {
    (1..=MAX_CHANNEL_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Result<Manifest, Vec<(&'static str, String)>> {
        let mut sources = Sources::default();
        let source = sources.add("manifest.json", text);
        Manifest::parse(&sources, source)
            .map_err(|findings| findings.into_iter().map(|f| (f.code, f.pointer)).collect())
    }

    fn channel(name: &str, uri: &str) -> String {
        format!(r#"{{"channelName":"{name}","s3DataSource":{{"S3DataType":"S3Prefix","S3Uri":"{uri}"}}}}"#)
    }

    fn channels(list: &[String]) -> String {
        format!(r#"{{"channels":[{}]}}"#, list.join(","))
    }

    #[test]
    fn a_manifest_names_its_channels_and_their_places() {
        let read = manifest(&channels(&[channel("training", "s3://demo-bucket/a/b.csv")])).unwrap();
        assert_eq!(read.channels[0].name, "training");
        assert_eq!(read.channels[0].location(), Some(("demo-bucket", "a/b.csv")));
    }

    #[test]
    fn every_fault_is_named_with_its_pointer() {
        let with = |source: &str| channels(&[format!(r#"{{"channelName":"a","s3DataSource":{source}}}"#)]);
        let good = || channel("a", "s3://demo-bucket/x");
        let too_many: Vec<_> = (0..21).map(|n| channel(&format!("c{n}"), "s3://demo-bucket/x")).collect();
        for (text, code, pointer) in [
            ("[]".to_owned(), "manifest/channels", ""),
            ("{}".to_owned(), "manifest/channels", "/channels"),
            (r#"{"channels":null}"#.to_owned(), "manifest/channels", "/channels"),
            (channels(&[]), "manifest/channels", "/channels"),
            (channels(&too_many), "manifest/channels", "/channels"),
            (channels(&[good(), good()]), "manifest/duplicate-channel", "/channels/1/channelName"),
            (
                channels(&[channel("a b", "s3://demo-bucket/x")]),
                "manifest/channel-name",
                "/channels/0/channelName",
            ),
            (channels(&["{}".into()]), "manifest/channel-name", "/channels/0"),
            (channels(&[channel("a", "http://x/y")]), "manifest/s3-uri", "/channels/0/s3DataSource/S3Uri"),
            (channels(&[channel("a", "s3://Upper/y")]), "manifest/s3-uri", "/channels/0/s3DataSource/S3Uri"),
            (with("{\"S3Uri\":\"s3://demo-bucket/x\"}"), "value/required", "/channels/0/s3DataSource"),
            (
                with(r#"{"S3DataType":"S3prefix","S3Uri":"s3://demo-bucket/x"}"#),
                "value/enum",
                "/channels/0/s3DataSource/S3DataType",
            ),
            (
                with(r#"{"S3DataType":"S3Prefix","S3Uri":"s3://demo-bucket/x","AttributeNames":[""]}"#),
                "value/length",
                "/channels/0/s3DataSource/AttributeNames/0",
            ),
            (
                with(r#"{"S3DataType":"S3Prefix","S3Uri":"s3://demo-bucket/x","Region":"x"}"#),
                "key/unknown-member",
                "/channels/0/s3DataSource/Region",
            ),
            (r#"{"channels":[],"seed":1}"#.to_owned(), "manifest/unknown-key", "/seed"),
        ] {
            let findings = manifest(&text).unwrap_err();
            assert_eq!(findings[0], (code, pointer.to_owned()), "{text}");
        }
    }
}
