//! The buckets in which S3 URIs may lie.

use super::ProjectRules;
use super::place::characters;
use super::text::{bucket, near};
use crate::json::Span;
use crate::{Diagnostic, Sources};

/// The most buckets that a finding lists.
const MAX_LISTED: usize = 8;

/// The finding, still without its pointer, that the S3 URI which stands at `span` lies in a bucket that is not the
/// project's. What names no bucket, such as an access point, is left to the roles.
pub(super) fn foreign_bucket(
    sources: &Sources,
    span: Span,
    uri: &str,
    project: &ProjectRules,
) -> Option<Diagnostic> {
    let buckets = project.buckets()?;
    let (from, bucket) = bucket(uri)?;
    if buckets.iter().any(|ours| ours == bucket) {
        return None;
    }
    let mut allowed = buckets.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if buckets.len() > MAX_LISTED {
        allowed = format!("{allowed} and {} more", buckets.len() - MAX_LISTED);
    }
    let help = match near(bucket, buckets.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean \"{meant}\"? the stack's roles may use {allowed}"),
        None if buckets.is_empty() => "the stack's roles may use no bucket".to_owned(),
        None => {
            format!("the stack's roles may use {allowed}; give the stack this bucket as well if it is right")
        }
    };
    let finding = Diagnostic::error(
        "value/foreign-bucket",
        characters(sources, span, from, Some(from + bucket.chars().count())),
        format!("the bucket \"{bucket}\" is none that the stack's roles may use"),
    );
    Some(finding.label("not one of the project's buckets").help(help))
}
