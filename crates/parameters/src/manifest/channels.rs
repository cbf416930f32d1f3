use std::collections::HashSet;

use super::CHANNELS;
use crate::json::{Node, Pointer, Value};
use crate::rules::check_s3_data_source;
use crate::{Diagnostic, Sources};

/// `CreateTrainingJob`, member `InputDataConfig`: at most 20 channels.
const MAX_CHANNELS: usize = 20;
/// `Channel`, member `ChannelName`: at most 64 characters of `[A-Za-z0-9\.\-_]`.
const MAX_CHANNEL_NAME: usize = 64;
/// What a channel may be: all objects under a prefix, or those of a list (`S3DataSource`, member `S3DataType`).
const DATA_TYPES: [&str; 2] = ["S3Prefix", "ManifestFile"];

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

/// The channels of the manifest `root`, an object.
pub(super) fn channels(sources: &Sources, root: &Node, findings: &mut Vec<Diagnostic>) -> Vec<Channel> {
    let pointer = Pointer::default().child(CHANNELS);
    let node = root.value.get(CHANNELS);
    let problem = match node.map(|node| &node.value) {
        None => "the manifest has no \"channels\"".to_owned(),
        Some(Value::Array(list)) if (1..=MAX_CHANNELS).contains(&list.len()) => {
            let mut names = HashSet::new();
            let places =
                list.iter().enumerate().map(|(index, element)| (index, pointer.child(index), element));
            return places
                .filter_map(|(index, pointer, element)| {
                    channel(sources, element, &(index, pointer), &mut names, findings)
                })
                .collect();
        }
        Some(Value::Array(list)) => format!("the manifest has {} channels", list.len()),
        Some(other) => format!("\"channels\" is {}, not a list", other.type_name()),
    };
    findings.push(
        Diagnostic::error("manifest/channels", node.map_or(root.span, |node| node.span), problem)
            .at(pointer)
            .help(format!("a manifest names 1 to {MAX_CHANNELS} channels")),
    );
    Vec::new()
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
                .help(format!(
                    "1 to {MAX_CHANNEL_NAME} characters of a-z A-Z 0-9 . - _; the data lies in a folder of that name, \
                     so not \".\" or \"..\""
                )),
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
            if let Some(source) = element.value.get("s3DataSource") {
                let found = check_s3_data_source(sources, source, *index);
                let place = pointer.child("s3DataSource").child("S3DataType");
                let told = found.iter().any(|finding| finding.pointer == place.as_str());
                findings.extend(found);
                findings.extend(data_type(source, place).filter(|_| !told));
            }
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

/// What the service takes for an `S3DataType` is not what a training program of a user's reads from files: data for
/// conversations, for instance, is there for the fine-tuning of models that the service provides.
fn data_type(source: &Node, place: Pointer) -> Option<Diagnostic> {
    let node = source.value.get("S3DataType")?;
    let text = node.value.as_str().filter(|text| !DATA_TYPES.contains(text))?;
    Some(
        Diagnostic::error(
            "manifest/s3-data-type",
            node.span,
            format!("the workflows do not read data of the type \"{text}\""),
        )
        .at(place)
        .label("neither \"S3Prefix\" nor \"ManifestFile\"")
        .help(
            "use \"S3Prefix\", or \"ManifestFile\" for a list of objects (S3DataSource, member S3DataType)",
        ),
    )
}

fn is_channel_name(name: &str) -> bool {
    (1..=MAX_CHANNEL_NAME).contains(&name.len())
        && !matches!(name, "." | "..")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}
