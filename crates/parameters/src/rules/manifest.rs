//! What a manifest's channels must hold to.

use super::ProjectRules;
use super::buckets::foreign_bucket;
use super::constraints::known;
use super::place::Place;
use super::value::Checker;
use crate::json::Node;
use crate::{Channel, Diagnostic, Manifest, Sources};

/// What is wrong with a manifest by the project's own rules: `value/foreign-bucket` for each channel whose data lies in a
/// bucket that the stack's roles may not use.
pub fn check_manifest(manifest: &Manifest, sources: &Sources, project: &ProjectRules) -> Vec<Diagnostic> {
    let foreign = |channel: &Channel| {
        let uri = channel.s3_uri.value.as_str()?;
        let finding = foreign_bucket(sources, channel.s3_uri.span, uri, project)?;
        Some(finding.at(format!("{}/s3DataSource/S3Uri", channel.pointer)))
    };
    manifest.channels.iter().filter_map(foreign).collect()
}

/// What is wrong with the `s3DataSource` of the channel at `index` of a manifest.
pub(crate) fn check_s3_data_source(sources: &Sources, node: &Node, index: usize) -> Vec<Diagnostic> {
    let project = ProjectRules::default();
    let channels = Place::Member(&Place::Root, "channels");
    let channel = Place::Element(&channels, index);
    let place = Place::Member(&channel, "s3DataSource");
    let mut checker = Checker { sources, project: &project, findings: Vec::new() };
    checker.check(node, &known().s3_data_source, &place);
    let mut findings = checker.findings;
    let kind = node.value.get("S3DataType");
    if let Some(kind) = kind.filter(|kind| kind.value.as_str() == Some("AugmentedManifestFile")) {
        findings.push(
            Diagnostic::error(
                "manifest/augmented",
                kind.span,
                "an augmented manifest file can be read in Pipe mode alone",
            )
            .at(place.pointer().child("S3DataType"))
            .label("channels are read in File mode")
            .help("use \"S3Prefix\" or \"ManifestFile\" (S3DataSource, member S3DataType)"),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_a_channel_lies_in_a_bucket_of_the_project() {
        let text = r#"{"channels": [
            {"channelName": "a", "s3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://demo-bucket/a"}},
            {"channelName": "b", "s3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://other/b"}}]}"#;
        let mut sources = Sources::default();
        let source = sources.add("manifest.json", text);
        let manifest = Manifest::parse(&mut sources, source).unwrap();
        let check = |project: ProjectRules| check_manifest(&manifest, &sources, &project);

        assert_eq!(check(ProjectRules::default()), []);
        assert_eq!(check(ProjectRules::default().with_buckets(["demo-bucket", "other"])), []);
        let [finding] = &check(ProjectRules::default().with_buckets(["demo-bucket"]))[..] else { panic!() };
        assert_eq!(finding.code, "value/foreign-bucket");
        assert_eq!(finding.pointer, "/channels/1/s3DataSource/S3Uri");
        assert_eq!(&text[finding.span.start as usize..finding.span.end as usize], "other");
        assert_eq!(check(ProjectRules::default().with_buckets([""; 0])).len(), 2);
    }
}
